/** PostgreSQL through its driver: one connection, opened again where it was lost. */
import type { TableRef } from '../../compiler/ir/types.js';
import { driverVersion } from '../driver-version.js';
import {
  StatementError,
  type Batch,
  type CallOptions,
  type EngineVersion,
  type OpenOptions,
  type StatementLabels,
  type TableColumn,
  type TableDescription,
  type Warehouse,
} from '../warehouse.js';
import { Connection, type Result } from './connection.js';
import { columnsQuery, describedColumn, tablesOf } from './describe.js';
import { stageLost } from './errors.js';
import { acquireLock, applicationName } from './lock.js';
import { readSettings, type PostgresSettings } from './settings.js';
import { batchOf, readersOf } from './values-out.js';

/** Rows of a batch; a row of ours is small. */
const FETCH = 2000;

/** Connects, taking the schema's lock where there is an owner. The driver is loaded there, not before. */
export async function openWarehouse(options: OpenOptions): Promise<Warehouse> {
  const settings = readSettings(options);
  const warehouse = new PostgresWarehouse(settings, options);
  await warehouse.connect();
  return warehouse;
}

class PostgresWarehouse implements Warehouse {
  #connection: Connection | undefined;
  /** `lost`: the connection went, and the transaction with it, of which whoever began it does not know yet. */
  #transaction: 'none' | 'open' | 'lost' = 'none';
  #cursors = 0;
  #sessions = 0;
  /** Temporary tables the connection has; those of an open transaction are made again with it. */
  readonly #temporary = new Set<string>();
  readonly #uncommitted = new Set<string>();
  /** Those that went with a connection. */
  readonly #gone = new Set<string>();

  constructor(
    private readonly settings: PostgresSettings,
    private readonly options: OpenOptions,
  ) {}

