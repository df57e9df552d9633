/**
 * What goes into and comes out of the reference evaluator: raw messages as rows of the `messages` layout,
 * definitions as their JSON files, and the profiles, members and trait values a run leaves.
 *
 * The types describe the documented JSON forms (SEMANTICS §2) and share nothing with the product, so that a
 * mistake in the product's own types cannot hide here.
 */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export type MessageType = 'track' | 'identify' | 'page' | 'screen' | 'group' | 'alias';

/** One landed row of the `messages` layout (SEMANTICS §9). A missing column and a null one are the same. */
export interface Message {
  message_id: string;
  type: MessageType;
  /** The event's name; track only. */
  event?: string | null;
  /** The page's or screen's name. */
  name?: string | null;
  /** ISO 8601 text, up to microseconds; without an offset it is UTC. */
  timestamp: string | null;
  received_at?: string | null;
  user_id?: string | null;
  anonymous_id?: string | null;
  group_id?: string | null;
  properties?: Json;
  traits?: Json;
  context?: Json;
  source_id?: string | null;
  /** The configured source the row landed in; `raw` when not given. */
  source?: string;
}

export type ValueReference =
  { property: string; of?: 'parent' } | { trait: string } | { context: string } | ChildStream | EntityStream;

export type Operand = Json | ValueReference;

/** Exactly one of these is given in a comparison. */
export interface Comparison {
  equals?: Operand;
  not_equals?: Operand;
  less_than?: Operand;
  at_most?: Operand;
  greater_than?: Operand;
  at_least?: Operand;
  one_of?: Json[];
  none_of?: Json[];
  contains?: Operand;
  not_contains?: Operand;
  starts_with?: Operand;
  ends_with?: Operand;
  exists?: true;
  not_exists?: true;
  before_date?: Operand;
  after_date?: Operand;
  within_last?: string;
  within_next?: string;
  before_last?: string;
  after_next?: string;
}

export type OperatorName = keyof Comparison;

/** The arguments of a reducer; in a condition they carry the comparison too. */
export interface ReducerArguments extends Comparison {
  property?: string;
  as?: 'number' | 'string';
  min_frequency?: number;
  /** `periods`: how long a period is, and how many of the last count. */
  every?: string;
  of?: number;
}

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
  'unique_count',
  'periods',
] as const;

export type ReducerName = (typeof REDUCER_NAMES)[number];

/** An event stream: what it selects, its filters and at most one reducer. */
export interface EventStream extends Partial<Record<ReducerName, ReducerArguments>> {
  event: string;
  where?: Predicate;
  within?: string;
  between?: [string, string];
  since?: string;
  until?: string;
  sources?: { exclude: string[] };
  /** In definitions of accounts: only events tagged with the account. */
  by?: 'group_id';
  /** A session: events chained back from the latest, while no gap is longer. */
  expires_after?: string;
  first_time?: { within?: string; between?: [string, string]; since?: string; until?: string };
  stopped?: { for: string; within?: string };
  restarted?: { within: string; after: string };
  regularly?: { at_least: number; of: number; every: string };
}

/** Who comes first by a number: `top` profiles or so many percent. */
export interface Ranking {
  by: { trait: string } | EventStream | EntityStream;
  top?: number;
  percent?: number;
  order?: 'descending' | 'ascending';
  among?: Condition;
}

export interface Split {
  salt: string;
  from?: number;
  to?: number;
  shares?: Record<string, number>;
  take?: string;
}

/** What an audience says of its members besides its condition. */
export interface MemberRules {
  /** Audiences left out; `false`: nor are the project's. */
  exclude?: string[] | false;
  holdout?: { percent: number; salt?: string };
  limit?: Ranking;
}

/** A funnel step: an event stream inside another's `where` (SEMANTICS §4). */
export interface ChildStream extends EventStream {
  within_parent?: string;
  between_parent?: [string, string];
  settled?: boolean;
}

/** Rows of an entity: which, and at most one reducer. */
export interface EntityStream extends Partial<Record<ReducerName, ReducerArguments>> {
  entity: string;
  where?: Predicate;
}

export type TraitCondition = { trait: string } & Comparison;

export type Condition =
  | { all: Condition[] }
  | { any: Condition[] }
  | { not: Condition }
  | EventStream
  | TraitCondition
  | { audience: string }
  | EntityStream
  | UsersCondition
  | { rank: Ranking }
  | { split: Split };

/** Of accounts: what some, every or no user of theirs has to satisfy. */
export interface UsersCondition {
  users: 'any' | 'all' | 'none';
  match: Condition;
}

export type Predicate =
  | { all: Predicate[] }
  | { any: Predicate[] }
  | { not: Predicate }
  | ({ property: string; of?: 'parent' } & Comparison)
  | ({ context: string } & Comparison)
  | ChildStream
  | TraitCondition
  | { audience: string }
  | EntityStream;

