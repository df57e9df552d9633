/** Layout `segment` (and RudderStack's): a schema with a table per call type and per event, properties in columns. */
import { CompilerBug } from '../diagnostics/index.js';
import type { SourceConfig } from '../../models/definition.js';
import { as, bool, call, filter, text, union } from '../ir/build.js';
import type { Relation } from '../ir/types.js';
import { rawRows, type BoundSource, type BoundTable, type MissingValue, type RowsOf } from './bound.js';
import {
  findColumn,
  findPath,
  identifierOf,
  pathFacet,
  rawScan,
  textOf,
  type ColumnPath,
} from './columns.js';
import { pathSteps } from './paths.js';
import { slug } from '../../models/key.js';
import { eventRows, messageRows, type Roles } from './rows.js';
import { standardColumns, type StandardColumns } from './tables.js';
import {
  GROUP_COLUMN,
  type CatalogColumn,
  type CatalogTable,
  type Level,
  type ValueColumn,
} from './types.js';

export const SEGMENT_COLUMNS = {
  required: ['id', 'timestamp'],
  optional: ['received_at', 'user_id', 'anonymous_id', 'group_id', 'event', 'name', 'source_id'],
} as const;

/** Tables that are of the layout, not of an event. */
export const CALL_TABLES = ['tracks', 'identifies', 'pages', 'screens', 'groups'] as const;
const RESERVED = new Set<string>([...CALL_TABLES, 'users', 'aliases']);

const NAMED_TABLES = new Map([
  ['Page Viewed', { table: 'pages', property: 'page_name' }],
  ['Screen Viewed', { table: 'screens', property: 'screen_name' }],
]);

/** Columns every table of the layout may have that are no property and no trait. */
const STANDARD = new Set([
  'id',
  'received_at',
  'sent_at',
  'timestamp',
  'original_timestamp',
  'anonymous_id',
  'user_id',
  'event',
  'event_text',
  'uuid',
  'uuid_ts',
  'loaded_at',
]);

/** A table of the schema with its standard columns found. */
export interface SegmentTable {
  readonly catalog: CatalogTable;
  readonly columns: StandardColumns;
}

interface Entry extends SegmentTable {
  readonly bound: BoundTable;
  readonly roles: Roles;
}

export class SegmentSource implements BoundSource {
  readonly name: string;
  private readonly entries = new Map<string, Entry>();

  /** @param usable the tables of the schema that have what a message needs */
  constructor(
    readonly config: SourceConfig,
    usable: readonly SegmentTable[],
  ) {
    this.name = config.name;
    for (const table of usable) this.entries.set(table.catalog.table.name.toLowerCase(), entryOf(table));
  }

  tables(events: readonly string[]): readonly BoundTable[] {
    const calls = CALL_TABLES.flatMap((name) => this.entries.get(name) ?? []);
    const used = events.flatMap((event) => this.eventTable(event) ?? []);
    // `tracks` names everyone an event names; without it the event tables have to.
    const others = this.entries.has('tracks')
      ? []
      : this.eventTables().filter((entry) => hasEventColumn(entry.catalog));
    return [...new Set([...calls, ...used, ...others])].map((entry) => entry.bound);
  }

  hasEvent(event: string): boolean {
    return this.parts(event).length > 0;
  }

  eventNames(): readonly string[] {
    const named = [...NAMED_TABLES]
      .filter(([, { table }]) => this.entries.has(table))
      .map(([event]) => event);
    return [...named, ...this.eventTables().map((entry) => entry.catalog.table.name)];
  }

  hasTrait(path: string, of: Level): boolean {
    return this.trait(path, of) !== undefined;
  }

  traitNames(of: Level): readonly string[] {
    const calls = this.entries.get(TRAITS_OF[of]);
    const names = calls ? valueColumns(calls) : [];
    return of === 'users' ? names : names.filter((name) => name !== calls?.columns['group_id']?.name);
  }

  events(event: string, columns: readonly ValueColumn[], rows: RowsOf = rawRows): Relation | undefined {
    const parts = this.parts(event).map((entry) =>
      eventRows(rows(entry.bound), entry.roles, columns, (column) =>
        pathFacet(this.value(event, entry, column), column.facet),
      ),
    );
    return parts.length === 0 ? undefined : union(parts);
  }

  sharesTable(): boolean {
    return false;
  }

  eventsTogether(): Relation {
    throw new CompilerBug(`events of source ${this.name} have tables of their own`);
  }

  identifies(columns: readonly ValueColumn[], rows: RowsOf = rawRows): Relation | undefined {
    const entry = this.entries.get('identifies');
    if (!entry) return undefined;
    return eventRows(rows(entry.bound), entry.roles, columns, (column) =>
      pathFacet(this.trait(column.path, 'users'), 'mention'),
    );
  }

  groups(columns: readonly ValueColumn[], rows: RowsOf = rawRows): Relation | undefined {
    const entry = this.entries.get('groups');
    const group = identifierOf(entry?.columns['group_id']);
    if (!entry || group.kind === 'null') return undefined;
    const calls = filter(rows(entry.bound), call('is_not_null', group));
    return eventRows(
      calls,
      entry.roles,
      columns,
      (column) => pathFacet(this.trait(column.path, 'accounts'), 'mention'),
      [as(GROUP_COLUMN.name, group)],
    );
  }

