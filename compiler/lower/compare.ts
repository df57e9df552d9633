import {
  durationMicros,
  type Comparison,
  type Duration,
  type Literal,
  type OrderOp,
} from '../../models/algebra.js';
import { CompilerBug } from '../diagnostics/index.js';
import {
  and,
  bool,
  call,
  cast,
  element,
  int,
  lit,
  not,
  nul,
  or,
  param,
  some,
  text,
  typeOf,
} from '../ir/build.js';
import type { Expr, FnName } from '../ir/types.js';
import { mapExpr } from '../ir/walk.js';
import { ELEMENT, numberLiteral, type Faceted } from './faceted.js';
import { parseInstant } from '../../models/instant.js';

const ORDER: Record<OrderOp, FnName> = {
  equals: 'eq',
  not_equals: 'ne',
  less_than: 'lt',
  at_most: 'le',
  greater_than: 'gt',
  at_least: 'ge',
};

/** The operators that negate another over all elements of a path with `$`, and are otherwise just its negation. */
const OPPOSITES = { not_contains: 'contains', not_exists: 'exists' } as const;

/**
 * The truth of `left <comparison>`. Of many values (a path with `$`, on either side) whether it holds of some of
 * them; `not_contains` and `not_exists` negate their opposites over all of them (SEMANTICS §10, "Arrays").
 *
 * @param right resolves the right-hand reference, when there is one
 */
export function compareFaceted(left: Faceted, compare: Comparison, right?: Faceted): Expr {
  if (!left.elements && !right?.elements) return compareOne(left, compare, right);
  if (compare.op === 'not_contains' || compare.op === 'not_exists') {
    return not(
      definite(compareFaceted(left, { ...compare, op: OPPOSITES[compare.op] } as Comparison, right)),
    );
  }
  // There are no nulls among the elements, so one that is there is all it takes.
  if (compare.op === 'exists') return call('is_not_null', left.elements ?? nul('json'));
  const other = right && asOther(right);
  const test = compareOne(left, compare, other);
  const against = other?.elements ? some(other.elements, OTHER, test) : test;
  return left.elements ? some(left.elements, ELEMENT, against) : against;
}

/** What a test calls the right side's element, as the left side may have one too. */
const OTHER = 'rollcall_other';

function asOther(right: Faceted): Faceted {
  if (!right.elements) return right;
  const forms = Object.entries(right).map(([form, expr]: [string, Expr]) => [
    form,
    mapExpr(expr, (e) => (e.kind === 'element' ? element(OTHER) : e)),
  ]);
  return Object.fromEntries(forms) as Faceted;
}

/**
 * The truth of `left <comparison>` where each side is one value. Null stands for "a value is missing", which holds nowhere but under the
 * operators SEMANTICS §2 excepts; `definite` makes it false where a negation would see it.
 */
function compareOne(left: Faceted, compare: Comparison, right?: Faceted): Expr {
  switch (compare.op) {
    case 'equals':
    case 'not_equals':
    case 'less_than':
    case 'at_most':
    case 'greater_than':
    case 'at_least':
      if (compare.right.kind === 'literal') return order(compare.op, left, compare.right.literal);
      if (!right) throw new CompilerBug('a comparison with a reference that was not resolved');
      return references(ORDER[compare.op], left, right);
    case 'one_of':
      return or(...grouped(left, compare.values));
    case 'none_of':
      return and(...grouped(left, compare.values).map((listed) => call('not', listed)));
    case 'contains':
      return containsAny(left, compare.values);
    case 'not_contains':
      return not(definite(containsAny(left, compare.values)));
    case 'starts_with':
    case 'ends_with':
      return left.text ? call(compare.op, left.text, text(compare.value)) : bool(false);
    case 'exists':
      return left.text ? call('is_not_null', left.text) : bool(false);
    case 'not_exists':
      return left.text ? call('is_null', left.text) : bool(true);
    case 'before_date':
      return left.instant ? call('lt', left.instant, instantLiteral(compare.instant)) : bool(false);
    case 'after_date':
      return left.instant ? call('gt', left.instant, instantLiteral(compare.instant)) : bool(false);
    case 'within_last':
      return left.instant ? between(left.instant, asOf(compare.duration, -1), asOf()) : bool(false);
    case 'within_next':
      return left.instant ? between(left.instant, asOf(), asOf(compare.duration, 1)) : bool(false);
    case 'before_last':
      return left.instant ? call('le', left.instant, asOf(compare.duration, -1)) : bool(false);
    case 'after_next':
      return left.instant ? call('ge', left.instant, asOf(compare.duration, 1)) : bool(false);
  }
}

