/** Names and columns of the tables a run makes besides the fixed ones of `state.ts`. */
import { hashedName } from '../bind/paths.js';
import { ENTITY_ID } from '../bind/entity.js';
import type { EntityNeeds, ValueColumn } from '../bind/types.js';
import { FACET_TYPES, GROUP_COLUMN } from '../bind/types.js';
import type { Column, Expr, Relation, Scan } from '../ir/types.js';
import { c, eq, filter, int, pick, scan } from '../ir/build.js';
import { AUDIENCE_STAGE, TRAIT_STAGE } from './plan.js';
import { STATE, type StateSchema } from './state.js';
import type { TableSpec } from './types.js';

const column = ({ name, facet }: ValueColumn): Column => ({ name, type: FACET_TYPES[facet] });

/** Columns of a facts table before its values. */
export const FACTS_COLUMNS: readonly Column[] = [
  { name: 'subject_no', type: 'int' },
  { name: 'profile_no', type: 'int' },
  { name: 'timestamp', type: 'timestamp' },
  { name: 'message_id', type: 'text' },
  { name: 'source_id', type: 'text' },
];

/** The number of the run that brought a row. */
export const RUN_NO: Column = { name: 'run_no', type: 'int' };

/** Only `first` and `last` order events by more than time, and they read JSON values or elements: other facts keep no message ids. */
export const needsOrder = (columns: readonly ValueColumn[]): boolean =>
  columns.some((x) => x.facet === 'json' || x.facet === 'elements');

/** The landed events of one name from one source, their values in typed columns. */
export function factsTable(
  schema: StateSchema,
  source: string,
  event: string,
  columns: readonly ValueColumn[],
): TableSpec {
  const name = `facts_${hashedName(`${source}_${event}`, source, event)}`;
  return { table: schema.ref(name), columns: [...ownColumns(columns), RUN_NO, ...columns.map(column)] };
}

const ownColumns = (columns: readonly ValueColumn[]): readonly Column[] =>
  needsOrder(columns) ? FACTS_COLUMNS : FACTS_COLUMNS.filter((x) => x.name !== 'message_id');

/**
 * Events of one source that are read together, with the columns that any of them needs. In order of time, so that facts are
 * made in it: engines that know the least and the largest of a block of rows find what crossed an edge in few of them.
 */
export const eventsTogether = (
  source: string,
  index: number,
  columns: readonly ValueColumn[],
): TableSpec => ({
  ...temporary(`events_${hashedName(source, source, String(index))}`, [
    { name: 'event_no', type: 'int' },
    ...ownColumns(columns),
    ...columns.map(column),
  ]),
  clusterBy: ['event_no', 'timestamp'],
});

/** The landed identify messages of one source, one mention per trait. */
export function identifyFacts(
  schema: StateSchema,
  source: string,
  columns: readonly ValueColumn[],
): TableSpec {
  const name = `facts_${hashedName(`${source}_identify`, source, 'identify', '')}`;
  return { table: schema.ref(name), columns: [...FACTS_COLUMNS, RUN_NO, ...columns.map(column)] };
}

/** The landed group calls of one source: who called (nobody, perhaps), for which account, with a mention per trait. */
export function groupFacts(schema: StateSchema, source: string, columns: readonly ValueColumn[]): TableSpec {
  const name = `facts_${hashedName(`${source}_group`, source, 'group', '')}`;
  return {
    table: schema.ref(name),
    columns: [...FACTS_COLUMNS, RUN_NO, GROUP_COLUMN, ...columns.map(column)],
  };
}

/**
 * A temporary table. It stands in no schema (engines keep them apart), so its name must not hide a table of
 * the user's.
 */
export const temporary = (name: string, columns: readonly Column[]): TableSpec => ({
  table: { name: `rollcall_${name}` },
  columns,
  temporary: true,
});

