/**
 * Messages to people who were forgotten: the ends of what destinations were told. They wait in the outbox as any others do,
 * and are erased once they are delivered, or never will be.
 */
import {
  agg,
  aggregate,
  and,
  as,
  c,
  call,
  eq,
  extend,
  filter,
  int,
  not,
  or,
  param,
  pick,
  semiJoin,
  text,
  union,
  values,
} from '../ir/build.js';
import type { Column, Relation } from '../ir/types.js';
import { addressesOf } from './addresses.js';
import { finalMessages, MESSAGE_KEYS } from './deliveries.js';
import { hashedIdentifier, type Forgotten } from './forgotten.js';
import { scanSpec, temporary } from './names.js';
import { IDENTIFIER, IDENTIFIER_COLUMNS, WAY_KEYS, type StateSchema, type StateTable } from './state.js';
import type { Step, StepOp } from './types.js';

/** A step of `forget`. */
export const forgetStep = (id: string, title: string, op: StepOp): Step => ({
  id: `forget.${id}`,
  title,
  ...op,
});

/** What a run of `forget` queued: `destination_key`, `messages`. */
export function queuedByRun(schema: StateSchema): Relation {
  const outbox = schema.scan('outbox');
  const own = filter(outbox, eq(c(outbox, 'run_no'), param('run_no', 'int')));
  return aggregate(own, [as('destination_key', c(own, 'destination_key'))], [as('messages', agg('count'))]);
}

/** Messages about ends that were sent to those forgotten, or never will be. */
const DONE = temporary('done_messages', [
  ...MESSAGE_KEYS.map((name): Column => ({ name, type: 'text' })),
  { name: 'definition_key', type: 'text' },
  ...IDENTIFIER_COLUMNS,
]);

/** Exits of those forgotten that are still in the outbox. */
function exitsKept(schema: StateSchema): Relation {
  const runs = pick(schema.scan('forgotten'), ['run_no'], { distinct: true });
  return semiJoin(schema.scan('outbox'), runs, ['run_no']);
}

/** Of these the ones that are not sent again. */
export const exitsDone = (schema: StateSchema): Relation =>
  pick(
    semiJoin(exitsKept(schema), finalMessages(schema), MESSAGE_KEYS),
    DONE.columns.map(({ name }) => name),
  );

/** Exits of profiles that were forgotten before, by the hashes of their names: sent or not. */
export function exitsOf(schema: StateSchema, forgotten: Forgotten, profiles: readonly string[]): Relation {
  const rows = exitsKept(schema);
  const hashed = extend(rows, [
    as('identifier_hash', hashedIdentifier(forgotten, c(rows, 'identifier_type'), c(rows, 'identifier'))),
  ]);
  const tombstones = schema.scan('forgotten');
  const theirs = semiJoin(
    tombstones,
    values(
      [{ name: 'profile_hash', type: 'text' }],
      profiles.map((hash) => [text(hash)]),
    ),
    ['profile_hash'],
  );
  return pick(
    semiJoin(hashed, theirs, ['run_no', 'identifier_hash']),
    DONE.columns.map(({ name }) => name),
  );
}

/** Erases messages of those forgotten, with what they say that destinations know. `first` is outside of any transaction. */
export function sweepSteps(
  schema: StateSchema,
  which: Relation,
): { readonly first: Step; readonly then: readonly Step[]; readonly last: Step } {
  const done = scanSpec(DONE);
  const told = [...WAY_KEYS, ...IDENTIFIER];
  const erase = (table: StateTable, keys: readonly string[]): Step =>
    forgetStep(`sweep.${table}`, `${table}: of those forgotten`, {
      op: 'delete',
      table: schema.ref(table),
      query: pick(done, keys, { distinct: true }),
      keys,
    });
  return {
    first: forgetStep('sweep', 'messages of those forgotten', { op: 'replace', spec: DONE, query: which }),
    then: [erase('sent', told), erase('deliveries', MESSAGE_KEYS), erase('outbox', MESSAGE_KEYS)],
    last: forgetStep('sweep.drop', 'done with it', { op: 'drop', table: DONE.table, object: 'table' }),
  };
}

/**
 * Destinations that told something of those leaving, and that the project has no more: `destination_key`.
 *
 * @param heads numbers of the subjects that bear their profiles
 * @param addresses whether they are kept
 */
export function strangersOf(
  schema: StateSchema,
  heads: readonly number[],
  known: readonly string[],
  addresses: boolean,
): Relation {
  const theirs = (rows: Relation, ...columns: readonly string[]): Relation => {
    const bears = columns.map((name) => call('in_list', c(rows, name), ...heads.map(int)));
    return pick(filter(rows, or(...bears)), IDENTIFIER);
  };
  const named = union([
    theirs(schema.scan('subjects'), 'profile_no', 'owner_no'),
    ...(addresses ? [theirs(addressesOf(schema), 'profile_no')] : []),
  ]);
  const sent = semiJoin(schema.scan('sent'), named, IDENTIFIER);
  const standing = filter(sent, and(...ENDS.map((end) => call('ne', c(sent, 'value'), text(end)))));
  const key = c(standing, 'destination_key');
  const others =
    known.length === 0 ? standing : filter(standing, not(call('in_list', key, ...known.map((k) => text(k)))));
  return pick(others, ['destination_key'], { distinct: true });
}

/** What is said of one who has nothing any more. */
const ENDS = ['false', 'null', '0'] as const;
