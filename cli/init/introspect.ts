import { dialectFor } from '../../dialects/registry.js';
import type { Dialect } from '../../dialects/dialect.js';
import type { Row, Warehouse } from '../../dialects/warehouse.js';
import { findSources, type Found, type FoundSource, type SchemaTables } from './layouts.js';

export interface Introspected extends Found {
  /** An event that happens, for the first audience. */
  readonly event: string | undefined;
}

const ENGINE = 'duckdb';
const NOT_DATA: ReadonlySet<string> = new Set(['information_schema', 'pg_catalog']);

/** Looks at a DuckDB file: its schemas, what they could be, and the commonest event. */
export async function introspect(path: string, projectDir: string): Promise<Introspected> {
  const dialect = await dialectFor(ENGINE);
  const warehouse = await dialect.open({ settings: { type: ENGINE, path }, projectDir, mode: 'read' });
  try {
    const found = findSources(await schemasOf(warehouse));
    const source = found.sources[0] ?? found.suggestions[0];
    return { ...found, event: source && (await commonestEvent(warehouse, dialect, source)) };
  } finally {
    await warehouse.close();
  }
}

async function schemasOf(warehouse: Warehouse): Promise<readonly SchemaTables[]> {
  const sql =
    'select distinct schema_name from information_schema.schemata where catalog_name = current_database()';
  const names = (await rowsOf(warehouse, sql)).map((row) => String(row['schema_name']));
  const schemas: SchemaTables[] = [];
  for (const schema of names.filter((name) => !NOT_DATA.has(name)).sort()) {
    schemas.push({ schema, tables: await warehouse.describeSchema(schema) });
  }
  return schemas;
}

async function commonestEvent(
  warehouse: Warehouse,
  dialect: Dialect,
  source: FoundSource,
): Promise<string | undefined> {
  if (source.layout === 'table') return source.event;
  const quoted = (...parts: readonly string[]): string =>
    parts.map((p) => dialect.quoteIdentifier(p)).join('.');
  const [column, from] =
    source.layout === 'segment'
      ? ['event_text', quoted(source.schema, 'tracks')]
      : ['event', `${quoted(...source.table.split('.'))} where type = 'track'`];
  const sql = `select ${column} as event, count(*) as n from ${from} group by ${column} order by n desc, event`;
  try {
    for (const row of await rowsOf(warehouse, sql)) if (row['event'] !== null) return String(row['event']);
  } catch {
    // a table of another shape than its name promises: the example audience is about page views then
  }
  return undefined;
}

async function rowsOf(warehouse: Warehouse, sql: string): Promise<readonly Row[]> {
  const all: Row[] = [];
  for await (const { rows } of warehouse.read(sql)) all.push(...rows);
  return all;
}
