/**
 * Stable parts of everyone: where a profile falls is a hash of a salt and its name, the same on every engine and in
 * every run. `h` is the number that the first eight hex digits of
 *
 *     sha256(salt + ':' + kind + ':' + profile_id)
 *
 * write, `kind` being `user` or `anonymous`; the profile is in `[from, to)` percent where from ≤ 100·h / 2³² < to.
 */
import { percentUnits, WHOLE } from '../../models/percent.js';
import { CompilerBug } from '../diagnostics/index.js';
import { and, call, text } from '../ir/build.js';
import type { Expr } from '../ir/types.js';

const DIGITS = 8;

/** The hash of a profile, given the texts of its kind and id. */
export const bucketHash = (salt: string, kind: Expr, id: Expr): Expr =>
  call('sha256_hex', call('concat', text(`${salt}:`), kind, text(':'), id));

/**
 * Whether a hash falls into `[from, to)` percent. Hex digits of one length compare as texts as they do as numbers, so
 * nothing has to be converted.
 */
export function inBucket(hash: Expr, from: string, to: string): Expr {
  const [low, high] = [bound(from), bound(to)];
  return and(
    ...(low === undefined ? [] : [call('ge', hash, text(low))]),
    ...(high === undefined ? [] : [call('lt', hash, text(high))]),
  );
}

/** The first hash at or after a percent; undefined at both ends, where nothing lies beyond. */
function bound(percent: string): string | undefined {
  const units = percentUnits(Number(percent));
  if (units === undefined) throw new CompilerBug(`not a percentage: ${percent}`);
  if (units === 0n || units === WHOLE) return undefined;
  const first = (units * 16n ** BigInt(DIGITS) + WHOLE - 1n) / WHOLE;
  return first.toString(16).padStart(DIGITS, '0');
}
