/**
 * The operator table (SEMANTICS §2 Operators, §10 Lists and Arrays). A comparison is typed by its literal, never by
 * the value it meets; with a missing value it is false, but for `not_contains` and `not_exists`.
 */
import { parseDecimal } from './decimal.js';
import type { Comparison, Json, OperatorName, ValueReference } from './model.js';
import { parseDuration, requireInstant, type Micros } from './time.js';
import {
  compareNumbers,
  compareTexts,
  instantOf,
  isObject,
  isPresent,
  numberOf,
  textOf,
  type Value,
} from './values.js';

/** What a comparison may look at besides the value itself. */
export interface ComparisonScope {
  asOf: Micros;
  /** The values a reference stands for: one, or several for a `$` path. */
  read(reference: ValueReference): Value[];
}

const OPERATORS: readonly OperatorName[] = [
  'equals',
  'not_equals',
  'less_than',
  'at_most',
  'greater_than',
  'at_least',
  'one_of',
  'none_of',
  'contains',
  'not_contains',
  'starts_with',
  'ends_with',
  'exists',
  'not_exists',
  'before_date',
  'after_date',
  'within_last',
  'within_next',
  'before_last',
  'after_next',
];

/** The one operator of a comparison, or `undefined` where it has none; throws where it has several. */
export function operatorOf(comparison: Comparison): OperatorName | undefined {
  const given = OPERATORS.filter((name) => Object.hasOwn(comparison, name));
  if (given.length > 1) throw new Error(`more than one operator: ${given.join(', ')}`);
  return given[0];
}

/**
 * Whether a comparison holds of a value; of several (a `$` path) whether it holds of some element, each on its own,
 * where `not_contains` and `not_exists` negate their opposites over all elements.
 */
export function holds(values: readonly Value[], comparison: Comparison, scope: ComparisonScope): boolean {
  const operator = operatorOf(comparison);
  if (operator === undefined) throw new Error('a comparison without an operator');
  const operand = comparison[operator];
  if (operand === undefined) throw new Error(`${operator} without an operand`);
  if (operator === 'not_contains') return !holds(values, { contains: operand }, scope);
  if (operator === 'not_exists') return !holds(values, { exists: true }, scope);
  return values.some((value) => isPresent(value) && holdsOfOne(value, operator, operand, scope));
}

function holdsOfOne(
  value: Value,
  operator: OperatorName,
  operand: Json | ValueReference,
  scope: ComparisonScope,
): boolean {
  if (isReference(operand)) {
    return scope
      .read(operand)
      .some((other) => isPresent(other) && holdsAgainst(value, operator, other, true, scope));
  }
  return holdsAgainst(value, operator, operand, false, scope);
}

function isReference(operand: Json | ValueReference): operand is ValueReference {
  return (
    isObject(operand) && ['property', 'trait', 'context', 'event', 'entity'].some((form) => form in operand)
  );
}

