import { didYouMean } from '../compiler/diagnostics/suggest.js';
import { durationMicros, type Duration, type DurationUnit } from './algebra.js';

const DURATION_UNITS: readonly DurationUnit[] = ['second', 'minute', 'hour', 'day', 'week'];

/** As the published schemas have it; the 1000-year limit is beyond a regular expression. */
export const DURATION_PATTERN = '^[1-9][0-9]* +(second|minute|hour|day|week)s?$';

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly message: string; readonly hint?: string };

const CANONICAL = new RegExp(DURATION_PATTERN);

/** The longest duration there is, in microseconds. */
export const LIMIT = durationMicros({ amount: 365_250, unit: 'day' });

/** Reads `30 days` (SEMANTICS §3): a positive whole number and a unit of fixed length, at most 1000 years. */
export function parseDuration(text: string): Parsed<Duration> {
  const match = /^\s*(-?[0-9.]+)?\s*([A-Za-z]*)\s*$/.exec(text);
  const [, amount, word] = match ?? [];
  const shown = JSON.stringify(text);
  if (amount === undefined || word === undefined || word === '') {
    return { ok: false, message: `${shown} is not a duration`, hint: 'write it as "30 days"' };
  }
  const unit = unitOf(word);
  if (unit === undefined)
    return { ok: false, message: `unknown unit in ${shown}`, hint: unitHint(amount, word) };
  return durationOf(amount, unit, shown, CANONICAL.test(text));
}

const SHORT: Readonly<Record<string, DurationUnit>> = {
  s: 'second',
  m: 'minute',
  h: 'hour',
  d: 'day',
  w: 'week',
};

/** Reads a duration of a command line: `30 days`, or short, `30d`: `s` `m` `h` `d` `w`. */
export function parseShortDuration(text: string): Parsed<Duration> {
  const [, amount, letter] = /^\s*(-?[0-9.]+)\s*([smhdw])\s*$/.exec(text) ?? [];
  const unit = letter === undefined ? undefined : SHORT[letter];
  return amount === undefined || unit === undefined
    ? parseDuration(text)
    : durationOf(amount, unit, JSON.stringify(text));
}

/** The unit a word names, singular or plural. */
export function unitOf(word: string): DurationUnit | undefined {
  return DURATION_UNITS.find((unit) => word === unit || word === `${unit}s`);
}

/** What to write instead of a word that is not a unit. */
export function unitHint(amount: string, word: string): string {
  const lower = word.toLowerCase();
  if (/^(month|mon|quarter|year|yr)s?$/.test(lower)) {
    const days = Number(amount) * (lower.startsWith('mon') ? 30 : lower.startsWith('quarter') ? 90 : 365);
    return `its length depends on the calendar; write "${Number.isInteger(days) ? days : 30} days"`;
  }
  const units = DURATION_UNITS.map((unit) => `${unit}s`);
  return didYouMean(word, [...units, ...DURATION_UNITS]) ?? `use one of ${units.join(', ')}`;
}

/** Checks the amount; `canonical` is whether the spelling is one the schema takes. */
export function durationOf(
  amount: string,
  unit: DurationUnit,
  shown: string,
  canonical = true,
): Parsed<Duration> {
  if (amount.includes('.')) {
    return { ok: false, message: `${shown} is not a whole number of ${unit}s`, hint: 'use a smaller unit' };
  }
  if (/^-?0*$/.test(amount) || amount.startsWith('-')) {
    return {
      ok: false,
      message: `${shown} is not a positive duration`,
      hint: `"1 ${unit}" is the shortest in ${unit}s`,
    };
  }
  const duration: Duration = { amount: Number(amount), unit };
  if (amount.length > 15 || durationMicros(duration) > LIMIT) {
    return { ok: false, message: `${shown} is more than 1000 years` };
  }
  if (!canonical) {
    return {
      ok: false,
      message: `${shown} is not a duration`,
      hint: `did you mean "${formatDuration(duration)}"?`,
    };
  }
  return { ok: true, value: duration };
}

/** `30 days`, `1 day`: as JSON and as query text. */
export function formatDuration(duration: Duration): string {
  return `${duration.amount} ${duration.unit}${duration.amount === 1 ? '' : 's'}`;
}

/** Two durations one after the other, in the larger of their units that says it in whole numbers. */
export function sumOfDurations(a: Duration, b: Duration): Duration {
  const micros = durationMicros(a) + durationMicros(b);
  const [unit = 'second'] = [a.unit, b.unit]
    .filter((unit) => micros % durationMicros({ amount: 1, unit }) === 0n)
    .sort((x, y) => DURATION_UNITS.indexOf(y) - DURATION_UNITS.indexOf(x));
  return { amount: Number(micros / durationMicros({ amount: 1, unit })), unit };
}
