/**
 * Forgetting people (`rollcall forget`): whatever state names them is erased, in one transaction, and tombstones keep raw
 * rows from bringing them back (`forgotten.ts`). Their numbers stay taken and name nobody. What destinations are still to be told
 * is the end of what they were told: these messages alone stay, with the identifiers that they go to, until they are delivered.
 */
import {
  antiJoin,
  as,
  c,
  call,
  eq,
  extend,
  filter,
  int,
  join,
  nul,
  oneRow,
  param,
  pick,
  project,
  semiJoin,
  text,
  union,
  values,
} from '../ir/build.js';
import type { Column, Expr, Relation, TableRef } from '../ir/types.js';
import { noAccountUsers } from './accounts.js';
import { ADDRESSES, addressesOf } from './addresses.js';
import { finalMessages, MESSAGE_KEYS } from './deliveries.js';
import { hashedIdentifier, FORGOTTEN_SALT, livingPairs, type Forgotten } from './forgotten.js';
import { forgetStep } from './forgotten-exits.js';
import { CUSTOM_TRAITS, scanSpec, temporary } from './names.js';
import { outboxSteps } from './outbox.js';
import type { OutboxWay } from './outbox-link.js';
import { mergeFirsts } from './pairs.js';
import { noEntities, stageSteps } from './run.js';
import { IDENTIFIER, IDENTIFIER_COLUMNS, STATE, type StateSchema, type StateTable } from './state.js';
import type { Step } from './types.js';

/** What `subjects` calls an identifier that was forgotten: it stands for its number alone. */
const FORGOTTEN = 'forgotten';

/** The identifiers of those being forgotten; addresses have no number of their own. */
const LEAVING = temporary('forgetting', [
  { name: 'subject_no', type: 'int' },
  ...IDENTIFIER_COLUMNS,
  { name: 'identifier_hash', type: 'text' },
  { name: 'profile_hash', type: 'text' },
]);

/** Messages that are erased. */
const ERASED = temporary(
  'erased_messages',
  MESSAGE_KEYS.map((name): Column => ({ name, type: 'text' })),
);

const PAIR = ['source', 'user_id', 'anonymous_id'] as const;
const PAIRS = temporary('living_pairs', STATE.identity_pairs);

/** A table of facts as it stands in the schema. */
export interface FactsTable {
  readonly table: TableRef;
  /** Of group calls: they are the account's too, so they stay, and name nobody. */
  readonly ofGroups: boolean;
}

export interface ForgetInput {
  readonly schema: StateSchema;
  readonly forgotten: Forgotten;
  /** Numbers of the subjects that bear the profiles. */
  readonly heads: readonly number[];
  readonly facts: readonly FactsTable[];
  /** There are current custom traits. */
  readonly traits: boolean;
  /** Addresses are kept. */
  readonly addresses: boolean;
  /** Ways that their ends are told; none: nobody is told anything. */
  readonly ways: readonly OutboxWay[];
}

/** In the order of its parts; each step runs once. */
export function forgetSteps(input: ForgetInput): readonly Step[] {
  const { schema, ways } = input;
  const outbox = outboxSteps(schema, ways, identifiers());
  const told = [...stageSteps(), noEntities(), noAccountUsers()];
  const messages = [outbox.ways, outbox.find, outbox.queue, outbox.entities].flat();
  return [
    ...remember(input),
    ...withdraw(schema),
    ...rowsOfProfiles(input),
    ...(ways.length > 0 ? [...told, ...messages] : []),
    ...messagesErased(schema),
    ...rowsOfIdentifiers(input),
    ...pairsErased(input),
    ...errorsErased(schema),
    ...identifiersErased(schema),
    ...[LEAVING, ERASED, PAIRS].map(({ table }) =>
      forgetStep(`drop.${table.name}`, 'done with it', { op: 'drop', table, object: 'table' }),
    ),
  ];
}

const identifiers = (): Relation => pick(scanSpec(LEAVING), IDENTIFIER);
const numbers = (as_: string): Relation => pick(scanSpec(LEAVING), [['subject_no', as_]]);

