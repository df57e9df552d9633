/** Snowflake through its official driver: one session. */
import type { Connection, RowStatement } from 'snowflake-sdk';
import type { TableRef } from '../../compiler/ir/types.js';
import { driverVersion } from '../driver-version.js';
import type {
  Batch,
  CallOptions,
  EngineVersion,
  OpenOptions,
  StatementLabels,
  TableColumn,
  TableDescription,
  Warehouse,
} from '../warehouse.js';
import { describeSql, tablesOf } from './describe.js';
import { openError, statementError, unavailable, type Secrets } from './errors.js';
import { readSettings } from './settings.js';
import { columnKind, fromSnowflake } from './types.js';
import { batchOf, nativeType, readersOf } from './values-out.js';

/** Rows of a batch, at most. */
const BATCH = 5_000;

/** What statements mean must not depend on how an account or a user has set their sessions. */
const SESSION = `alter session set timezone = 'UTC', quoted_identifiers_ignore_case = false, autocommit = true,
  timestamp_input_format = 'AUTO', date_input_format = 'AUTO', error_on_nondeterministic_merge = true,
  lock_timeout = 300`;

/** Opens a session; the driver is loaded here, not before. */
export async function openWarehouse(options: OpenOptions): Promise<Warehouse> {
  const settings = readSettings(options);
  const { default: driver } = await import('snowflake-sdk');
  // It would write a log file into the working folder.
  driver.configure({ logLevel: 'OFF', additionalLogToConsole: false });
  let connection: Connection;
  try {
    connection = driver.createConnection(settings.options);
    await new Promise<void>((resolve, reject) => {
      connection.connect((error) => (error ? reject(error) : resolve()));
    });
  } catch (error) {
    throw openError(error, settings.account, settings.secrets);
  }
  const warehouse = new SnowflakeWarehouse(connection, settings.secrets);
  try {
    await warehouse.execute(SESSION);
    await warehouse.refuseWithout(settings.database, settings.warehouse);
  } catch (error) {
    await warehouse.close();
    throw error;
  }
  return warehouse;
}

class SnowflakeWarehouse implements Warehouse {
  #inTransaction = false;
  #closed = false;

  constructor(
    private readonly connection: Connection,
    private readonly secrets: Secrets,
  ) {}

  /** A session opens without the database or the warehouse it was asked for; what it lacks is said now. */
  async refuseWithout(database: string, virtualWarehouse: string | undefined): Promise<void> {
    const [row] = await this.#rows('select current_database() as db, current_warehouse() as wh');
    if (row?.['db'] !== database) {
      throw unavailable(
        `database ${fromSnowflake(database)} does not exist, or the role may not use it`,
        'check "database" and "role" of the target, or grant the role usage on it',
      );
    }
    if (virtualWarehouse !== undefined && row['wh'] === null) {
      throw unavailable(
        `warehouse ${virtualWarehouse} does not exist, or the role may not use it`,
        'check "warehouse" and "role" of the target, or grant the role usage on it',
      );
    }
  }

  async execute(sql: string, options?: CallOptions): Promise<{ readonly rowsChanged?: number }> {
    const statement = await this.#run(sql, options);
    const rowsChanged = statement.getNumUpdatedRows();
    return rowsChanged === undefined || rowsChanged < 0 ? {} : { rowsChanged };
  }

  async *read(sql: string, options?: CallOptions): AsyncGenerator<Batch, void, undefined> {
    const statement = await this.#run(sql, options);
    const readers = readersOf(statement.getColumns() ?? []);
    let rows: unknown[][] = [];
    // Chunks of the result are fetched as they are read.
    const stream = statement.streamRows();
    try {
      for await (const row of stream as AsyncIterable<unknown[]>) {
        options?.signal?.throwIfAborted();
        rows.push(row);
        if (rows.length < BATCH) continue;
        yield batchOf(readers, rows);
        rows = [];
      }
    } catch (error) {
      options?.signal?.throwIfAborted();
      throw statementError(error, sql, this.secrets);
    } finally {
      stream.destroy();
    }
    if (rows.length > 0) yield batchOf(readers, rows);
  }

  async describeSchema(
    schema: string | undefined,
    options?: CallOptions,
  ): Promise<readonly TableDescription[]> {
    const asked = schema === undefined ? {} : { schema };
    return tablesOf(await this.#rows(describeSql(asked), options), asked);
  }

  async describeTable(table: TableRef, options?: CallOptions): Promise<TableDescription | undefined> {
    const found = tablesOf(await this.#rows(describeSql(table), options), table);
    return found.find((each) => each.table.name === table.name) ?? found[0];
  }

  async describeQuery(sql: string, options?: CallOptions): Promise<readonly TableColumn[]> {
    const statement = await this.#run(sql, options, true);
    return (statement.getColumns() ?? []).map((column) => {
      const type = nativeType(column);
      return { name: fromSnowflake(column.getName()), nativeType: type, kind: columnKind(type) };
    });
  }

  async estimate(
    sql: string,
    options?: CallOptions,
  ): Promise<{ readonly text: string; readonly bytes?: number }> {
    const lines = (await this.#rows(`explain using text ${sql}`, options)).map((row) =>
      Object.values(row).join('\t'),
    );
    const text = lines.join('\n');
    const bytes = /bytesAssigned=(\d+)/.exec(text)?.[1];
    return { text, ...(bytes !== undefined && { bytes: Number(bytes) }) };
  }

  async version(options?: CallOptions): Promise<EngineVersion> {
    const [row] = await this.#rows('select current_version() as v', options);
    return { engine: `Snowflake ${String(row?.['v'])}`, driver: driverVersion('snowflake-sdk') };
  }

  async now(options?: CallOptions): Promise<string> {
    const sql = `select to_varchar(sysdate(), 'YYYY-MM-DD"T"HH24:MI:SS.FF6') || 'Z' as t`;
    const [row] = await this.#rows(sql, options);
    return String(row?.['t']);
  }

  async begin(options?: CallOptions): Promise<void> {
    await this.execute('begin transaction', options);
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
    // What the service says to a farewell changes nothing.
    await new Promise<void>((resolve) => {
      this.connection.destroy(() => resolve());
    });
  }

  async #rows(sql: string, options?: CallOptions): Promise<Batch['rows']> {
    const rows: Batch['rows'][number][] = [];
    for await (const batch of this.read(sql, options)) rows.push(...batch.rows);
    return rows;
  }

  /** Runs one statement; an abort cancels it where it runs, and rejects with the signal's reason. */
  async #run(sql: string, options: CallOptions | undefined, describeOnly = false): Promise<RowStatement> {
    const signal = options?.signal;
    signal?.throwIfAborted();
    let cancel = (): void => undefined;
    try {
      return await new Promise<RowStatement>((resolve, reject) => {
        const statement = this.connection.execute({
          sqlText: sql,
          ...(describeOnly && { describeOnly }),
          parameters: { QUERY_TAG: queryTag(options?.labels) },
          complete: (error, done) => (error ? reject(error) : resolve(done)),
        });
        cancel = () => {
          statement.cancel(() => undefined);
          // The service may be slow to say that it stopped.
          reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
        };
        signal?.addEventListener('abort', cancel, { once: true });
      });
    } catch (error) {
      signal?.throwIfAborted();
      throw statementError(error, sql, this.secrets);
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }
}

/** What query histories and bills show: JSON, as tools that read tags expect, at most 2,000 characters. */
function queryTag(labels: StatementLabels | undefined): string {
  return JSON.stringify({ app: 'rollcall', ...labels }).slice(0, 2000);
}
