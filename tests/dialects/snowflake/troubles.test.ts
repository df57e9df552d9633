/** What Snowflake refuses, by the codes its service answers with, through its driver: text, exit code, what is tried again. */
import { describe, expect, it } from 'vitest';
import { snowflake } from '../../../dialects/snowflake/dialect.js';
import { withRetry } from '../../../dialects/retry.js';
import { BUYERS, CONFIG, emptyFolder, rollcall, type Ran } from '../../cli/support.js';
import { faultServer, type Answer, type Asked } from '../../support/fault-server.js';

const settings = (port: number): Record<string, unknown> => ({
  type: 'snowflake',
  account: 'acme',
  user: 'rollcall',
  password: 'hunter2',
  database: 'analytics',
  warehouse: 'wh',
  host: '127.0.0.1',
  port,
  protocol: 'http',
});

const refused = (code: string, message: string, sqlState = '00000'): Answer => ({
  json: { success: false, code, message, data: { errorCode: code, sqlState, queryId: 'q' } },
});
const LOGGED_IN: Answer = {
  json: {
    success: true,
    code: null,
    message: null,
    data: { token: 't', masterToken: 'm', sessionId: 1, parameters: [], validityInSeconds: 3600, masterValidityInSeconds: 14400, sessionInfo: {} },
  },
}; // prettier-ignore

/** What opening a session asks, answered; `then` answers everything after. */
const session =
  (then: (sql: string) => Answer, place: readonly (string | null)[] = ['ANALYTICS', 'WH']) =>
  ({ path, body }: Asked): Answer => {
    if (path.startsWith('/session/v1/login-request')) return LOGGED_IN;
    if (!path.startsWith('/queries/v1/query-request')) return { json: { success: true, data: {} } };
    const { sqlText } = JSON.parse(body) as { sqlText: string };
    const text = (name: string) => ({ name, type: 'text', nullable: true, length: 100, byteLength: 400 });
    const data = { parameters: [], queryId: 'q', queryResultFormat: 'json', statementTypeId: 4096 };
    const rows = (names: readonly string[], rowset: unknown): Answer => ({
      json: { success: true, data: { ...data, rowtype: names.map(text), rowset, total: 1, returned: 1 } },
    });
    if (sqlText.startsWith('alter session')) return rows(['status'], [['done']]);
    if (sqlText.includes('current_database()')) return rows(['DB', 'WH'], [place]);
    return then(sqlText);
  };

async function run(answer: (asked: Asked) => Answer): Promise<Ran> {
  const server = await faultServer(answer);
  await using shop = await emptyFolder();
  await shop.write('rollcall.json', { ...CONFIG, targets: { dev: settings(server.port) } });
  await shop.write('models/buyers.json', { ...BUYERS, destinations: [] });
  try {
    return await rollcall(shop.dir, ['run']);
  } finally {
    await server.close();
  }
}

async function failed(answer: Answer): Promise<unknown> {
  const server = await faultServer(session(() => answer));
  const warehouse = await snowflake.open({ settings: settings(server.port), projectDir: '/', mode: 'write' });
  try {
    return await warehouse.execute('delete from rollcall.t').catch((e: unknown) => e);
  } finally {
    await warehouse.close();
    await server.close();
  }
}

describe.concurrent('what refuses us ends a run with exit 4, and says what to do', () => {
  const login = (code: string, message: string) => () => refused(code, message);
  const CASES = [
    [
      'a wrong password',
      login('390100', 'Incorrect username or password was specified.'),
      /account acme refused the connection: Incorrect username[^]*hint: check "user" and "password"/,
    ],
    ['a key that is not the user’s', login('390144', 'JWT token is invalid.'), /hint: check that the public key of "private_key_path" is set on the user/],
    ['a user who is locked', login('390102', 'Your user account has been temporarily locked.'), /hint: the user is locked/],
    ['an expired OAuth token', login('390318', 'OAuth access token expired.'), /hint: the OAuth token has expired: get a new one/],
    ['a role that is not ours', login('390186', 'Role is not granted to this user.'), /hint: check "role"/],
    ['an address that is not let in', login('390422', 'IP is not allowed to access Snowflake.'), /hint: this address is not in the network policy/],
    [
      'a database that there is not',
      session(() => refused('0', ''), [null, 'WH']),
      /database analytics does not exist, or the role may not use it[^]*hint: check "database" and "role"/,
    ],
    [
      'a warehouse that there is not',
      session(() => refused('0', ''), ['ANALYTICS', null]),
      /warehouse wh does not exist, or the role may not use it[^]*hint: check "warehouse"/,
    ],
    [
      'a session that expired',
      session(() => refused('390114', 'Authentication token has expired.  The user must authenticate again.')),
      /Snowflake refused: Authentication token has expired[^]*hint: run again: the session has expired/,
    ],
    [
      'a right that is missing',
      session(() => refused('003001', "SQL access control error:\nInsufficient privileges to operate on schema 'ROLLCALL'", '42501')),
      /Insufficient privileges to operate on schema 'ROLLCALL'[^]*hint: grant the role what it lacks/,
    ],
  ] as const; // prettier-ignore
  it.each(CASES)('%s', { timeout: 60_000 }, async (_what, answer, text) => {
    const ran = await run(answer);
    expect(ran.exit).toBe(4);
    expect(ran.stderr).toMatch(/^warehouse-unavailable /);
    expect(ran.stderr).toMatch(text);
    expect(ran.stdout + ran.stderr).not.toContain('hunter2');
  });
});

