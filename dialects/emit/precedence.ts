/** Binding strength of what an expression prints as, so that parentheses stand only where they are needed. */
import type { Expr, FnName } from '../../compiler/ir/types.js';

export const PRECEDENCE = {
  any: 0,
  or: 1,
  and: 2,
  not: 3,
  compare: 4,
  add: 6,
  mul: 7,
  neg: 8,
  atom: 9,
} as const;

type Level = number;

interface Operator {
  readonly level: Level;
  /** What an operand must at least be. */
  readonly operand: Level;
  /** The same for the first one, where it differs: `a - b - c` is `(a - b) - c`. */
  readonly first?: Level;
}

const COMPARISON: Operator = { level: PRECEDENCE.compare, operand: PRECEDENCE.add };
const SUM: Operator = { level: PRECEDENCE.add, operand: PRECEDENCE.mul, first: PRECEDENCE.add };

/** Functions that print as operators. */
const OPERATORS: Partial<Record<FnName, Operator>> = {
  // An AND inside an OR needs no parentheses, but people read it better with them.
  or: { level: PRECEDENCE.or, operand: PRECEDENCE.not },
  and: { level: PRECEDENCE.and, operand: PRECEDENCE.not },
  not: { level: PRECEDENCE.not, operand: PRECEDENCE.atom },
  eq: COMPARISON,
  ne: COMPARISON,
  lt: COMPARISON,
  le: COMPARISON,
  gt: COMPARISON,
  ge: COMPARISON,
  is_distinct: COMPARISON,
  is_null: COMPARISON,
  is_not_null: COMPARISON,
  column_since: COMPARISON,
  column_missing: COMPARISON,
  in_list: COMPARISON,
  add: SUM,
  sub: SUM,
  ts_add_micros: SUM,
  concat: { level: PRECEDENCE.add, operand: PRECEDENCE.mul },
  mul: { level: PRECEDENCE.mul, operand: PRECEDENCE.neg, first: PRECEDENCE.mul },
  int_div: { level: PRECEDENCE.mul, operand: PRECEDENCE.neg, first: PRECEDENCE.mul },
  neg: { level: PRECEDENCE.neg, operand: PRECEDENCE.atom },
};

/** Functions whose arguments stand between commas, where anything may stand. */
const COMMA_SEPARATED: ReadonlySet<FnName> = new Set<FnName>([
  'coalesce', 'least', 'greatest', 'contains', 'starts_with', 'ends_with', 'lower', 'sha256_hex', 'hash64',
  'digest_high', 'digest_low',
]); // prettier-ignore

/** An `and` or `or` of one operand is that operand. */
export function unwrapped(expr: Expr): Expr {
  const only = expr.kind === 'call' && (expr.fn === 'and' || expr.fn === 'or') && expr.args.length === 1;
  return only && expr.args[0] ? unwrapped(expr.args[0]) : expr;
}

/** How strongly the text of an expression holds together. */
export function strength(expr: Expr): Level {
  if (notDistinct(expr)) return PRECEDENCE.compare;
  if (expr.kind === 'call') return OPERATORS[expr.fn]?.level ?? PRECEDENCE.atom;
  const negative =
    expr.kind === 'lit' && 'value' in expr.literal && String(expr.literal.value).startsWith('-');
  return negative && expr.literal.type !== 'text' ? PRECEDENCE.neg : PRECEDENCE.atom;
}

/** How strong an argument of a function must be to stand without parentheses. */
export function demanded(fn: FnName, index: number): Level {
  const operator = OPERATORS[fn];
  if (operator) return index === 0 ? (operator.first ?? operator.operand) : operator.operand;
  return COMMA_SEPARATED.has(fn) ? PRECEDENCE.any : PRECEDENCE.atom;
}

/** `not (a is distinct from b)`, which SQL has a comparison for: the operands, or nothing. */
export function notDistinct(expr: Expr): readonly Expr[] | undefined {
  if (expr.kind !== 'call' || expr.fn !== 'not') return undefined;
  const [inner] = expr.args;
  return inner?.kind === 'call' && inner.fn === 'is_distinct' ? inner.args : undefined;
}