interface DefinitionBase {
  key: string;
  name?: string;
  description?: string;
  of?: 'users' | 'accounts';
  tags?: string[];
  enabled?: boolean;
  include_anonymous?: boolean;
  history?: boolean | string;
  /** Of a link only which entities it asks for matters here. */
  destinations?: (string | { to: string; send?: string[]; entities?: string | string[] })[];
}

export type Definition =
  | (DefinitionBase & MemberRules & { kind: 'audience'; definition: Condition })
  | (DefinitionBase & { kind: 'trait'; definition: EventStream | EntityStream })
  | (DefinitionBase & { kind: 'journey'; definition: JourneyForm });

/** docs/semantics.md, "Journeys". */
export interface JourneyForm {
  entry: Condition;
  exit?: Condition;
  re_entry?: boolean | string;
  steps: JourneyStep[];
}

export type JourneyStep =
  | { key: string; when: Condition }
  | { key: string; delay: string }
  | { key: string; split: { if: Condition; then: SplitSide; else: SplitSide } }
  | { key: string; branches: (SplitSide & { when?: Condition })[] }
  | { key: string; random: { salt?: string; branches: (SplitSide & { share: number })[] } }
  | { next: string };

export interface SplitSide {
  key: string;
  steps?: JourneyStep[];
}

/** Where people stand after a run, by the names they had in it: instants in microseconds. */
export interface JourneyMemory {
  /** Key of a journey or step → profile → since when. */
  positions: ReadonlyMap<string, ReadonlyMap<string, bigint>>;
  /** Key of a journey → profile → when it last left. */
  left: ReadonlyMap<string, ReadonlyMap<string, bigint>>;
}

export interface ProfileRef {
  kind: 'user' | 'anonymous' | 'account';
  id: string;
}

/** What an earlier run published of a definition that is not computed now; profiles by their names. */
export type Published =
  | { kind: 'audience'; members: string[] }
  | {
      kind: 'trait';
      /** A count or unique count, which reads 0 where it has no row. */
      counts: boolean;
      values: Record<string, Json>;
    };

/** An entity of rollcall.json: the rows of a table, related to profiles, to other entities, or to both. */
export interface EntityConfig {
  table: string;
  id: string;
  /** Identifier type to column. */
  profile?: Partial<Record<'user_id' | 'anonymous_id' | 'group_id', string>>;
  /** Another entity to pairs of an own column and its column that must be equal. */
  relations?: Record<string, Record<string, string>>;
  /** Property name to column. */
  columns?: Record<string, string>;
}

/** A table beside the sources: its columns and their types, and its rows; a column that a row leaves out is null. */
export interface PlainTable {
  columns: Readonly<Record<string, string>>;
  rows: readonly Readonly<Record<string, Json>>[];
}

export interface EvaluationInput {
  /** Every row that landed so far, in any order, repeated landings included. */
  messages: readonly Message[];
  /** Every definition that is computed now, in any order. */
  definitions: readonly Definition[];
  /** Entities by name, and the tables they are. */
  entities?: Readonly<Record<string, EntityConfig>>;
  tables?: Readonly<Record<string, PlainTable>>;
  /** ISO instant. */
  asOf: string;
  /** Each definition's first run, for its `history`; one not listed runs now for the first time. */
  firstRuns?: Readonly<Record<string, string>>;
  /** Audiences that the project leaves out of all others. */
  exclude?: readonly string[];
  /** Where people stood in journeys after the run before; nowhere when absent. */
  journeys?: JourneyMemory;
  /** Definitions referred to but not computed now, as last published (SEMANTICS §5). */
  publishedOutsideSelection?: Readonly<Record<string, Published>>;
}

export interface Evaluation {
  /** The universe: every profile there is at `asOf`, anonymous ones too. */
  profiles: ProfileRef[];
  /** Members of every audience, by key. */
  members: Map<string, ProfileRef[]>;
  /** Stored values of every computed trait: key → profile name → value. Numbers may lose digits past a double's. */
  traitValues: Map<string, Map<string, Json>>;
  /** The same values as exact JSON text. */
  traitTexts: Map<string, Map<string, string>>;
  /** Where people stand in journeys now. */
  journeys: JourneyMemory;
  /** Audience → member's name → entity → ids of rows that its conditions ask for and a link does too, ascending. */
  entityRows: Map<string, Map<string, Map<string, string[]>>>;
}

/**
 * A profile's name in maps and test data: `u:<user_id>`, `a:<anonymous_id>` or `g:<group_id>`. User x and anonymous x
 * are two.
 */
export function profileName(profile: ProfileRef): string {
  return `${INITIALS[profile.kind]}:${profile.id}`;
}

const INITIALS: Readonly<Record<ProfileRef['kind'], string>> = { user: 'u', anonymous: 'a', account: 'g' };
