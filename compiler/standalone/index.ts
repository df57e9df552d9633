/** One definition as one SELECT over the raw sources, that an analyst could run by hand. */
import { ENTITY_ID } from '../bind/entity.js';
import { latestMentions } from '../bind/mentions.js';
import type { ValueColumn } from '../bind/types.js';
import { CompilerBug } from '../diagnostics/index.js';
import {
  as,
  bool,
  c,
  call,
  extend,
  filter,
  label,
  nul,
  param,
  pick,
  project,
  text,
  union,
} from '../ir/build.js';
import type { Relation } from '../ir/types.js';
import {
  lowerDefinition,
  QUERY_ID,
  queryItself,
  queryRows,
  type EntityRequest,
  type EventRequest,
  type Provider,
  type QueryRows,
} from '../lower/index.js';
import type { ResolvedDefinition, ResolvedProject } from '../resolve/types.js';
import { ownerOf, type Definition } from '../../models/definition.js';
import { needsOrder } from '../program/names.js';
import { unionNeeds } from '../resolve/needs.js';
import { rewrite } from '../rewrite/index.js';
import type { BoundQuery } from '../sql/index.js';
import { Accounts } from './accounts.js';
import { EMAIL_NEEDS, kindOf, Profiles } from './profiles.js';
import { Positions } from './positions.js';
import type { Remembered } from './remembered.js';
import { RawSources } from './sources.js';

export type { Remembered } from './remembered.js';

export interface StandaloneSelect {
  /**
   * Audiences: `profile_id`, `profile_kind`; traits also `value`, `number_value`, `text_value`. A SQL trait
   * whose columns have other keys than it: its query.
   */
  readonly query: Relation;
  /** Parameters besides `as_of`: by name, the definition whose first run it is (`as_of` if it never ran). */
  readonly firstRuns: ReadonlyMap<string, string>;
}

/**
 * The SELECT of one definition, what it refers to included. Parameters: `as_of` and `firstRuns`.
 *
 * @param remembered where people stand in journeys; nowhere when absent
 */
export function standaloneSelect(
  resolved: ResolvedProject,
  key: string,
  remembered?: Remembered,
): StandaloneSelect {
  const selects = new Standalone(resolved, remembered ?? { schema: '', published: new Map() });
  const { definition, outputs } = resolvedDefinition(resolved, key);
  if (!outputs.includes(key)) return { query: rewrite(selects.itself(key)), firstRuns: selects.firstRuns };
  const rows = selects.relation(key);
  const values = definition.kind === 'trait' ? ['value', 'number_value', 'text_value'] : [];
  const query = project(rows, [
    as('profile_id', c(rows, 'profile_id')),
    as('profile_kind', definition.of === 'accounts' ? text('account') : kindOf(rows)),
    ...values.map((name) => as(name, c(rows, name))),
  ]);
  return { query: rewrite(query), firstRuns: selects.firstRuns };
}

function resolvedDefinition(resolved: ResolvedProject, key: string): ResolvedDefinition {
  const found = resolved.byKey.get(key);
  if (!found) throw new CompilerBug(`no definition ${key}`);
  return found;
}

/** What all definitions of a project share is made once. */
const SHARED = new WeakMap<ResolvedProject, Shared>();

interface Shared {
  readonly people: Profiles;
  readonly accounts: Accounts;
  readonly events: Map<string, Relation>;
}

function sharedBy(resolved: ResolvedProject, remembered: Remembered): Shared {
  const found = SHARED.get(resolved);
  if (found) return found;
  const needs = unionNeeds([resolved.needs, EMAIL_NEEDS]);
  const raw = new RawSources(resolved.sources, needs, remembered);
  const made = {
    people: new Profiles(raw),
    accounts: new Accounts(raw),
    events: new Map<string, Relation>(),
  };
  SHARED.set(resolved, made);
  return made;
}

/** What identifies whose row it is. */
const OWNERS = { profile: ['user_id', 'anonymous_id'], account: ['group_id'] } as const;

class Standalone {
  readonly firstRuns = new Map<string, string>();
  private readonly shared: Shared;
  private readonly raw: RawSources;
  private readonly people: Profiles;
  private readonly accounts: Accounts;
  private readonly made = new Map<string, Relation>();
  private readonly queries = new Map<string, Relation>();
  private readonly eventUses = new Map<string, number>();

  private readonly positions: Positions;

  constructor(
    private readonly resolved: ResolvedProject,
    remembered: Remembered,
  ) {
    this.shared = sharedBy(resolved, remembered);
    this.people = this.shared.people;
    this.accounts = this.shared.accounts;
    this.raw = this.people.raw;
    this.positions = new Positions(this.raw, remembered);
  }

  /** A definition's rows by profile key; referred-to definitions become CTEs of their own name. */
  relation(key: string): Relation {
    const found = this.made.get(key);
    if (found) return found;
    const { definition } = resolvedDefinition(this.resolved, key);
    const rows = label(
      lowerDefinition(definition, this.provider(ownerOf(definition)), this.resolved.resolveTrait),
      key,
    );
    this.made.set(key, rows);
    return rows;
  }