  /** The connection; another one where the last was lost. */
  async connect(): Promise<Connection> {
    if (this.#connection && !this.#connection.lost) return this.#connection;
    await this.#connection?.close();
    for (const name of this.#temporary) this.#gone.add(name);
    this.#temporary.clear();
    const { owner, mode, joinsLarge } = this.options;
    const connection = await Connection.open(this.settings, applicationName(owner), mode);
    try {
      if (joinsLarge) await connection.query('set enable_nestloop = off');
      if (owner) await acquireLock(connection, this.settings.schema);
    } catch (error) {
      await connection.close();
      throw error;
    }
    this.#sessions += 1;
    return (this.#connection = connection);
  }

  session(): number {
    return this.#sessions;
  }

  async execute(sql: string, options?: CallOptions): Promise<{ readonly rowsChanged?: number }> {
    const results = await this.#query(sql, options);
    this.#noteTemporary(sql);
    const changed = results.flatMap(({ command, rowCount }) =>
      CHANGING.has(command) && rowCount !== null ? [rowCount] : [],
    );
    return changed.length === 0 ? {} : { rowsChanged: changed.reduce((a, b) => a + b) };
  }

  /**
   * A cursor of the server's, so that other statements may come between two batches. Outside a transaction it is one that
   * outlives its own: the server keeps the rows, on disk where they are many.
   */
  async *read(sql: string, options?: CallOptions): AsyncGenerator<Batch, void, undefined> {
    const name = `rc_cursor_${++this.#cursors}`;
    const hold = this.#transaction === 'open' ? '' : ' with hold';
    const fetch = `fetch ${FETCH} from ${name}`;
    let open = false;
    try {
      const opened = await this.#query(
        `declare ${name} no scroll cursor${hold} for\n${sql};\n${fetch}`,
        options,
      );
      open = true;
      let result = opened.at(-1);
      const readers = readersOf(result?.fields ?? []);
      while (result && result.rows.length > 0) {
        yield batchOf(readers, result.rows);
        if (result.rows.length < FETCH) return;
        [result] = await this.#query(fetch, options);
      }
    } finally {
      if (open && this.#transaction !== 'lost' && this.#connection?.lost === false)
        await this.#connection.query(`close ${name}`).catch(() => undefined);
    }
  }

  async describeSchema(
    schema: string | undefined,
    options?: CallOptions,
  ): Promise<readonly TableDescription[]> {
    const result = await this.#rows(columnsQuery(schema, undefined), options);
    return tablesOf(result, schema, undefined);
  }

  async describeTable(table: TableRef, options?: CallOptions): Promise<TableDescription | undefined> {
    const result = await this.#rows(columnsQuery(table.schema, table.name), options);
    return tablesOf(result, table.schema, table.catalog)[0];
  }

  async describeQuery(sql: string, options?: CallOptions): Promise<readonly TableColumn[]> {
    const { fields } = await this.#rows(`select * from (\n${sql}\n) as described limit 0`, options);
    const types = fields.map((field) => `format_type(${field.dataTypeID}, ${field.dataTypeModifier})`);
    const { rows } = await this.#rows(`select ${types.join(', ')}`, options);
    return fields.map((field, i) => describedColumn(field.name, rows[0]?.[i] ?? ''));
  }

  async estimate(sql: string, options?: CallOptions): Promise<{ readonly text: string }> {
    const { rows } = await this.#rows(`explain ${sql}`, options);
    return { text: rows.map(([line]) => line ?? '').join('\n') };
  }

  async version(options?: CallOptions): Promise<EngineVersion> {
    const version = await this.#cell("select current_setting('server_version')", options);
    const { safety } = await this.connect();
    return { engine: `PostgreSQL ${version}`, driver: `${driverVersion('pg')}, ${safety}` };
  }

  async now(options?: CallOptions): Promise<string> {
    const now = await this.#cell("select cast(clock_timestamp() at time zone 'UTC' as text)", options);
    return `${now.replace(' ', 'T')}Z`;
  }

  async begin(): Promise<void> {
    this.#transaction = 'none';
    await this.#query('begin');
    this.#transaction = 'open';
  }

  async commit(): Promise<void> {
    const [result] = await this.#query('commit');
    this.#transaction = 'none';
    for (const name of this.#uncommitted) this.#temporary.add(name);
    this.#uncommitted.clear();
    // A transaction in which a statement failed answers COMMIT by rolling back.
    if (result?.command === 'ROLLBACK') throw new StatementError('the transaction was rolled back', 'commit');
  }

  async rollback(): Promise<void> {
    const was = this.#transaction;
    this.#transaction = 'none';
    this.#uncommitted.clear();
    if (was === 'open' && this.#connection?.lost === false) await this.#query('rollback');
  }

  async close(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.close();
  }

  async #query(sql: string, options?: CallOptions): Promise<readonly Result[]> {
    if (this.#transaction === 'lost')
      throw new StatementError('the connection was lost in a transaction', sql, { failure: 'unknown' });
    if (this.#transaction === 'open' && this.#connection?.lost !== false) {
      this.#transaction = 'lost';
      throw new StatementError('the connection was lost in a transaction', sql, { failure: 'unknown' });
    }
    const connection = await this.connect();
    this.#refuseGone(sql);
    try {
      return await connection.query(comment(options?.labels) + sql, options?.signal);
    } catch (error) {
      if (connection.lost && this.#transaction === 'open') this.#transaction = 'lost';
      throw error;
    }
  }

  #noteTemporary(sql: string): void {
    const made = this.#transaction === 'open' ? this.#uncommitted : this.#temporary;
    for (const { what, name } of temporaryIn(sql)) {
      if (what === 'made') made.add(name);
      else for (const names of [this.#uncommitted, this.#temporary]) names.delete(name);
    }
  }

  /** Whoever reads a table that went with a connection is told so, and not that there is none. */
  #refuseGone(sql: string): void {
    if (this.#gone.size === 0) return;
    for (const { name } of temporaryIn(sql)) this.#gone.delete(name);
    const words = new Set(sql.match(/\w+/g));
    if ([...this.#gone].some((name) => words.has(name))) throw stageLost(this.settings.place);
  }

  async #rows(sql: string, options: CallOptions | undefined): Promise<Result> {
    const results = await this.#query(sql, options);
    const last = results.at(-1);
    if (!last) throw new StatementError('no result', sql);
    return last;
  }

  async #cell(sql: string, options: CallOptions | undefined): Promise<string> {
    const { rows } = await this.#rows(sql, options);
    return rows[0]?.[0] ?? '';
  }
}

/** Statements, among those of one text, that make, drop or rename temporary tables: none of ours is in a schema. */
const TEMPORARY =
  /(?:^|;)\s*(create temporary table|drop table|alter table)(?: if (?:not )?exists)? (?:pg_temp\.)?"?(\w+)"?(?: rename to "?(\w+)"?)?/gi;

/** Temporary tables that a text makes and drops, in its order. */
const temporaryIn = (sql: string): readonly { readonly what: 'made' | 'dropped'; readonly name: string }[] =>
  [...sql.matchAll(TEMPORARY)].flatMap(([, verb = '', name = '', renamed]) => [
    { what: /^create/i.test(verb) ? ('made' as const) : ('dropped' as const), name },
    ...(renamed === undefined ? [] : [{ what: 'made' as const, name: renamed }]),
  ]);

const CHANGING: ReadonlySet<string> = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE']);

/** Labels in front of the statement, where logs and pg_stat_activity show them. */
function comment(labels: StatementLabels | undefined): string {
  const parts = Object.entries(labels ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${String(value).replace(/[^\w.:-]/g, '_')}`],
  );
  return parts.length === 0 ? '' : `/* rollcall ${parts.join(' ')} */ `;
}