/** Who they are, and the tombstones. */
function remember({ schema, forgotten, heads, addresses }: ForgetInput): readonly Step[] {
  const subjects = schema.scan('subjects');
  const borne = values(
    [{ name: 'head_no', type: 'int' }],
    heads.map((no) => [int(no)]),
  );
  const bearers = pick(subjects, [
    ['subject_no', 'head_no'],
    ['identifier_type', 'head_type'],
    ['identifier', 'head'],
  ]);
  const profiles = join('inner', bearers, borne, ['head_no']);
  const own = (column: string): Relation =>
    join('inner', subjects, profiles, [{ left: column, right: 'head_no' }]);
  // Who belongs to them at a later instant is theirs too.
  const later = antiJoin(own('owner_no'), borne, [{ left: 'profile_no', right: 'head_no' }]);
  const reached = join('inner', addressesOf(schema), profiles, [{ left: 'profile_no', right: 'head_no' }]);
  const columns = ['subject_no', ...IDENTIFIER, 'head_type', 'head'];
  const rows = union([
    ...[own('profile_no'), later].map((part) => pick(part, columns)),
    ...(addresses ? [pick(extend(reached, [as('subject_no', nul('int'))]), columns)] : []),
  ]);
  const leaving = project(rows, [
    ...['subject_no', ...IDENTIFIER].map((name) => as(name, c(rows, name))),
    as('identifier_hash', hashedIdentifier(forgotten, c(rows, 'identifier_type'), c(rows, 'identifier'))),
    as('profile_hash', hashedIdentifier(forgotten, c(rows, 'head_type'), c(rows, 'head'))),
  ]);
  const all = scanSpec(LEAVING);
  const tombstones = project(all, [
    ...['identifier_type', 'identifier_hash', 'profile_hash'].map((name) => as(name, c(all, name))),
    as('run_no', param('run_no', 'int')),
    as('forgotten_at', param('started_at', 'timestamp')),
  ]);
  return [
    forgetStep('identifiers', 'who they are', { op: 'replace', spec: LEAVING, query: leaving }),
    forgetStep('tombstones', 'tombstones', {
      op: 'append',
      table: schema.ref('forgotten'),
      query: tombstones,
    }),
    forgetStep('salt', 'how identifiers are hashed', {
      op: 'merge',
      table: schema.ref('meta'),
      query: oneRow([as('name', text(FORGOTTEN_SALT)), as('value', text(forgotten.salt))]),
      keys: ['name'],
      set: ['value'],
      insert: true,
    }),
  ];
}

/** Messages that nobody tried to send yet are not sent: nobody is to hear of them now. */
function withdraw(schema: StateSchema): readonly Step[] {
  const own = semiJoin(schema.scan('outbox'), identifiers(), IDENTIFIER);
  return [
    forgetStep('withdraw', 'messages that were not sent yet', {
      op: 'delete',
      table: schema.ref('outbox'),
      query: pick(antiJoin(own, schema.scan('deliveries'), MESSAGE_KEYS), MESSAGE_KEYS, { distinct: true }),
      keys: MESSAGE_KEYS,
    }),
  ];
}

/** What was computed of them. */
function rowsOfProfiles({ schema, traits }: ForgetInput): readonly Step[] {
  const tables = [
    'member_state',
    'exit_state',
    'trait_state',
    'entity_state',
    ...(traits ? [CUSTOM_TRAITS] : []),
  ];
  return tables.map((table) =>
    forgetStep(table, `${table}: theirs`, {
      op: 'delete',
      table: schema.ref(table),
      query: numbers('profile_no'),
      keys: ['profile_no'],
    }),
  );
}

/** All messages to them, or about them, but those that this run queued. */
function messagesErased(schema: StateSchema): readonly Step[] {
  const outbox = schema.scan('outbox');
  const before = filter(outbox, call('ne', c(outbox, 'run_no'), param('run_no', 'int')));
  const leaving = scanSpec(LEAVING);
  const names = pick(filter(leaving, eq(c(leaving, 'identifier_hash'), c(leaving, 'profile_hash'))), [
    ['identifier', 'profile_id'],
  ]);
  // To an identifier that is another's today: it may still have to be sent.
  const about = semiJoin(semiJoin(before, names, ['profile_id']), finalMessages(schema), MESSAGE_KEYS);
  const all = union([
    pick(semiJoin(before, identifiers(), IDENTIFIER), MESSAGE_KEYS),
    pick(about, MESSAGE_KEYS),
  ]);
  return [
    forgetStep('messages', 'messages they were sent', {
      op: 'replace',
      spec: ERASED,
      query: pick(all, MESSAGE_KEYS, { distinct: true }),
    }),
    ...(['deliveries', 'outbox'] as const).map((table) =>
      forgetStep(table, `${table}: theirs`, {
        op: 'delete',
        table: schema.ref(table),
        query: scanSpec(ERASED),
        keys: MESSAGE_KEYS,
      }),
    ),
  ];
}

