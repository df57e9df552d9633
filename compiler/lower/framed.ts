/**
 * Children reduced over the span of each parent by one pass: parents and children are put in one order of time, and a
 * parent's value is an aggregate over the rows of its span. Engines answer such frames from trees of partial aggregates, so
 * that many children of many parents cost n log n.
 */
import { CompilerBug } from '../diagnostics/index.js';
import {
  and,
  as,
  bool,
  c,
  call,
  col,
  extend,
  filter,
  framed,
  label,
  nul,
  project,
  typeOf,
  union,
  unnest,
} from '../ir/build.js';
import type { Expr, Relation } from '../ir/types.js';
import { ELEMENT } from './faceted.js';
import { TIME, type Pairing } from './pairing.js';
import { beside } from './predicate.js';
import { aggregateOf } from './reduce.js';

/** A column of what the children in each parent's span come to; of a reducer that is one aggregate, or of elements. */
export function overSpan(pairing: Pairing, parents: Relation): Relation {
  const { argument, elements, column, reducer } = pairing.reduction;
  if (!argument) throw new CompilerBug(`${reducer.fn} without a property`);
  const [at, value, isParent] = [pairing.name('at'), pairing.name('of'), pairing.name('is_parent')];
  const all = pairing.rows();
  const rows = elements ? unnest(all, elements, 'elements', ELEMENT) : all;
  const children = pairing.children([as(at, TIME), as(value, argument)], rows);
  const left = pairing.keyed(parents);
  const on = pairing.on();
  // Rows without a value of the key are of one partition, but are no partners.
  const complete = and(...on.map(({ right }) => call('is_not_null', c(children, right))));
  const kept = filter(children, and(complete, call('is_not_null', c(children, value))));
  const same = new Map(on.map((key) => [key.left, key.right]));
  const time = (name: string): Expr => call('ts_micros', col(name, 'timestamp'));
  const both = union([
    extend(left, [as(at, time('timestamp')), as(value, nul(typeOf(argument))), as(isParent, bool(true))]),
    project(kept, [
      ...left.columns.map(({ name, type }) => {
        const key = same.get(name);
        return as(name, key === undefined ? nul(type) : c(kept, key));
      }),
      as(at, time(at)),
      as(value, c(kept, value)),
      as(isParent, bool(false)),
    ]),
  ]);
  const { from, to } = pairing.span;
  const reducedTo = framed(label(both, `${pairing.child.stream.event} and its parents`), {
    arg: aggregateOf({ column, reducer, argument: c(both, value) }),
    partitionBy: on.map((key) => c(both, key.left)),
    at: c(both, at),
    // A child is strictly after its parent, and instants are whole microseconds.
    frame: { from: from > 0n ? from : 1n, ...(to !== undefined && { to }) },
    as: column,
  });
  const found = filter(reducedTo, c(reducedTo, isParent));
  return beside(parents, found, [as(column, c(found, column))]);
}
