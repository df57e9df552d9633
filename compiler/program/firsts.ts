/**
 * The first row of each group, in memory that engines can spill: groups hold numbers and instants only, and texts
 * are fetched by joining the rows again. Ordering whole groups by (instant, text) would hold every text at once.
 */
import { agg, aggregate, antiJoin, as, c, call, int, join, pick, semiJoin, union } from '../ir/build.js';
import type { Expr, Named, Relation } from '../ir/types.js';

export interface FirstsInput {
  readonly rows: Relation;
  /** Columns that make a group; never null. */
  readonly by: readonly string[];
  /** An instant; rows without one are left out. */
  readonly at: string;
  /** Orders rows of one instant. */
  readonly ties: readonly string[];
  /** What is wanted of the row; never null. */
  readonly value: string;
  /** `last`: of the largest instant and ties instead of the smallest. */
  readonly which?: 'first' | 'last';
}

/** (by…, value) of the first row of each group. Reads the rows twice more than a plain aggregate would. */
export function firsts({ rows, by, at, ties, value, which = 'first' }: FirstsInput): Relation {
  const keys = (of: Relation): readonly Named[] => by.map((name) => as(name, c(of, name)));
  const extreme = agg(which === 'first' ? 'min' : 'max', [c(rows, at)]);
  const extremes = aggregate(rows, keys(rows), [as('extreme_at', extreme)]);
  const found = join('inner', rows, extremes, [...by, { left: at, right: 'extreme_at' }]);
  const candidates = pick(found, [...new Set([...by, ...ties, value])]);
  const tied = aggregate(candidates, keys(candidates), [], call('gt', agg('count'), int(1)));
  const single = antiJoin(candidates, tied, by);
  const several = semiJoin(candidates, tied, by);
  const orderBy: readonly Expr[] = ties.map((name) => c(several, name));
  const decided = aggregate(several, keys(several), [
    as(value, agg(which, [c(several, value)], { orderBy })),
  ]);
  return union([pick(single, [...by, value]), pick(decided, [...by, value])]);
}
