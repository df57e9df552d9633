/**
 * A value as the comparisons see it: its text, its number, its instant. What has none of these is missing
 * (`undefined`) for the comparison that wanted it (SEMANTICS §2 Operators, §10 Numbers).
 */
import { Decimal, formatDecimal, parseDecimal } from './decimal.js';
import type { Json } from './model.js';
import { parseInstant, type Micros } from './time.js';

/** A value of a message, or a number a reducer computed, or nothing. JSON null is nothing too. */
export type Value = Json | Decimal | undefined;

/** Whether there is a value: JSON null and no value at all are both missing. */
export function isPresent(value: Value): value is Exclude<Json, null> | Decimal {
  return value !== undefined && value !== null;
}

export function isObject(value: unknown): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Decimal);
}

/** A value's text: strings as they are, everything else its JSON text, arrays and objects compact. */
export function textOf(value: Value): string | undefined {
  if (!isPresent(value)) return undefined;
  return typeof value === 'string' ? value : jsonTextOf(value);
}

/** A value's number, scaled by 1e9: of a number or of numeric text. Booleans are not numbers. */
export function numberOf(value: Value): bigint | undefined {
  if (value instanceof Decimal) return value.scaled;
  if (typeof value === 'number') return parseDecimal(String(value));
  if (typeof value === 'string') return parseDecimal(value);
  return undefined;
}

/** A value's instant: only text holds dates. */
export function instantOf(value: Value): Micros | undefined {
  return typeof value === 'string' ? parseInstant(value) : undefined;
}

/** Compact JSON text in which numbers have no exponent and no trailing zeros. */
export function jsonTextOf(value: Json | Decimal): string {
  if (value instanceof Decimal) return formatDecimal(value.scaled);
  if (typeof value === 'number') return numberText(value);
  if (Array.isArray(value)) return `[${value.map(jsonTextOf).join(',')}]`;
  if (isObject(value)) {
    const entries = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}:${jsonTextOf(item)}`);
    return `{${entries.join(',')}}`;
  }
  return JSON.stringify(value);
}

function numberText(value: number): string {
  const scaled = parseDecimal(String(value));
  if (scaled !== undefined) return formatDecimal(scaled);
  // Beyond the decimal range it is missing as a number, yet it still has a text: all its digits.
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e');
  const sign = mantissa.startsWith('-') ? '-' : '';
  return sign + mantissa.replace(/[-.]/g, '').padEnd(Number(exponent) + 1, '0');
}

/**
 * Orders two texts by code point: negative, zero or positive. JavaScript's own `<` orders UTF-16 units, which puts
 * `😀` (U+1F600) before `�` (U+FFFD).
 */
export function compareTexts(left: string, right: string): number {
  const a = Array.from(left, (character) => character.codePointAt(0) ?? 0);
  const b = Array.from(right, (character) => character.codePointAt(0) ?? 0);
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Orders two bigints: -1, 0 or 1. */
export function compareNumbers(left: bigint, right: bigint): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
