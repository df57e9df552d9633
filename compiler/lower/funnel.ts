/**
 * Events inside the `where` of an event (SEMANTICS §4): every parent row gets what its children come to, as a
 * column beside its own. Four ways, the first that can say it:
 *
 * - **whether there is one, which is first or last**: the nearest child to an end of the span, by time;
 * - **how many**: how many so far at both ends of the span, and the difference;
 * - **sums, averages, extremes, how many different ones**: one pass over parents and children in the order of time;
 * - anything else: all pairs within the span, grouped by parent.
 *
 * With the first three a profile with very many events costs little more than its events.
 */
import type { Comparison, EventStream, Reducer } from '../../models/algebra.js';
import { hashedName } from '../bind/paths.js';
import { call, col } from '../ir/build.js';
import type { Expr, Relation } from '../ir/types.js';
import { allPairs } from './all-pairs.js';
import { existence } from '../../models/existence.js';
import type { Faceted } from './faceted.js';
import { overSpan } from './framed.js';
import { edge, howMany, whether } from './look-up.js';
import { Pairing, type ChildRows } from './pairing.js';
import type { Child } from './predicate.js';
import { measureAbsent, measureFaceted, type Reduction } from './reduce.js';
import { withAbsent } from './traits.js';

const WAYS: Readonly<Record<Reducer['fn'], (pairing: Pairing, parents: Relation) => Relation>> = {
  count: howMany,
  first: edge,
  last: edge,
  sum: overSpan,
  avg: overSpan,
  min: overSpan,
  max: overSpan,
  unique_count: overSpan,
  periods: overSpan,
  // The most frequent of a span says nothing of that of a longer one, and a list is as long as what it lists.
  mode: allPairs,
  unique: allPairs,
};

/** A child's value, where there may be none too. */
export function childValue(
  child: ChildRows,
  reducer: Reducer,
  argument: Pick<Reduction, 'argument' | 'elements'>,
): Child & { readonly faceted: Faceted } {
  const column = columnOf(child.stream, reducer, 'value');
  const pairing = new Pairing(child, { column, reducer, ...argument });
  const faceted = withAbsent({
    faceted: measureFaceted(pairing.reduction),
    absent: measureAbsent(pairing.reduction),
  });
  const way = pairing.isEquality ? WAYS[reducer.fn] : allPairs;
  return {
    column,
    faceted,
    extend: (parents) => way(pairing, parents),
  };
}

/** Whether there is a child, where a comparison of its count asks no more; undefined where it does. */
export function childExists(
  child: ChildRows,
  reducer: Reducer,
  compare: Comparison,
): (Child & { readonly truth: Expr }) | undefined {
  const must = reducer.fn === 'count' ? existence(compare) : undefined;
  const column = columnOf(child.stream, reducer, 'next');
  const pairing = new Pairing(child, { column, reducer, argument: undefined });
  if (must === undefined || !pairing.isEquality) return undefined;
  const truth = call(must ? 'is_not_null' : 'is_null', col(column, 'timestamp'));
  return { column, truth, extend: (parents) => whether(pairing, parents) };
}

const columnOf = (stream: EventStream, reducer: Reducer, is: 'value' | 'next'): string =>
  hashedName(`${stream.event}_${reducer.fn}`, JSON.stringify(stream), JSON.stringify(reducer), is);
