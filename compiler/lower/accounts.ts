/** Accounts: what is asked of them is asked by their key, what is asked of their users is lifted (SEMANTICS §5). */
import type { Condition } from '../../models/algebra.js';
import { asksForTag } from '../../models/walk.js';
import { valueColumn } from '../bind/paths.js';
import {
  antiJoin,
  as,
  bool,
  c,
  call,
  extend,
  filter,
  join,
  pick,
  project,
  semiJoin,
  text,
} from '../ir/build.js';
import type { Relation } from '../ir/types.js';
import type { EventRequest, Provider } from './provider.js';

/** The account a user belongs to, beside the user's key. */
export const ACCOUNT = 'account';
/** The account's own id, beside it. */
const GROUP_ID = 'group_id';

/** The account an event is tagged with. */
const TAG = valueColumn('group', '', 'text');

const keyNames = (provider: Provider): readonly string[] => provider.key.map((k) => k.name);

/** What definitions of accounts read: their events are those of their users. */
export function accountProvider(users: Provider): Provider {
  const side = users.accounts();
  return {
    ...users,
    key: [side.key],
    users,
    events: (request) => {
      const rows = ofPairs(users, request);
      const values = request.columns.map(({ name }) => name);
      const kept = ['timestamp', 'message_id', 'origin', 'source_id', ...values];
      return project(rows, [
        as(side.key.name, c(rows, ACCOUNT)),
        ...kept.map((name) => as(name, c(rows, name))),
      ]);
    },
    entities: (request) => {
      if (request.owner === undefined) return users.entities(request);
      const rows = users.entities({ ...request, owner: 'account' });
      const owned = join('inner', rows, side.accounts(), [GROUP_ID]);
      const kept = rows.columns.map(({ name }) => name).filter((name) => name !== GROUP_ID);
      return pick(owned, [side.key.name, ...kept]);
    },
    profiles: () => extend(pick(side.accounts(), [side.key.name]), [as('known', bool(true))]),
    names: () => {
      const accounts = side.accounts();
      return project(accounts, [
        as(side.key.name, c(accounts, side.key.name)),
        as('named_kind', text('account')),
        as('named_id', c(accounts, GROUP_ID)),
      ]);
    },
    keepKnown: (rows) => rows,
    customTraits: (columns) => side.customTraits(columns),
  };
}

/** Users once for each account they belong to, so that events can be asked to be tagged with it. */
function pairProvider(users: Provider): Provider {
  const side = users.accounts();
  const pairs = (): Relation => pick(side.users(), [...keyNames(users), ACCOUNT]);
  const ofEach = (rows: Relation): Relation => besideAccounts(users, rows);
  return {
    ...users,
    each: users,
    key: [...users.key, { name: ACCOUNT, type: side.key.type }],
    events: (request) => ofPairs(users, request),
    entities: (request) => {
      const rows = users.entities(request);
      return request.owner === undefined ? rows : ofEach(rows);
    },
    profiles: () => extend(pairs(), [as('known', bool(true))]),
    keepKnown: (rows) => rows,
    names: () => ofEach(users.names()),
    customTraits: (columns) => ofEach(users.customTraits(columns)),
    trait: (trait) => ofEach(users.trait(trait)),
    audience: (audience) => ofEach(users.audience(audience)),
  };
}

/** Events of users beside each of their accounts. */
function ofPairs(users: Provider, request: EventRequest): Relation {
  const { byAccount, ...asked } = request;
  const columns = byAccount ? [...request.columns, TAG] : request.columns;
  const events = users.events({ ...asked, byAccount: false, columns });
  const rows = join('inner', events, users.accounts().users(), keyNames(users));
  return byAccount ? filter(rows, call('eq', c(rows, TAG.name), c(rows, GROUP_ID))) : rows;
}

/** Rows by the users' key once for each account of theirs. */
const besideAccounts = (users: Provider, rows: Relation): Relation =>
  join('inner', rows, pick(users.accounts().users(), [...keyNames(users), ACCOUNT]), keyNames(users));

/** Users of any of the accounts given by key, by the provider's key. */
export function usersOfAccounts(provider: Provider, accounts: Relation): Relation {
  const users = provider.each ?? provider;
  const side = users.accounts();
  const matching = semiJoin(side.users(), accounts, [{ left: ACCOUNT, right: side.key.name }]);
  const found = pick(matching, keyNames(users), { distinct: true });
  return provider.each ? besideAccounts(users, found) : found;
}

/**
 * Accounts of which some user matches, or of which there are users and every one matches.
 *
 * @param matching users, or users beside the account they match in
 */
export function lifted(quantifier: 'any' | 'all', users: Provider, matching: Relation): Relation {
  const side = users.accounts();
  const pairs = side.users();
  const on = matching.columns.map(({ name }) => name);
  const accountsOf = (rows: Relation): Relation => pick(rows, [[ACCOUNT, side.key.name]], { distinct: true });
  if (quantifier === 'any') return accountsOf(semiJoin(pairs, matching, on));
  return antiJoin(accountsOf(pairs), accountsOf(antiJoin(pairs, matching, on)), [side.key.name]);
}

/** Who a condition on users is asked of: users, or each of them beside each account. */
export const askedOf = (match: Condition, users: Provider): Provider =>
  asksForTag(match) ? pairProvider(users) : users;
