/** What BigQuery refuses, as its documentation has the answers, through its client: text, exit code, and what is tried again. */
import { describe, expect, it } from 'vitest';
import { bigquery } from '../../../dialects/bigquery/dialect.js';
import { withRetry } from '../../../dialects/retry.js';
import { StatementError, type Warehouse } from '../../../dialects/warehouse.js';
import { BUYERS, CONFIG, emptyFolder, rollcall, type Ran } from '../../cli/support.js';
import { faultServer, type Answer, type Asked, type FaultServer } from '../../support/fault-server.js';

const refusal = (code: number, reason: string, message: string): Answer => ({
  status: code,
  json: { error: { code, message, errors: [{ message, domain: 'global', reason }], status: reason } },
});

const settings = ({ port }: FaultServer): Record<string, unknown> => ({
  type: 'bigquery',
  project: 'acme',
  dataset: 'rollcall',
  api_endpoint: `http://127.0.0.1:${port}`,
});

async function run(answer: (asked: Asked) => Answer): Promise<Ran> {
  const server = await faultServer(answer);
  await using shop = await emptyFolder();
  await shop.write('rollcall.json', { ...CONFIG, targets: { dev: settings(server) } });
  await shop.write('models/buyers.json', { ...BUYERS, destinations: [] });
  try {
    return await rollcall(shop.dir, ['run']);
  } finally {
    await server.close();
  }
}

/** A job that is done, as it is told when it is made and asked for. */
const job = (asked: Asked): Answer => {
  const { jobReference } = JSON.parse(asked.body) as { jobReference: unknown };
  return { json: { kind: 'bigquery#job', id: 'acme:US.x', jobReference, status: { state: 'RUNNING' } } };
};
const isInsert = ({ method, path }: Asked): boolean => method === 'POST' && /\/jobs(\?|$)/.test(path);

it('a key file that is none is refused before anything is asked', async () => {
  await using shop = await emptyFolder();
  await shop.write('models/buyers.json', { ...BUYERS, destinations: [] });
  const told = async (key_file: string): Promise<Ran> => {
    const target = { type: 'bigquery', project: 'acme', dataset: 'rollcall', key_file };
    await shop.write('rollcall.json', { ...CONFIG, targets: { dev: target } });
    return rollcall(shop.dir, ['run']);
  };
  await shop.write('key.json', { type: 'authorized_user', refresh_token: 'hunter2' });
  const other = await told('key.json');
  expect(other.exit).toBe(4);
  expect(other.stderr).toMatch(
    /the key file \S+key\.json is not a service account's key[^]*hint: make a JSON key/,
  );
  expect(other.stdout + other.stderr).not.toContain('hunter2');
  const none = await told('nowhere.json');
  expect(none.exit).toBe(2);
  expect(none.stderr).toMatch(/"key_file" must be the path of a key, and there is no \S+nowhere\.json/);
});

/** One statement on a service that makes the job and answers so when its result is asked for. */
async function failed(result: Answer): Promise<StatementError> {
  const server = await faultServer((asked) => (isInsert(asked) ? job(asked) : result));
  const warehouse = await bigquery.open({ settings: settings(server), projectDir: '/', mode: 'write' });
  try {
    const error = await warehouse.execute('select 1').catch((e: unknown) => e);
    if (!(error instanceof StatementError)) throw new Error(`not a statement's error: ${String(error)}`);
    return error;
  } finally {
    await server.close();
  }
}

describe.concurrent('what refuses us ends a run with exit 4, and says what to do', () => {
  const CASES = [
    [
      'expired credentials',
      refusal(401, 'authError', 'Request had invalid authentication credentials.'),
      /BigQuery refused the credentials[^]*hint: they may have expired: log in again/,
    ],
    [
      'no right to run jobs',
      refusal(
        403,
        'accessDenied',
        'Access Denied: Project acme: User does not have bigquery.jobs.create permission in project acme.',
      ),
      /BigQuery denied access: Access Denied: Project acme[^]*hint: it takes roles\/bigquery\.jobUser/,
    ],
    [
      'a project that there is not',
      refusal(404, 'notFound', 'Not found: Project acme'),
      /BigQuery knows no acme[^]*"location" of the target/,
    ],
    [
      'a dataset that there is not',
      refusal(404, 'notFound', 'Not found: Dataset acme:rollcall was not found in location US'),
      /BigQuery knows no acme:rollcall[^]*"dataset" and "location" of the target/,
    ],
    [
      'a key that was revoked',
      refusal(400, '', 'invalid_grant: Invalid JWT Signature.'),
      /BigQuery refused the credentials: invalid_grant[^]*replace the key/,
    ],
  ] as const;
  it.each(CASES)('%s', { timeout: 60_000 }, async (_what, answer, text) => {
    const ran = await run(() => answer);
    expect(ran.exit).toBe(4);
    expect(ran.stderr).toMatch(/^warehouse-unavailable /);
    expect(ran.stderr).toMatch(text);
  });
});

