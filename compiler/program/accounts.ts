/** Accounts at `as_of`, their users and their custom traits, of landed group calls (SEMANTICS §5, "Accounts"). */
import type { BoundSource } from '../bind/index.js';
import { sourceNeeds } from '../bind/index.js';
import { latestMentions, TIES } from '../bind/mentions.js';
import { GROUP_COLUMN, type Needs, type ValueColumn } from '../bind/types.js';
import {
  antiJoin,
  as,
  c,
  call,
  eq,
  filter,
  join,
  nul,
  pick,
  project,
  semiJoin,
  text,
  values,
} from '../ir/build.js';
import type { Relation } from '../ir/types.js';
import { landedCalls } from './calls.js';
import { withNumbers } from './identity.js';
import { ACCOUNT_USERS, ACCOUNTS, accountTraits, groupFacts } from './names.js';
import { STATE, type StateSchema } from './state.js';
import type { Step } from './types.js';

/** What `subjects` calls an account's identifier. */
export const GROUP_ID = 'group_id';

/** Nothing, where no definition asks for accounts. */
export function accountSteps(
  schema: StateSchema,
  sources: readonly BoundSource[],
  needs: Needs,
): readonly Step[] {
  const { accounts: columns } = needs;
  if (!columns) return [];
  const calls = groupCalls(schema, sources, needs, columns);
  const make = (id: string, title: string, op: { spec: typeof ACCOUNTS; query: Relation }): Step => ({
    id: `shared.${id}`,
    title,
    op: 'replace',
    ...op,
  });
  return [
    {
      id: 'shared.account_numbers',
      title: 'new accounts',
      op: 'append',
      table: schema.ref('subjects'),
      query: numbered(schema, calls),
    },
    make('accounts', 'accounts', { spec: ACCOUNTS, query: accounts(schema, calls) }),
    make('account_users', 'users of accounts', { spec: ACCOUNT_USERS, query: usersOf(schema, calls) }),
    make('account_traits', 'custom traits of accounts', {
      spec: accountTraits(columns),
      query: customTraits(schema, calls, columns),
    }),
  ];
}

/** Of nobody any account. */
export const noAccountUsers = (): Step => ({
  id: 'stage.account_users',
  title: 'no users of accounts',
  op: 'replace',
  spec: ACCOUNT_USERS,
  query: values(ACCOUNT_USERS.columns, []),
});

/** Group calls of all sources up to `as_of`. */
const groupCalls = (
  schema: StateSchema,
  sources: readonly BoundSource[],
  needs: Needs,
  columns: readonly ValueColumn[],
): Relation =>
  landedCalls(
    sources,
    (source) => {
      const { accounts = [] } = sourceNeeds(source, needs);
      return source.groups(accounts) && groupFacts(schema, source.name, accounts);
    },
    [GROUP_COLUMN],
    columns,
  );

/** Accounts are subjects too, so that what is published of them is named as what is of users. */
function numbers(schema: StateSchema): Relation {
  const subjects = schema.scan('subjects');
  return pick(filter(subjects, eq(c(subjects, 'identifier_type'), text(GROUP_ID))), [
    ['identifier', GROUP_COLUMN.name],
    ['subject_no', 'account'],
  ]);
}

/** Rows of `subjects` for accounts that have none. */
function numbered(schema: StateSchema, calls: Relation): Relation {
  const seen = pick(calls, [GROUP_COLUMN.name], { distinct: true });
  const rows = withNumbers(schema, antiJoin(seen, numbers(schema), [GROUP_COLUMN.name]));
  const no = c(rows, 'subject_no');
  const said = new Map([
    ['subject_no', no],
    ['profile_no', no],
    ['identifier_type', text(GROUP_ID)],
    ['identifier', c(rows, GROUP_COLUMN.name)],
  ]);
  return project(
    rows,
    STATE.subjects.map(({ name, type }) => as(name, said.get(name) ?? nul(type))),
  );
}

/** Group calls with the number of their account. */
const withAccount = (schema: StateSchema, calls: Relation): Relation =>
  join('inner', calls, numbers(schema), [GROUP_COLUMN.name]);

function accounts(schema: StateSchema, calls: Relation): Relation {
  const seen = withAccount(schema, pick(calls, [GROUP_COLUMN.name], { distinct: true }));
  return pick(seen, [['account', 'profile_no'], GROUP_COLUMN.name]);
}

/** Users of the universe only: a group call brings nobody into it. */
function usersOf(schema: StateSchema, calls: Relation): Relation {
  const somebody = filter(calls, call('is_not_null', c(calls, 'profile_no')));
  const pairs = pick(somebody, ['profile_no', GROUP_COLUMN.name], { distinct: true });
  const users = semiJoin(pairs, pick(schema.scan('profiles'), ['profile_no']), ['profile_no']);
  return pick(
    withAccount(schema, users),
    ACCOUNT_USERS.columns.map(({ name }) => name),
  );
}

/** Latest mention of every trait path, for accounts that have any. */
function customTraits(schema: StateSchema, calls: Relation, columns: readonly ValueColumn[]): Relation {
  const rows = withAccount(schema, calls);
  const own = pick(rows, [
    ['account', 'profile_no'],
    'timestamp',
    ...TIES,
    ...columns.map(({ name }) => name),
  ]);
  return latestMentions(own, [{ name: 'profile_no', type: 'int' }], columns);
}
