/** Distinct values of a frame for engines that count none in a window: each row joined with those of its frame. */
import {
  agg,
  aggregate,
  and,
  as,
  bool,
  c,
  call,
  extend,
  filter,
  int,
  join,
  nul,
  partitionMax,
  pick,
  project,
  rowNumber,
} from '../../compiler/ir/build.js';
import type { Expr, Relation, Window } from '../../compiler/ir/types.js';

type DistinctFrame = Window & { readonly arg: Extract<Expr, { kind: 'agg' }> };

export const isDistinctFrame = (r: Relation): r is DistinctFrame =>
  r.kind === 'window' && r.fn === 'framed' && r.arg?.kind === 'agg' && r.arg.fn === 'count_distinct';

/** The same rows and columns, without the window. */
export function distinctByJoin(r: DistinctFrame): Relation {
  const order = r.orderBy[0]?.expr ?? nul('int');
  const value = r.arg.args[0] ?? nul('text');
  const [at, row, part] = ['frame_at', 'frame_row', 'frame_part'];
  const timed = extend(r.input, [as(at, order)]);
  const numbered = rowNumber(timed, { partitionBy: [], orderBy: [{ expr: c(timed, at) }], as: row });
  // A number for each partition: nulls are equal in one, but not in a join.
  const parts = partitionMax(numbered, {
    arg: c(numbered, row),
    partitionBy: r.partitionBy,
    as: part,
  });
  const kept = filter(parts, and(r.arg.filter ?? bool(true), call('is_not_null', value)));
  const others = project(kept, [
    as('other_part', c(kept, part)),
    as('other_at', c(kept, at)),
    as('other_value', value),
  ]);
  const rows = pick(parts, [row, part, at]);
  const [own, there] = [c(rows, at, 'left'), c(others, 'other_at', 'right')];
  const to = r.frame?.to;
  const inside = and(
    call('ge', there, call('add', own, int(r.frame?.from ?? 0n))),
    ...(to === undefined ? [] : [call('le', there, call('add', own, int(to)))]),
  );
  const pairs = join('inner', rows, others, [{ left: part, right: 'other_part' }], inside);
  const counted = aggregate(
    pairs,
    [as('frame_of', c(pairs, row))],
    [as(r.as, agg('count_distinct', [c(pairs, 'other_value')]))],
  );
  const joined = join('left', parts, counted, [{ left: row, right: 'frame_of' }]);
  return project(
    joined,
    r.columns.map(({ name }) => {
      const column = c(joined, name);
      return as(name, name === r.as ? call('coalesce', column, int(0)) : column);
    }),
  );
}
