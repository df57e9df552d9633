/** Constructors of the IR's expressions. They derive types and refuse ill-formed trees, so a bug shows where it is made. */
import { CompilerBug } from '../diagnostics/index.js';
import type { AggName, Expr, FnName, LiteralValue, Named, ScalarType } from './types.js';

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
  'column_since',
  'column_missing',
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
  digest_high: 'int',
  digest_low: 'int',
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
  const kept: Expr[] = [];
  for (const expr of exprs) {
    for (const e of expr.kind === 'call' && expr.fn === fn ? expr.args : [expr]) {
      if (isBool(e, fn === 'or')) return bool(fn === 'or');
      if (!isBool(e, fn === 'and')) kept.push(e);
    }
  }
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
