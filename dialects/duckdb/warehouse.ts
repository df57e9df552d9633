/** DuckDB through its official driver: one file, one process, one connection. Loaded when one is opened, not before. */
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { UserError } from '../../compiler/diagnostics/index.js';
import type { TableRef } from '../../compiler/ir/types.js';
import {
  FIELD_END,
  type Batch,
  type CallOptions,
  type EngineVersion,
  type Lease,
  type LockOwner,
  type OpenOptions,
  type TableColumn,
  type TableDescription,
  type Warehouse,
} from '../warehouse.js';
import { driverVersion } from '../driver-version.js';
import { isOpenElsewhere, noFile, noFolder, openError } from './errors.js';
import { acquireLock, refuseIfLocked } from './lock.js';
import { writeReadCopy } from './read-copy.js';
import { MEMORY, readSettings } from './settings.js';
import { call, ResultStream, Turns } from './stream.js';
import { columnKind, quoteText } from './types.js';

/** How often a statement is asked how far it is. */
const WATCH_MS = 250;

/** Where connections come from, and what is to be closed after them. */
export interface Database {
  connect(): Promise<DuckDBConnection>;
  close(): void | Promise<void>;
}

/** Opens the file, taking its lock where there is an owner. `open` is how; by an engine of its own unless it says otherwise. */
export async function openWarehouse(
  options: OpenOptions,
  open: (path: string, config: Record<string, string>) => Promise<Database> = openFile,
): Promise<Warehouse> {
  const { path, config, readCopy } = readSettings(options);
  let lease: Lease | undefined;
  if (path !== MEMORY) {
    if (options.mode === 'write') needFolder(path);
    // Before a lock is written beside it.
    if (options.existing && statSync(path, { throwIfNoEntry: false }) === undefined) throw noFile(path);
    if (options.owner) lease = takeLock(path, options.owner);
    else refuseIfLocked(path);
  }
  try {
    const database = await open(path, { ...config });
    const connection = await database.connect();
    await connection.run("set global timezone = 'UTC'");
    return new DuckDBWarehouse(database, connection, lease, options.mode === 'write' ? readCopy : undefined);
  } catch (error) {
    await lease?.release();
    throw openError(error, path);
  }
}

/** How long one waits for another program that has the file open: as long as a short query of an analyst takes. */
const OTHERS_MS = 1000;

/** Opens the file; while another program has it, again and again for a moment. */
async function openFile(path: string, config: Record<string, string>): Promise<Database> {
  const since = performance.now();
  for (;;) {
    try {
      const instance = await DuckDBInstance.create(path, config);
      return { connect: () => instance.connect(), close: () => instance.closeSync() };
    } catch (error) {
      if (!isOpenElsewhere(error) || performance.now() - since > OTHERS_MS) throw error;
      await wait(25);
    }
  }
}

/** A folder that may not be written to, or is full, is one we cannot work in. */
function takeLock(path: string, owner: LockOwner): Lease {
  try {
    return acquireLock(path, owner);
  } catch (error) {
    throw error instanceof UserError ? error : openError(error, path);
  }
}

/** A new file is made where there is none, a folder is not: a path that leads nowhere is a mistake in it. */
function needFolder(path: string): void {
  const folder = dirname(path);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw noFolder(folder);
}

/** The name of what a statement makes, and of what it drops, as it is written. */
const MAKES_TEMPORARY = /^\s*create\s+(?:or\s+replace\s+)?temp\S*\s+\w+\s+(?:if\s+not\s+exists\s+)?(\S+)/i;
const DROPS = /^\s*drop\s+\w+\s+(?:if\s+exists\s+)?(\S+)\s*$/i;

class DuckDBWarehouse implements Warehouse {
  #inTransaction = false;
  #closed = false;
  /** Temporary tables there may be, which only their own connection sees. */
  readonly #temporary = new Set<string>();
  #watched = false;
  /** The result being read on the connection itself, if there is one. */
  #stream: ResultStream | undefined;
  /** Statements of the connection itself begin one after another: each puts what is left of the result before it aside. */
  readonly #turns = new Turns();
  readonly readCopy?: (schema: string, fill: (catalog: string) => Promise<void>) => Promise<void>;

  constructor(
    private readonly database: Database,
    private readonly connection: DuckDBConnection,
    private readonly lease: Lease | undefined,
    readCopy: string | undefined,
  ) {
    if (readCopy === undefined) return;
    this.readCopy = (schema, fill) => writeReadCopy(readCopy, schema, (sql) => this.execute(sql), fill);
  }