/** Pairs of identifiers an incremental landing brought, with what it says of them. */
export const touchedPairs = (source: string): TableSpec =>
  temporary(
    `pairs_${hashedName(source, source)}`,
    STATE.identity_pairs.filter((column) => column.name !== 'source'),
  );

const DEFINITION_NO: Column = { name: 'definition_no', type: 'int' };

/** What definitions computed, before it is compared with what is published: one table a kind, for all of them. */
export const STAGE = {
  audience: temporary('stage_members', [DEFINITION_NO, ...AUDIENCE_STAGE]),
  trait: temporary('stage_values', [DEFINITION_NO, ...TRAIT_STAGE]),
} as const;

/** Of definitions computed incrementally, the profiles that they were computed for. */
export const AFFECTED = temporary('affected', [DEFINITION_NO, { name: 'profile_no', type: 'int' }]);

/** Definitions that this run computes for some profiles only. */
export const SELECTIVE = temporary('selective', [DEFINITION_NO]);

/** The profiles (`profile_no`) that one definition is computed for. */
export function affectedBy(definitionNo: number): Relation {
  const rows = scanSpec(AFFECTED);
  return pick(filter(rows, eq(c(rows, 'definition_no'), int(definitionNo))), ['profile_no']);
}

/** What one definition of this run computed: columns AUDIENCE_STAGE or TRAIT_STAGE. */
export function staged(kind: keyof typeof STAGE, no: Expr): Relation {
  const rows = scanSpec(STAGE[kind]);
  const own = filter(rows, eq(c(rows, 'definition_no'), no));
  return pick(
    own,
    (kind === 'audience' ? AUDIENCE_STAGE : TRAIT_STAGE).map(({ name }) => name),
  );
}

/** What is published of one definition: its rows of `member_state` or `trait_state`. */
export function publishedRows(schema: StateSchema, kind: keyof typeof STAGE, no: Expr): Relation {
  const rows = schema.scan(kind === 'audience' ? 'member_state' : 'trait_state');
  return filter(rows, eq(c(rows, 'definition_no'), no));
}

/** What current custom traits are kept in. */
export const CUSTOM_TRAITS = 'custom_traits';

/** Current custom traits: `profile_no`, then one JSON column per mention; JSON null says removed. */
export const customTraits = (schema: StateSchema, columns: readonly ValueColumn[]): TableSpec => ({
  table: schema.ref(CUSTOM_TRAITS),
  columns: [{ name: 'profile_no', type: 'int' }, ...columns.map(column)],
});

/** Accounts there are at `as_of`. */
export const ACCOUNTS = temporary('accounts', [{ name: 'profile_no', type: 'int' }, GROUP_COLUMN]);

/** Users of the universe by the accounts they belong to. */
export const ACCOUNT_USERS = temporary('account_users', [
  { name: 'profile_no', type: 'int' },
  { name: 'account', type: 'int' },
  GROUP_COLUMN,
]);

/** (profile_no, account): users by the accounts they belong to. */
export const accountUsers = (): Relation => pick(scanSpec(ACCOUNT_USERS), ['profile_no', 'account']);

/** Current custom traits of accounts, like `customTraits`. */
export const accountTraits = (columns: readonly ValueColumn[]): TableSpec =>
  temporary('account_traits', [{ name: 'profile_no', type: 'int' }, ...columns.map(column)]);

/** Rows of an entity as this run reads them: whose they are (null: nobody's), what they are related by, their values. */
export const entityRows = ({ entity, byProfile, byAccount, joins, columns }: EntityNeeds): TableSpec =>
  temporary(`entity_${hashedName(entity, 'entity', entity)}`, [
    ...(byProfile ? [{ name: 'profile_no', type: 'int' as const }] : []),
    ...(byAccount ? [GROUP_COLUMN] : []),
    { name: ENTITY_ID, type: 'text' },
    ...joins.map((join): Column => ({ name: join.name, type: join.as })),
    ...columns.map(column),
  ]);

export const scanSpec = (spec: TableSpec): Scan => scan(spec.table, spec.columns);
