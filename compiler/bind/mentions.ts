import { agg, aggregate, as, c } from '../ir/build.js';
import type { Column, Expr, Relation } from '../ir/types.js';
import type { ValueColumn } from './types.js';

/** What decides between messages that mention a trait at one instant (SEMANTICS §5; the source where ids are equal). */
export const TIES = ['message_id', 'origin'] as const;

/** The latest mention of each trait path by key: of rows with `timestamp`, `TIES` and a mention each. */
export function latestMentions(
  rows: Relation,
  key: readonly Column[],
  columns: readonly ValueColumn[],
): Relation {
  const orderBy = ['timestamp', ...TIES].map((name): Expr => c(rows, name));
  return aggregate(
    rows,
    key.map((k) => as(k.name, c(rows, k.name))),
    columns.map(({ name }) => as(name, agg('last', [c(rows, name)], { orderBy }))),
  );
}
