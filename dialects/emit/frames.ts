/** Distinct values of a frame for engines that count none in a window: each place of a row joined with those of its frame. */
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
  project,
} from '../../compiler/ir/build.js';
import type { Expr, Relation, Window } from '../../compiler/ir/types.js';

type DistinctFrame = Window & { readonly arg: Extract<Expr, { kind: 'agg' }> };

export const isDistinctFrame = (r: Relation): r is DistinctFrame =>
  r.kind === 'window' && r.fn === 'framed' && r.arg?.kind === 'agg' && r.arg.fn === 'count_distinct';

/**
 * The same rows and columns, without the window. Rows are told apart by partition and order alone, on which their frame
 * depends: numbers would have to be the same each time, and an engine may compute a CTE as often as it is read.
 */
export function distinctByJoin(r: DistinctFrame): Relation {
  const value = r.arg.args[0] ?? nul('text');
  const place = [...r.partitionBy, r.orderBy[0]?.expr ?? nul('int')];
  const [rows, names] = named(r.input, place);
  const kept = filter(rows, and(r.arg.filter ?? bool(true), call('is_not_null', value)));
  const others = project(kept, [
    ...names.map((name, i) => as(other(i), c(kept, name))),
    as('other_value', value),
  ]);
  const at = names.at(-1) ?? '';
  const keys = names.slice(0, -1);
  const places = aggregate(
    rows,
    names.map((name) => as(name, c(rows, name))),
    [],
  );
  const [own, there] = [c(places, at, 'left'), c(others, other(keys.length), 'right')];
  const to = r.frame?.to;
  const inside = and(
    call('ge', there, call('add', own, int(r.frame?.from ?? 0n))),
    ...(to === undefined ? [] : [call('le', there, call('add', own, int(to)))]),
  );
  const partners = keys.map((key, i) => ({ left: key, right: other(i) }));
  const pairs = join('inner', places, others, partners, inside);
  const counted = aggregate(
    pairs,
    names.map((name) => as(name, c(pairs, name))),
    [as(r.as, agg('count_distinct', [c(pairs, 'other_value')]))],
  );
  const joined = join('left', rows, counted, names);
  return project(
    joined,
    r.columns.map(({ name }) => {
      const column = c(joined, name);
      return as(name, name === r.as ? call('coalesce', column, int(0)) : column);
    }),
  );
}

const other = (i: number): string => `other_${i + 1}`;

/** The relation with each of the expressions as a column, and the columns' names; itself where they are columns already. */
function named(input: Relation, exprs: readonly Expr[]): [Relation, readonly string[]] {
  const names = exprs.map((expr, i) => (expr.kind === 'col' ? expr.name : `frame_${i + 1}`));
  const made = exprs.flatMap((expr, i) => (expr.kind === 'col' ? [] : [as(names[i] ?? '', expr)]));
  return [made.length === 0 ? input : extend(input, made), names];
}
