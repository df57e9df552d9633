/** Who is told what a definition came to (SEMANTICS §7): people by their identifiers, accounts by theirs. */
import type { Definition, Destination } from '../../models/definition.js';
import {
  as,
  c,
  call,
  eq,
  filter,
  int,
  join,
  or,
  pick,
  project,
  rowNumber,
  semiJoin,
  text,
} from '../ir/build.js';
import type { Column, Expr, Relation } from '../ir/types.js';
import { GROUP_ID } from './accounts.js';
import { AS_OF } from './identity.js';
import type { Message } from './messages.js';
import { ACCOUNT_USERS, scanSpec } from './names.js';
import type { StateSchema } from './state.js';

export const RECEIVERS: readonly Column[] = [
  { name: 'identifier_type', type: 'text' },
  { name: 'identifier', type: 'text' },
  { name: 'profile_no', type: 'int' },
  { name: 'value', type: 'text' },
];

/** Messages of some types and whom they go to. */
export interface Channel {
  readonly types: readonly Message['type'][];
  /** Whether an identifier is of those it goes to. */
  readonly addresses: (rows: Relation) => Expr;
  /** (profile_no, value) of those it is about, of the definition's rows with their values. */
  readonly holders: (rows: Relation) => Relation;
  /** RECEIVERS of holders. */
  readonly receivers: (holders: Relation) => Relation;
}

/**
 * Definitions of users go to users. Those of accounts go to accounts by group calls, and audiences also to the users
 * of their members: true for a user with any account that is in.
 */
export function channelsOf(
  schema: StateSchema,
  definition: Definition,
  types: readonly Message['type'][],
  destination: Destination,
): readonly Channel[] {
  const isGroup = (rows: Relation): Expr => eq(c(rows, 'identifier_type'), text(GROUP_ID));
  const people: Channel = {
    types: types.filter((type) => type !== 'group'),
    addresses: (rows) => call('not', isGroup(rows)),
    holders: definition.of === 'accounts' ? usersOfMembers : (rows) => rows,
    receivers: (holders) => addressed(schema, holders, destination.identifiers),
  };
  const accounts: Channel = {
    types: types.filter((type) => type === 'group'),
    addresses: isGroup,
    holders: (rows) => rows,
    receivers: (holders) => accountsOf(schema, holders),
  };
  return [people, accounts].filter((channel) => channel.types.length > 0);
}

/** Users of the accounts in rows, each once. */
function usersOfMembers(rows: Relation): Relation {
  const pairs = scanSpec(ACCOUNT_USERS);
  const theirs = semiJoin(pairs, rows, [{ left: 'account', right: 'profile_no' }]);
  return withTrue(pick(theirs, ['profile_no'], { distinct: true }));
}

/** Members' value. */
export const withTrue = (rows: Relation): Relation =>
  project(rows, [as('profile_no', c(rows, 'profile_no')), as('value', text('true'))]);

function accountsOf(schema: StateSchema, holders: Relation): Relation {
  const subjects = pick(schema.scan('subjects'), ['identifier_type', 'identifier', 'profile_no']);
  return pick(
    join('inner', subjects, holders, ['profile_no']),
    RECEIVERS.map((column) => column.name),
  );
}

/** The identifiers that messages about profiles go to by default. */
function addressed(schema: StateSchema, rows: Relation, strategy: Destination['identifiers']): Relation {
  const subjects = schema.scan('subjects');
  const existing = pick(filter(subjects, call('le', c(subjects, 'first_at'), AS_OF)), [
    'identifier_type',
    'identifier',
    'profile_no',
    'first_at',
    'first_id',
  ]);
  const users = pick(schema.scan('profiles'), ['profile_no', 'user_id']);
  const all = join('left', join('inner', existing, rows, ['profile_no']), users, ['profile_no']);
  const isUser = eq(c(all, 'identifier_type'), text('user_id'));
  const receivers = filter(all, or(isUser, call('is_null', c(all, 'user_id'))));
  return pick(
    chosen(receivers, strategy),
    RECEIVERS.map((column) => column.name),
  );
}

function chosen(receivers: Relation, strategy: Destination['identifiers']): Relation {
  if (strategy === 'all') return receivers;
  const desc = strategy === 'last_added';
  const ranked = rowNumber(receivers, {
    partitionBy: [c(receivers, 'profile_no')],
    orderBy: ['first_at', 'first_id', 'identifier'].map((name) => ({ expr: c(receivers, name), desc })),
    as: 'rank',
  });
  return filter(ranked, eq(c(ranked, 'rank'), int(1)));
}
