import type { Duration } from '../../models/algebra.js';
import type { Related } from '../bind/entity.js';
import type { JoinColumn, Level, ValueColumn } from '../bind/types.js';
import type { Column, Expr, Relation } from '../ir/types.js';

/** Whether a run reads its own state or an analyst's SELECT reads the raw sources: the lowering is the same. */
export interface Provider {
  /** What identifies a profile: columns that every relation below carries first. */
  readonly key: readonly Column[];
  /**
   * Events of one name, each counted once and given to its profile: key, `timestamp`, `message_id`,
   * `origin` (text: which source, breaks ties), `source_id`, then the value columns asked for.
   * Sources named in `excludeSources` are left out; so must be events whose `source_id` is.
   */
  events(request: EventRequest): Relation;
  /**
   * Rows of an entity, each id once: those of profiles, key first, or those of accounts, `group_id` (text) first, or
   * all there are; then `entity_id`, the columns that relate them to others, the value columns asked for.
   */
  entities(request: EntityRequest): Relation;
  /** The columns that relate rows of an entity to those of one inside its `where`. */
  related(outer: string, inner: string): readonly Related[];
  /** The universe at `as_of`: key and `known`. */
  profiles(): Relation;
  /** What each profile of the universe is called: key, `named_kind` (`user`, `anonymous` or `account`), `named_id`. */
  names(): Relation;
  /** Of profiles known to be in the universe, the known ones (SEMANTICS §5, `include_anonymous`). */
  keepKnown(rows: Relation): Relation;
  /** Latest mention of each custom trait asked for: key, one JSON `mention` column each (JSON null: removed). */
  customTraits(columns: readonly ValueColumn[]): Relation;
  /** Stored values of a computed trait: key, `value` (JSON text), `number_value`, `text_value`. */
  trait(key: string): Relation;
  /** Members of an audience: key. */
  audience(key: string): Relation;
  /** Rows of the query of a SQL trait: `id` (text), whose ids they are, and the columns asked for. */
  query(owner: string, columns: readonly Column[]): QueryRows;
  /** Rows with an `id` by the profile that has it: key, then their columns. Ids that are nobody's are left out. */
  identified(type: 'user_id' | 'anonymous_id', rows: Relation): Relation;
  /**
   * Who was published, before this run, at any of these keys of a journey and its steps: key, `entered_at`; a profile
   * perhaps several times. Where one became part of a profile that was not inside itself, that stands where it stood.
   */
  positions(journey: string, keys: readonly string[]): Relation;
  /** The same; where one has taken over from another, also since when that stood there. */
  waits(journey: string, keys: readonly string[]): Relation;
  /** Who left a journey, before this run: key, `exited_at`; a profile perhaps several times. */
  departures(journey: string): Relation;
  /** Accounts and their users. */
  accounts(): AccountSide;
  /** Of a provider of accounts: the one of their users. */
  readonly users?: Provider;
  /** Of a provider that asks users once for each of their accounts: the one that asks them once. */
  readonly each?: Provider;
  /** First run of the definition being lowered (SEMANTICS §5, `history`). */
  firstRunAt(): Expr;
}

/** Accounts and their users, as a provider of users reads them. */
export interface AccountSide {
  /** The column that identifies an account. */
  readonly key: Column;
  /** Accounts at `as_of`: `key`, `group_id` (text). */
  accounts(): Relation;
  /** Users of the universe by their accounts, each pair once: the users' key, `account`, `group_id` (text). */
  users(): Relation;
  /** Latest mention of each custom trait of accounts: `key`, one JSON `mention` column each. */
  customTraits(columns: readonly ValueColumn[]): Relation;
}

export interface QueryRows {
  readonly rows: Relation;
  readonly by: 'user_id' | 'anonymous_id' | 'group_id';
}

export interface EventRequest {
  readonly event: string;
  readonly columns: readonly ValueColumn[];
  readonly excludeSources: readonly string[];
  /** Only events tagged with the account they are asked for; of accounts and their users only. */
  readonly byAccount?: boolean;
}

export interface EntityRequest {
  readonly entity: string;
  /** Undefined: all rows, whosever they are. */
  readonly owner?: 'profile' | 'account';
  readonly joins: readonly JoinColumn[];
  readonly columns: readonly ValueColumn[];
}

/** What references resolve to; made by resolve, read by lower. */
export type TraitTarget =
  | { readonly kind: 'custom'; readonly path: string }
  | {
      readonly kind: 'computed';
      readonly key: string;
      readonly numeric: boolean;
      readonly zero: boolean;
    }
  | { readonly kind: 'audience'; readonly key: string; readonly of: Level };

/** What a trait path means to definitions of users, or of accounts. */
export type ResolveTrait = (path: string, of: Level) => TraitTarget;

export interface LowerContext {
  readonly provider: Provider;
  readonly resolveTrait: ResolveTrait;
  /** Whose rows the provider gives. */
  readonly of: Level;
  readonly includeAnonymous: boolean;
  /** Undefined: all history. */
  readonly history?: { readonly before?: Duration };
}
