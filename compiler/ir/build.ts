/** Constructors of the IR: relations here, expressions beside. They derive output columns and refuse ill-formed trees, so a bug shows where it is made. */
import { CompilerBug } from '../diagnostics/index.js';
import { col, isBool, typeOf, as } from './expressions.js';
import type {
  Aggregate,
  Column,
  Expr,
  Join,
  KeyPair,
  Named,
  Nearest,
  Project,
  QueryPiece,
  Relation,
  ScalarType,
  Scan,
  SemiJoin,
  TableRef,
  Union,
  Unnest,
  UserQuery,
  Values,
  Window,
} from './types.js';

export * from './expressions.js';

/** A column of a relation, as an expression. */
export function c(relation: Relation, name: string, side?: 'left' | 'right'): Expr {
  const column = relation.columns.find((x) => x.name === name);
  if (!column) {
    const has = relation.columns.map((x) => x.name).join(', ');
    throw new CompilerBug(`no column ${name} in ${relation.label ?? relation.kind} (${has})`);
  }
  return col(column.name, column.type, side);
}

const hasColumn = (relation: Relation, name: string): boolean =>
  relation.columns.some((x) => x.name === name);

function unique(columns: readonly Column[], where: string): readonly Column[] {
  const seen = new Set<string>();
  for (const { name } of columns) {
    if (seen.has(name)) throw new CompilerBug(`${where} has two columns ${name}`);
    seen.add(name);
  }
  return columns;
}

const columnsOf = (named: readonly Named[], where: string): readonly Column[] =>
  unique(
    named.map(({ name, expr }) => ({ name, type: typeOf(expr) })),
    where,
  );

/** Gives a relation the name its CTE gets. */
export function label<R extends Relation>(relation: R, name: string): R {
  return { ...relation, label: name };
}

/** A relation that many queries share, under one name (see `stable` in types.ts). */
export function stable<R extends Relation>(relation: R, name: string): R {
  return { ...relation, label: name, stable: true };
}

export const scan = (table: TableRef, columns: readonly Column[]): Scan => ({
  kind: 'scan',
  table,
  columns: unique(columns, table.name),
  label: table.name,
});

/** Keeps rows where the predicate is true; a literal `true` adds no node. */
export function filter(input: Relation, predicate: Expr): Relation {
  if (isBool(predicate, true)) return input;
  return { kind: 'filter', input, predicate, columns: input.columns };
}

export function project(
  input: Relation,
  exprs: readonly Named[],
  options: { distinct?: boolean } = {},
): Project {
  const base = { kind: 'project' as const, input, exprs, columns: columnsOf(exprs, 'project') };
  return options.distinct ? { ...base, distinct: true } : base;
}

/** Projects to columns by name, optionally renamed: `['profile_no', ['value', 'total']]`. */
export function pick(
  input: Relation,
  names: readonly (string | readonly [from: string, to: string])[],
  options: { distinct?: boolean } = {},
): Project {
  const exprs = names.map((n) => (typeof n === 'string' ? as(n, c(input, n)) : as(n[1], c(input, n[0]))));
  return project(input, exprs, options);
}

export function aggregate(
  input: Relation,
  groupBy: readonly Named[],
  aggs: readonly Named[],
  having?: Expr,
): Aggregate {
  const base = {
    kind: 'aggregate' as const,
    input,
    groupBy,
    aggs,
    columns: columnsOf([...groupBy, ...aggs], 'aggregate'),
  };
  return having === undefined || isBool(having, true) ? base : { ...base, having };
}

type On = readonly (string | KeyPair)[];

const pairs = (on: On): readonly KeyPair[] =>
  on.map((k) => (typeof k === 'string' ? { left: k, right: k } : k));

function checkKeys(left: Relation, right: Relation, on: readonly KeyPair[]): void {
  for (const k of on) {
    const l = c(left, k.left);
    const r = c(right, k.right);
    if (typeOf(l) !== typeOf(r))
      throw new CompilerBug(`join of ${k.left} (${typeOf(l)}) with ${k.right} (${typeOf(r)})`);
  }
}

export function join(type: Join['type'], left: Relation, right: Relation, on: On, residual?: Expr): Join {
  const keys = pairs(on);
  checkKeys(left, right, keys);
  const shared = new Set(keys.filter((k) => k.left === k.right).map((k) => k.left));
  const columns = unique([...left.columns, ...right.columns.filter((x) => !shared.has(x.name))], 'join');
  const base = { kind: 'join' as const, type, left, right, on: keys, columns };
  return residual === undefined ? base : { ...base, residual };
}

function halfJoin(
  kind: SemiJoin['kind'],
  left: Relation,
  right: Relation,
  on: On,
  residual?: Expr,
): SemiJoin {
  const keys = pairs(on);
  checkKeys(left, right, keys);
  const base = { kind, left, right, on: keys, columns: left.columns };
  return residual === undefined ? base : { ...base, residual };
}

export const semiJoin = (left: Relation, right: Relation, on: On, residual?: Expr): SemiJoin =>
  halfJoin('semi_join', left, right, on, residual);

export const antiJoin = (left: Relation, right: Relation, on: On, residual?: Expr): SemiJoin =>
  halfJoin('anti_join', left, right, on, residual);

