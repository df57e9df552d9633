/** Introspection: what the schemas of sources and entities hold, and which trait names their raw messages carry. */
import { bindSource, parseTableName } from '../compiler/bind/index.js';
import type { TableRef } from '../compiler/ir/types.js';
import type { Catalog, CatalogTable, Level } from '../compiler/bind/types.js';
import type { SourceConfig } from '../models/definition.js';
import type { StoredState } from './existing.js';
import { withQueries } from './queries.js';
import { textOf, type Session } from './session.js';

/** The table a `messages` or `table` source names. */
const tableOf = (source: SourceConfig): TableRef => parseTableName(source.table ?? '');

const schemaOf = (source: SourceConfig): string | undefined =>
  source.layout === 'segment' ? source.schema : tableOf(source).schema;

const catalogOf = (source: SourceConfig): string | undefined =>
  source.layout === 'segment' ? undefined : tableOf(source).catalog;

/** Describes every schema a source or an entity lives in, once. */
export async function describeSources(session: Session): Promise<readonly CatalogTable[]> {
  const call = session.signal ? { signal: session.signal } : {};
  const tables: CatalogTable[] = [];
  const schemas = new Set<string | undefined>();
  const { sources, entities = {} } = session.project.config;
  const read = sources.map((source) => ({
    table: tableOf(source),
    schema: schemaOf(source),
    catalog: catalogOf(source),
  }));
  for (const { table: name } of Object.values(entities)) {
    const table = parseTableName(name);
    read.push({ table, schema: table.schema, catalog: table.catalog });
  }
  for (const { table, schema, catalog } of read) {
    if (catalog === undefined) schemas.add(schema);
    else tables.push(...(await describeAlone(session, table)));
  }
  for (const schema of schemas) tables.push(...(await session.warehouse.describeSchema(schema, call)));
  return tables;
}

/** What the schemas of sources and entities hold, and the trait names seen in `messages` sources. */
export async function introspect(session: Session, stored: StoredState): Promise<Catalog> {
  const tables = await describeSources(session);
  const asksForAccounts = session.project.definitions.some((definition) => definition.of === 'accounts');
  return withQueries(session, {
    tables,
    traitNames: await traitNames(session, stored, tables, 'users'),
    ...(asksForAccounts && { accountTraitNames: await traitNames(session, stored, tables, 'accounts') }),
  });
}

async function describeAlone(session: Session, table: TableRef): Promise<readonly CatalogTable[]> {
  const found = await session.warehouse.describeTable(
    table,
    session.signal ? { signal: session.signal } : {},
  );
  return found ? [found] : [];
}

async function traitNames(
  session: Session,
  stored: StoredState,
  tables: readonly CatalogTable[],
  of: Level,
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const names = new Map<string, Set<string>>();
  for (const row of await stored.read(of === 'users' ? 'trait_names' : 'account_trait_names')) {
    const source = textOf(row, 'source');
    names.set(source, (names.get(source) ?? new Set()).add(textOf(row, 'name')));
  }
  for (const source of session.project.config.sources) {
    if (source.layout !== 'messages') continue;
    // What landed before accounts were asked for says nothing of theirs.
    const landed = of === 'users' && stored.existing.landings.has(source.name);
    if (!landed && !names.has(source.name)) {
      names.set(source.name, await liveTraitNames(session, source, tables, of));
    }
  }
  return names;
}

/**
 * Top-level trait names of the identify messages, or group calls, in a source that never landed, so that a project's first
 * `validate` knows its custom traits. Empty when the table or a column is missing: resolve says so better.
 */
async function liveTraitNames(
  session: Session,
  source: SourceConfig,
  tables: readonly CatalogTable[],
  of: Level,
): Promise<Set<string>> {
  const query = bindSource(source, { tables, traitNames: new Map() }).bound?.traitKeys(of);
  if (!query) return new Set();
  return new Set((await session.rows(query)).map((row) => textOf(row, 'name')));
}
