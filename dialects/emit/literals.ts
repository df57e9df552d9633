/** The text inside literals, which engines put into quotes and types of their own. */
import { CompilerBug } from '../../compiler/diagnostics/index.js';
import type { Sql } from '../dialect.js';

/** Decimal text that is nothing else, so that it may stand in SQL as it is. */
export function digits(value: string): Sql {
  if (!/^-?\d+(\.\d+)?$/.test(value)) throw new CompilerBug(`not a decimal literal: ${value}`);
  return value;
}

/**
 * `2024-01-31 10:00:00.5`, of microseconds since the epoch.
 *
 * @param lastYear the last one that the engine's calendar has
 */
export function instantDigits(micros: string, lastYear = Infinity): string {
  const total = BigInt(micros);
  const fraction = ((total % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const date = new Date(Number((total - fraction) / 1000n));
  const year = date.getUTCFullYear();
  if (Number.isNaN(year) || year < 1 || year > lastYear)
    throw new CompilerBug(`instant ${micros} cannot be written`);
  const text = date.toISOString().replace(/^\+0?/, '').slice(0, -5).replace('T', ' ');
  return fraction === 0n ? text : `${text}.${fraction.toString().padStart(6, '0').replace(/0+$/, '')}`;
}
