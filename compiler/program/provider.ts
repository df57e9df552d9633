import {
  as,
  bool,
  c,
  call,
  col,
  eq,
  filter,
  int,
  join,
  pick,
  project,
  semiJoin,
  text,
  union,
  nul,
} from '../ir/build.js';
import type { Relation } from '../ir/types.js';
import type { BoundSource } from '../bind/index.js';
import { sourceNeeds } from '../bind/index.js';
import { ENTITY_ID, type Entities } from '../bind/entity.js';
import { GROUP_COLUMN, type EntityNeeds, type Needs } from '../bind/types.js';
import { CompilerBug } from '../diagnostics/index.js';
import { QUERY_ID, type EventRequest, type Provider } from '../lower/index.js';
import type { BoundQuery } from '../sql/index.js';
import { queryTable } from './queries.js';
import {
  ACCOUNT_USERS,
  ACCOUNTS,
  accountTraits,
  customTraits,
  entityRows,
  factsTable,
  needsOrder,
  RUN_NO,
  scanSpec,
  staged,
} from './names.js';
import { departures, memberRows, positions, takenOver } from './positions.js';
import { StateSchema } from './state.js';

export interface RunProviderInput {
  readonly schema: string;
  readonly sources: readonly BoundSource[];
  /** What all definitions need: the columns facts have. */
  readonly needs: Needs;
  readonly entities: Entities;
  /** What the definitions computed need of entities: the columns that rows read for this run have. */
  readonly entityNeeds: readonly EntityNeeds[];
  /** Numbers of the definitions this run computes: they are read from the stage, others as last published. */
  readonly computing: ReadonlyMap<string, number>;
  /** Numbers of definitions published before. */
  readonly published: ReadonlyMap<string, number>;
  /** Of SQL traits, by key. */
  readonly queries: ReadonlyMap<string, BoundQuery>;
}

/** What a run reads, with what it knows of how that came about. */
export interface RunProvider extends Provider {
  /** Like `events`, each with the number of the run that landed it (`run_no`). */
  landedEvents(request: EventRequest): Relation;
  /** What `profiles`, `names` and `keepKnown` read, with the number of the run that saw each row first. */
  readonly universe: Relation;
}

const KEY = [{ name: 'profile_no', type: 'int' }] as const;

/** What a run reads, but for a definition's first run: landed facts, the universe, the stage of this run, published state of others. */
export function runProvider(input: RunProviderInput): RunProvider {
  const state = new StateSchema(input.schema);
  const facts = new Map(input.sources.map((source) => [source.name, sourceNeeds(source, input.needs)]));
  const profiles = state.scan('profiles');

  const events = (
    { event, columns, excludeSources }: EventRequest,
    also: readonly string[] = [],
  ): Relation => {
    const parts = input.sources.flatMap((source) => {
      const landed = facts.get(source.name)?.events.find((e) => e.event === event);
      if (!landed) return [];
      const rows = scanSpec(factsTable(state, source.name, event, landed.columns));
      const kept = ['profile_no', 'timestamp', 'source_id', ...columns.map((x) => x.name), ...also];
      const named = project(rows, [
        ...kept.map((name) => as(name, c(rows, name))),
        as('message_id', needsOrder(landed.columns) ? c(rows, 'message_id') : nul('text')),
        as('origin', text(source.name)),
      ]);
      return [excludeSources.includes(source.name) ? filter(named, bool(false)) : named];
    });
    return union(parts);
  };

  const published = (key: string): number => {
    const no = input.published.get(key);
    if (no === undefined) throw new CompilerBug(`${key} was never computed`);
    return no;
  };

  const numbered = (key: string): number => input.computing.get(key) ?? published(key);

  return {
    key: KEY,
    events: (request) => events(request),
    landedEvents: (request) => events(request, [RUN_NO.name]),
    universe: profiles,
    entities: ({ entity, owner, joins, columns }) => {
      const needs = input.entityNeeds.find((e) => e.entity === entity);
      if (!needs) throw new CompilerBug(`entity ${entity} was not read`);
      const all = scanSpec(entityRows(needs));
      const by = owner && { profile: 'profile_no', account: GROUP_COLUMN.name }[owner];
      const kept = [ENTITY_ID, ...joins.map((x) => x.name), ...columns.map((x) => x.name)];
      if (by === undefined) return pick(all, kept);
      return pick(filter(all, call('is_not_null', c(all, by))), [by, ...kept]);
    },
    related: (outer, inner) => input.entities.related(outer, inner),
    profiles: () => pick(profiles, ['profile_no', 'known']),
    names: () => pick(profiles, ['profile_no', ['profile_kind', 'named_kind'], ['profile_id', 'named_id']]),
    keepKnown: (rows) =>
      semiJoin(rows, pick(filter(profiles, c(profiles, 'known')), ['profile_no']), ['profile_no']),
    customTraits: (columns) => {
      const all = scanSpec(customTraits(state, input.needs.traits));
      return pick(all, ['profile_no', ...columns.map((x) => x.name)]);
    },
    trait: (key) => {
      const staging = input.computing.get(key);
      if (staging !== undefined) return staged('trait', int(staging));
      const rows = state.scan('trait_state');
      const own = filter(rows, eq(col('definition_no', 'int'), int(published(key))));
      return pick(own, ['profile_no', 'value', 'number_value', 'text_value']);
    },
    audience: (key) => {
      const staging = input.computing.get(key);
      if (staging !== undefined) return staged('audience', int(staging));
      const rows = state.scan('member_state');
      return pick(filter(rows, eq(col('definition_no', 'int'), int(published(key)))), ['profile_no']);
    },
    query: (owner, columns) => {
      const bound = input.queries.get(owner);
      if (!bound) throw new CompilerBug(`the query of ${owner} passed resolve`);
      const all = scanSpec(queryTable(bound));
      return { rows: pick(all, [QUERY_ID.name, ...columns.map((x) => x.name)]), by: bound.id.type };
    },
    identified: (type, rows) => {
      const subjects = state.scan('subjects');
      const own = filter(subjects, eq(c(subjects, 'identifier_type'), text(type)));
      const known = pick(own, ['identifier', 'profile_no']);
      const joined = join('inner', rows, known, [{ left: QUERY_ID.name, right: 'identifier' }]);
      return pick(joined, ['profile_no', ...rows.columns.map((x) => x.name)]);
    },
    positions: (journey, keys) => positions(state, numbered(journey), memberRows(state, keys.map(numbered))),
    waits: (journey, keys) => {
      const numbers = keys.map(numbered);
      const rows = union([memberRows(state, numbers), takenOver(state, numbers)]);
      return positions(state, numbered(journey), rows);
    },
    departures: (journey) => departures(state, numbered(journey)),
    accounts: () => ({
      key: KEY[0],
      accounts: () => scanSpec(ACCOUNTS),
      users: () => scanSpec(ACCOUNT_USERS),
      customTraits: (columns) =>
        pick(scanSpec(accountTraits(input.needs.accounts ?? [])), [
          'profile_no',
          ...columns.map((x) => x.name),
        ]),
    }),
    firstRunAt: () => {
      throw new CompilerBug("the first run is a definition's, and known to a provider of its own");
    },
  };
}
