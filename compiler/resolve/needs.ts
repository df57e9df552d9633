import { ownerOf, type Definition } from '../../models/definition.js';
import { entitiesAsked } from '../../models/matches.js';
import { ENTITY_ID, type Entities } from '../bind/entity.js';
import {
  EVENT_COLUMNS,
  FACET_TYPES,
  GROUP_COLUMN,
  type EntityNeeds,
  type EventNeeds,
  type JoinColumn,
  type Needs,
  type ValueColumn,
} from '../bind/types.js';
import { nul, scan } from '../ir/build.js';
import type { Column, Relation } from '../ir/types.js';
import {
  ACCOUNT,
  lowerDefinition,
  lowerMatches,
  QUERY_ID,
  queryRows,
  type Provider,
  type ResolveTrait,
} from '../lower/index.js';
import type { BoundQuery } from '../sql/index.js';

/** What names and queries mean in a project. */
export interface Meanings {
  readonly resolveTrait: ResolveTrait;
  readonly queries: ReadonlyMap<string, BoundQuery>;
  readonly entities: Entities;
  readonly definition: (key: string) => Definition;
}

const ACCOUNT_KEY: Column = { name: 'profile_no', type: 'int' };
const KEY: readonly Column[] = [ACCOUNT_KEY];

/**
 * What a definition needs of the sources: lowers it over a provider that only takes notes, so needs and
 * lowering cannot disagree.
 */
export function needsOf(
  definition: Definition,
  { resolveTrait, queries, entities, definition: referred }: Meanings,
): Needs {
  const events = new Map<string, Map<string, ValueColumn>>();
  const traits = new Map<string, ValueColumn>();
  let accounts: Map<string, ValueColumn> | undefined;
  const rows: EntityNeeds[] = [];
  const query = queries.get(ownerOf(definition).key);
  const idOf = query?.id.type ?? 'user_id';
  const blank = (name: string, columns: readonly Column[]): Relation => scan({ name }, [...KEY, ...columns]);
  const shaped = (columns: readonly ValueColumn[]): readonly Column[] =>
    columns.map((column) => ({ name: column.name, type: FACET_TYPES[column.facet] }));
  const provider: Provider = {
    key: KEY,
    events({ event, columns }) {
      const wanted = events.get(event) ?? new Map<string, ValueColumn>();
      columns.forEach((column) => wanted.set(column.name, column));
      events.set(event, wanted);
      return blank('events', [...EVENT_COLUMNS, { name: 'origin', type: 'text' }, ...shaped(columns)]);
    },
    entities({ entity, owner, joins, columns }) {
      const [byProfile, byAccount] = [owner === 'profile', owner === 'account'];
      rows.push({ entity, byProfile, byAccount, nested: owner === undefined, joins, columns });
      const own = [{ name: ENTITY_ID, type: 'text' as const }, ...joins.map(typed), ...shaped(columns)];
      return scan({ name: 'entities' }, [
        ...(byProfile ? KEY : []),
        ...(byAccount ? [GROUP_COLUMN] : []),
        ...own,
      ]);
    },
    related: (outer, inner) => entities.related(outer, inner),
    profiles: () => blank('profiles', [{ name: 'known', type: 'bool' }]),
    names: () =>
      blank('names', [
        { name: 'named_kind', type: 'text' },
        { name: 'named_id', type: 'text' },
      ]),
    keepKnown: (rows) => rows,
    customTraits(columns) {
      columns.forEach((column) => traits.set(column.name, column));
      return blank('custom_traits', shaped(columns));
    },
    trait: () =>
      blank('trait', [
        { name: 'value', type: 'text' },
        { name: 'number_value', type: 'number' },
        { name: 'text_value', type: 'text' },
      ]),
    audience: () => blank('audience', []),
    query: (_owner, columns) => ({ rows: scan({ name: 'query' }, [QUERY_ID, ...columns]), by: idOf }),
    identified: (_type, rows) => blank('identified', rows.columns),
    positions: () => blank('positions', [{ name: 'entered_at', type: 'timestamp' }]),
    waits: () => blank('positions', [{ name: 'entered_at', type: 'timestamp' }]),
    departures: () => blank('departures', [{ name: 'exited_at', type: 'timestamp' }]),
    accounts() {
      const wanted = (accounts ??= new Map<string, ValueColumn>());
      return {
        key: ACCOUNT_KEY,
        accounts: () => blank('accounts', [GROUP_COLUMN]),
        users: () => blank('account_users', [{ ...ACCOUNT_KEY, name: ACCOUNT }, GROUP_COLUMN]),
        customTraits(columns) {
          columns.forEach((column) => wanted.set(column.name, column));
          return blank('account_traits', shaped(columns));
        },
      };
    },
    firstRunAt: () => nul('timestamp'),
  };
  lowerDefinition(definition, provider, resolveTrait);
  const asked = entitiesAsked(definition);
  if (asked.length > 0) lowerMatches(definition, asked, provider, resolveTrait);
  if (query && !definition.output) queryRows(query, provider, referred);
  return {
    events: [...events].map(([event, columns]) => ({ event, columns: [...columns.values()] })),
    traits: [...traits.values()],
    ...(accounts && { accounts: [...accounts.values()] }),
    ...withEntities(rows),
  };
}

const typed = (join: JoinColumn): Column => ({ name: join.name, type: join.as });

/** One entry an entity. */
function withEntities(all: readonly EntityNeeds[]): Pick<Needs, 'entities'> {
  const merged = new Map<string, EntityNeeds>();
  for (const needs of all) {
    const before = merged.get(needs.entity);
    merged.set(needs.entity, {
      entity: needs.entity,
      byProfile: needs.byProfile || (before?.byProfile ?? false),
      byAccount: needs.byAccount || (before?.byAccount ?? false),
      nested: needs.nested || (before?.nested ?? false),
      joins: byName([...(before?.joins ?? []), ...needs.joins]),
      columns: byName([...(before?.columns ?? []), ...needs.columns]),
    });
  }
  return merged.size === 0 ? {} : { entities: [...merged.values()] };
}

const byName = <T extends { readonly name: string }>(items: readonly T[]): readonly T[] => [
  ...new Map(items.map((item) => [item.name, item])).values(),
];

/** What several definitions need together. */
export function unionNeeds(all: readonly Needs[]): Needs {
  const events = new Map<string, Map<string, ValueColumn>>();
  const traits = new Map<string, ValueColumn>();
  const accounts = new Map<string, ValueColumn>();
  for (const needs of all) {
    for (const { event, columns } of needs.events) {
      const wanted = events.get(event) ?? new Map<string, ValueColumn>();
      columns.forEach((column) => wanted.set(column.name, column));
      events.set(event, wanted);
    }
    needs.traits.forEach((column) => traits.set(column.name, column));
    for (const column of needs.accounts ?? []) accounts.set(column.name, column);
  }
  const merged: readonly EventNeeds[] = [...events].map(([event, columns]) => ({
    event,
    columns: [...columns.values()],
  }));
  const asked = all.some((needs) => needs.accounts) && { accounts: [...accounts.values()] };
  return {
    events: merged,
    traits: [...traits.values()],
    ...asked,
    ...withEntities(all.flatMap((needs) => needs.entities ?? [])),
  };
}