  messages(table: BoundTable, rows: RowsOf = rawRows): Relation {
    const entry = this.entries.get(table.table.name.toLowerCase());
    const columns = (name: string): CatalogColumn | undefined => findColumn(table.catalog, name);
    const id = columns('context_device_advertising_id');
    const type = columns('context_device_type');
    const mobile = {
      type: call('in_list', call('lower', textOf(type)), text('android'), text('ios')),
      hasId: call('ne', textOf(id), text('')),
    };
    return messageRows(
      rows(table),
      entry?.roles ?? rolesOf({}),
      text(table.stream ?? ''),
      bool(table.table.name.toLowerCase() !== 'groups'),
      id && type ? mobile : undefined,
    );
  }

  traitKeys(): undefined {
    return undefined;
  }

  missingValue(event: string, column: ValueColumn): MissingValue | undefined {
    if (column.root === 'group') return undefined;
    const parts = this.parts(event);
    const entry = parts[0];
    if (!entry || parts.some((part) => this.value(event, part, column))) return undefined;
    return { table: entry.catalog.table, columns: valueColumns(entry, column.root === 'context') };
  }

  /** The tables an event's rows are in: pages or screens, and the event's own. */
  private parts(event: string): readonly Entry[] {
    const named = NAMED_TABLES.get(event);
    const table = named ? this.entries.get(named.table) : undefined;
    const own = this.eventTable(event);
    return [...(table ? [table] : []), ...(own ? [own] : [])];
  }

  private eventTable(event: string): Entry | undefined {
    const names = [event.toLowerCase(), slug(event), slug(event.toLowerCase())];
    const name = names.find((candidate) => this.entries.has(candidate) && !RESERVED.has(candidate));
    return name === undefined ? undefined : this.entries.get(name);
  }

  private eventTables(): readonly Entry[] {
    return [...this.entries].filter(([name]) => !RESERVED.has(name)).map(([, entry]) => entry);
  }

  private value(event: string, entry: Entry, column: ValueColumn): ColumnPath | undefined {
    if (column.root === 'group') return groupColumn(entry);
    const steps = pathSteps(column.path);
    if (column.root === 'context') return findPath(entry.catalog, steps, () => false, ['context']);
    const named = NAMED_TABLES.get(event);
    const isNamed = named && entry === this.entries.get(named.table) && steps[0] === named.property;
    if (!isNamed) return findPath(entry.catalog, steps, isStandard(entry.columns));
    const name = entry.columns['name'];
    return name ? { column: name, rest: steps.slice(1) } : undefined;
  }

  private trait(path: string, of: Level): ColumnPath | undefined {
    const entry = this.entries.get(TRAITS_OF[of]);
    if (!entry) return undefined;
    const isNone = isStandard(entry.columns);
    const group = of === 'accounts' ? entry.columns['group_id'] : undefined;
    return findPath(entry.catalog, pathSteps(path), (column) => column === group || isNone(column));
  }
}

/** The table whose columns are the traits. */
const TRAITS_OF: Readonly<Record<Level, string>> = { users: 'identifies', accounts: 'groups' };

/** The account an event is tagged with. */
function groupColumn({ catalog, columns }: Entry): ColumnPath | undefined {
  const column = findColumn(catalog, 'context_group_id') ?? columns['group_id'];
  return column && { column, rest: [] };
}

export const hasEventColumn = (table: CatalogTable): boolean =>
  findColumn(table, 'event') !== undefined || findColumn(table, 'event_text') !== undefined;

/** Tables of the schema that can be read as messages. */
export function segmentTables(
  source: SourceConfig,
  schema: readonly CatalogTable[],
): readonly SegmentTable[] {
  return schema.flatMap((catalog) => {
    const { columns, diagnostics } = standardColumns(source, catalog, SEGMENT_COLUMNS, false);
    return diagnostics.length === 0 ? [{ catalog, columns }] : [];
  });
}

function entryOf(table: SegmentTable): Entry {
  const { catalog } = table;
  const raw = rawScan(catalog);
  const hasReceivedAt = table.columns['received_at'] !== undefined;
  const bound: BoundTable = { table: catalog.table, raw, catalog, hasReceivedAt, stream: catalog.table.name };
  return { ...table, bound, roles: rolesOf(table.columns) };
}

const rolesOf = (columns: StandardColumns): Roles => ({
  id: columns['id'],
  timestamp: columns['timestamp'],
  receivedAt: columns['received_at'],
  userId: columns['user_id'],
  anonymousId: columns['anonymous_id'],
  sourceId: columns['source_id'],
});

/** Columns that are neither property nor trait: the layout's, and those configured in their place. */
function isStandard(columns: StandardColumns): (column: CatalogColumn) => boolean {
  const { id, timestamp, receivedAt, userId, anonymousId, sourceId } = rolesOf(columns);
  const taken = new Set(
    [id, timestamp, receivedAt, userId, anonymousId, sourceId].map((column) => column?.name),
  );
  return (column) =>
    taken.has(column.name) ||
    STANDARD.has(column.name.toLowerCase()) ||
    column.name.toLowerCase().startsWith('context_');
}

function valueColumns(entry: SegmentTable, context = false): readonly string[] {
  const skip = isStandard(entry.columns);
  const isContext = (column: CatalogColumn): boolean => column.name.toLowerCase().startsWith('context_');
  return entry.catalog.columns
    .filter((column) => (context ? isContext(column) : !skip(column)))
    .map((column) => column.name);
}