  async execute(sql: string, options?: CallOptions): Promise<{ readonly rowsChanged?: number }> {
    const made = MAKES_TEMPORARY.exec(sql)?.[1];
    if (made !== undefined) this.#temporary.add(made);
    return this.#turns.take(async () => {
      await this.#stream?.keepRest();
      const watching = options?.onProgress && (await this.#watch(options.onProgress));
      try {
        const { rowsChanged } = await call(this.connection, sql, options, () => this.connection.run(sql));
        // In a transaction it may come back.
        const dropped = this.#inTransaction ? undefined : DROPS.exec(sql)?.[1];
        if (dropped !== undefined) this.#temporary.delete(dropped);
        return { rowsChanged };
      } finally {
        clearInterval(watching);
      }
    });
  }

  /** Asks now and then how far the statement is that the connection executes, until the timer is cleared. */
  async #watch(told: (done: number) => void): Promise<NodeJS.Timeout> {
    if (!this.#watched) {
      // Without its bar the engine keeps no account of it; printing is ours.
      await this.connection.run('set enable_progress_bar = true; set enable_progress_bar_print = false');
      this.#watched = true;
    }
    let done = 0;
    return setInterval(() => {
      const share = this.connection.progress.percentage / 100;
      if (share <= done || share > 1) return;
      done = share;
      told(done);
    }, WATCH_MS);
  }

  async *read(sql: string, options?: CallOptions): AsyncGenerator<Batch, void, undefined> {
    // A connection has one result at a time: outside a transaction a reader gets its own, so that the caller
    // can write while it reads.
    const own = !this.#inTransaction && this.#temporary.size === 0;
    const connection = own ? await this.database.connect() : this.connection;
    const stream = new ResultStream(connection, sql, options);
    try {
      if (own) await stream.begin();
      else
        await this.#turns.take(async () => {
          await this.#stream?.keepRest();
          this.#stream = stream;
          await stream.begin();
        });
      for (;;) {
        const batch = await stream.next();
        if (batch === undefined) return;
        yield batch;
      }
    } finally {
      // An interrupted query takes its transaction with it.
      await stream.leave({ interrupt: !this.#inTransaction });
      if (own) connection.closeSync();
      else if (this.#stream === stream) this.#stream = undefined;
    }
  }

  async writeLines(sql: string, path: string, options?: CallOptions): Promise<number> {
    // Nothing that CSV would quote: its writer is one of lines. Texts that are joined in the query are copied once for each part.
    const form = `FORMAT csv, HEADER false, DELIMITER '${FIELD_END}', QUOTE '', ESCAPE ''`;
    const copy = `copy (\n${sql}\n) to ${quoteText(path)} (${form}, USE_TMP_FILE false)`;
    return (await this.execute(copy, options)).rowsChanged ?? 0;
  }

  async describeSchema(
    schema: string | undefined,
    options?: CallOptions,
  ): Promise<readonly TableDescription[]> {
    return this.#describe(schema, undefined, undefined, options);
  }

  async describeTable(table: TableRef, options?: CallOptions): Promise<TableDescription | undefined> {
    const [found] = await this.#describe(table.schema, table.name, table.catalog, options);
    return found;
  }

  async describeQuery(sql: string, options?: CallOptions): Promise<readonly TableColumn[]> {
    const columns: TableColumn[] = [];
    for await (const { rows } of this.read(`describe ${sql}`, options)) {
      for (const row of rows) {
        const nativeType = String(row['column_type']);
        columns.push({ name: String(row['column_name']), nativeType, kind: columnKind(nativeType) });
      }
    }
    return columns;
  }

  async estimate(sql: string, options?: CallOptions): Promise<{ readonly text: string }> {
    const lines: string[] = [];
    for await (const { rows } of this.read(`explain ${sql}`, options)) {
      for (const row of rows) lines.push(String(row['explain_value'] ?? ''));
    }
    return { text: lines.join('\n') };
  }

  async version(options?: CallOptions): Promise<EngineVersion> {
    const version = await this.#one('select version() as it', options);
    return { engine: `DuckDB ${version}`, driver: driverVersion('@duckdb/node-api') };
  }

  async now(options?: CallOptions): Promise<string> {
    return this.#one("select get_current_timestamp() at time zone 'UTC' as it", options);
  }

  /** The one cell of a query, called `it`. */
  async #one(sql: string, options: CallOptions | undefined): Promise<string> {
    let found = '';
    for await (const { rows } of this.read(sql, options)) found = String(rows[0]?.['it'] ?? found);
    return found;
  }

  async begin(): Promise<void> {
    await this.execute('begin transaction');
    this.#inTransaction = true;
  }

  async commit(): Promise<void> {
    await this.execute('commit');
    this.#inTransaction = false;
  }

  async rollback(): Promise<void> {
    if (!this.#inTransaction) return;
    this.#inTransaction = false;
    await this.execute('rollback');
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.connection.closeSync();
      await this.database.close();
    } finally {
      await this.lease?.release();
    }
  }

  async #describe(
    schema: string | undefined,
    table: string | undefined,
    catalog: string | undefined,
    options: CallOptions | undefined,
  ): Promise<readonly TableDescription[]> {
    const is = (column: string, value: string | undefined, otherwise: string): string =>
      `${column} ${value === undefined ? otherwise : `ilike ${quoteText(value.replace(/[\\%_]/g, '\\$&'))} escape '\\'`}`;
    const sql = `select database_name, schema_name, table_name, column_name, data_type
from duckdb_columns()
where ${is('database_name', catalog, "in (current_database(), 'temp')")}
  and ${is('schema_name', schema, '= current_schema()')}
  and ${is('table_name', table, 'is not null')}
  and not internal
order by database_name = 'temp' desc, table_name, column_index`;
    const tables = new Map<string, { table: TableRef; columns: TableDescription['columns'][number][] }>();
    for await (const { rows } of this.read(sql, options)) {
      for (const row of rows) {
        const [database, inSchema, name] = [row['database_name'], row['schema_name'], row['table_name']].map(
          String,
        ) as [string, string, string];
        const key = JSON.stringify([database, name]);
        const ref = {
          ...(catalog === undefined ? {} : { catalog: database }),
          ...(schema === undefined ? {} : { schema: inSchema }),
          name,
        };
        const entry = tables.get(key) ?? { table: ref, columns: [] };
        const nativeType = String(row['data_type']);
        entry.columns.push({ name: String(row['column_name']), nativeType, kind: columnKind(nativeType) });
        tables.set(key, entry);
      }
    }
    return [...tables.values()];
  }
}
