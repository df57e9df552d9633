/** Children that can be looked up, each parent's once: the next, the first, the last, and how many by their running counts. */
import { CompilerBug } from '../diagnostics/index.js';
import {
  agg,
  aggregate,
  and,
  as,
  c,
  call,
  caseWhen,
  col,
  filter,
  int,
  join,
  label,
  nearest,
  pick,
  runningSum,
} from '../ir/build.js';
import type { Expr, Nearest, Relation } from '../ir/types.js';
import { later, TIME, type Pairing } from './pairing.js';
import { beside } from './predicate.js';

/** A child after the parent: the next, if it is within the span; where that has no end, the last will do. */
export function whether(pairing: Pairing, parents: Relation): Relation {
  const { column } = pairing.reduction;
  const children = pairing.children([as(pairing.name('at'), TIME)]);
  if (pairing.span.to === undefined) return last(pairing, parents, children);
  const found = nearest(pairing.keyed(parents), children, pairing.on(), {
    ...begin(pairing),
    rightTime: pairing.name('at'),
  });
  const at = c(found, pairing.name('at'));
  const kept = caseWhen([{ when: call('le', at, later(pairing.span.to)), then: at }]);
  return beside(parents, found, [as(column, kept)]);
}

/** The last child, if it is after the parent: needs no order of either. */
function last(pairing: Pairing, parents: Relation, children: Relation): Relation {
  const keys = pairing.on().map((k) => as(k.right, c(children, k.right)));
  const latest = aggregate(children, keys, [
    as(pairing.name('last'), agg('max', [c(children, pairing.name('at'))])),
  ]);
  const found = join('left', pairing.keyed(parents), latest, pairing.on());
  const at = c(found, pairing.name('last'));
  const kept = caseWhen([{ when: call('gt', at, TIME), then: at }]);
  return beside(parents, found, [as(pairing.reduction.column, kept)]);
}

function begin({ span }: Pairing): Pick<Nearest, 'time' | 'match'> {
  const { from } = span;
  return from === 0n ? { time: TIME, match: 'after' } : { time: later(from), match: 'at_or_after' };
}

/** Counts so far: those at the end of the span, less those before it begins. */
export function howMany(pairing: Pairing, parents: Relation): Relation {
  const children = pairing.children([as(pairing.name('at'), TIME)]);
  const groups = children.columns.map((x) => as(x.name, c(children, x.name)));
  const counted = aggregate(children, groups, [as(pairing.name('n'), agg('count'))]);
  const sums = label(
    runningSum(counted, {
      arg: c(counted, pairing.name('n')),
      partitionBy: groups.filter((g) => g.name !== pairing.name('at')).map((g) => g.expr),
      orderBy: [{ expr: c(counted, pairing.name('at')) }],
      as: pairing.name('so_far'),
    }),
    `${pairing.child.stream.event} so far`,
  );
  const keys = pairing.on().map((k) => k.right);
  const lookUp = (rows: Relation, time: Expr, count: string): Relation => {
    const right = pick(sums, [...keys, pairing.name('at'), [pairing.name('so_far'), count]]);
    const found = nearest(rows, right, pairing.on(), {
      time,
      rightTime: pairing.name('at'),
      match: 'at_or_before',
    });
    return beside(rows, found, [as(count, c(found, count))]);
  };
  const { from, to } = pairing.span;
  const [until, before] = [pairing.name('until'), pairing.name('before')];
  const rows = pairing.keyed(parents);
  const all = aggregate(
    sums,
    keys.map((k) => as(k, c(sums, k))),
    [as(until, agg('max', [c(sums, pairing.name('so_far'))]))],
  );
  const end =
    to === undefined
      ? beside(rows, join('left', rows, all, pairing.on()), [as(until, col(until, 'int'))])
      : lookUp(rows, later(to), until);
  const both = lookUp(end, from === 0n ? TIME : later(from - 1n), before);
  const known = (name: string): Expr => call('coalesce', c(both, name), int(0));
  const count = call('sub', known(until), known(before));
  return beside(parents, both, [as(pairing.reduction.column, count)]);
}

/**
 * The value of the first or the last child in the span, of those that have one: of the children of each instant there is
 * one that counts, which is the nearest to the span's beginning or its end.
 */
export function edge(pairing: Pairing, parents: Relation): Relation {
  const { argument, column, reducer } = pairing.reduction;
  if (!argument) throw new CompilerBug(`${reducer.fn} without a property`);
  const forward = reducer.fn === 'first';
  const at = pairing.name('at');
  const all = pairing.rows();
  const rows = filter(all, call('is_not_null', argument));
  const [id, origin] = [pairing.name('id'), pairing.name('origin')];
  const valued = pairing.children(
    [as(at, TIME), as(id, c(all, 'message_id')), as(origin, c(all, 'origin')), as(column, argument)],
    rows,
  );
  const { from, to } = pairing.span;
  const keys = pairing.on().map(({ right }) => as(right, c(valued, right)));
  const best = (orderBy: readonly Expr[]): Expr =>
    agg(forward ? 'first' : 'last', [c(valued, column)], { orderBy });
  const within = [c(valued, id), c(valued, origin)];
  const left = pairing.keyed(parents);
  let found: Relation;
  if (!forward && to === undefined) {
    const latest = aggregate(valued, keys, [
      as(column, best([c(valued, at), ...within])),
      as(at, agg('max', [c(valued, at)])),
    ]);
    found = join('left', left, latest, pairing.on());
  } else {
    const instants = aggregate(valued, [...keys, as(at, c(valued, at))], [as(column, best(within))]);
    const match: Pick<Nearest, 'time' | 'match'> =
      !forward && to !== undefined ? { time: later(to), match: 'at_or_before' } : begin(pairing);
    found = nearest(left, instants, pairing.on(), { ...match, rightTime: at });
  }
  const time = c(found, at);
  const inside = and(
    call('gt', time, TIME),
    ...(from === 0n ? [] : [call('ge', time, later(from))]),
    ...(to === undefined ? [] : [call('le', time, later(to))]),
  );
  return beside(parents, found, [as(column, caseWhen([{ when: inside, then: c(found, column) }]))]);
}
