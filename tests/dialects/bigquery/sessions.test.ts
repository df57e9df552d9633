/**
 * Sessions outlive the process that made them, and keep its transaction open: who comes after it finds them by the names of the jobs
 * that made them, and ends them. Through BigQuery's client, to a service that keeps jobs and sessions as the documentation has it.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bigquery } from '../../../dialects/bigquery/dialect.js';
import { labelled, StatementError, type Warehouse } from '../../../dialects/warehouse.js';
import { faultServer, type Answer, type Asked, type FaultServer } from '../../support/fault-server.js';

interface JobRequest {
  readonly jobReference: { readonly jobId: string };
  readonly configuration: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly query: {
      readonly query: string;
      readonly createSession?: boolean;
      readonly connectionProperties?: readonly { readonly value: string }[];
    };
  };
}

let server: FaultServer;
let jobs: Map<string, unknown>;
/** `session: statement`, of statements that belong to one. */
let said: string[];
let labels: Readonly<Record<string, string>>[];
/** What is answered in place of what should be. */
let instead: (asked: Asked) => Answer | undefined;

const refusal = (code: number, reason: string, message: string): Answer => ({
  status: code,
  json: { error: { code, message, errors: [{ message, domain: 'global', reason }], status: reason } },
});

function service(asked: Asked): Answer {
  const { method, path, body } = asked;
  if (method === 'POST' && /\/jobs(\?|$)/.test(path)) {
    const { jobReference, configuration } = JSON.parse(body) as JobRequest;
    const { query } = configuration;
    if (jobs.has(jobReference.jobId)) return refusal(409, 'duplicate', 'Already Exists');
    const sessionId = query.createSession ? `s${jobs.size + 1}` : query.connectionProperties?.[0]?.value;
    const job = {
      kind: 'bigquery#job',
      id: `acme:US.${jobReference.jobId}`,
      jobReference: { projectId: 'acme', location: 'US', ...jobReference },
      configuration,
      status: { state: 'DONE' },
      statistics: { ...(sessionId !== undefined && { sessionInfo: { sessionId } }) },
    };
    jobs.set(jobReference.jobId, job);
    labels.push(configuration.labels ?? {});
    if (sessionId !== undefined) said.push(`${sessionId}: ${query.query}`);
    else said.push(query.query);
    return instead(asked) ?? { json: job };
  }
  const told = instead(asked);
  if (told) return told;
  if (path.includes('/queries/')) return { json: { jobComplete: true } };
  const job = jobs.get(/\/jobs\/([\w-]+)/.exec(path)?.[1] ?? '');
  return job === undefined ? refusal(404, 'notFound', 'Not found: Job') : { json: job };
}

/** A process of a run. */
async function opened(runId?: string): Promise<Warehouse> {
  const settings = {
    type: 'bigquery',
    project: 'acme',
    location: 'US',
    api_endpoint: `http://127.0.0.1:${server.port}`,
  };
  const warehouse = await bigquery.open({ settings, projectDir: '/', mode: 'write' });
  return labelled(warehouse, runId === undefined ? {} : { run_id: runId, command: 'rollcall run' });
}

beforeEach(async () => {
  jobs = new Map();
  said = [];
  labels = [];
  instead = () => undefined;
  server = await faultServer(service);
});
afterEach(() => server.close());

describe('the session of a run', () => {
  it('is ended by whoever knows that the run is gone', { timeout: 60_000 }, async () => {
    const killed = await opened('run-1');
    await killed.begin();
    await killed.execute('insert into rollcall.t select 1');
    said.length = 0;
    const next = await opened('run-2');
    await next.endSessionsOf?.('run-1');
    expect(said).toEqual([`call bq.abort_session('s1')`]);
    await next.endSessionsOf?.('run-0');
    expect(said).toHaveLength(1);
  });

  it('is another one for each process of the run; all are ended', { timeout: 60_000 }, async () => {
    for (const session of ['s1', 's3']) {
      const warehouse = await opened('a run/1');
      await warehouse.begin();
      expect(said.at(-1)).toBe(`${session}: begin transaction`);
    }
    said.length = 0;
    await (await opened()).endSessionsOf?.('a run/1');
    expect(said).toEqual([`call bq.abort_session('s1')`, `call bq.abort_session('s3')`]);
  });

  it('is found again where the answer that told of it was lost', { timeout: 60_000 }, async () => {
    let cut = false;
    instead = ({ method, body }) => {
      if (cut || method !== 'POST' || !body.includes('createSession')) return undefined;
      cut = true;
      return 'cut';
    };
    const warehouse = await opened('run-1');
    await warehouse.begin();
    expect(cut).toBe(true);
    expect(said.at(-1)).toBe('s1: begin transaction');
  });

  it('is ended with its own run, whose name is on every statement', { timeout: 60_000 }, async () => {
    const warehouse = await opened('run-1');
    await warehouse.begin();
    await warehouse.commit();
    await warehouse.close();
    expect(said).toEqual([
      's1: select 1',
      's1: begin transaction',
      's1: commit transaction',
      `call bq.abort_session('s1')`,
    ]);
    expect(labels.slice(0, 3).map((all) => all['rollcall_run_id'])).toEqual(['run-1', 'run-1', 'run-1']);
  });
});

describe('a session that cannot be ended', () => {
  beforeEach(async () => {
    await (await opened('run-1')).begin();
  });
  const ofAbort =
    (answer: Answer) =>
    ({ method, path, body }: Asked): Answer | undefined =>
      body.includes('abort_session') || (method === 'GET' && /\/queries\/rollcall_[0-9a-f]{8}-/.test(path)) ? answer : undefined; // prettier-ignore

  it('as it has ended is let be', { timeout: 60_000 }, async () => {
    instead = ofAbort(refusal(400, 'invalidQuery', 'Session s1 has been terminated'));
    await (await opened('run-2')).endSessionsOf?.('run-1');
  });

  it('as it is another account’s is let be', { timeout: 60_000 }, async () => {
    instead = ({ method, path }) => (method === 'GET' && path.includes('/jobs/rollcall_session_') ? refusal(403, 'accessDenied', 'Access Denied: Job') : undefined); // prettier-ignore
    await (await opened('run-2')).endSessionsOf?.('run-1');
    expect(said.join()).not.toContain('abort_session');
  });

  it('for now is told, so that it is tried again', { timeout: 60_000 }, async () => {
    instead = ofAbort(refusal(403, 'jobRateLimitExceeded', 'Exceeded rate limits'));
    const error = await (await opened('run-2')).endSessionsOf?.('run-1').catch((e: unknown) => e);
    expect(error).toBeInstanceOf(StatementError);
    expect(error).toMatchObject({ failure: 'busy' });
  });
});
