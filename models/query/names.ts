import type { ComparisonOp, OrderOp } from '../algebra.js';

/** Comparator names of the query language by operator (SEMANTICS §2, "Operators"). */
export const COMPARATOR_NAMES: Readonly<Record<ComparisonOp, string>> = {
  equals: 'equals',
  not_equals: 'differs',
  less_than: 'less_than',
  at_most: 'at_most',
  greater_than: 'greater_than',
  at_least: 'at_least',
  one_of: 'one_of',
  none_of: 'none_of',
  contains: 'contains',
  not_contains: 'omits',
  starts_with: 'starts_with',
  ends_with: 'ends_with',
  exists: 'exists',
  not_exists: 'absent',
  before_date: 'before_date',
  after_date: 'after_date',
  within_last: 'within_last',
  within_next: 'within_next',
  before_last: 'before_last',
  after_next: 'after_next',
};

export const OPERATOR_OF: ReadonlyMap<string, ComparisonOp> = new Map(
  (Object.entries(COMPARATOR_NAMES) as [ComparisonOp, string][]).map(([op, name]) => [name, op]),
);

/** How the printer writes the order operators. */
export const SYMBOL_NAMES: Readonly<Record<OrderOp, string>> = {
  equals: '=',
  not_equals: '!=',
  less_than: '<',
  at_most: '<=',
  greater_than: '>',
  at_least: '>=',
};

export const OPERATOR_OF_SYMBOL: ReadonlyMap<string, OrderOp> = new Map([
  ...(Object.entries(SYMBOL_NAMES) as [OrderOp, string][]).map(([op, name]) => [name, op] as const),
  ['==', 'equals'],
]);

/** The operator that says the same with the sides exchanged. */
export const FLIPPED: Readonly<Record<OrderOp, OrderOp>> = {
  equals: 'equals',
  not_equals: 'not_equals',
  less_than: 'greater_than',
  at_most: 'at_least',
  greater_than: 'less_than',
  at_least: 'at_most',
};

export const EVENT_FILTERS = [
  'where',
  'within',
  'between',
  'since',
  'until',
  'sources',
  'expires_after',
  'settled',
  'by',
] as const;

export type FilterName = (typeof EVENT_FILTERS)[number];

/** Reducers as text has them: `unique_count` is written `unique(…).count()`. */
export const REDUCER_NAMES = [
  'count',
  'sum',
  'avg',
  'min',
  'max',
  'mode',
  'first',
  'last',
  'unique',
  'periods',
] as const;

export const KEYWORDS = ['AND', 'OR', 'NOT', 'ANY', 'ALL', 'NONE'] as const;
