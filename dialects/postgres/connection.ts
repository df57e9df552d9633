/** One connection to a server through `pg`: opened, told what a session is, and asked statements in its simple protocol. */
import type { Client, ClientConfig, QueryArrayResult } from 'pg';
import { UserError } from '../../compiler/diagnostics/index.js';
import { connected, safetyOf } from './connect.js';
import { codeOf } from './error-codes.js';
import { isLost, openError, statementError } from './errors.js';
import { HELPERS, SESSION } from './session.js';
import type { PostgresSettings } from './settings.js';

export type Result = QueryArrayResult<(string | null)[]>;

const OLDEST = 15;

/** Values as the server writes them. */
const AS_TEXT = { getTypeParser: () => (value: string) => value } as unknown as NonNullable<
  ClientConfig['types']
>;

export class Connection {
  #lost: unknown;

  private constructor(
    private readonly client: Client,
    private readonly settings: PostgresSettings,
    /** Of the server, for cancelling. */
    private readonly pid: number,
    /** `TLSv1.3, …` or `without TLS`. */
    readonly safety: string,
  ) {
    // Without a listener an error of an idle connection would end the process.
    client.on('error', (error) => (this.#lost ??= error));
    client.on('end', () => (this.#lost ??= new Error('Connection terminated')));
  }

  /** Connects, with TLS as the settings say. Who only reads may do so on a server that lets nobody write. */
  static async open(
    settings: PostgresSettings,
    applicationName: string,
    mode: 'read' | 'write',
  ): Promise<Connection> {
    try {
      const made = await connected(settings, applicationName);
      const { client } = made;
      const { rows } = (await client.query({
        text: "select current_setting('server_version_num'), pg_backend_pid()",
        rowMode: 'array',
      })) as unknown as { rows: [string, string][] };
      const [version = '', pid = ''] = rows[0] ?? [];
      const connection = new Connection(client, settings, Number(pid), safetyOf(made));
      if (Math.floor(Number(version) / 10_000) < OLDEST) throw await tooOld(client, Number(version));
      await connection.prepare(mode);
      return connection;
    } catch (error) {
      throw openError(error, settings.place);
    }
  }

  /** Whether another has to be opened. */
  get lost(): boolean {
    return this.#lost !== undefined;
  }

  /** Results of the statements of one text; several are one transaction. An abort cancels and rejects with its reason. */
  async query(sql: string, signal?: AbortSignal): Promise<readonly Result[]> {
    signal?.throwIfAborted();
    if (this.#lost !== undefined) throw statementError(this.#lost, sql);
    let done = false;
    const cancel = async (): Promise<void> => {
      // Again and again: what comes before the statement has begun is forgotten when it begins.
      for (let pause = 50; !done; pause = Math.min(2 * pause, 1000)) {
        await this.#cancel().catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    };
    const abort = (): void => void cancel();
    signal?.addEventListener('abort', abort, { once: true });
    try {
      const results: unknown = await this.client.query({ text: sql, rowMode: 'array', types: AS_TEXT });
      return (Array.isArray(results) ? results : [results]) as readonly Result[];
    } catch (error) {
      if (isLost(error)) this.#lost ??= error;
      signal?.throwIfAborted();
      throw statementError(error, sql);
    } finally {
      done = true;
      signal?.removeEventListener('abort', abort);
    }
  }

  async close(): Promise<void> {
    if (this.lost) this.client.removeAllListeners('end');
    await this.client.end().catch(() => undefined);
  }

  private async prepare(mode: 'read' | 'write'): Promise<void> {
    await this.query(SESSION);
    // A standby and a read-only session have no temporary functions; what needs them says so then.
    await this.query(HELPERS).catch((error: unknown) => {
      const { cause } = error as Error;
      if (codeOf(cause) !== '25006') throw error;
      if (mode === 'write') throw cause;
    });
  }

  async #cancel(): Promise<void> {
    const { client: other } = await connected(this.settings, 'rollcall cancel');
    try {
      await other.query('select pg_cancel_backend($1)', [this.pid]);
    } finally {
      await other.end();
    }
  }
}

async function tooOld(client: Client, version: number): Promise<UserError> {
  await client.end();
  return new UserError(
    {
      code: 'warehouse-unavailable',
      severity: 'error',
      message: `PostgreSQL ${Math.floor(version / 10_000)} is too old`,
      hint: `Rollcall needs PostgreSQL ${OLDEST} or newer`,
    },
    4,
  );
}
