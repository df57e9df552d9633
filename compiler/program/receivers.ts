/** Who is told what a definition came to (SEMANTICS §7): people by their identifiers, accounts by theirs. */
import { addressTypes, shapeOf, type Definition, type Destination } from '../../models/definition.js';
import { as, c, call, eq, filter, int, join, or, pick, project, rowNumber, text } from '../ir/build.js';
import type { Column, Expr, Relation } from '../ir/types.js';
import { GROUP_ID } from './accounts.js';
import { identifiers } from './addresses.js';
import { AS_OF } from './identity.js';
import type { Message } from './messages.js';
import { accountUsers } from './names.js';
import type { OutboxLink, Withheld } from './outbox-link.js';
import { IDENTIFIER, IDENTIFIER_COLUMNS, type StateSchema } from './state.js';
import { withProfileId } from './views.js';

export const RECEIVERS: readonly Column[] = [
  ...IDENTIFIER_COLUMNS,
  { name: 'profile_no', type: 'int' },
  { name: 'value', type: 'text' },
];

/** Who messages of a way go to: people, or accounts by group calls. */
export type Side = 'people' | 'accounts';

/** How rows of definitions become receivers: ways that do it alike are gone together. */
export interface Channel {
  /** Two of one name are the same. */
  readonly name: string;
  readonly side: Side;
  readonly shape: 'audience' | 'trait';
  /** Rows are of accounts, and go to their users. */
  readonly lifted: boolean;
  readonly told: Told;
  /** Whether addresses are kept (see `identifiers`). */
  readonly addresses: boolean;
  /** Whom it is kept from; people alone. */
  readonly withheld?: Withheld;
}

/** Which identifiers of a profile are told. */
type Told = Pick<Destination, 'identifiers' | 'identifierTypes' | 'identifiersAtMost'>;

const EVERYONE: Told = { identifiers: 'all' };

/** The message types of a side. */
export const typesOf = (side: Side, types: readonly Message['type'][]): readonly Message['type'][] =>
  types.filter((type) => (type === 'group') === (side === 'accounts'));

/**
 * Definitions of users go to users. Those of accounts go to accounts by group calls, and audiences also to the users
 * of their members: true for a user with any account that is in.
 */
export function channelOf(
  { kind, of }: Pick<Definition, 'kind' | 'of'>,
  types: readonly Message['type'][],
  {
    destination,
    withheld,
    addresses: areKept = false,
  }: Pick<OutboxLink, 'destination' | 'withheld' | 'addresses'>,
  side: Side,
): Channel | undefined {
  if (typesOf(side, types).length === 0) return undefined;
  const shape = shapeOf(kind);
  const lifted = side === 'people' && of === 'accounts';
  const told = side === 'people' ? destination : EVERYONE;
  const kept = side === 'people' ? withheld : undefined;
  const { identifiers, identifierTypes, identifiersAtMost } = told;
  const kinds = identifierTypes ? [[...identifierTypes].sort().join('+')] : [];
  const most = identifiersAtMost === undefined ? [] : [identifiersAtMost];
  const without = (kept?.from ?? []).map(
    ({ definitionNo, members }) => `${members ? 'not' : 'in'} ${definitionNo}`,
  );
  const name = [side, shape, of, identifiers, ...kinds, ...most, ...without].join(' ');
  const addresses = side === 'people' && areKept;
  return { name, side, shape, lifted, told, addresses, ...(kept && { withheld: kept }) };
}

/** Whether an identifier is of those that a side goes to. */
export function isOfSide(side: Side, rows: Relation): Expr {
  const isGroup = eq(c(rows, 'identifier_type'), text(GROUP_ID));
  return side === 'accounts' ? isGroup : call('not', isGroup);
}

/** Rows (`by`, profile_no, value) of those a channel is about, of rows of definitions with their values. */
export function holders({ lifted }: Channel, rows: Relation, by: readonly string[]): Relation {
  if (!lifted) return rows;
  const theirs = join('inner', accountUsers(), pick(rows, [...by, ['profile_no', 'account']]), ['account']);
  return withTrue(pick(theirs, [...by, 'profile_no'], { distinct: true }), by);
}

/** `by` and RECEIVERS of holders. */
export function receivers(
  schema: StateSchema,
  { side, told }: Channel,
  rows: Relation,
  by: readonly string[],
): Relation {
  const all = side === 'accounts' ? accountsOf(schema, rows) : addressed(schema, rows, told, by);
  return pick(all, [...by, ...RECEIVERS.map((column) => column.name)]);
}

/** Members' value. */
export const withTrue = (rows: Relation, by: readonly string[] = []): Relation =>
  project(rows, [...[...by, 'profile_no'].map((name) => as(name, c(rows, name))), as('value', text('true'))]);

function accountsOf(schema: StateSchema, rows: Relation): Relation {
  const subjects = pick(schema.scan('subjects'), [...IDENTIFIER, 'profile_no']);
  return join('inner', subjects, rows, ['profile_no']);
}

/** The identifiers that messages about profiles go to: by default of users those, and of others the anonymous ones. */
function addressed(schema: StateSchema, rows: Relation, told: Told, by: readonly string[]): Relation {
  const known = identifiers(schema, addressTypes(told).length > 0);
  const existing = filter(known, call('le', c(known, 'first_at'), AS_OF));
  const users = pick(schema.scan('profiles'), ['profile_no', 'user_id']);
  const all = join('left', join('inner', existing, rows, ['profile_no']), users, ['profile_no']);
  const isUser = eq(c(all, 'identifier_type'), text('user_id'));
  const types = told.identifierTypes;
  if (!types) return chosen(filter(all, or(isUser, call('is_null', c(all, 'user_id')))), told, by);
  const asked = types.map((type) => eq(c(all, 'identifier_type'), text(type)));
  return chosen(filter(all, or(...asked)), told, [...by, 'identifier_type']);
}

function chosen(
  rows: Relation,
  { identifiers, identifiersAtMost = Infinity }: Told,
  by: readonly string[],
): Relation {
  const most = identifiers === 'all' ? identifiersAtMost : 1;
  if (most === Infinity) return rows;
  const desc = identifiers === 'last_added';
  const ranked = rowNumber(rows, {
    partitionBy: [...by, 'profile_no'].map((name) => c(rows, name)),
    orderBy: ['first_at', 'first_id', 'identifier'].map((name) => ({ expr: c(rows, name), desc })),
    as: 'rank',
  });
  const rank = c(ranked, 'rank');
  return filter(ranked, most === 1 ? eq(rank, int(1)) : call('le', rank, int(most)));
}

/**
 * Rows with an identifier, with the `profile_no` that it belongs to today.
 *
 * @param addresses whether they are kept
 */
export const withOwnProfile = (schema: StateSchema, rows: Relation, addresses: boolean): Relation =>
  join('inner', rows, pick(identifiers(schema, addresses), [...IDENTIFIER, 'profile_no']), IDENTIFIER);

/** Puts what a message says of a profile beside rows with one. */
export function withProfiles(schema: StateSchema, rows: Relation): Relation {
  const emails = pick(schema.scan('profiles'), ['profile_no', 'latest_email']);
  return join('left', withProfileId(schema, rows), emails, ['profile_no']);
}
