/**
 * A table in the warehouse, for analysts and for tools that read there. Messages never leave it: they are written by SQL, in one
 * transaction with the record that they were delivered, so each is there once.
 */
import { as, c, eq, filter, pick, project, text } from '../../compiler/ir/build.js';
import type { Column, Relation, TableRef } from '../../compiler/ir/types.js';
import { IDENTIFIER, STATE } from '../../compiler/program/state.js';
import type { StepOp } from '../../compiler/program/types.js';
import { LEASES } from '../../dialects/leases.js';
import type { Attempt, Destination, DestinationType, OpenContext } from '../destination.js';
import { lastOfEach, momentOf } from '../rows.js';
import { required, textSetting } from '../settings.js';
import { LIMITS } from './limits.js';

/** A row a message. */
const CHANGES: readonly Column[] = [
  ...['message_id', 'definition_key', 'message_type', 'identifier_type', 'identifier', 'profile_id'].map(
    (name): Column => ({ name, type: 'text' }),
  ),
  { name: 'value', type: 'text' },
  { name: 'payload', type: 'text' },
  { name: 'run_id', type: 'text' },
  { name: 'synced_at', type: 'timestamp' },
];

const KEY = ['definition_key', ...IDENTIFIER] as const;

/** A row a member of a list. */
const MEMBERS: readonly Column[] = [
  ...[...KEY, 'profile_id'].map((name): Column => ({ name, type: 'text' })),
  { name: 'synced_at', type: 'timestamp' },
];

export const table: DestinationType = {
  type: 'table',
  check: (settings) => {
    const missing = required(settings, 'table', 'a table, or schema.table');
    const name = nameOf(textSetting(settings, 'table') ?? '').toLowerCase();
    if (missing.length > 0 || !isOurs(name)) return missing;
    const message = `settings.table: "${name}" is the name of a table of Rollcall's own`;
    return [{ message, hint: 'choose another', setting: 'table' }];
  },
  open: (context) => Promise.resolve(new TableDestination(context)),
};

const nameOf = (setting: string): string => setting.split('.').at(-1) ?? '';

/** Views of runs, and tables that those who hold something keep. */
const OTHERS = ['memberships', 'membership_history', 'trait_values', 'entity_memberships', 'locks', LEASES];

/** Names of our own, wherever they are: nothing may be mistaken for one. */
const isOurs = (name: string): boolean =>
  Object.hasOwn(STATE, name) ||
  /^(facts_|audience_|custom_traits|rollcall_)/.test(name) ||
  OTHERS.includes(name);

class TableDestination implements Destination {
  readonly limits = LIMITS.table;
  readonly where: string;
  readonly inside: NonNullable<Destination['inside']>;

  constructor({ definition, now, schema }: OpenContext) {
    const setting = textSetting(definition.settings, 'table') ?? '';
    const parts = setting.split('.');
    const own = parts.length > 1 ? parts[0] : schema;
    const ref: TableRef = { ...(own === undefined ? {} : { schema: own }), name: nameOf(setting) };
    this.where = setting;
    const columns = definition.list ? MEMBERS : CHANGES;
    const row = (rows: Relation): Relation =>
      project(
        rows,
        columns.map(({ name }) => as(name, name === 'synced_at' ? momentOf(now()) : c(rows, name))),
      );
    this.inside = {
      prepare: [{ op: 'ensure_table', spec: { table: ref, columns } }],
      steps: (rows) =>
        definition.list ? listSteps(ref, rows, row) : [{ op: 'append', table: ref, query: row(rows) }],
    };
  }

  send(): Promise<Attempt> {
    return Promise.resolve({ kind: 'stop', reason: 'a table is written inside the warehouse' });
  }

  /** There is nothing to make visible that the transaction does not. */
  commit(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Whoever something is said of is taken out, and put in again where the last that is said is that they are in. */
function listSteps(ref: TableRef, rows: Relation, row: (rows: Relation) => Relation): readonly StepOp[] {
  const last = lastOfEach(rows, KEY);
  return [
    { op: 'delete', table: ref, query: pick(rows, [...KEY], { distinct: true }), keys: [...KEY] },
    { op: 'append', table: ref, query: row(filter(last, eq(c(last, 'value'), text('true')))) },
  ];
}
