/** Introspection for SQL traits: the tables their queries name, and the columns they would give. */
import { describableQueries, tablesNamed } from '../compiler/index.js';
import type { Catalog, CatalogTable, DescribedQuery } from '../compiler/bind/types.js';
import type { UserQuery } from '../compiler/ir/types.js';
import { StatementError } from '../dialects/warehouse.js';
import { isoOf, microsOf, timestamp } from './instants.js';
import type { Session } from './session.js';

/** The catalog with what queries need of it. A query the warehouse refuses has its reason there. */
export async function withQueries(session: Session, catalog: Catalog): Promise<Catalog> {
  const { project, spans } = session;
  const tables = [...catalog.tables, ...(await tablesBeside(session, catalog))];
  const known = { ...catalog, tables };
  const described = new Map<string, DescribedQuery>();
  for (const [key, query] of describableQueries(project, known, spans)) {
    described.set(key, await describe(session, query));
  }
  return { ...known, queries: described };
}

/** Tables in schemas that no source lives in. */
async function tablesBeside(session: Session, catalog: Catalog): Promise<readonly CatalogTable[]> {
  const call = session.signal ? { signal: session.signal } : {};
  const found: CatalogTable[] = [];
  const seen = new Set(catalog.tables.map(({ table }) => (table.schema ?? '').toLowerCase()));
  for (const ref of tablesNamed(session.project, session.spans)) {
    if (ref.catalog !== undefined) {
      const one = await session.warehouse.describeTable(ref, call);
      if (one) found.push(one);
      continue;
    }
    const schema = (ref.schema ?? '').toLowerCase();
    if (seen.has(schema)) continue;
    seen.add(schema);
    found.push(...(await session.warehouse.describeSchema(ref.schema, call)));
  }
  return found;
}

async function describe(
  { dialect, warehouse, signal, now }: Session,
  query: UserQuery,
): Promise<DescribedQuery> {
  const sql = dialect.selectAll(query, { as_of: timestamp(isoOf(microsOf(now()))) });
  try {
    return { columns: await warehouse.describeQuery(sql, signal ? { signal } : {}) };
  } catch (error) {
    if (error instanceof StatementError) return { error: error.message };
    throw error;
  }
}
