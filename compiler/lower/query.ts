/** SQL traits: a query's rows given to profiles, a column of it as a trait's values. */
import { ownerOf, shapeOf, type Definition, type TraitDefinition } from '../../models/definition.js';
import { columnFacet, identifierOf, rawScan } from '../bind/columns.js';
import { hashedName } from '../bind/paths.js';
import {
  as,
  c,
  call,
  caseWhen,
  eq,
  filter,
  int,
  join,
  label,
  pick,
  project,
  rowNumber,
  semiJoin,
  text,
} from '../ir/build.js';
import type { Column, Expr, Named, Relation } from '../ir/types.js';
import type { BoundQuery } from '../sql/bind.js';
import { queryRelation, REF_COLUMNS } from '../sql/relation.js';
import { accountProvider } from './accounts.js';
import type { LowerContext, Provider } from './provider.js';
import { jsonForms } from './trait.js';

/** The id of a row, as text; null where it has none. */
export const QUERY_ID: Column = { name: 'id', type: 'text' };

const FORMS = [
  ['value', 'text'],
  ['number_value', 'number'],
  ['text_value', 'text'],
] as const;

const formName = (key: string, form: string): string => hashedName(`${key}_${form}`, key, form);

/** The columns of one output of a query: its values in the forms that are stored. */
export const outputColumns = (key: string): readonly Column[] =>
  FORMS.map(([form, type]) => ({ name: formName(key, form), type }));

/** Every column `queryRows` has. */
export const queryColumns = ({ outputs }: BoundQuery): readonly Column[] => [
  QUERY_ID,
  ...outputs.flatMap(({ key }) => outputColumns(key)),
];

/** A query with what it refers to, its columns as they are. */
export function queryItself(
  { query, tables, columns }: BoundQuery,
  users: Provider,
  definition: (key: string) => Definition,
): Relation {
  // A scan of a table that had these columns would be typed just so.
  const typed = rawScan({ table: { name: '' }, columns }).columns;
  const ref = (key: string): Relation => refRows(definition(key), users);
  return label(queryRelation(query, typed, { tables, ref }), `${query.definition.key} query`);
}

/**
 * The rows of a query as they are, `queryColumns` of each; what stands in it for a definition is read through the
 * provider of users.
 */
export function queryRows(
  bound: BoundQuery,
  users: Provider,
  definition: (key: string) => Definition,
): Relation {
  const { id, outputs } = bound;
  const rows = queryItself(bound, users, definition);
  const json = (key: string): string => hashedName(`${key}_json`, key, 'json');
  const read = project(rows, [
    as(QUERY_ID.name, identifierOf(id.column)),
    ...outputs.map(({ key, column }) => as(json(key), columnFacet(column, 'json'))),
  ]);
  return project(read, [
    as(QUERY_ID.name, c(read, QUERY_ID.name)),
    ...outputs.flatMap(({ key }) => {
      const forms = jsonForms(c(read, json(key)));
      const exprs: readonly Expr[] = [forms.value, forms.number, forms.text];
      return outputColumns(key).map(({ name }, i): Named => as(name, exprs[i] ?? forms.value));
    }),
  ]);
}

/** What `{{ref "key"}}` reads: members, or profiles that have a value, by their ids. */
function refRows(definition: Definition, users: Provider): Relation {
  const { key, kind, of } = definition;
  const provider = of === 'accounts' ? accountProvider(users) : users;
  const rows = kind === 'trait' ? provider.trait(key) : provider.audience(key);
  const named = join(
    'inner',
    rows,
    provider.names(),
    provider.key.map(({ name }) => name),
  );
  const isUser = eq(c(named, 'named_kind'), text('user'));
  const columns = REF_COLUMNS[shapeOf(kind)].map(({ name }) => {
    if (name === 'profile_id') return as(name, c(named, 'named_id'));
    if (name === 'user_id') return as(name, caseWhen([{ when: isUser, then: c(named, 'named_id') }]));
    return as(name, c(named, name));
  });
  return label(project(named, columns), `ref ${key}`);
}

/** Values of the trait that a column of a query is: profile key, then the forms a trait is stored in. */
export function lowerOutput(definition: TraitDefinition, context: LowerContext): Relation {
  const { provider } = context;
  const owner = ownerOf(definition).key;
  const own = outputColumns(definition.output?.name ?? definition.key);
  const { rows: all, by } = users(provider).query(owner, own);
  const [value] = own;
  const present = filter(all, call('is_not_null', c(all, value?.name ?? '')));
  const rows = givenTo(present, by, context);
  const keys = provider.key.map(({ name }) => name);
  // Several ids may be one profile's: the row of the smallest counts.
  const ranked = rowNumber(rows, {
    partitionBy: keys.map((name) => c(rows, name)),
    orderBy: [{ expr: c(rows, QUERY_ID.name) }],
    as: 'id_rank',
  });
  const first = filter(ranked, eq(c(ranked, 'id_rank'), int(1)));
  return project(first, [
    ...keys.map((name) => as(name, c(first, name))),
    ...FORMS.map(([form], i) => as(form, c(first, own[i]?.name ?? ''))),
  ]);
}

const users = (provider: Provider): Provider => provider.users ?? provider;

/** Rows by the profile their id is one of; rows of ids that no profile in range has are left out. */
function givenTo(
  rows: Relation,
  by: 'user_id' | 'anonymous_id' | 'group_id',
  { provider, includeAnonymous }: LowerContext,
): Relation {
  if (by === 'group_id') {
    const accounts = provider.accounts().accounts();
    const joined = join('inner', rows, accounts, [{ left: QUERY_ID.name, right: 'group_id' }]);
    return pick(joined, [...provider.key.map(({ name }) => name), ...rows.columns.map(({ name }) => name)]);
  }
  const keys = provider.key.map(({ name }) => name);
  const theirs = provider.identified(by, rows);
  const inUniverse = semiJoin(theirs, pick(provider.profiles(), keys), keys);
  return includeAnonymous ? inUniverse : provider.keepKnown(inUniverse);
}