/** Makes "missing" false: needed under a negation and where a truth becomes a column. */
export function definite(expr: Expr): Expr {
  if (expr.kind === 'lit' || expr.kind === 'some') return expr;
  if (expr.kind === 'call' && NEVER_NULL.has(expr.fn)) return expr;
  if (expr.kind === 'call' && (expr.fn === 'and' || expr.fn === 'or') && expr.args.every(isDefinite))
    return expr;
  return call('coalesce', expr, bool(false));
}

const NEVER_NULL: ReadonlySet<FnName> = new Set<FnName>(['is_null', 'is_not_null', 'is_distinct']);
const isDefinite = (expr: Expr): boolean => definite(expr) === expr;

/** `as_of` moved by a duration. */
export function asOf(duration?: Duration, direction: 1 | -1 = 1): Expr {
  const now = param('as_of', 'timestamp');
  return duration ? moved(now, duration, direction) : now;
}

/** An instant moved by a duration. */
export function moved(instant: Expr, duration: Duration, direction: 1 | -1): Expr {
  return call('ts_add_micros', instant, int(durationMicros(duration) * BigInt(direction)));
}

export function instantLiteral(iso: string): Expr {
  const micros = parseInstant(iso);
  if (micros === undefined) throw new CompilerBug(`not an instant: ${iso}`);
  return lit({ type: 'timestamp', value: micros.toString() });
}

export const between = (value: Expr, from: Expr, to: Expr): Expr =>
  and(call('ge', value, from), call('le', value, to));

function order(op: OrderOp, left: Faceted, literal: Literal): Expr {
  if (literal.type === 'number') {
    if (!left.number) return bool(false);
    const { value, beside } = numberLiteral(literal.text, left.number);
    return call(ORDER[op], beside, value);
  }
  if (!left.text) return bool(false);
  const right = text(literal.type === 'string' ? literal.value : String(literal.value));
  if (op === 'equals') return inTexts(left.text, [right]);
  return op === 'not_equals' ? call('not', inTexts(left.text, [right])) : call(ORDER[op], left.text, right);
}

/** Between two references: as numbers when both are numeric, else as text (SEMANTICS §2). */
function references(fn: FnName, left: Faceted, right: Faceted): Expr {
  const texts = left.text && right.text ? call(fn, left.text, right.text) : undefined;
  if (!left.number || !right.number) return texts ?? bool(false);
  const [a, b] = sameNumber(left.number, right.number);
  const numbers = call(fn, a, b);
  // A comparison of numbers is null just where one of them is missing.
  return texts ? call('coalesce', numbers, texts) : numbers;
}

function sameNumber(a: Expr, b: Expr): readonly [Expr, Expr] {
  if (typeOf(a) === typeOf(b)) return [a, b];
  return [typeOf(a) === 'int' ? cast(a, 'number') : a, typeOf(b) === 'int' ? cast(b, 'number') : b];
}

/** One membership test for the list's numbers, one for its texts; booleans are texts. */
function grouped(left: Faceted, values: readonly Literal[]): readonly Expr[] {
  const tests: Expr[] = [];
  const numbers = values.flatMap((v) => (v.type === 'number' ? [v.text] : []));
  const texts = values.flatMap((v) => (v.type === 'number' ? [] : [String(v.value)]));
  if (numbers.length > 0) tests.push(left.number ? inNumbers(left.number, numbers) : unknown());
  if (texts.length > 0) tests.push(left.text ? inTexts(left.text, texts.map(text)) : unknown());
  return tests;
}

function inNumbers(value: Expr, literals: readonly string[]): Expr {
  const beside =
    typeOf(value) === 'int' && literals.some((l) => typeOf(numberLiteral(l, value).value) !== 'int')
      ? cast(value, 'number')
      : value;
  const items = literals.map((l) => numberLiteral(l, beside).value).filter((e) => e.kind === 'lit');
  if (items.length === literals.length) return inList(beside, items);
  // A literal beyond the range is missing: nothing is unlike it, or like it.
  return items.length === 0 ? unknown() : or(inList(beside, items), unknown());
}

const inList = (value: Expr, items: readonly Expr[]): Expr => {
  const [only] = items;
  return items.length === 1 && only ? call('eq', value, only) : call('in_list', value, ...items);
};

/** Whether a text is one of a list; that of a JSON value may be told without making it. */
const inTexts = (value: Expr, items: readonly Expr[]): Expr =>
  value.kind === 'call' && value.fn === 'json_text'
    ? call('json_text_in', ...value.args, ...items)
    : inList(value, items);

/** A value that is always missing: neither in a list nor outside it. */
const unknown = (): Expr => ({ kind: 'null', type: 'bool' });

function containsAny(left: Faceted, needles: readonly string[]): Expr {
  const value = left.text;
  if (!value) return bool(false);
  return or(...needles.map((needle) => call('contains', value, text(needle))));
}
