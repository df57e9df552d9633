/** By what a message is known once it has landed: two numbers, as texts take three times as long to read. */
import { as, call, text } from '../ir/build.js';
import type { Expr, Named } from '../ir/types.js';

const HALVES = ['digest_high', 'digest_low'] as const;

/** What the columns of a digest are called in state. */
export const DIGEST: readonly string[] = HALVES;

/** What they are called beside columns of a source, which may have any name of their own. */
export const DIGEST_KEYS: readonly string[] = HALVES.map((half) => `rollcall_${half}`);

/** Between them in what is digested: the sign for it, which no type of message has, nor the table of anybody who can choose. */
const BETWEEN = '\u241f';

/**
 * The digest of a message's stream and id; null where it has no id. That any two of a thousand million messages share one has a
 * chance of less than 1e-17.
 */
export function digestOf(stream: Expr, id: Expr, names = DIGEST): readonly Named[] {
  const whole = call('concat', stream, text(BETWEEN), id);
  return HALVES.map((half, i) => as(names[i] ?? half, call(half, whole)));
}