describe.concurrent('a statement that fails', () => {
  const CASES = [
    ['a rate limit', 'busy', refusal(403, 'jobRateLimitExceeded', 'Exceeded rate limits')],
    ['a quota', 'busy', refusal(403, 'quotaExceeded', 'Quota exceeded: Your table exceeded quota')],
    ['a transaction that came too late', 'transient', refusal(400, 'invalidQuery', 'Transaction is aborted due to concurrent update against table acme:rollcall.sent')],
    ['a table updated meanwhile', 'transient', refusal(400, 'invalidQuery', 'Could not serialize access to table acme:rollcall.sent due to concurrent update')],
    ['a service that cannot, for now', 'transient', refusal(503, 'backendError', 'Error encountered during execution. Retrying may solve the problem.')],
    ['a table that there is not', 'refused', refusal(404, 'notFound', 'Not found: Table acme:raw.messages was not found in location US')],
    ['more bytes than may be billed', 'refused', refusal(400, 'bytesBilledLimitExceeded', 'Query exceeded limit for bytes billed: 1000000.')],
    ['a network that is cut while we wait', 'unknown', 'cut'],
  ] as const; // prettier-ignore
  it.each(CASES)('%s is %s', { timeout: 60_000 }, async (_what, failure, answer) => {
    const error = await failed(answer);
    expect(error.failure).toBe(failure);
    if (answer !== 'cut')
      expect(error.message).toBe((answer.json as { error: { message: string } }).error.message);
  });
});

it(
  'a quota is waited for, twice as long each time, and the statement then done',
  { timeout: 60_000 },
  async () => {
    let refusals = 3;
    const server = await faultServer((asked) => {
      if (!isInsert(asked)) return { json: { jobComplete: true, numDmlAffectedRows: '1' } };
      return refusals-- > 0 ? refusal(403, 'quotaExceeded', 'Quota exceeded') : job(asked);
    });
    const warehouse = await bigquery.open({ settings: settings(server), projectDir: '/', mode: 'write' });
    const waits: number[] = [];
    const sleep = (ms: number): Promise<void> => Promise.resolve(void waits.push(ms));
    try {
      const done = await withRetry(() => warehouse.execute('delete from rollcall.t where true'), {
        repeatable: false,
        sleep,
        onRetry: ({ error }) => expect(error.message).toBe('Quota exceeded'),
      });
      expect(done).toEqual({ rowsChanged: 1 });
      expect(waits).toEqual([5_000, 10_000, 20_000]);
    } finally {
      await server.close();
    }
  },
);

it(
  'an answer that was lost is asked for by the id of the job, which is not run twice',
  { timeout: 60_000 },
  async () => {
    let made = 0;
    let first = '';
    const server = await faultServer((asked) => {
      if (isInsert(asked)) {
        made += 1;
        first ||= asked.body;
        if (made === 1) return 'cut'; // it was made, and nobody heard
        return refusal(409, 'duplicate', 'Already Exists: Job acme:US.x');
      }
      if (asked.path.includes('/queries/')) return { json: { jobComplete: true, numDmlAffectedRows: '3' } };
      return job({ ...asked, body: first });
    });
    let warehouse: Warehouse | undefined;
    try {
      warehouse = await bigquery.open({ settings: settings(server), projectDir: '/', mode: 'write' });
      expect(await warehouse.execute('delete from rollcall.t where true')).toEqual({ rowsChanged: 3 });
      const ids = server.asked.filter(isInsert).map(({ body }) => /rollcall_[\w-]+/.exec(body)?.[0]);
      expect(new Set(ids).size).toBe(1);
    } finally {
      await server.close();
    }
  },
);
