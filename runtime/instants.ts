/** Instants between their ISO text and microseconds: JavaScript dates stop at milliseconds. */
import { CompilerBug, UserError } from '../compiler/diagnostics/index.js';
import type { LiteralValue } from '../compiler/ir/types.js';
import { instantHint, parseInstant } from '../models/instant.js';

/** Microseconds since 1970 of an instant we made or stored ourselves. */
export function microsOf(iso: string): bigint {
  const micros = parseInstant(iso);
  if (micros === undefined) throw new CompilerBug(`not an instant: ${iso}`);
  return micros;
}

/** ISO 8601 in UTC, with a fraction only where there is one and without trailing zeros. */
export function isoOf(micros: bigint): string {
  const fraction = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const millis = Number((micros - fraction) / 1000n);
  const whole = new Date(millis).toISOString().slice(0, 19);
  return fraction === 0n
    ? `${whole}Z`
    : `${whole}.${fraction.toString().padStart(6, '0').replace(/0+$/, '')}Z`;
}

let latest: { readonly iso: string; readonly value: LiteralValue } | undefined;

/** A timestamp parameter. The same one is asked for again and again: `as_of`. */
export function timestamp(iso: string): LiteralValue {
  if (latest?.iso !== iso) latest = { iso, value: { type: 'timestamp', value: microsOf(iso).toString() } };
  return latest.value;
}

/** Milliseconds from one instant to another, never negative. */
export function elapsed(from: string, to: string): number {
  return Math.max(0, Number((microsOf(to) - microsOf(from)) / 1000n));
}

/** Reads an instant the user gave. Canonical ISO text. */
export function readInstant(option: string, text: string): string {
  const micros = parseInstant(text);
  if (micros !== undefined) return isoOf(micros);
  throw invalid(`${option} ${JSON.stringify(text)} is not an instant`, instantHint(text));
}

/** Reads `--as-of`: absent it is now; malformed or in the future it is refused. Canonical ISO text. */
export function readAsOf(text: string | undefined, now: string): string {
  const present = isoOf(microsOf(now));
  if (text === undefined) return present;
  const asOf = readInstant('--as-of', text);
  if (microsOf(asOf) <= microsOf(present)) return asOf;
  throw invalid(
    `--as-of ${text} is in the future (now is ${present})`,
    'a run computes for an instant that has passed',
  );
}

const invalid = (message: string, hint: string): UserError =>
  new UserError({ code: 'invalid-as-of', severity: 'error', message, hint });