/** Union by position; one input is itself (made distinct when `all` is false). */
export function union(inputs: readonly Relation[], all = true): Relation {
  const first = inputs[0];
  if (!first) throw new CompilerBug('union of nothing');
  if (inputs.length === 1)
    return all
      ? first
      : pick(
          first,
          first.columns.map((x) => x.name),
          { distinct: true },
        );
  for (const other of inputs) {
    const same =
      other.columns.length === first.columns.length &&
      other.columns.every((x, i) => x.name === first.columns[i]?.name && x.type === first.columns[i]?.type);
    if (!same) {
      const show = (r: Relation): string => r.columns.map((x) => `${x.name} ${x.type}`).join(', ');
      throw new CompilerBug(`union of (${show(first)}) with (${show(other)})`);
    }
  }
  const node: Union = { kind: 'union', inputs, all, columns: first.columns };
  return node;
}

type WindowOptions = Pick<Window, 'arg' | 'partitionBy' | 'orderBy' | 'frame' | 'as'>;

function windowed(input: Relation, fn: Window['fn'], type: ScalarType, options: WindowOptions): Window {
  const columns = unique([...input.columns, { name: options.as, type }], 'window');
  return { kind: 'window', input, fn, ...options, columns };
}

/** Adds the row's number in its partition's order. */
export const rowNumber = (input: Relation, options: Omit<WindowOptions, 'arg'>): Window =>
  windowed(input, 'row_number', 'int', options);

/** Adds the sum of `arg` over the partition's rows so far, in an order without ties. */
export const runningSum = (input: Relation, options: Required<Omit<WindowOptions, 'frame'>>): Window =>
  windowed(input, 'running_sum', 'int', options);

/** Adds the least or the greatest `arg` of the partition's rows so far, in an order whose ties do not matter. */
export const runningExtreme = (
  input: Relation,
  fn: 'running_min' | 'running_max',
  options: Required<Omit<WindowOptions, 'frame'>>,
): Window => windowed(input, fn, typeOf(options.arg), options);

/** Adds `arg` of the row before in the partition's order, null at the first; rows that tie are in any order. */
export const previous = (input: Relation, options: Required<Omit<WindowOptions, 'frame'>>): Window =>
  windowed(input, 'previous', typeOf(options.arg), options);

/** Adds the greatest `arg` of the row's partition. */
export const partitionMax = (
  input: Relation,
  options: Omit<Required<Omit<WindowOptions, 'frame'>>, 'orderBy'>,
): Window => windowed(input, 'max', typeOf(options.arg), { ...options, orderBy: [] });

/** Adds how many rows there are in the row's partition; with no key, in all. */
export const partitionCount = (input: Relation, options: Omit<WindowOptions, 'arg' | 'orderBy'>): Window =>
  windowed(input, 'count', 'int', { ...options, orderBy: [] });

/** Adds an aggregate over the rows of its partition whose `at`, an integer, is within the frame of the row's own. */
export function framed(
  input: Relation,
  {
    at,
    frame,
    ...options
  }: Pick<Required<Window>, 'arg' | 'partitionBy' | 'frame' | 'as'> & { readonly at: Expr },
): Window {
  if (options.arg.kind !== 'agg') throw new CompilerBug('a frame of no aggregate');
  if (typeOf(at) !== 'int') throw new CompilerBug(`a frame of a ${typeOf(at)}`);
  return windowed(input, 'framed', options.arg.type, { ...options, orderBy: [{ expr: at }], frame });
}

/** Each left row with the nearest right row by time (see `Nearest`). */
export function nearest(
  left: Relation,
  right: Relation,
  on: On,
  by: Pick<Nearest, 'time' | 'rightTime' | 'match'>,
): Nearest {
  const keys = pairs(on);
  checkKeys(left, right, keys);
  const shared = new Set(keys.filter((k) => k.left === k.right).map((k) => k.left));
  const columns = unique([...left.columns, ...right.columns.filter((x) => !shared.has(x.name))], 'nearest');
  return { kind: 'nearest', left, right, on: keys, ...by, columns };
}

export function unnest(input: Relation, expr: Expr, of: Unnest['of'], name: string): Unnest {
  const columns = unique([...input.columns, { name, type: of === 'keys' ? 'text' : 'json' }], 'unnest');
  return { kind: 'unnest', input, expr, of, as: name, columns };
}

export function values(columns: readonly Column[], rows: readonly (readonly Expr[])[]): Values {
  if (rows.some((r) => r.length !== columns.length))
    throw new CompilerBug('values of another width than its columns');
  return { kind: 'values', rows, columns: unique(columns, 'values') };
}

/** A user's query; `columns` are those the engine found in it. */
export const userQuery = (
  pieces: readonly QueryPiece[],
  columns: readonly Column[],
  mentions: ReadonlySet<string>,
): UserQuery => ({ kind: 'query', pieces, mentions, columns: unique(columns, 'query') });

/** One row of named expressions, which may be parameters. */
export const oneRow = (named: readonly Named[]): Values =>
  values(columnsOf(named, 'values'), [named.map((n) => n.expr)]);

/** Adds columns to a relation. */
export const extend = (input: Relation, added: readonly Named[]): Project =>
  project(input, [...input.columns.map((x) => as(x.name, col(x.name, x.type))), ...added]);

export { hasColumn };
