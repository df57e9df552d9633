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

/** Functions that print as operators: how strong the whole is, and what an operand must at least be. */
const OPERATORS: Partial<Record<FnName, { readonly level: Level; readonly operand: Level }>> = {
  // An AND inside an OR needs no parentheses, but people read it better with them.
  or: { level: PRECEDENCE.or, operand: PRECEDENCE.not },
  and: { level: PRECEDENCE.and, operand: PRECEDENCE.not },
  not: { level: PRECEDENCE.not, operand: PRECEDENCE.atom },
  eq: { level: PRECEDENCE.compare, operand: PRECEDENCE.add },
  ne: { level: PRECEDENCE.compare, operand: PRECEDENCE.add },
  lt: { level: PRECEDENCE.compare, operand: PRECEDENCE.add },
  le: { level: PRECEDENCE.compare, operand: PRECEDENCE.add },
  gt: { level: PRECEDENCE.compare, operand: PRECEDENCE.add },
  ge: { level: PRECEDENCE.compare, operand: PRECEDENCE.add },
  is_distinct: { level: PRECEDENCE.compare, operand: PRECEDENCE.add },
  is_null: { level: PRECEDENCE.compare, operand: PRECEDENCE.add },
  is_not_null: { level: PRECEDENCE.compare, operand: PRECEDENCE.add },
  in_list: { level: PRECEDENCE.compare, operand: PRECEDENCE.add },
  concat: { level: PRECEDENCE.add, operand: PRECEDENCE.mul },
  ts_add_micros: { level: PRECEDENCE.add, operand: PRECEDENCE.mul },
  neg: { level: PRECEDENCE.neg, operand: PRECEDENCE.atom },
};

/** Functions whose arguments stand between commas, where anything may stand. */
const COMMA_SEPARATED: ReadonlySet<FnName> = new Set<FnName>([
  'coalesce', 'least', 'greatest', 'contains', 'starts_with', 'ends_with', 'lower', 'sha256_hex', 'hash64',
]); // prettier-ignore

/** An `and` or `or` of one operand is that operand. */
export function unwrapped(expr: Expr): Expr {
  const only = expr.kind === 'call' && (expr.fn === 'and' || expr.fn === 'or') && expr.args.length === 1;
  return only && expr.args[0] ? unwrapped(expr.args[0]) : expr;
}

/** How strongly the text of an expression holds together. */
export function strength(expr: Expr): Level {
  if (expr.kind === 'call') return OPERATORS[expr.fn]?.level ?? PRECEDENCE.atom;
  const negative =
    expr.kind === 'lit' && 'value' in expr.literal && String(expr.literal.value).startsWith('-');
  return negative && expr.literal.type !== 'text' ? PRECEDENCE.neg : PRECEDENCE.atom;
}

/** How strong an argument of a function must be to stand without parentheses. */
export function demanded(fn: FnName): Level {
  return OPERATORS[fn]?.operand ?? (COMMA_SEPARATED.has(fn) ? PRECEDENCE.any : PRECEDENCE.atom);
}
