/** BigQuery through its official client. Transactions and temporary tables live in a session, made when first needed. */
import type { BigQuery } from '@google-cloud/bigquery';
import type { TableRef } from '../../compiler/ir/types.js';
import { driverVersion } from '../driver-version.js';
import type {
  Batch,
  CallOptions,
  EngineVersion,
  Executed,
  OpenOptions,
  StatementLabels,
  TableColumn,
  TableDescription,
  Warehouse,
} from '../warehouse.js';
import { clientOptions } from './credentials.js';
import { errorOf, isMissing } from './errors.js';
import { Jobs } from './jobs.js';
import { endSession, endSessionsOf, startSession } from './sessions.js';
import { readSettings } from './settings.js';
import { columnKind, quoteIdentifier } from './types.js';
import { batchOf, columnOf, type Field } from './values-out.js';

/** Makes a client; nothing is asked of BigQuery before the first statement. The driver is loaded here, not before. */
export async function openWarehouse(options: OpenOptions): Promise<Warehouse> {
  const settings = readSettings(options);
  const { BigQuery: Client } = await import('@google-cloud/bigquery');
  try {
    const client = new Client(await clientOptions(settings));
    return new BigQueryWarehouse(client, new Jobs(client, settings));
  } catch (error) {
    throw errorOf(error, '');
  }
}

class BigQueryWarehouse implements Warehouse {
  #session: string | undefined;
  #inTransaction = false;
  #labels: StatementLabels | undefined;
  /** Set once there are temporary tables, which only their own session sees. */
  #temporary = false;

  constructor(
    private readonly client: BigQuery,
    private readonly jobs: Jobs,
  ) {}

  async execute(sql: string, options?: CallOptions): Promise<Executed> {
    if (/^\s*create\s+(?:or\s+replace\s+)?temp/i.test(sql)) this.#temporary = true;
    const session = await this.#sessionFor(options);
    const job = await this.jobs.start(sql, { ...options, session });
    const { rowsChanged, bytes } = await this.jobs.result(job, sql, options);
    return { ...(rowsChanged !== undefined && { rowsChanged }), ...(bytes !== undefined && { bytes }) };
  }

  async *read(sql: string, options?: CallOptions): AsyncGenerator<Batch, void, undefined> {
    const session = await this.#sessionFor(options);
    const job = await this.jobs.start(sql, { ...options, session });
    // A finished job's result is kept by BigQuery, so pages are read whenever the caller wants them.
    let page = await this.jobs.result(job, sql, options);
    const { fields } = page;
    for (;;) {
      yield batchOf(fields, page.rows);
      if (page.next === undefined) return;
      options?.signal?.throwIfAborted();
      page = await this.jobs.page(job, sql, page.next);
    }
  }

  /** What belongs together runs in one session, one statement after the other; anything else needs none. */
  async #sessionFor({ labels }: CallOptions = {}): Promise<string | undefined> {
    if (!this.#inTransaction && !this.#temporary) return undefined;
    this.#session ??= await startSession(this.jobs, labels);
    return this.#session;
  }

  async describeSchema(
    schema: string | undefined,
    options?: CallOptions,
  ): Promise<readonly TableDescription[]> {
    if (schema === undefined) return [];
    const sql = `select table_name, column_name, data_type
from ${quoteIdentifier(schema)}.INFORMATION_SCHEMA.COLUMNS
order by table_name, ordinal_position`;
    const tables = new Map<string, TableColumn[]>();
    try {
      const job = await this.jobs.start(sql, options);
      let page = await this.jobs.result(job, sql, options);
      const { fields } = page;
      for (;;) {
        for (const row of batchOf(fields, page.rows).rows) {
          const [table, name, nativeType] = [row['table_name'], row['column_name'], row['data_type']].map(String) as [string, string, string]; // prettier-ignore
          const columns = tables.get(table) ?? [];
          columns.push({ name, nativeType, kind: columnKind(nativeType) });
          tables.set(table, columns);
        }
        if (page.next === undefined) break;
        page = await this.jobs.page(job, sql, page.next);
      }
    } catch (error) {
      if (error instanceof Error && isMissing(error.cause ?? error)) return [];
      throw error;
    }
    return [...tables].map(([name, columns]) => ({ table: { schema, name }, columns }));
  }

  async describeTable({ catalog, schema, name }: TableRef): Promise<TableDescription | undefined> {
    if (schema === undefined) return undefined;
    try {
      const dataset = this.client.dataset(schema, catalog === undefined ? {} : { projectId: catalog });
      const [metadata] = (await dataset.table(name).getMetadata()) as unknown as [
        { schema?: { fields?: readonly Field[] } },
      ];
      const columns = (metadata.schema?.fields ?? []).map(columnOf);
      return { table: { ...(catalog !== undefined && { catalog }), schema, name }, columns };
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw errorOf(error, '');
    }
  }

  async describeQuery(sql: string, options?: CallOptions): Promise<readonly TableColumn[]> {
    const { query } = await this.#dryRun(sql, options);
    return (query?.schema?.fields ?? []).map(columnOf);
  }

  async estimate(
    sql: string,
    options?: CallOptions,
  ): Promise<{ readonly text: string; readonly bytes?: number }> {
    const { totalBytesProcessed, query } = await this.#dryRun(sql, options);
    const bytes = Number(totalBytesProcessed ?? query?.totalBytesProcessed ?? 0);
    return { text: `${bytes.toLocaleString('en-US')} bytes read`, bytes };
  }

  async #dryRun(sql: string, options: CallOptions | undefined) {
    const session = await this.#sessionFor(options);
    const job = await this.jobs.start(sql, { ...options, session, dryRun: true });
    return this.jobs.statistics(job, sql);
  }

  version(): Promise<EngineVersion> {
    return Promise.resolve({ engine: 'BigQuery', driver: driverVersion('@google-cloud/bigquery') });
  }

  async now(options?: CallOptions): Promise<string> {
    for await (const { rows } of this.read('select current_timestamp() as it', options))
      return String(rows[0]?.['it']);
    return '';
  }

  async begin(options?: CallOptions): Promise<void> {
    this.#inTransaction = true;
    this.#labels = options?.labels;
    await this.execute('begin transaction', options);
  }

  async commit(): Promise<void> {
    await this.execute('commit transaction', this.#ofTransaction());
    this.#inTransaction = false;
  }

  async rollback(): Promise<void> {
    if (!this.#inTransaction) return;
    try {
      if (this.#session !== undefined) await this.execute('rollback transaction', this.#ofTransaction());
    } finally {
      this.#inTransaction = false;
    }
  }

  #ofTransaction(): CallOptions {
    return this.#labels === undefined ? {} : { labels: this.#labels };
  }

  async endSessionsOf(runId: string, options?: CallOptions): Promise<void> {
    await endSessionsOf(this.jobs, runId, options);
  }

  async close(): Promise<void> {
    const session = this.#session;
    if (session === undefined) return;
    this.#session = undefined;
    // What cannot be ended now ends with the next run, or a day after its last statement.
    await endSession(this.jobs, session).catch(() => undefined);
  }
}
