/** Rows beside what is stored of them. */
import { c, call, filter, join, or, pick } from '../ir/build.js';
import type { Expr, Relation } from '../ir/types.js';

const old = (name: string): string => `old_${name}`;

/**
 * Rows of which nothing is stored, or something else.
 *
 * @param stored rows of state, each with the `run_no` of a run
 * @param keys what tells rows apart; never null
 * @param values what is compared
 */
export function differing(
  now: Relation,
  stored: Relation,
  keys: readonly string[],
  values: readonly string[],
): Relation {
  const renamed = ['run_no', ...values].map((name): readonly [string, string] => [name, old(name)]);
  const beside = join('left', now, pick(stored, [...keys, ...renamed]), keys);
  const differs = values.map((name) => call('is_distinct', c(beside, name), c(beside, old(name))));
  return filter(beside, or(isNew(beside), ...differs));
}

/** Whether nothing is stored of a row of `differing`. */
export const isNew = (rows: Relation): Expr => call('is_null', c(rows, old('run_no')));