it(
  'a queue that is full is waited for, twice as long each time, and the statement then done',
  { timeout: 60_000 },
  async () => {
    let refusals = 3;
    const done = { success: true, data: { parameters: [], queryId: 'q', queryResultFormat: 'json', statementTypeId: 12544, rowtype: [{ name: 'number of rows deleted', type: 'fixed', scale: 0, precision: 19, nullable: false }], rowset: [['1']], total: 1, returned: 1 } }; // prettier-ignore
    const server = await faultServer(
      session(() =>
        refusals-- > 0 ? refused('000707', 'More jobs than the warehouse takes') : { json: done },
      ),
    );
    const warehouse = await snowflake.open({
      settings: settings(server.port),
      projectDir: '/',
      mode: 'write',
    });
    const waits: number[] = [];
    try {
      const changed = await withRetry(() => warehouse.execute('delete from rollcall.t'), {
        repeatable: false,
        sleep: (ms) => Promise.resolve(void waits.push(ms)),
        onRetry: () => undefined,
      });
      expect(changed).toEqual({ rowsChanged: 1 });
      expect(waits).toEqual([5_000, 10_000, 20_000]);
    } finally {
      await warehouse.close();
      await server.close();
    }
  },
);

it(
  'a statement whose connection is cut is asked for again under its own id, and done once',
  { timeout: 60_000 },
  async () => {
    const ids: string[] = [];
    const server = await faultServer((asked) => {
      const answer = session(() => refused('002003', 'no such table', '42S02'))(asked);
      if (!asked.path.startsWith('/queries/v1/query-request') || !asked.body.includes('delete from'))
        return answer;
      ids.push(new URL(asked.path, 'http://x').searchParams.get('requestId') ?? '');
      return ids.length === 1 ? 'cut' : answer;
    });
    const warehouse = await snowflake.open({
      settings: settings(server.port),
      projectDir: '/',
      mode: 'write',
    });
    try {
      await warehouse.execute('delete from rollcall.t').catch(() => undefined);
      expect(ids).toHaveLength(2);
      expect(new Set(ids).size).toBe(1);
    } finally {
      await warehouse.close();
      await server.close();
    }
  },
);

describe.concurrent('a statement that fails', () => {
  const CASES = [
    ['a lock of another transaction', '000625', "Statement 'q' has locked table 'T' in transaction 1 and this lock has not yet been released.", 'transient'],
    ['a warehouse with too many jobs', '000707', 'Data is being loaded; more jobs than the warehouse takes', 'busy'],
    ['too many that wait for a lock', '000627', 'Number of waiters for this lock exceeds the 20 statements limit.', 'transient'],
    ['a schema that there is not', '002003', "SQL compilation error:\nSchema 'ANALYTICS.ROLLCALL' does not exist or not authorized.", 'refused'],
    ['a table that there is not', '002003', "SQL compilation error:\nObject 'ROLLCALL.T' does not exist or not authorized.", 'refused'],
  ] as const; // prettier-ignore
  it.each(CASES)('%s (%s)', { timeout: 60_000 }, async (_what, code, message, failure) => {
    expect(await failed(refused(code, message, '42000'))).toMatchObject({
      name: 'StatementError',
      failure,
      message: message.replace('\n', ' '),
    });
  });
});
