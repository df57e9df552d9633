/** Binding: from a source's configuration and what introspection found to relations over its raw tables. */
import { createHash } from 'node:crypto';
import type { SourceConfig } from '../../models/definition.js';
import { byText } from '../../models/order.js';
import { hasErrors, type Diagnostic } from '../diagnostics/index.js';
import { didYouMean } from '../diagnostics/suggest.js';
import type { BoundSource, BoundTable, Vocabulary } from './bound.js';
import { columnsRead } from './rows.js';
import { MESSAGES_COLUMNS, MessagesSource } from './messages.js';
import { SEGMENT_COLUMNS, CALL_TABLES, SegmentSource, hasEventColumn, segmentTables } from './segment.js';
import { mentionOf, pathSteps } from './paths.js';
import { slug } from '../../models/key.js';
import { TABLE_COLUMNS, TableSource } from './table.js';
import {
  findTable,
  listNames,
  missingSetting,
  missingTable,
  noReceivedAt,
  parseTableName,
  standardColumns,
  tableText,
  tablesOf,
} from './tables.js';
import type { Catalog, CatalogTable, EventNeeds, Needs, ValueColumn } from './types.js';

export {
  MESSAGE_COLUMNS,
  rawRows,
  type BoundSource,
  type BoundTable,
  type MissingValue,
  type RowsOf,
  type Vocabulary,
} from './bound.js';
export { columnsRead, firstLandings } from './rows.js';
export { parseTableName, tableText } from './tables.js';

