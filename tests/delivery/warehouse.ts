import { syncDestinations, type SyncOptions, type SyncResult } from '../../delivery/index.js';
import { dialectFor } from '../../dialects/registry.js';
import type { Dialect } from '../../dialects/dialect.js';
import type { Row, Warehouse } from '../../dialects/warehouse.js';
import { STATE, StateSchema, type StateTable } from '../../compiler/program/state.js';
import type { StepOp } from '../../compiler/program/types.js';
import { emptyDuckDB } from '../engines/duckdb-attached.js';
import { FAST, now } from './support.js';

export interface Queued {
  readonly id: string;
  readonly run?: number;
  readonly destination?: string;
  readonly definition?: string;
  readonly user?: string;
  readonly value?: string | null;
}

/** `m1`, `m2` and so on: ids of messages, and what is queued by them. */
export const ids = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => `m${from + i}`);
export const some = (from: number, to: number): readonly Queued[] => ids(from, to).map((id) => ({ id }));

export interface TestWarehouse extends AsyncDisposable {
  readonly warehouse: Warehouse;
  readonly dialect: Dialect;
  readonly state: StateSchema;
  queue(messages: readonly Queued[]): Promise<void>;
  rows(sql: string): Promise<Row[]>;
}

/** A warehouse in memory with tables of a project that ran; with none it is one where nothing ran. */
export async function testWarehouse(
  tables: readonly StateTable[] = ['outbox', 'deliveries', 'sent'],
): Promise<TestWarehouse> {
  const dialect = await dialectFor('duckdb');
  const warehouse = await emptyDuckDB();
  const state = new StateSchema('rollcall');
  const run = async (op: StepOp): Promise<void> => {
    for (const { sql } of dialect.statements({ ...op, id: 'test', title: 'test' }, {}))
      await warehouse.execute(sql);
  };
  if (tables.length > 0) await run({ op: 'ensure_schema', schema: 'rollcall' });
  for (const table of tables) await run({ op: 'ensure_table', spec: state.spec(table) });
  const quote = (value: string | null): string =>
    value === null ? 'NULL' : `'${value.replaceAll("'", "''")}'`;
  return {
    warehouse,
    dialect,
    state,
    queue: async (messages) => {
      const rows = messages.map(
        ({
          id,
          run: n = 1,
          destination = 'crm',
          definition = 'buyers',
          user = `u_${id}`,
          value = 'true',
        }) => {
          const payload = JSON.stringify({ type: 'identify', userId: user, messageId: id });
          const texts = [id, destination, definition, user, `run${n}`, payload].map(quote).join(', ');
          return `(${texts}, TIMESTAMP '2025-01-01', 'identify', 'user_id', ${quote(user)}, ${quote(value)}, ${n})`;
        },
      );
      const columns = STATE.outbox.map((x) => `"${x.name}"`).join(', ');
      await warehouse.execute(`INSERT INTO rollcall.outbox (${columns}) VALUES ${rows.join(', ')}`);
    },
    rows: async (sql) => {
      const found: Row[] = [];
      for await (const batch of warehouse.read(sql)) found.push(...batch.rows);
      return found;
    },
    [Symbol.asyncDispose]: () => warehouse.close(),
  };
}

type Wanted = Partial<SyncOptions> & Pick<SyncOptions, 'destinations'>;

/** What a sync of what is queued there is told: a clock that stands still, and short waits. */
export const syncOptions = ({ warehouse, dialect, state }: TestWarehouse, wanted: Wanted): SyncOptions => ({
  warehouse,
  dialect,
  state,
  projectDir: '/nowhere',
  now,
  backoff: FAST,
  ...wanted,
});

export const sync = (w: TestWarehouse, wanted: Wanted): Promise<SyncResult> =>
  syncDestinations(syncOptions(w, wanted));
