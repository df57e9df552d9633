/**
 * Binding: what a definition needs of the sources, in columns. A value (`revenue`, `address.city`) is asked
 * for in the *facets* its uses call for, so that JSON is taken apart once, when an event lands, and
 * everything after compares plain typed columns.
 */
import type { Column, ColumnKind, ScalarType, TableRef } from '../ir/types.js';

/**
 * The forms of one value: its text, its decimal, its instant, its JSON (type kept), or, for traits, the
 * latest mention (JSON, where JSON null is a removal). A path with `$` has many values, so it has one form: a
 * JSON array of those that are there (`elements`), or the mention of what the first `$` steps into.
 */
export type Facet = 'text' | 'number' | 'instant' | 'json' | 'mention' | 'elements';

export const FACET_TYPES: Record<Facet, ScalarType> = {
  text: 'text',
  number: 'number',
  instant: 'timestamp',
  json: 'json',
  mention: 'json',
  elements: 'json',
};

/** `group` is the account an event is tagged with; it has no path. */
export type ValueRoot = 'property' | 'context' | 'trait' | 'group';

/** Whose trait it is: identify messages say those of users, group calls those of accounts. */
export type Level = 'users' | 'accounts';

/** One column of a stream: a value in one facet. */
export interface ValueColumn {
  readonly root: ValueRoot;
  /** As written in the definition: dots step, `\.` is a dot. */
  readonly path: string;
  readonly facet: Facet;
  /** Deterministic column name, see `valueColumnName`. */
  readonly name: string;
}

/** What an event that counts for one account only is told by. */
export const GROUP_COLUMN: Column = { name: 'group_id', type: 'text' };

/** What all selected definitions together need of the events of one name. */
export interface EventNeeds {
  readonly event: string;
  readonly columns: readonly ValueColumn[];
}

/** A column of an entity's rows that must equal one of another's: as it is where both hold integers, else as text. */
export interface JoinColumn {
  /** Its name in rows made of the table. */
  readonly name: string;
  readonly column: string;
  readonly as: 'int' | 'text';
}

/** What all selected definitions together need of the rows of one entity. */
export interface EntityNeeds {
  readonly entity: string;
  /** Rows are asked for by the profile of a user. */
  readonly byProfile: boolean;
  /** Rows are asked for by account. */
  readonly byAccount: boolean;
  /** Rows are asked for by what they are related to, so also those of nobody. */
  readonly nested: boolean;
  readonly joins: readonly JoinColumn[];
  readonly columns: readonly ValueColumn[];
}

/** Everything the sources must provide. Identify always carries `email` as a mention. */
export interface Needs {
  readonly events: readonly EventNeeds[];
  readonly traits: readonly ValueColumn[];
  /** Mentions of group calls, where accounts are asked for at all. */
  readonly accounts?: readonly ValueColumn[];
  readonly entities?: readonly EntityNeeds[];
}

/** Columns every bound event row has before the value columns. */
export const EVENT_COLUMNS: readonly Column[] = [
  { name: 'message_id', type: 'text' },
  { name: 'timestamp', type: 'timestamp' },
  { name: 'received_at', type: 'timestamp' },
  { name: 'user_id', type: 'text' },
  { name: 'anonymous_id', type: 'text' },
  { name: 'source_id', type: 'text' },
];

export interface CatalogColumn {
  readonly name: string;
  readonly nativeType: string;
  readonly kind: ColumnKind;
}

export interface CatalogTable {
  readonly table: TableRef;
  readonly columns: readonly CatalogColumn[];
}

/** What introspection found of the schemas the sources live in, and the trait names seen in `messages` sources. */
export interface Catalog {
  readonly tables: readonly CatalogTable[];
  /** By source name: top-level trait names seen in what landed. */
  readonly traitNames: ReadonlyMap<string, ReadonlySet<string>>;
  /** The same of group calls. */
  readonly accountTraitNames?: ReadonlyMap<string, ReadonlySet<string>>;
  /** By key of the SQL trait: the columns of its query, or why the warehouse refuses it. */
  readonly queries?: ReadonlyMap<string, DescribedQuery>;
}

export type DescribedQuery = { readonly columns: readonly CatalogColumn[] } | { readonly error: string };
