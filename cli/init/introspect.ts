import { dialectFor } from '../../dialects/registry.js';
import type { Dialect } from '../../dialects/dialect.js';
import { StatementError, type Row, type Warehouse } from '../../dialects/warehouse.js';
import { openDiscreetly } from '../../runtime/session.js';
import { misuse } from '../misuse.js';
import { findSources, type Found, type FoundSource, type SchemaTables } from './layouts.js';

export interface Introspected extends Found {
  /** An event that happens, for the first audience. */
  readonly event: string | undefined;
}

/** Schemas that hold no data of the user's, as engines call theirs. */
const NOT_DATA = /^(information_schema|pg_catalog|pg_toast.*|pg_temp.*)$/i;

/** What is looked at. */
export interface Place {
  readonly type: string;
  /** As the engine takes them, `type` included. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Absent: all schemas that the engine lists. */
  readonly schemas?: readonly string[];
}

/** Looks at a warehouse: its schemas, what they could be, and the commonest event. */
export async function introspect(
  { type, settings, schemas }: Place,
  projectDir: string,
): Promise<Introspected> {
  const dialect = await dialectFor(type);
  const warehouse = await openDiscreetly(dialect, { settings, projectDir, mode: 'read' });
  try {
    const found = findSources(await describeAll(warehouse, schemas ?? (await schemasOf(warehouse))));
    const source = found.sources[0] ?? found.suggestions[0];
    return { ...found, event: source && (await commonestEvent(warehouse, dialect, source)) };
  } finally {
    await warehouse.close();
  }
}

/** The names of all schemas; engines agree on this view, but not on where all of it is. */
async function schemasOf(warehouse: Warehouse): Promise<readonly string[]> {
  const sql = 'select distinct schema_name from information_schema.schemata';
  try {
    const names = (await rowsOf(warehouse, sql)).map((row) => String(Object.values(row)[0]));
    return names.filter((name) => !NOT_DATA.test(name)).sort();
  } catch (error) {
    if (!(error instanceof StatementError)) throw error;
    throw misuse(
      `the warehouse does not list its schemas: ${error.message}`,
      'name those to look at: --schemas web raw',
    );
  }
}

async function describeAll(warehouse: Warehouse, names: readonly string[]): Promise<readonly SchemaTables[]> {
  const schemas: SchemaTables[] = [];
  for (const schema of names) schemas.push({ schema, tables: await warehouse.describeSchema(schema) });
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
