/** Where messages wait, and what is done there. */
import type { Relation } from '../compiler/ir/types.js';
import type { StateSchema } from '../compiler/program/state.js';
import type { StepOp } from '../compiler/program/types.js';
import type { Dialect } from '../dialects/dialect.js';
import type { CallOptions, Row, Warehouse } from '../dialects/warehouse.js';

export interface Site {
  readonly warehouse: Warehouse;
  readonly dialect: Dialect;
  readonly state: StateSchema;
}

/** Does a step. */
export async function perform({ warehouse, dialect }: Site, op: StepOp): Promise<void> {
  const step = { ...op, id: `sync.${op.op}`, title: 'deliveries' };
  for (const { sql } of dialect.statements(step, {})) await warehouse.execute(sql);
}

/**
 * Does steps, all or none of them.
 *
 * @param check called when all are done, before they are committed: where it throws, nothing was done
 */
export async function performAtOnce(
  site: Site,
  steps: readonly StepOp[],
  check?: () => void | Promise<void>,
): Promise<void> {
  const { warehouse } = site;
  try {
    await warehouse.begin();
    for (const step of steps) await perform(site, step);
    await check?.();
    await warehouse.commit();
  } catch (error) {
    await warehouse.rollback().catch(() => undefined);
    throw error;
  }
}

/** All rows of a query. */
export async function rowsOf(
  { warehouse, dialect }: Site,
  query: Relation,
  options: CallOptions = {},
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for await (const batch of warehouse.read(dialect.select(query, {}), options)) rows.push(...batch.rows);
  return rows;
}

/** Names of the tables that the schema of the state has: none before the first run. */
export async function tablesOf(
  { warehouse, state }: Site,
  options: CallOptions = {},
): Promise<ReadonlySet<string>> {
  const tables = await warehouse.describeSchema(state.schema, options);
  return new Set(tables.map(({ table }) => table.name));
}
