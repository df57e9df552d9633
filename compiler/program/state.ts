/**
 * The tables a project's schema holds (SEMANTICS §6). Contract tables keep the contract's names; compact
 * state stands behind views: `memberships`, `membership_history` and `trait_values` are views of tables
 * keyed by small integers, so that text ids appear only at the edges.
 */
import { scan } from '../ir/build.js';
import type { Column, ScalarType, Scan, TableRef } from '../ir/types.js';
import type { TableSpec } from './types.js';

/** Raised when the layout of any state table changes meaning; a warehouse with a higher one is refused. */
export const LAYOUT_VERSION = 1;

/** The row of `meta` that holds the number of the last run that made facts of some source anew. */
export const FACTS_MADE_BY = 'facts_made_by';

/**
 * The row of `meta` that says how `profiles` and `custom_traits` were made last: the run's number, its `as_of` in
 * microseconds, how many profiles there are, and the largest number of a subject.
 */
export const PROFILES_MADE = 'profiles_made';

/** The row of `meta` that holds the name of the project whose state it is. */
export const PROJECT = 'project';

const cols = <T extends Record<string, ScalarType>>(spec: T): readonly Column[] =>
  Object.entries(spec).map(([name, type]) => ({ name, type }));

export const STATE = {
  /* contract tables */
  runs: cols({
    run_id: 'text',
    as_of: 'timestamp',
    status: 'text',
    started_at: 'timestamp',
    finished_at: 'timestamp',
    invocation: 'text',
    run_no: 'int',
    error: 'text',
  }),
  run_steps: cols({
    run_id: 'text',
    step: 'text',
    attempt: 'int',
    status: 'text',
    started_at: 'timestamp',
    completed_at: 'timestamp',
    error: 'text',
    definition_key: 'text',
    rows_changed: 'int',
    rows_read: 'int',
    bytes: 'int',
    duration_ms: 'int',
    retries: 'int',
  }),
  definitions: cols({
    key: 'text',
    kind: 'text',
    fingerprint: 'text',
    status: 'text',
    first_run_at: 'timestamp',
    retired_at: 'timestamp',
    definition_no: 'int',
    error: 'text',
    last_run_id: 'text',
    last_as_of: 'timestamp',
    reducer: 'text',
    name: 'text',
    of: 'text',
  }),
  snapshots: cols({
    definition_key: 'text',
    run_id: 'text',
    as_of: 'timestamp',
    size: 'int',
    entered: 'int',
    exited: 'int',
    changed: 'int',
  }),
  sent: cols({
    destination_key: 'text',
    definition_key: 'text',
    identifier_type: 'text',
    identifier: 'text',
    value: 'text',
    sent_at: 'timestamp',
  }),
  outbox: cols({
    message_id: 'text',
    destination_key: 'text',
    definition_key: 'text',
    profile_id: 'text',
    run_id: 'text',
    payload: 'text',
    created_at: 'timestamp',
    message_type: 'text',
    identifier_type: 'text',
    identifier: 'text',
    value: 'text',
    run_no: 'int',
  }),
  deliveries: cols({
    message_id: 'text',
    destination_key: 'text',
    attempt: 'int',
    status: 'text',
    http_status: 'int',
    error: 'text',
    at: 'timestamp',
  }),
  /**
   * Receivers that a run left out of the outbox, and why: consent, suppression. A row for each time that this came about, not
   * for each run that it lasts. Messages that `sync` leaves out are in `deliveries`, as `filtered`.
   */
  filtered: cols({
    destination_key: 'text',
    definition_key: 'text',
    profile_id: 'text',
    identifier_type: 'text',
    identifier: 'text',
    value: 'text',
    reason: 'text',
    run_id: 'text',
    at: 'timestamp',
    run_no: 'int',
  }),

  /* compact state behind the contract's views */
  member_state: cols({ definition_no: 'int', profile_no: 'int', entered_at: 'timestamp', run_no: 'int' }),
  exit_state: cols({
    definition_no: 'int',
    profile_no: 'int',
    entered_at: 'timestamp',
    exited_at: 'timestamp',
    run_no: 'int',
  }),
  trait_state: cols({
    definition_no: 'int',
    profile_no: 'int',
    value: 'text',
    number_value: 'number',
    text_value: 'text',
    updated_at: 'timestamp',
    run_no: 'int',
  }),
  connections: cols({ destination_key: 'text', definition_key: 'text', connected_at: 'timestamp' }),
  /** Which rows of entities members have, of what links ask for. */
  entity_state: cols({
    definition_no: 'int',
    entity: 'text',
    profile_no: 'int',
    entity_id: 'text',
    entered_at: 'timestamp',
    run_no: 'int',
  }),
  /** What of them each destination was last told, or is about to be, by identifier. */
  sent_entities: cols({
    destination_key: 'text',
    definition_key: 'text',
    identifier_type: 'text',
    identifier: 'text',
    entity: 'text',
    entity_id: 'text',
    told_at: 'timestamp',
  }),
  /** Which entities of a definition have gone to which destination before. */
  entity_connections: cols({
    destination_key: 'text',
    definition_key: 'text',
    entity: 'text',
    connected_at: 'timestamp',
  }),

  /* landing and identity */
  meta: cols({ name: 'text', value: 'text' }),
  landing: cols({
    source: 'text',
    fingerprint: 'text',
    watermark: 'timestamp',
    landed_rows: 'int',
    landed_at: 'timestamp',
  }),
  /** Every message that counted, by a digest of its stream and id: one that lands again is known, and whether it should count instead. */
  landed: cols({
    source: 'text',
    digest_high: 'int',
    digest_low: 'int',
    received_at: 'timestamp',
    timestamp: 'timestamp',
  }),
  /** Who was seen with whom: the least (timestamp, message id) of each pair of identifiers; `''` is no identifier. */
  identity_pairs: cols({
    source: 'text',
    user_id: 'text',
    anonymous_id: 'text',
    first_at: 'timestamp',
    first_id: 'text',
    seen_at: 'timestamp',
    device_at: 'timestamp',
  }),
  /**
   * The versioned map: each identifier and the profile it belongs to as of the last run; the other identifier it
   * belongs to from `owner_at` on, whatever the run's `as_of`.
   */
  subjects: cols({
    subject_no: 'int',
    identifier_type: 'text',
    identifier: 'text',
    profile_no: 'int',
    first_at: 'timestamp',
    first_id: 'text',
    seen_at: 'timestamp',
    device_at: 'timestamp',
    owner_no: 'int',
    owner_at: 'timestamp',
  }),
  reassignments: cols({
    run_id: 'text',
    as_of: 'timestamp',
    subject_no: 'int',
    from_profile_no: 'int',
    to_profile_no: 'int',
  }),
  /** The universe as of the last run: who exists, who is known, and the first identifier of each type. */
  profiles: cols({
    profile_no: 'int',
    profile_kind: 'text',
    profile_id: 'text',
    known: 'bool',
    user_id: 'text',
    email: 'text',
    anonymous_id: 'text',
    latest_email: 'text',
    /** Of the run that saw the row as it is first. */
    run_no: 'int',
  }),
  /** How each definition was computed last: by which run, as of when, and what its relation said (a hash). */
  computations: cols({ definition_no: 'int', run_no: 'int', as_of: 'timestamp', relation: 'text' }),
  /**
   * Tombstones: hashes of the identifiers of people who were forgotten, and of what their profile was called; by which
   * run. Nothing else says who they were.
   */
  forgotten: cols({
    identifier_type: 'text',
    identifier_hash: 'text',
    profile_hash: 'text',
    run_no: 'int',
    forgotten_at: 'timestamp',
  }),
  /** Alerts that are on, as each channel was told of them. */
  alerts: cols({
    alert: 'text',
    subject: 'text',
    channel: 'text',
    occurrence: 'text',
    message: 'text',
    since: 'timestamp',
    told_at: 'timestamp',
  }),
  trait_names: cols({ source: 'text', name: 'text' }),
  account_trait_names: cols({ source: 'text', name: 'text' }),
} as const;

