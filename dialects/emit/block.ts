/** One SELECT in the making: relation nodes are merged into it for as long as SQL's clause order allows. */
import type { AggName, Expr, FnName, KeyPair, ScalarType } from '../../compiler/ir/types.js';
import type { Sql } from '../dialect.js';
import type { ColumnExpr, Writer } from './expressions.js';

/** A table or CTE in a FROM clause. Each use has its own, as each gets its own alias. */
export interface Source {
  /** What to write after FROM. */
  readonly sql: Sql;
  /** The name aliases are made from. */
  readonly hint: string;
  /** The name that CTEs over it are named after, where it is one itself: names would grow with every step. */
  readonly base?: string;
  readonly columns: readonly { readonly name: string; readonly type: ScalarType }[];
  /** The columns' names in SQL. */
  readonly names: ReadonlyMap<string, string>;
  /** Where the source names its columns itself, as VALUES does, it cannot go without an alias. */
  readonly columnList?: readonly Sql[];
  /** A SELECT in parentheses: engines want a name for it. */
  readonly derived?: true;
  /** Rows made of a value of the sources before it; `sql` is not used then. */
  readonly lateral?: {
    item(writer: Writer, alias: Sql, indent: number): Sql;
    column(alias: Sql): Sql;
  };
}

/** A column of an expression whose source is known. */
export type BoundColumn = ColumnExpr & { readonly source: Source };

export interface FromItem {
  readonly source: Source;
  /** `join`, `left join`, `semi join`, …; absent on the first. */
  readonly join?: string;
  readonly on: readonly Expr[];
}

/** A column that no expression describes: a window function or an unnesting. Nothing merges over it. */
export interface OpaqueItem {
  readonly kind: 'opaque';
  /** Every column there is, which has no name of its own. */
  readonly unnamed?: true;
  write(writer: Writer, indent: number): Sql;
}

export type Item = Expr | OpaqueItem;

/** `EXISTS (…)` for engines without SEMI JOIN. */
export interface Exists {
  readonly kind: 'exists';
  readonly negated: boolean;
  readonly source: Source;
  readonly on: readonly Expr[];
}

export interface Block {
  readonly label?: string | undefined;
  /** What CTE names are made from when there is no label. */
  readonly hint: string;
  /** Rows as they come, rows grouped, or finished: only another SELECT can go over it. */
  readonly stage: 'rows' | 'grouped' | 'finished';
  readonly from: readonly FromItem[];
  readonly columns: ReadonlyMap<string, Item>;
  readonly where: readonly (Expr | Exists)[];
  readonly groupBy: readonly Expr[];
  readonly having: readonly Expr[];
  readonly distinct: boolean;
  /** Set operation: the other operands, after this one. */
  readonly union?: { readonly all: boolean; readonly others: readonly Block[] };
}

/** `SELECT` of every column of one source. */
export function blockOver(source: Source): Block {
  return {
    hint: source.base ?? source.hint,
    stage: 'rows',
    from: [{ source, on: [] }],
    columns: new Map(source.columns.map(({ name, type }) => [name, boundColumn(source, name, type)])),
    where: [],
    groupBy: [],
    having: [],
    distinct: false,
  };
}

export function boundColumn(source: Source, name: string, type: ScalarType): BoundColumn {
  return { kind: 'col', name, type, source };
}

/** Whether the block only picks or renames columns of one table, so that the table can stand in its place. */
export function isBare(block: Block): boolean {
  return (
    block.stage === 'rows' &&
    block.from.length === 1 &&
    block.where.length === 0 &&
    [...block.columns.values()].every((item) => item.kind === 'col')
  );
}

/** Whether printing the expression again costs neither readers nor the engine anything. */
function isTrivial(item: Item): boolean {
  if (item.kind === 'agg')
    return item.fn === 'count' && item.filter === undefined && item.args.every(isTrivial);
  return item.kind === 'col' || item.kind === 'lit' || item.kind === 'null' || item.kind === 'param';
}

/**
 * Whether expressions over the block's columns can be merged into it without printing a computation twice.
 * `kept` says that the block's columns stay in the select list beside the new expressions.
 */
