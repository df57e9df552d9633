/**
 * The algebra of definitions (SEMANTICS §2): the one tree that both the JSON form and the query-language
 * text parse to. Pure, frozen, serialisable data; where a node stands in its file is kept beside it
 * (`spans.ts`), so two spellings of one meaning are equal by value.
 */

export type DurationUnit = 'second' | 'minute' | 'hour' | 'day' | 'week';

export interface Duration {
  readonly amount: number;
  readonly unit: DurationUnit;
}

/** A number literal keeps its decimal text: JavaScript's doubles cannot hold 38 digits. */
export type Literal =
  | { readonly type: 'number'; readonly text: string }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'boolean'; readonly value: boolean };

/** Something that has a value for a profile or, inside `where`, for an event. */
export type Operand =
  | { readonly kind: 'literal'; readonly literal: Literal }
  | { readonly kind: 'property'; readonly path: string; readonly of: 'self' | 'parent' }
  | { readonly kind: 'context'; readonly path: string }
  | { readonly kind: 'trait'; readonly path: string }
  | { readonly kind: 'reduced'; readonly stream: Stream; readonly reducer: Reducer };

export type OrderOp = 'equals' | 'not_equals' | 'less_than' | 'at_most' | 'greater_than' | 'at_least';
export type DateOp = 'before_date' | 'after_date';
export type RelativeDateOp = 'within_last' | 'within_next' | 'before_last' | 'after_next';

export type Comparison =
  | { readonly op: OrderOp; readonly right: Operand }
  | { readonly op: 'one_of' | 'none_of'; readonly values: readonly Literal[] }
  | { readonly op: 'contains' | 'not_contains'; readonly values: readonly string[] }
  | { readonly op: 'starts_with' | 'ends_with'; readonly value: string }
  | { readonly op: 'exists' | 'not_exists' }
  | { readonly op: DateOp; readonly instant: string }
  | { readonly op: RelativeDateOp; readonly duration: Duration };

export type ComparisonOp = Comparison['op'];

/** `since`/`until` are ISO instants as written; both bounds inclusive (SEMANTICS §10). */
export type Window =
  | { readonly kind: 'within'; readonly duration: Duration }
  | { readonly kind: 'between'; readonly from: Duration; readonly to: Duration }
  | { readonly kind: 'absolute'; readonly since?: string; readonly until?: string };

/** The span after the enclosing event in which a child counts (SEMANTICS §4). */
export type ParentWindow =
  | { readonly kind: 'within'; readonly duration: Duration }
  | { readonly kind: 'between'; readonly from: Duration; readonly to: Duration };

export interface EventStream {
  readonly kind: 'event';
  readonly event: string;
  readonly where?: Condition;
  readonly window?: Window;
  readonly parentWindow?: ParentWindow;
  readonly settled?: boolean;
  readonly by?: 'group_id';
  readonly excludeSources?: readonly string[];
  readonly expiresAfter?: Duration;
}

export interface EntityStream {
  readonly kind: 'entity';
  readonly entity: string;
  readonly where?: Condition;
}

export type Stream = EventStream | EntityStream;

export type Reducer =
  | { readonly fn: 'count' }
  | { readonly fn: 'sum' | 'avg' | 'first' | 'last' | 'unique' | 'unique_count'; readonly property: string }
  | { readonly fn: 'min' | 'max'; readonly property: string; readonly as?: 'number' | 'string' }
  | {
      readonly fn: 'mode';
      readonly property: string;
      readonly as?: 'number' | 'string' | 'array';
      readonly minFrequency?: number;
    }
  /**
   * How many periods of a length hold an event: period i is `(as_of − (i + 1)·every, as_of − i·every]`. With `of`
   * only the last so many are looked at.
   */
  | { readonly fn: 'periods'; readonly every: Duration; readonly of?: number };

export type ReducerFn = Reducer['fn'];

/** Whether a reducer counts: 0 where nothing matches, never missing, and a 0 is not stored (SEMANTICS §2). */
export const isCounting = (fn: string | null): boolean =>
  fn === 'count' || fn === 'unique_count' || fn === 'periods';

/**
 * A condition over a profile or, inside `where`, over an event; the same shapes serve both, and resolve
 * says which operands may stand where. `reduced >= n` is the event test of SEMANTICS §2.
 */
export type Condition =
  | { readonly kind: 'all' | 'any'; readonly of: readonly Condition[] }
  | { readonly kind: 'not'; readonly of: Condition }
  | { readonly kind: 'test'; readonly left: Operand; readonly compare: Comparison }
  | { readonly kind: 'audience'; readonly key: string }
  | Rank
  | Split
  | { readonly kind: 'users'; readonly quantifier: 'any' | 'all' | 'none'; readonly match: Condition };

/** Among the first so many profiles, or that share of them, by a number; those without the number are not ranked. */
export interface Rank {
  readonly kind: 'rank';
  readonly by: Exclude<Operand, { kind: 'literal' }>;
  readonly order: 'descending' | 'ascending';
  readonly take: { readonly top: number } | { readonly percent: string };
  /** Who is ranked; everyone the definition ranges over when absent. */
  readonly among?: Condition;
}

/** In the stretch `[from, to)` of percents that a hash of the salt and the profile falls in; decimal texts. */
export interface Split {
  readonly kind: 'split';
  readonly salt: string;
  readonly from: string;
  readonly to: string;
}

/** What a trait computes: a stream and a reducer, or a query. */
export type TraitValue =
  { readonly kind: 'reduced'; readonly stream: Stream; readonly reducer: Reducer } | SqlValue;

/** A query, as a template with macros. Each column of it but the id is a trait (SEMANTICS §1, "trait"). */
export interface SqlValue {
  readonly kind: 'sql';
  readonly sql: string;
  /** Where the query is in a file of its own: its path, relative to the project folder. */
  readonly file?: string;
}

const UNIT_MICROS: Record<DurationUnit, bigint> = {
  second: 1_000_000n,
  minute: 60_000_000n,
  hour: 3_600_000_000n,
  day: 86_400_000_000n,
  week: 604_800_000_000n,
};

/** A duration in microseconds. Nothing is calendar-dependent (SEMANTICS §3). */
export function durationMicros(duration: Duration): bigint {
  return BigInt(duration.amount) * UNIT_MICROS[duration.unit];
}