  /** @param owner whose first run counts */
  private provider({ key: owner, of }: Definition): Provider {
    return {
      key: this.raw.key,
      events: (request) => this.events(request),
      entities: (request) => this.entities(request),
      related: (outer, inner) => this.resolved.entities.related(outer, inner),
      profiles: () => this.people.profiles(),
      names: () => this.people.names(),
      keepKnown: (rows) => this.people.keepKnown(rows),
      customTraits: (columns) => this.customTraits(columns),
      trait: (key) => this.relation(key),
      audience: (key) => this.relation(key),
      query: (owner, columns) => {
        const { rows, by } = this.query(owner);
        return { rows: pick(rows, [QUERY_ID.name, ...columns.map((x) => x.name)]), by };
      },
      identified: (type, rows) => this.identified(type, rows),
      positions: (journey, keys) => this.positions.positions(journey, keys, of),
      waits: (journey, keys) => this.positions.waits(journey, keys, of),
      departures: (journey) => this.positions.departures(journey, of),
      accounts: () => this.accounts.side(),
      firstRunAt: () => {
        const name = `first_run_at__${owner}`;
        this.firstRuns.set(name, owner);
        return param(name, 'timestamp');
      },
    };
  }

  /** The query of a SQL trait, its columns as they are. */
  itself(owner: string): Relation {
    return queryItself(this.bound(owner), this.providerOf(owner), this.resolved.definition);
  }

  private providerOf(owner: string): Provider {
    return this.provider(resolvedDefinition(this.resolved, owner).definition);
  }

  private bound(owner: string): BoundQuery {
    const bound = this.resolved.queries.get(owner);
    if (!bound) throw new CompilerBug(`the query of ${owner} passed resolve`);
    return bound;
  }

  /** The rows of a query, one CTE of each SELECT that reads it. */
  private query(owner: string): QueryRows {
    const bound = this.bound(owner);
    const rows =
      this.queries.get(owner) ?? queryRows(bound, this.providerOf(owner), this.resolved.definition);
    this.queries.set(owner, rows);
    return { rows, by: bound.id.type };
  }

  private identified(type: 'user_id' | 'anonymous_id', rows: Relation): Relation {
    const names = rows.columns.map(({ name }) => name);
    const other = type === 'user_id' ? 'anonymous_id' : 'user_id';
    const both = extend(rows, [as(type, c(rows, QUERY_ID.name)), as(other, nul('text'))]);
    return this.raw.assigned(both, names);
  }

  /** Definitions that ask for the same events, each for the first time, get the same relation. */
  private events(request: EventRequest): Relation {
    const several = this.raw.sources.length > 1;
    const names = this.raw.sources.map(({ name }) =>
      this.eventName(several ? `${name} ${request.event}` : request.event),
    );
    const columns = request.columns.map((x) => x.name);
    const key = JSON.stringify([names, request.event, columns, request.excludeSources]);
    const found = this.shared.events.get(key) ?? this.eventsOf(request, names);
    this.shared.events.set(key, found);
    return found;
  }

  private eventsOf({ event, columns, excludeSources }: EventRequest, names: readonly string[]): Relation {
    const kept = [
      'timestamp',
      ...(needsOrder(columns) ? ['message_id'] : []),
      ...(excludeSources.length > 0 ? ['source_id'] : []),
      ...columns.map((x) => x.name),
    ];
    const absent = ['message_id', 'source_id'].filter((name) => !kept.includes(name));
    const read = [...(this.raw.hasAnonymous ? ['user_id', 'anonymous_id'] : ['user_id']), ...kept];
    const parts = this.raw.sources.flatMap((source, i) => {
      const rows = this.raw.events(source, event, columns, read, names[i] ?? event);
      if (!rows) return [];
      const all = extend(this.raw.assigned(rows, kept), [
        ...absent.map((column) => as(column, nul('text'))),
        as('origin', text(source.name)),
      ]);
      return [excludeSources.includes(source.name) ? filter(all, bool(false)) : all];
    });
    return union(parts);
  }

  private entities({ entity: name, owner, joins, columns }: EntityRequest): Relation {
    const entity = this.resolved.entities.get(name);
    if (!entity) throw new CompilerBug(`no entity ${name}`);
    const identifiers = owner ? OWNERS[owner] : [];
    const rows = entity.rows({ identifiers, joins, columns }, this.raw.repeatedRows(entity));
    if (owner === undefined) return rows;
    if (owner === 'account') return filter(rows, call('is_not_null', c(rows, 'group_id')));
    return this.raw.assigned(rows, [ENTITY_ID, ...joins.map((x) => x.name), ...columns.map((x) => x.name)]);
  }

  /** Each use has a name of its own: an engine may compute what is used twice before it filters it. */
  private eventName(wanted: string): string {
    const uses = (this.eventUses.get(wanted) ?? 0) + 1;
    this.eventUses.set(wanted, uses);
    return uses === 1 ? wanted : `${wanted} ${uses}`;
  }

  private customTraits(columns: readonly ValueColumn[]): Relation {
    const kept = ['timestamp', 'message_id', 'origin', ...columns.map((x) => x.name)];
    const rows = union(this.raw.identifies(columns).map((part) => this.raw.assigned(part, kept)));
    return label(latestMentions(rows, this.raw.key, columns), 'custom traits');
  }
}
