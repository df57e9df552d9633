/** Layout `messages`: one table of raw messages, whose properties, traits and context are JSON. */
import type { SourceConfig } from '../../models/definition.js';
import {
  and,
  as,
  bool,
  c,
  call,
  caseWhen,
  col,
  eq,
  extend,
  filter,
  int,
  join,
  not,
  nul,
  or,
  pick,
  project,
  text,
  unnest,
  values as constants,
} from '../ir/build.js';
import type { Expr, Named, Relation } from '../ir/types.js';
import { rawRows, type BoundSource, type BoundTable, type RowsOf } from './bound.js';
import { identifierOf, jsonFacet, jsonOf, jsonValueOf, rawScan, textOf } from './columns.js';
import { cutAtElements, pathSteps } from './paths.js';
import { JsonValues } from './json-values.js';
import { eventColumns, eventRows, messageRows, type Roles } from './rows.js';
import type { StandardColumns } from './tables.js';
import {
  GROUP_COLUMN,
  type CatalogTable,
  type EventNeeds,
  type Facet,
  type Level,
  type ValueColumn,
} from './types.js';

export const MESSAGES_COLUMNS = {
  required: ['message_id', 'type', 'event', 'timestamp'],
  optional: [
    'received_at',
    'user_id',
    'anonymous_id',
    'group_id',
    'name',
    'properties',
    'traits',
    'context',
    'source_id',
  ],
} as const;

/** Events that are messages of a type of their own, and the property their `name` is read as. */
const NAMED_TYPES = new Map([
  ['Page Viewed', { type: 'page', property: 'page_name' }],
  ['Screen Viewed', { type: 'screen', property: 'screen_name' }],
]);

const UNIVERSE_TYPES = ['track', 'page', 'screen', 'identify'];

export class MessagesSource implements BoundSource {
  readonly name: string;
  private readonly table: BoundTable;
  private readonly roles: Roles;
  private readonly traits: Readonly<Record<Level, ReadonlySet<string>>>;

  constructor(
    readonly config: SourceConfig,
    catalog: CatalogTable,
    private readonly columns: StandardColumns,
    /** Seen in what landed so far. */
    traitNames: Readonly<Record<Level, Iterable<string>>>,
  ) {
    this.name = config.name;
    const hasReceivedAt = columns['received_at'] !== undefined;
    this.table = { table: catalog.table, raw: rawScan(catalog), catalog, hasReceivedAt };
    this.traits = {
      users: new Set([...traitNames.users, ...config.traits]),
      accounts: new Set([...traitNames.accounts, ...config.traits]),
    };
    this.roles = {
      id: columns['message_id'],
      timestamp: columns['timestamp'],
      receivedAt: columns['received_at'],
      userId: columns['user_id'],
      anonymousId: columns['anonymous_id'],
      sourceId: columns['source_id'],
    };
  }

  tables(): readonly BoundTable[] {
    return [this.table];
  }

  hasEvent(): boolean {
    return true;
  }

  eventNames(): readonly string[] {
    return [];
  }

  hasTrait(path: string, of: Level): boolean {
    return this.traits[of].has(pathSteps(path)[0] ?? path) || this.traits[of].has(path);
  }

  traitNames(of: Level): readonly string[] {
    return [...this.traits[of]];
  }

  /**
   * JSON is taken apart in two steps: the values at the paths in use, then their facets.
   */
  events(event: string, columns: readonly ValueColumn[], rows: RowsOf = rawRows): Relation {
    const tracked = and(eq(this.type(), text('track')), eq(textOf(this.columns['event']), text(event)));
    const named = NAMED_TYPES.get(event);
    const wanted = named ? or(tracked, eq(this.type(), text(named.type))) : tracked;
    const kept = filter(rows(this.table), wanted);
    const values = new JsonValues((name) => this.columns[name]);
    const facets = columns.map((column) => as(column.name, this.value(event, column, values)));
    const beside = [...(named ? this.nameColumns() : []), ...this.groupColumns(columns)];
    return values.above(kept, [...eventColumns(this.roles), ...facets], beside);
  }

  /** Pages and screens are told by their type too, and read another way. */
  sharesTable(event: string): boolean {
    return !NAMED_TYPES.has(event);
  }

  eventsTogether(events: readonly EventNeeds[], rows: RowsOf = rawRows): Relation {
    const tracked = filter(rows(this.table), eq(this.type(), text('track')));
    const named = extend(tracked, [as(EVENT, textOf(this.columns['event']))]);
    const numbers = constants(
      [
        { name: EVENT, type: 'text' },
        { name: EVENT_NO, type: 'int' },
      ],
      events.map(({ event }, no) => [text(event), int(no)]),
    );
    // A join, and no list of names: engines think that a list leaves few rows, and hash those instead of subjects.
    const kept = join('inner', named, numbers, [EVENT]);
    const values = new JsonValues((column) => this.columns[column]);
    const columns = new Map(events.flatMap((needed) => needed.columns).map((x) => [x.name, x]));
    const facets = [...columns.values()].map((column) => {
      const users = events.flatMap((needed, no) =>
        needed.columns.some((x) => x.root === column.root && x.path === column.path) ? [int(no)] : [],
      );
      if (column.root === 'group') return as(column.name, this.groupOf(values));
      const json = column.root === 'context' ? 'context' : 'properties';
      const only = users.length < events.length ? call('in_list', c(kept, EVENT_NO), ...users) : undefined;
      return as(column.name, values.facet(json, pathSteps(column.path), column.facet, only));
    });
    return values.above(
      kept,
      [...eventColumns(this.roles), as('event_no', c(kept, EVENT_NO)), ...facets],
      this.groupColumns([...columns.values()]),
    );
  }