function rowsOfIdentifiers({ schema, facts, addresses }: ForgetInput): readonly Step[] {
  const tables = ['sent', 'sent_entities', 'filtered', ...(addresses ? [ADDRESSES] : [])];
  const told = tables.map((table) =>
    forgetStep(table, `${table}: theirs`, {
      op: 'delete',
      table: schema.ref(table),
      query: identifiers(),
      keys: IDENTIFIER,
    }),
  );
  const leaving = scanSpec(LEAVING);
  const nobody = project(leaving, [as('subject_no', c(leaving, 'subject_no')), as('profile_no', nul('int'))]);
  const landed = facts.map(({ table, ofGroups }) =>
    forgetStep(
      table.name,
      `${table.name}: theirs`,
      ofGroups
        ? { op: 'merge', table, query: nobody, keys: ['subject_no'], set: ['profile_no'], insert: false }
        : { op: 'delete', table, query: numbers('subject_no'), keys: ['subject_no'] },
    ),
  );
  const numbered = (table: StateTable, column: string): Step =>
    forgetStep(table, `${table}: theirs`, {
      op: 'delete',
      table: schema.ref(table),
      query: numbers(column),
      keys: [column],
    });
  return [...told, ...landed, numbered('reassignments', 'subject_no'), numbered('profiles', 'profile_no')];
}

/** Who was seen with them was seen alone. */
function pairsErased({ schema, forgotten }: ForgetInput): readonly Step[] {
  const table = schema.ref('identity_pairs');
  const pairs = schema.scan('identity_pairs');
  const leaving = scanSpec(LEAVING);
  const named = (type: 'user_id' | 'anonymous_id'): Relation =>
    pick(filter(leaving, eq(c(leaving, 'identifier_type'), text(type))), [['identifier', type]]);
  const beside = livingPairs(
    schema,
    forgotten,
    semiJoin(pairs, named('anonymous_id'), ['anonymous_id']),
    PAIR,
  );
  const columns = STATE.identity_pairs.map(({ name }) => name);
  const kept = scanSpec(PAIRS);
  const stored = semiJoin(pairs, kept, PAIR);
  return [
    forgetStep('pairs.others', 'who was seen with them', {
      op: 'replace',
      spec: PAIRS,
      query: pick(beside, columns),
    }),
    ...(['user_id', 'anonymous_id'] as const).map((type) =>
      forgetStep(`pairs.${type}`, 'seen together with others', {
        op: 'delete',
        table,
        query: named(type),
        keys: [type],
      }),
    ),
    forgetStep('pairs', 'seen alone', {
      op: 'merge',
      table,
      query: mergeFirsts(union([pick(kept, columns), pick(stored, columns)]), PAIR),
      keys: PAIR,
      set: ['first_at', 'first_id', 'seen_at', 'device_at'],
      insert: true,
    }),
  ];
}

/** Errors of runs may quote a value. */
function errorsErased(schema: StateSchema): readonly Step[] {
  const keys = { run_steps: ['run_id', 'step', 'attempt'], runs: ['run_id'], definitions: ['key'] } as const;
  return (Object.keys(keys) as (keyof typeof keys)[]).map((table) => {
    const rows = schema.scan(table);
    const failed = filter(rows, call('is_not_null', c(rows, 'error')));
    const told = join(
      'cross',
      pick(failed, [...keys[table], 'error']),
      pick(scanSpec(LEAVING), ['identifier']),
      [],
    );
    const naming = filter(told, call('contains', c(told, 'error'), c(told, 'identifier')));
    return forgetStep(`errors.${table}`, 'errors that name them', {
      op: 'merge',
      table: schema.ref(table),
      query: project(
        naming,
        [...keys[table].map((name) => as(name, c(naming, name))), as('error', text(ERASED_ERROR))],
        { distinct: true },
      ),
      keys: keys[table],
      set: ['error'],
      insert: false,
    });
  });
}

const ERASED_ERROR = 'erased: it named somebody who was forgotten';

/** A number is never given twice, so its row stays. */
function identifiersErased(schema: StateSchema): readonly Step[] {
  const leaving = scanSpec(LEAVING);
  const no = c(leaving, 'subject_no');
  const said: Readonly<Record<string, Expr>> = {
    subject_no: no,
    profile_no: no,
    identifier_type: text(FORGOTTEN),
    identifier: text(''),
  };
  const set = STATE.subjects.map(({ name }) => name).filter((name) => name !== 'subject_no');
  return [
    forgetStep('subjects', 'their identifiers', {
      op: 'merge',
      table: schema.ref('subjects'),
      query: project(
        leaving,
        STATE.subjects.map(({ name, type }) => as(name, said[name] ?? nul(type))),
      ),
      keys: ['subject_no'],
      set,
      insert: false,
    }),
  ];
}