function holdsAgainst(
  value: Value,
  operator: OperatorName,
  operand: Value,
  byReference: boolean,
  scope: ComparisonScope,
): boolean {
  const order = (): number | undefined =>
    byReference ? orderOfTwo(value, operand) : orderToLiteral(value, operand);
  const rank = (): number | undefined => {
    // A boolean literal matches, it does not order; a boolean that a reference reads is its text.
    if (!byReference && typeof operand === 'boolean') throw new Error(`${operator} with a boolean`);
    return order();
  };
  const difference = (): bigint | undefined => dateDifference(value, requireDate(operand, byReference));
  switch (operator) {
    case 'exists':
      return true;
    case 'equals':
      return order() === 0;
    case 'not_equals':
      return isDefinedAnd(order(), (o) => o !== 0);
    case 'less_than':
      return isDefinedAnd(rank(), (o) => o < 0);
    case 'at_most':
      return isDefinedAnd(rank(), (o) => o <= 0);
    case 'greater_than':
      return isDefinedAnd(rank(), (o) => o > 0);
    case 'at_least':
      return isDefinedAnd(rank(), (o) => o >= 0);
    case 'one_of':
      return requireList(operand).some((literal) => orderToLiteral(value, literal) === 0);
    case 'none_of':
      return requireList(operand).every((literal) =>
        isDefinedAnd(orderToLiteral(value, literal), (o) => o !== 0),
      );
    case 'contains':
      return requireTexts(operand).some((part) => textOf(value)?.includes(part));
    case 'starts_with':
      return requireTexts(operand).some((part) => textOf(value)?.startsWith(part));
    case 'ends_with':
      return requireTexts(operand).some((part) => textOf(value)?.endsWith(part));
    case 'before_date':
      return isDefinedAnd(difference(), (d) => d < 0n);
    case 'after_date':
      return isDefinedAnd(difference(), (d) => d > 0n);
    case 'within_last':
      return isDefinedAnd(age(value, scope), (a) => a >= 0n && a <= requireDuration(operand));
    case 'before_last':
      return isDefinedAnd(age(value, scope), (a) => a >= requireDuration(operand));
    case 'within_next':
      return isDefinedAnd(age(value, scope), (a) => a <= 0n && -a <= requireDuration(operand));
    case 'after_next':
      return isDefinedAnd(age(value, scope), (a) => -a >= requireDuration(operand));
    case 'not_contains':
    case 'not_exists':
      throw new Error(`${operator} is the negation of its opposite`);
  }
}

function isDefinedAnd<T>(value: T | undefined, test: (value: T) => boolean): boolean {
  return value !== undefined && test(value);
}

/** How a value stands to a literal, by the literal's type; `undefined` where the value is missing for that type. */
function orderToLiteral(value: Value, literal: Value): number | undefined {
  if (typeof literal === 'number') {
    const left = numberOf(value);
    const right = parseDecimal(String(literal));
    return left === undefined || right === undefined ? undefined : compareNumbers(left, right);
  }
  const text = textOf(value);
  if (typeof literal === 'string') return text === undefined ? undefined : compareTexts(text, literal);
  if (typeof literal === 'boolean')
    return text === undefined ? undefined : compareTexts(text, String(literal));
  throw new Error(`not a literal to compare with: ${JSON.stringify(literal)}`);
}

/** Between two references: as numbers when both are numeric, else as texts. */
function orderOfTwo(left: Value, right: Value): number | undefined {
  const leftNumber = numberOf(left);
  const rightNumber = numberOf(right);
  if (leftNumber !== undefined && rightNumber !== undefined) return compareNumbers(leftNumber, rightNumber);
  const leftText = textOf(left);
  const rightText = textOf(right);
  return leftText === undefined || rightText === undefined ? undefined : compareTexts(leftText, rightText);
}

function dateDifference(value: Value, instant: Micros | undefined): bigint | undefined {
  const date = instantOf(value);
  return date === undefined || instant === undefined ? undefined : date - instant;
}

/** How long before `as_of` a date lies; negative where it lies after. */
function age(value: Value, scope: ComparisonScope): bigint | undefined {
  const date = instantOf(value);
  return date === undefined ? undefined : scope.asOf - date;
}

function requireDate(operand: Value, byReference: boolean): Micros | undefined {
  if (byReference) return instantOf(operand);
  if (typeof operand === 'string') return requireInstant(operand);
  throw new Error('a date operator takes an ISO 8601 text');
}

function requireDuration(operand: Value): Micros {
  if (typeof operand === 'string') return parseDuration(operand);
  throw new Error('a relative date operator takes a duration');
}

function requireList(operand: Value): Json[] {
  if (Array.isArray(operand)) return operand;
  throw new Error('one_of and none_of take a list');
}

function requireTexts(operand: Value): string[] {
  const parts = Array.isArray(operand) ? operand : [operand];
  return parts.map((part) => textOf(part) ?? '');
}
