import { didYouMean, nearest, orList } from '../../compiler/diagnostics/suggest.js';
import { OPERATORS, REDUCERS, VERBS } from '../schema/index.js';

/** What people write for our names: the query language's own words, other tools' words, symbols. */
const SYNONYMS: Readonly<Record<string, string>> = {
  '=': 'equals',
  '==': 'equals',
  eq: 'equals',
  is: 'equals',
  equal_to: 'equals',
  '!=': 'not_equals',
  '<>': 'not_equals',
  ne: 'not_equals',
  neq: 'not_equals',
  is_not: 'not_equals',
  differs: 'not_equals',
  '<': 'less_than',
  lt: 'less_than',
  '<=': 'at_most',
  lte: 'at_most',
  max: 'at_most',
  '>': 'greater_than',
  gt: 'greater_than',
  '>=': 'at_least',
  gte: 'at_least',
  min: 'at_least',
  in: 'one_of',
  any_of: 'one_of',
  not_in: 'none_of',
  not_one_of: 'none_of',
  includes: 'contains',
  omits: 'not_contains',
  absent: 'not_exists',
  is_null: 'not_exists',
  is_set: 'exists',
  before: 'before_date',
  after: 'after_date',
  and: 'all',
  or: 'any',
  average: 'avg',
  mean: 'avg',
  total: 'sum',
  distinct: 'unique',
  count_distinct: 'unique_count',
  filter: 'where',
  filters: 'where',
  window: 'within',
  segment: 'audience',
  labels: 'tags',
  id: 'key',
  condition: 'definition',
  query: 'definition',
};

/** The legal key a person most likely meant. */
export function meantKey(key: string, legal: readonly string[]): string | undefined {
  const synonym = SYNONYMS[key.toLowerCase()];
  return synonym !== undefined && legal.includes(synonym) ? synonym : nearest(key, legal);
}

/** What to do about a key that is not legal in its object. */
export function unknownKeyHint(key: string, legal: readonly string[]): string | undefined {
  const placement = placementHint(key, legal);
  if (placement !== undefined) return placement;
  const meant = meantKey(key, legal);
  if (meant !== undefined) return `did you mean ${JSON.stringify(meant)}?`;
  return legal.length <= 10
    ? `allowed here: ${orList(legal.filter((name) => name !== '$schema'))}`
    : undefined;
}

/** A hint for a value outside an enumeration. */
export function enumHint(value: unknown, allowed: readonly unknown[]): string {
  const words = allowed.map(String);
  return (typeof value === 'string' ? didYouMean(value, words) : undefined) ?? `use ${orList(words)}`;
}

const OPERATOR_NAMES: ReadonlySet<string> = new Set(OPERATORS);
const REDUCER_OPTIONS: ReadonlySet<string> = new Set(['property', 'as', 'min_frequency']);

/** A known name in the wrong place. */
function placementHint(key: string, legal: readonly string[]): string | undefined {
  const isStream = REDUCERS.every((name) => legal.includes(name));
  if (OPERATOR_NAMES.has(key) && isStream)
    return `a comparison belongs to a reducer: "count": { "${key}": … }`;
  if (OPERATOR_NAMES.has(key) && legal.every((name) => REDUCER_OPTIONS.has(name))) {
    return 'a value has no comparison: remove it';
  }
  if (key === 'property' && isStream) {
    return 'a property belongs to a reducer, "sum": { "property": … }, or into "where"';
  }
  if (['within_parent', 'between_parent', 'settled'].includes(key) && isStream) {
    return `"${key}" is for an event inside the "where" of another event`;
  }
  if (isVerb(key) && isStream) {
    return legal.includes('within_parent')
      ? `"${key}" is about a profile, not about an event: it stands outside "where"`
      : `"${key}" is a condition; a value is an event with a reducer`;
  }
  if (key === 'destination')
    return legal.includes('destinations') ? 'did you mean "destinations"?' : undefined;
  return undefined;
}

const isVerb = (key: string): boolean => (VERBS as readonly string[]).includes(key);

/** A known form where another kind of condition is expected. */
export function formHint(keys: readonly string[], legal: readonly string[], what: string): string {
  const has = (key: string): boolean => keys.includes(key);
  if ((has('property') || has('context')) && !legal.includes('property') && legal.includes('audience')) {
    return 'a property belongs to an event: put this into the "where" of the event';
  }
  const profiles = ['rank', 'split'].find(has);
  if (profiles !== undefined && !legal.includes(profiles) && legal.includes('property')) {
    return `"${profiles}" is about a profile: put it beside the event, under "all"`;
  }
  if (has('audience') && legal.includes('trait')) return 'as a value an audience is { "trait": key }';
  if ((has('all') || has('any') || has('trait')) && legal.includes('sql')) {
    return 'a trait is a value: an event with a reducer, or "sql"; conditions make audiences';
  }
  return `${what} has one of ${orList(legal)}`;
}