export function canInline(block: Block, exprs: readonly Expr[], kept: boolean): boolean {
  const seen = new Set<string>();
  const once = (name: string, repeated: boolean): boolean => {
    const item = block.columns.get(name);
    if (item === undefined || isTrivial(item)) return true;
    if (item.kind === 'opaque' || kept || repeated || seen.has(name)) return false;
    seen.add(name);
    return true;
  };
  return exprs.every((expr) => everyColumn(expr, false, once));
}

/** Functions and aggregates whose exact SQL prints their argument more than once. */
const REPEATING: ReadonlySet<FnName | AggName> = new Set<FnName | AggName>([
  'json_text', 'json_text_in', 'json_number', 'json_instant', 'text_number', 'text_instant', 'sum', 'avg', 'avg_at_least',
  'first', 'last',
]); // prettier-ignore

/** Whether all columns an expression reads pass; `repeated` says that the expression is printed more than once. */
function everyColumn(
  expr: Expr,
  repeated: boolean,
  passes: (name: string, repeated: boolean) => boolean,
): boolean {
  const all = (list: readonly Expr[], again: boolean): boolean =>
    list.every((e) => everyColumn(e, again, passes));
  switch (expr.kind) {
    case 'col':
      return passes(expr.name, repeated);
    case 'call':
      return all(expr.args, repeated || REPEATING.has(expr.fn));
    case 'case':
      return (
        expr.whens.every(
          ({ when, then }) => everyColumn(when, repeated, passes) && everyColumn(then, repeated, passes),
        ) &&
        (expr.otherwise === undefined || everyColumn(expr.otherwise, repeated, passes))
      );
    case 'cast':
      return everyColumn(expr.expr, repeated, passes);
    case 'some':
      // The test is computed for every element.
      return everyColumn(expr.of, repeated, passes) && everyColumn(expr.test, true, passes);
    case 'agg': {
      const again = repeated || REPEATING.has(expr.fn);
      return (
        all(expr.args, again) &&
        (expr.filter === undefined || everyColumn(expr.filter, again, passes)) &&
        all(expr.orderBy ?? [], repeated)
      );
    }
    default:
      return true;
  }
}

/** Replaces the columns of an expression; inside aggregates by `inner`. */
export function rebind(
  expr: Expr,
  outer: (c: ColumnExpr) => Expr,
  inner: (c: ColumnExpr) => Expr = outer,
): Expr {
  switch (expr.kind) {
    case 'col':
      return outer(expr);
    case 'call':
      return {
        kind: 'call',
        fn: expr.fn,
        args: expr.args.map((a) => rebind(a, outer, inner)),
        type: expr.type,
      };
    case 'case': {
      const whens = expr.whens.map(({ when, then }) => ({
        when: rebind(when, outer, inner),
        then: rebind(then, outer, inner),
      }));
      return expr.otherwise
        ? { ...expr, whens, otherwise: rebind(expr.otherwise, outer, inner) }
        : { ...expr, whens };
    }
    case 'cast':
      return { ...expr, expr: rebind(expr.expr, outer, inner) };
    case 'some':
      return { ...expr, of: rebind(expr.of, outer, inner), test: rebind(expr.test, outer, inner) };
    case 'agg':
      return {
        ...expr,
        args: expr.args.map((a) => rebind(a, inner)),
        ...(expr.filter ? { filter: rebind(expr.filter, inner) } : {}),
        ...(expr.orderBy ? { orderBy: expr.orderBy.map((a) => rebind(a, inner)) } : {}),
      };
    default:
      return expr;
  }
}

/** Conditions of equality on key pairs; null-safe ones spelled out for engines without a comparison for them. */
export function keyConditions(
  on: readonly KeyPair[],
  left: (name: string) => Expr,
  right: (name: string) => Expr,
  nullSafeEquals: boolean,
): readonly Expr[] {
  const call = (fn: FnName, ...args: readonly Expr[]): Expr => ({ kind: 'call', fn, args, type: 'bool' });
  return on.map((key) => {
    const [a, b] = [left(key.left), right(key.right)];
    if (!key.nullSafe) return call('eq', a, b);
    if (nullSafeEquals) return call('not', call('is_distinct', a, b));
    return call('or', call('eq', a, b), call('and', call('is_null', a), call('is_null', b)));
  });
}
