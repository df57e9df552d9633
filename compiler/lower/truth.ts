import type { Expr, FnName, LiteralValue } from '../ir/types.js';
import { and, bool, not, or } from '../ir/build.js';
import { unitsOf } from '../ir/decimal.js';
import { definite } from './compare.js';

/**
 * The boolean tree of a condition over profiles. A leaf knows the relations ("sources") it reads and says its
 * truth twice: over a row that is there, and over a row that may be absent (after a left join).
 */
export type Truth =
  | { readonly kind: 'and' | 'or'; readonly of: readonly Truth[] }
  | { readonly kind: 'not'; readonly of: Truth }
  | {
      readonly kind: 'leaf';
      readonly sources: readonly string[];
      readonly present: Expr;
      readonly total: Expr;
      /** Its truth where its only source has no row; undefined when that is not known before the run. */
      readonly absent: boolean | undefined;
    };

export function sourcesOf(truth: Truth): ReadonlySet<string> {
  if (truth.kind === 'leaf') return new Set(truth.sources);
  const parts = truth.kind === 'not' ? [truth.of] : truth.of;
  return new Set(parts.flatMap((part) => [...sourcesOf(part)]));
}

/** The truth as an expression over rows that are there (`present`) or may be absent (`total`). */
export function expression(truth: Truth, over: 'present' | 'total'): Expr {
  switch (truth.kind) {
    case 'and':
      return and(...truth.of.map((part) => expression(part, over)));
    case 'or':
      return or(...truth.of.map((part) => expression(part, over)));
    case 'not':
      return not(definite(expression(truth.of, over)));
    case 'leaf':
      return truth[over];
  }
}

/** The truth where no source has a row; undefined when it is not known before the run. */
export function whenAbsent(truth: Truth): boolean | undefined {
  switch (truth.kind) {
    case 'leaf':
      return truth.absent;
    case 'not': {
      const inner = whenAbsent(truth.of);
      return inner === undefined ? undefined : !inner;
    }
    case 'and':
    case 'or': {
      const decisive = truth.kind === 'or';
      const parts = truth.of.map(whenAbsent);
      if (parts.includes(decisive)) return decisive;
      return parts.includes(undefined) ? undefined : !decisive;
    }
  }
}

/** Top-level conjuncts, negated disjunctions opened up. */
export function conjuncts(truth: Truth): readonly Truth[] {
  if (truth.kind === 'and') return truth.of.flatMap(conjuncts);
  if (truth.kind === 'not' && truth.of.kind === 'or') {
    return truth.of.of.flatMap((part) => conjuncts({ kind: 'not', of: part }));
  }
  if (truth.kind === 'not' && truth.of.kind === 'not') return conjuncts(truth.of.of);
  return [truth];
}

const ORDERED: Partial<Record<FnName, (order: number) => boolean>> = {
  eq: (o) => o === 0,
  ne: (o) => o !== 0,
  lt: (o) => o < 0,
  le: (o) => o <= 0,
  gt: (o) => o > 0,
  ge: (o) => o >= 0,
};

/**
 * The constant a comparison of literals comes to, missing counted as false; undefined when it holds
 * anything but literals. Used on the values that stand for "no row".
 */
export function constantTruth(expr: Expr): boolean | undefined {
  if (expr.kind === 'null') return false;
  if (expr.kind === 'lit') return expr.literal.type === 'bool' ? expr.literal.value : undefined;
  if (expr.kind === 'case') return constantCase(expr);
  if (expr.kind !== 'call') return undefined;
  const [a, b] = expr.args.map(constantLiteral);
  const ordered = ORDERED[expr.fn];
  if (ordered) return a && b ? ordered(compareLiterals(a, b)) : undefined;
  switch (expr.fn) {
    case 'and':
    case 'or': {
      const parts = expr.args.map(constantTruth);
      const decisive = expr.fn === 'or';
      if (parts.includes(decisive)) return decisive;
      return parts.includes(undefined) ? undefined : !decisive;
    }
    case 'not': {
      const [only] = expr.args;
      if (!only || isMissing(only)) return only ? false : undefined;
      const inner = constantTruth(only);
      return inner === undefined ? undefined : !inner;
    }
    case 'coalesce': {
      const [value] = expr.args;
      return value && constantTruth(value);
    }
    case 'in_list':
      return (
        a &&
        expr.args.slice(1).some((item) => {
          const literal = constantLiteral(item);
          return literal !== undefined && compareLiterals(a, literal) === 0;
        })
      );
    case 'contains':
      return textTest(a, b, (x, y) => x.includes(y));
    case 'starts_with':
      return textTest(a, b, (x, y) => x.startsWith(y));
    case 'ends_with':
      return textTest(a, b, (x, y) => x.endsWith(y));
    case 'is_null':
      return a ? false : undefined;
    case 'is_not_null':
      return a ? true : undefined;
    default:
      return undefined;
  }
}

function constantCase(expr: Expr & { kind: 'case' }): boolean | undefined {
  for (const { when, then } of expr.whens) {
    const holds = constantTruth(when);
    if (holds === undefined) return undefined;
    if (holds) return constantTruth(then);
  }
  return expr.otherwise ? constantTruth(expr.otherwise) : false;
}

const isMissing = (expr: Expr): boolean => expr.kind === 'null';

function constantLiteral(expr: Expr): LiteralValue | undefined {
  if (expr.kind === 'cast') return constantLiteral(expr.expr);
  return expr.kind === 'lit' ? expr.literal : undefined;
}

const textTest = (
  a: LiteralValue | undefined,
  b: LiteralValue | undefined,
  test: (x: string, y: string) => boolean,
): boolean | undefined => (a?.type === 'text' && b?.type === 'text' ? test(a.value, b.value) : undefined);

/** Order of two literals: decimals by value, texts by code point. */
function compareLiterals(a: LiteralValue, b: LiteralValue): number {
  if (a.type === 'text' && b.type === 'text')
    return Buffer.compare(Buffer.from(a.value), Buffer.from(b.value));
  const [x, y] = [unitsOf(String(a.value)), unitsOf(String(b.value))];
  return x < y ? -1 : x > y ? 1 : 0;
}

export const leaf = (sources: readonly string[], present: Expr, total: Expr, absent?: boolean): Truth => ({
  kind: 'leaf',
  sources,
  present,
  total,
  absent,
});

export const always = (value: boolean): Truth => leaf([], bool(value), bool(value), value);