export type StateTable = keyof typeof STATE;

/** What somebody is called, and as what. */
export const IDENTIFIER = ['identifier_type', 'identifier'] as const;

/** The columns of it, for tables of a run. */
export const IDENTIFIER_COLUMNS: readonly Column[] = IDENTIFIER.map((name) => ({ name, type: 'text' }));

/** A way out of a definition. */
export const WAY_KEYS = ['destination_key', 'definition_key'] as const;

/** What is made anew, of the sources, where it is not there or not whole. */
export const REBUILT = [
  'landing',
  'landed',
  'identity_pairs',
  'computations',
] as const satisfies StateTable[];

/** Tables with a row a message or identifier: finding out how to store their texts would cost half of writing them. */
const TEXTS: { readonly [table in StateTable]?: TableSpec['texts'] } = {
  landed: { source: 'repeating' },
  identity_pairs: { source: 'repeating', user_id: 'unique', anonymous_id: 'unique', first_id: 'unique' },
  subjects: { identifier_type: 'repeating', identifier: 'unique', first_id: 'unique' },
};

/** Names state lives under in one schema. */
export class StateSchema {
  constructor(readonly schema: string) {}

  ref(name: string): TableRef {
    return { schema: this.schema, name };
  }

  scan(table: StateTable): Scan {
    return scan(this.ref(table), STATE[table]);
  }

  spec(table: StateTable): TableSpec {
    const texts = TEXTS[table];
    return { table: this.ref(table), columns: STATE[table], ...(texts && { texts }) };
  }
}