export interface BindResult {
  /** Absent when a diagnostic is an error. */
  readonly bound?: BoundSource;
  /** Without positions: the caller knows where the source stands in its file. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Binds a source to the tables the catalog says there are. */
export function bindSource(source: SourceConfig, catalog: Catalog): BindResult {
  switch (source.layout) {
    case 'segment':
      return bindSegment(source, catalog);
    case 'messages':
      return bindSingle(source, catalog, MESSAGES_COLUMNS, (table, columns) => {
        const users = catalog.traitNames.get(source.name) ?? [];
        const accounts = catalog.accountTraitNames?.get(source.name) ?? [];
        return new MessagesSource(source, table, columns, { users, accounts });
      });
    case 'table':
      if (source.event === undefined) return { diagnostics: [missingSetting(source, 'event')] };
      return bindTable(source, source.event, catalog);
  }
}

const bindTable = (source: SourceConfig, event: string, catalog: Catalog): BindResult =>
  bindSingle(
    source,
    catalog,
    TABLE_COLUMNS,
    (table, columns) => new TableSource(source, table, columns, event),
  );

function bindSingle(
  source: SourceConfig,
  catalog: Catalog,
  names: { readonly required: readonly string[]; readonly optional: readonly string[] },
  make: (table: CatalogTable, columns: ReturnType<typeof standardColumns>['columns']) => BoundSource,
): BindResult {
  if (source.table === undefined) return { diagnostics: [missingSetting(source, 'table')] };
  const wanted = parseTableName(source.table);
  const table = findTable(catalog, wanted);
  if (!table) return { diagnostics: [missingTable(`Source ${source.name}`, catalog, wanted)] };
  const { columns, diagnostics } = standardColumns(source, table, names, true);
  if (hasErrors(diagnostics)) return { diagnostics };
  const bound = make(table, columns);
  return { bound, diagnostics: warnings(source, bound) };
}

function bindSegment(source: SourceConfig, catalog: Catalog): BindResult {
  if (source.schema === undefined) return { diagnostics: [missingSetting(source, 'schema')] };
  const schema = tablesOf(catalog, source.schema);
  if (schema.length === 0) return { diagnostics: [missingSchema(source, source.schema, catalog)] };
  // Tables of the layout must be whole; another table of the schema without an id is simply no event table.
  const diagnostics = schema
    .filter((table) => (CALL_TABLES as readonly string[]).includes(table.table.name.toLowerCase()))
    .flatMap((table) => standardColumns(source, table, SEGMENT_COLUMNS, false).diagnostics);
  if (hasErrors(diagnostics)) return { diagnostics };
  const usable = segmentTables(source, schema);
  const bound = new SegmentSource(source, usable);
  if (bound.tables([]).length === 0 && !usable.some((table) => hasEventColumn(table.catalog)))
    return {
      diagnostics: [
        missingTable(`Source ${source.name}`, catalog, { schema: source.schema, name: 'tracks' }),
      ],
    };
  return { bound, diagnostics: warnings(source, bound) };
}

function warnings(source: SourceConfig, bound: BoundSource): readonly Diagnostic[] {
  const late = bound.tables([]).filter((table) => !table.hasReceivedAt);
  return late.length === 0
    ? []
    : [
        noReceivedAt(
          source,
          late.map((table) => table.catalog),
        ),
      ];
}

function missingSchema(source: SourceConfig, schema: string, catalog: Catalog): Diagnostic {
  const schemas = [...new Set(catalog.tables.flatMap((table) => table.table.schema ?? []))];
  const hint = didYouMean(schema, schemas);
  return {
    code: 'missing-table',
    severity: 'error',
    message: `Source ${source.name}: schema ${schema} has no tables. Schemas that have: ${listNames(schemas)}`,
    ...(hint === undefined ? {} : { hint }),
  };
}

/**
 * Whether any source has an event and, for each value, a place it can come from. The caller adds the
 * definition and the position.
 */
export function checkEvent(sources: readonly Vocabulary[], event: string): Diagnostic | undefined {
  if (sources.some((source) => source.hasEvent(event))) return undefined;
  const names = sources.flatMap((source) => source.eventNames());
  const hint = didYouMean(event, names) ?? didYouMean(slug(event), names);
  const segment = sources.some((source) => source.config.layout === 'segment')
    ? ` (table ${slug(event)})`
    : '';
  return {
    code: 'missing-table',
    severity: 'error',
    message: `No source has the event "${event}"${segment}. Events there are: ${listNames(names)}`,
    ...(hint === undefined ? {} : { hint }),
  };
}

/** See `checkEvent`: one value of an event. Fine when any source that has the event has the value. */
export function checkValue(
  sources: readonly Vocabulary[],
  event: string,
  column: ValueColumn,
): Diagnostic | undefined {
  const having = sources.filter((source) => source.hasEvent(event));
  const missing = having.map((source) => ({ source, at: source.missingValue(event, column) }));
  const first = missing[0];
  if (!first?.at || missing.some((entry) => !entry.at)) return undefined;
  const names = first.at.columns;
  const hint =
    didYouMean(pathSteps(column.path).map(slug).join('_'), names) ?? didYouMean(column.path, names);
  const what = column.root === 'context' ? 'context value' : 'property';
  return {
    code: 'missing-column',
    severity: 'error',
    message:
      `Source ${first.source.name}: table ${tableText(first.at.table)} has no column for the ${what} ` +
      `"${column.path}" of "${event}". Columns: ${listNames(names)}`,
    ...(hint === undefined ? {} : { hint }),
  };
}

/** The trait every identify lands with: it says who is known, and messages carry it. */
export const EMAIL = mentionOf('email');

/** Trait paths, the email among them. */
export const withEmail = (traits: readonly ValueColumn[]): readonly ValueColumn[] =>
  traits.some(({ name }) => name === EMAIL.name) ? traits : [...traits, EMAIL];

/** What a source has to land for some needs: its events, and the trait paths of its identify messages. */
export function sourceNeeds(source: BoundSource, needs: Needs): Needs {
  const byName = byText(({ name }: ValueColumn) => name);
  const events: readonly EventNeeds[] = needs.events
    .filter(({ event }) => source.hasEvent(event))
    .map(({ event, columns }) => ({ event, columns: [...columns].sort(byName) }))
    .sort(byText(({ event }) => event));
  const accounts = needs.accounts && { accounts: [...needs.accounts].sort(byName) };
  return { events, traits: [...withEmail(needs.traits)].sort(byName), ...accounts };
}

/** The physical columns of a table that some needs read, in the table's order. */
export function columnsOf(source: BoundSource, table: BoundTable, needs: Needs): readonly string[] {
  const { events, traits, accounts } = sourceNeeds(source, needs);
  const relations = [
    source.messages(table),
    source.identifies(traits),
    ...(accounts ? [source.groups(accounts)] : []),
    source.traitKeys('users'),
    source.traitKeys('accounts'),
    ...events.map(({ event, columns }) => source.events(event, columns)),
  ];
  return columnsRead(
    table,
    relations.filter((relation) => relation !== undefined),
  );
}

/**
 * A hash of what a source's landed state was made from: its configuration, the tables and column types it
 * reads, what is needed of them, and the layout of state. When it changes, the source lands in full.
 */
export function landingFingerprint(source: BoundSource, needs: Needs, layoutVersion: number): string {
  const { config } = source;
  const own = sourceNeeds(source, needs);
  const tables = source.tables(own.events.map(({ event }) => event)).map((table) => {
    const read = new Set(columnsOf(source, table, own));
    const columns = table.catalog.columns.filter((column) => read.has(column.name));
    return [table.table, columns.map((column) => [column.name, column.kind])];
  });
  const meaning = [
    layoutVersion,
    [config.name, config.layout, config.schema, config.table, config.event],
    Object.entries(config.columns).sort(byText(([name]) => name)),
    tables,
    own.events.map(({ event, columns }) => [event, columns.map((column) => column.name)]),
    own.traits.map((column) => column.name),
    ...(own.accounts ? [own.accounts.map((column) => column.name)] : []),
  ];
  return createHash('sha256').update(JSON.stringify(meaning)).digest('hex');
}
