/** Window functions, written once it is known what stands around them. */
import type { Expr, Frame, Window } from '../../compiler/ir/types.js';
import { rebind, type Item } from './block.js';
import type { ColumnExpr, Writer } from './expressions.js';
import { isOrder, write } from './expressions.js';
import { clauseLines, inParentheses } from './layout.js';

/** What a window adds to a block's columns, as an item of its SELECT. */
export function windowItem(r: Window, resolve: (c: ColumnExpr) => Expr): Item {
  const arg = r.arg && rebind(r.arg, resolve);
  const partitionBy = r.partitionBy.map((e) => rebind(e, resolve));
  const orderBy = r.orderBy
    .map((o) => ({ ...o, expr: rebind(o.expr, resolve) }))
    .filter(({ expr }) => isOrder(expr));
  return {
    kind: 'opaque',
    write: (writer, indent) => {
      const partition = partitionBy.map((e) => write(e, writer, indent + 2));
      const order = orderBy.map((o) => {
        const nulls = o.nulls ? ` nulls ${o.nulls}` : '';
        return `${write(o.expr, writer, indent + 2)}${o.desc ? ' desc' : ''}${nulls}`;
      });
      const clauses = [
        ...(partition.length > 0 ? [clauseLines('partition by', partition, indent + 1)] : []),
        ...(order.length > 0 ? [clauseLines('order by', order, indent + 1)] : []),
      ];
      const over = (frame: readonly string[]): string =>
        `over (${inParentheses([...clauses, ...frame], indent)})`;
      const range = r.frame ? [frameClause(r.frame)] : [];
      const of = arg ? write(arg, r.frame ? windowWriter(writer, over(range)) : writer, indent) : '';
      switch (r.fn) {
        case 'row_number':
          // Where nothing is to order by, an engine that wants an order gets one that says nothing.
          return `row_number() ${over(order.length === 0 && writer.engine.capabilities.rowNumberOrder ? ['order by null'] : [])}`;
        case 'running_sum':
          return `cast(sum(${of}) ${over(['rows unbounded preceding'])} as ${writer.engine.type('int')})`;
        case 'running_min':
          return `min(${of}) ${over(['rows unbounded preceding'])}`;
        case 'running_max':
          return `max(${of}) ${over(['rows unbounded preceding'])}`;
        case 'previous':
          return `lag(${of}) ${over([])}`;
        case 'max':
          return `max(${of}) ${over([])}`;
        case 'count':
          return `count(*) ${over([])}`;
        case 'framed':
          return of;
      }
    },
  };
}

/** Writes aggregates as windows. */
const windowWriter = (writer: Writer, over: string): Writer => ({
  engine: writer.engine,
  params: writer.params,
  column: (column) => writer.column(column),
  over,
});

const frameClause = ({ from, to }: Frame): string =>
  `range between ${from} following and ${to === undefined ? 'unbounded' : to} following`;
