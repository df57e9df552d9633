/** Constructors of the IR. They derive output columns and refuse ill-formed trees, so a bug shows where it is made. */
import { CompilerBug } from '../diagnostics/index.js';
import type {
  AggName,
  Aggregate,
  Column,
  Expr,
  FnName,
  Join,
  KeyPair,
  LiteralValue,
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

/* ------------------------------------------------------------------ expressions */

export const lit = (literal: LiteralValue): Expr => ({ kind: 'lit', literal });
export const text = (value: string): Expr => lit({ type: 'text', value });
export const int = (value: number | bigint): Expr => lit({ type: 'int', value: value.toString() });
export const bool = (value: boolean): Expr => lit({ type: 'bool', value });
export const nul = (type: ScalarType): Expr => ({ kind: 'null', type });
export const param = (name: string, type: ScalarType): Expr => ({ kind: 'param', name, type });
export const col = (name: string, type: ScalarType, side?: 'left' | 'right'): Expr =>
  side === undefined ? { kind: 'col', name, type } : { kind: 'col', name, type, side };
export const cast = (expr: Expr, type: ScalarType): Expr => ({ kind: 'cast', expr, type });

export const caseWhen = (
  whens: readonly { readonly when: Expr; readonly then: Expr }[],
  otherwise?: Expr,
): Expr => {
  const first = whens[0];
  if (!first) throw new CompilerBug('a case without a branch');
  const base = { kind: 'case' as const, whens, type: typeOf(first.then) };
  return otherwise === undefined ? base : { ...base, otherwise };
};

const BOOLEAN_FNS: ReadonlySet<FnName> = new Set<FnName>([
  'and',
  'or',
  'not',
  'eq',
  'ne',
  'lt',
  'le',
  'gt',
  'ge',
  'is_distinct',
  'is_null',
  'is_not_null',
  'in_list',
  'contains',
  'starts_with',
  'ends_with',
  'json_is_null',
  'json_text_in',
]);

const FN_TYPES: Partial<Record<FnName, ScalarType>> = {
  ts_add_micros: 'timestamp',
  ts_micros: 'int',
  concat: 'text',
  lower: 'text',
  column_text: 'text',
  column_number: 'number',
  column_instant: 'timestamp',
  column_json: 'json',
  json_text: 'text',
  json_number: 'number',
  json_instant: 'timestamp',
  json_value: 'json',
  text_json_value: 'json',
  json_elements: 'json',
  json_first: 'json',
  json_last: 'json',
  json_mention: 'json',
  number_text: 'text',
  bool_text: 'text',
  ts_text: 'text',
  text_number: 'number',
  text_instant: 'timestamp',
  text_json: 'json',
  number_json: 'json',
  bool_json: 'json',
  parse_json: 'json',
  any_json: 'json',
  json_object: 'json',
  json_dump: 'text',
  sha256_hex: 'text',
  hash64: 'int',
};

/** A function call; its type follows from the function, or else (coalesce, least, add, …) from the first argument. */
export function call(fn: FnName, ...args: readonly Expr[]): Expr {
  const first = args[0];
  const type: ScalarType = BOOLEAN_FNS.has(fn) ? 'bool' : (FN_TYPES[fn] ?? (first ? typeOf(first) : 'text'));
  return { kind: 'call', fn, args, type };
}

/** Conjunction that flattens and drops `true`; of nothing: true. */
export function and(...exprs: readonly Expr[]): Expr {
  return connect('and', exprs);
}

/** Disjunction that flattens and drops `false`; of nothing: false. */
export function or(...exprs: readonly Expr[]): Expr {
  return connect('or', exprs);
}

function connect(fn: 'and' | 'or', exprs: readonly Expr[]): Expr {
  const flat = exprs.flatMap((e) => (e.kind === 'call' && e.fn === fn ? e.args : [e]));
  const kept = flat.filter((e) => !isBool(e, fn === 'and'));
  if (kept.some((e) => isBool(e, fn === 'or'))) return bool(fn === 'or');
  const only = kept[0];
  if (!only) return bool(fn === 'and');
  return kept.length === 1 ? only : call(fn, ...kept);
}

export function not(expr: Expr): Expr {
  if (isBool(expr, true)) return bool(false);
  if (isBool(expr, false)) return bool(true);
  return call('not', expr);
}

export const isBool = (expr: Expr, value: boolean): boolean =>
  expr.kind === 'lit' && expr.literal.type === 'bool' && expr.literal.value === value;

export const eq = (a: Expr, b: Expr): Expr => call('eq', a, b);

/** Whether some element of a JSON array satisfies a test, which calls it `name` (see `element`). */
export const some = (of: Expr, name: string, test: Expr): Expr => {
  if (typeOf(of) !== 'json') throw new CompilerBug(`elements of a ${typeOf(of)}`);
  return isBool(test, false) ? test : { kind: 'some', of, as: name, test, type: 'bool' };
};

export const element = (name: string): Expr => ({ kind: 'element', name, type: 'json' });

/** A JSON path argument. */
export const path = (steps: readonly string[]): Expr => text(JSON.stringify(steps));

const AGG_TYPES: Partial<Record<AggName, ScalarType>> = {
  count: 'int',
  count_distinct: 'int',
  sum: 'number',
  avg: 'number',
  avg_at_least: 'bool',
  any_true: 'bool',
  json_text_array: 'json',
};

export function agg(
  fn: AggName,
  args: readonly Expr[] = [],
  options: { readonly filter?: Expr; readonly orderBy?: readonly Expr[] } = {},
): Expr {
  const first = args[0];
  const type = AGG_TYPES[fn] ?? (first ? typeOf(first) : 'int');
  const filter = options.filter && !isBool(options.filter, true) ? { filter: options.filter } : {};
  const orderBy = options.orderBy ? { orderBy: options.orderBy } : {};
  return { kind: 'agg', fn, args, type, ...filter, ...orderBy };
}

export function typeOf(expr: Expr): ScalarType {
  return expr.kind === 'lit' ? expr.literal.type : expr.type;
}

export const as = (name: string, expr: Expr): Named => ({ name, expr });

/* -------------------------------------------------------------------- relations */

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