  /** What a page's or screen's name is told by: read beside the JSON values. */
  private nameColumns(): readonly Named[] {
    const name = textOf(this.columns['name']);
    return [as(TYPE, this.type()), ...(name.kind === 'null' ? [] : [as(NAME, name)])];
  }

  identifies(columns: readonly ValueColumn[], rows: RowsOf = rawRows): Relation {
    const identifies = filter(rows(this.table), eq(this.type(), text('identify')));
    return eventRows(identifies, this.roles, columns, this.mention());
  }

  groups(columns: readonly ValueColumn[], rows: RowsOf = rawRows): Relation | undefined {
    const group = identifierOf(this.columns['group_id']);
    if (group.kind === 'null') return undefined;
    const calls = filter(rows(this.table), and(eq(this.type(), text('group')), call('is_not_null', group)));
    return eventRows(calls, this.roles, columns, this.mention(), [as(GROUP_COLUMN.name, group)]);
  }

  /** The mention of a trait path in the traits of a message. */
  private mention(): (column: ValueColumn) => Expr {
    const traits = jsonOf(this.columns['traits']);
    // A null instead of traits mentions none of them.
    const mentioned = caseWhen([{ when: not(call('json_is_null', traits)), then: traits }]);
    return (column) =>
      jsonFacet(
        traits.kind === 'null' ? traits : mentioned,
        cutAtElements(pathSteps(column.path)).before,
        'mention',
      );
  }

  messages(table: BoundTable, rows: RowsOf = rawRows): Relation {
    const context = this.columns['context'];
    const inUniverse = call(
      'coalesce',
      call('in_list', this.type(), ...UNIVERSE_TYPES.map((type) => text(type))),
      bool(false),
    );
    // JSON texts compare as cheaply as texts can: the values are looked at in every anonymous message.
    const json = (step: string): Expr =>
      call('json_dump', context ? jsonValueOf(context, ['device', step]) : nul('json'));
    const id = json('advertisingId');
    const mobile = {
      type: call('in_list', call('lower', json('type')), text('"android"'), text('"ios"')),
      hasId: and(call('starts_with', id, text('"')), call('ne', id, text('""'))),
    };
    const stream = call('coalesce', this.type(), text(''));
    return messageRows(rows(table), this.roles, stream, inUniverse, context ? mobile : undefined);
  }

  traitKeys(of: Level, rows: RowsOf = rawRows): Relation {
    const traits = jsonOf(this.columns['traits']);
    const identifies = filter(
      rows(this.table),
      and(
        eq(this.type(), text(of === 'users' ? 'identify' : 'group')),
        call('is_not_null', traits),
        call('is_not_null', textOf(this.roles.id)),
      ),
    );
    const objects = project(identifies, [as('traits', traits)]);
    return pick(unnest(objects, { kind: 'col', name: 'traits', type: 'json' }, 'keys', 'name'), ['name'], {
      distinct: true,
    });
  }

  missingValue(): undefined {
    return undefined;
  }

  private type(): Expr {
    return textOf(this.columns['type']);
  }

  private value(event: string, column: ValueColumn, values: JsonValues): Expr {
    const steps = pathSteps(column.path);
    if (column.root === 'group') return this.groupOf(values);
    if (column.root === 'context') return values.facet('context', steps, column.facet);
    const named = NAMED_TYPES.get(event);
    if (!named || named.property !== steps[0]) return values.facet('properties', steps, column.facet);
    return caseWhen(
      [
        {
          when: eq(col(TYPE, 'text'), text(named.type)),
          then: this.nameOf(steps.slice(1), column.facet, values),
        },
      ],
      values.facet('properties', steps, column.facet),
    );
  }

  /** What a row's own group id is told by, where the account of an event is asked for. */
  private groupColumns(columns: readonly ValueColumn[]): readonly Named[] {
    const own = identifierOf(this.columns['group_id']);
    const asked = columns.some((column) => column.root === 'group');
    return asked && own.kind !== 'null' ? [as(GROUP, own)] : [];
  }

  /** The account an event is tagged with: its `group_id`, else `context.groupId`. */
  private groupOf(values: JsonValues): Expr {
    const tagged = values.facet('context', ['groupId'], 'text');
    const own = this.columns['group_id'] ? [col(GROUP, 'text')] : [];
    if (tagged.kind === 'null') return own[0] ?? tagged;
    return own.length > 0 ? call('coalesce', ...own, tagged) : tagged;
  }

  /** A page's or screen's name: the message's `name`, else its property `name`. */
  private nameOf(rest: readonly string[], facet: Facet, values: JsonValues): Expr {
    const property = values.facet('properties', ['name', ...rest], facet);
    if (!this.columns['name']) return property;
    const name = col(NAME, 'text');
    const own: Record<Facet, Expr> = {
      text: name,
      number: call('text_number', name),
      instant: call('text_instant', name),
      json: call('text_json', name),
      mention: call('text_json', name),
      elements: nul('json'),
    };
    return rest.length > 0
      ? caseWhen([{ when: call('is_null', name), then: property }])
      : caseWhen([{ when: call('is_not_null', name), then: own[facet] }], property);
  }
}

const TYPE = 'rollcall_type';
const NAME = 'rollcall_name';
const GROUP = 'rollcall_group';
const EVENT = 'rollcall_event';
const EVENT_NO = 'rollcall_event_no';
