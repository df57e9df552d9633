/**
 * BigQuery's REST API, as far as the official client asks for it, over GoogleSQL's evaluator: jobs, their results in pages, tables,
 * sessions. What it is for is whole runs through the client, on SQL that is executed by GoogleSQL.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import type { ResultTable, ZetaSql } from '../zetasql/server.js';
import { valueOf, type Cell } from '../zetasql/values.js';
import { Database, Refusal, type Done } from './database.js';

interface Job {
  readonly body: object;
  readonly done: Done | Refusal;
}

interface JobRequest {
  readonly jobReference?: { readonly jobId?: string };
  readonly configuration: {
    readonly dryRun?: boolean;
    readonly labels?: Readonly<Record<string, string>>;
    readonly query: {
      readonly query: string;
      readonly createSession?: boolean;
      readonly connectionProperties?: readonly { readonly key: string; readonly value: string }[];
    };
  };
}

/** What becomes of a statement: refused; its connection cut before it is heard, or before it is answered. */
export type Fate = Refusal | 'cut' | 'deaf' | undefined;

class Cut extends Error {}

interface Reply {
  readonly status: number;
  readonly json: unknown;
}

export class BigQueryService implements AsyncDisposable {
  readonly database: Database;
  /** Sees each statement, and the step it is for, before it is done. */
  watch: (sql: string, step: string) => Fate | Promise<Fate> = () => undefined;
  readonly #jobs = new Map<string, Job>();
  #dry = 0;

  private constructor(
    evaluator: ZetaSql,
    private readonly server: Server,
  ) {
    this.database = new Database(evaluator);
  }

  /** Starts it on a port of this machine. */
  static async start(evaluator: ZetaSql): Promise<BigQueryService> {
    const server = createServer();
    const service = new BigQueryService(evaluator, server);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      void service.#serve(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return service;
  }

  /** The `api_endpoint` of a target. */
  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks);
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
    let reply: Reply;
    try {
      const url = new URL(request.url ?? '', 'http://localhost');
      const path = url.pathname.replace(/^.*?\/projects\/[^/]+/, '');
      reply = await this.#answer(`${request.method ?? ''} ${path}`, url.searchParams, body.toString());
    } catch (error) {
      if (error instanceof Cut) {
        request.socket.resetAndDestroy();
        return;
      }
      reply = refused(error);
    }
    response.writeHead(reply.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(reply.json));
  }

  async #answer(asked: string, query: URLSearchParams, body: string): Promise<Reply> {
    if (asked === 'POST /jobs') return ok(await this.#insert(JSON.parse(body) as JobRequest));
    const [, id = ''] = /^(?:GET|POST) \/(?:jobs|queries)\/([\w-]+)/.exec(asked) ?? [];
    const job = this.#jobs.get(id);
    if (id !== '') {
      if (!job) throw new Refusal(404, 'notFound', `Not found: Job test:US.${id}`);
      if (asked.startsWith('GET /queries/')) return ok(pageOf(job, query));
      return ok(asked.endsWith('/cancel') ? { job: job.body } : job.body);
    }
    const [, dataset = '', table = ''] = /^GET \/datasets\/([^/]+)\/tables\/([^/]+)$/.exec(asked) ?? [];
    const columns = await this.database.describe([dataset, table].map(decodeURIComponent).join('.'));
    if (!columns) throw new Refusal(404, 'notFound', `Not found: Table test:${dataset}.${table}`);
    return ok({ schema: { fields: fieldsOf(columns) } });
  }

  async #insert({ jobReference, configuration }: JobRequest): Promise<object> {
    const { dryRun, query } = configuration;
    const jobId = jobReference?.jobId ?? `dry_${++this.#dry}`;
    if (this.#jobs.has(jobId)) throw new Refusal(409, 'duplicate', `Already Exists: Job test:US.${jobId}`);
    const given = query.connectionProperties?.find(({ key }) => key === 'session_id')?.value;
    const session = query.createSession ? this.database.createSession() : given;
    const job = (statistics: object): object => ({
      kind: 'bigquery#job',
      id: `test:US.${jobId}`,
      jobReference: { projectId: 'test', location: 'US', jobId },
      configuration,
      status: { state: dryRun ? 'DONE' : 'RUNNING' },
      statistics: { ...(session !== undefined && { sessionInfo: { sessionId: session } }), ...statistics },
    });
    if (dryRun) {
      const { columns } = await this.database.dryRun(query.query, session);
      return job({
        totalBytesProcessed: '0',
        query: { schema: { fields: fieldsOf(columns) }, totalBytesProcessed: '0' },
      });
    }
    const fate = await this.watch(query.query, configuration.labels?.['rollcall_step'] ?? '');
    if (fate === 'cut') throw new Cut();
    // Its error is told where its result is asked for.
    const done =
      fate instanceof Refusal
        ? fate
        : await this.database.execute(query.query, session).catch((error: unknown) => {
            if (error instanceof Refusal) return error;
            return new Refusal(400, 'invalidQuery', error instanceof Error ? error.message : String(error));
          });
    const body = job({});
    this.#jobs.set(jobId, { body, done });
    if (fate === 'deaf') throw new Cut();
    return body;
  }
}

const ok = (json: unknown): Reply => ({ status: 200, json });

function refused(error: unknown): Reply {
  const { code, reason, message } =
    error instanceof Refusal ? error : new Refusal(500, 'internalError', String(error));
  return {
    status: code,
    json: { error: { code, message, errors: [{ message, domain: 'global', reason }], status: reason } },
  };
}

/** A page of a job's result, whose token is where it begins. */
function pageOf({ body, done }: Job, query: URLSearchParams): object {
  if (done instanceof Refusal) throw done;
  const { result = { columns: [], rows: [] }, changed } = done;
  const from = Number(query.get('pageToken') ?? 0);
  const to = from + Number(query.get('maxResults') ?? 10_000);
  return {
    ...(body as { jobReference: object }),
    jobComplete: true,
    schema: { fields: fieldsOf(result.columns) },
    rows: result.rows.slice(from, to).map((cells) => ({ f: cells.map((cell) => ({ v: told(cell) })) })),
    totalRows: String(result.rows.length),
    totalBytesProcessed: '0',
    ...(to < result.rows.length && { pageToken: String(to) }),
    ...(changed !== undefined && { numDmlAffectedRows: String(changed) }),
  };
}

const fieldsOf = (columns: ResultTable['columns']): readonly object[] =>
  columns.map(({ name, type }) => ({ name, type, mode: 'NULLABLE' }));

/** A cell as the API tells it: text, instants in microseconds. */
function told(cell: Cell): string | null {
  const instant = cell['timestampValue'] as { seconds?: string; nanos?: number } | undefined;
  if (instant) return String(BigInt(instant.seconds ?? 0) * 1_000_000n + BigInt((instant.nanos ?? 0) / 1000));
  const value = valueOf(cell);
  return value === null ? null : String(value);
}
