/**
 * What goes wrong on a server, as a user meets it: exit code and text of the command, and state that is as it was. Real roles
 * without rights, a network that is cut, tables that go, locks of others. Needs a server (scripts/with-postgres.sh).
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { postgres } from '../../dialects/postgres/dialect.js';
import type { Warehouse } from '../../dialects/warehouse.js';
import { BUYERS, CONFIG, emptyFolder, rollcall, SPENT, type Ran, type Shop } from '../cli/support.js';
import { serverSettings } from '../engines/postgres.js';
import { proxyTo, type Proxy } from '../support/proxy.js';

const MESSAGES = `create schema raw; create table raw.messages (message_id text, type text, event text, name text,
  "timestamp" timestamp, received_at timestamp, user_id text, anonymous_id text, group_id text, properties json,
  traits json, context json)`;
const order = (id: string, user: string): string =>
  `insert into raw.messages (message_id, type, event, "timestamp", received_at, user_id, properties)
   values ('${id}', 'track', 'Order Completed', '2025-02-20', '2025-02-20', '${user}', '{"revenue": 7}')`;

let shop: Shop;
let admin: Warehouse;
let proxy: Proxy;
let base: Readonly<Record<string, unknown>>;

async function target(over: Record<string, unknown> = {}): Promise<void> {
  await shop.write('rollcall.json', {
    ...CONFIG,
    targets: { dev: { type: 'postgres', ...base, sslmode: 'disable', ...over } },
  });
}

async function sql(...statements: string[]): Promise<void> {
  for (const statement of statements) await admin.execute(statement);
}

async function rows(query: string): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const batch of admin.read(query)) found.push(...batch.rows);
  return found;
}

/** What a reader sees: members, values, and the runs that changed them. */
const state = async (): Promise<unknown> => [
  await rows('select audience_key, profile_id, entered_at from rollcall.memberships order by 1, 2'),
  await rows('select trait_key, profile_id, text_value from rollcall.trait_values order by 1, 2'),
  await rows('select definition_key, as_of, size from rollcall.snapshots order by 1, 2'),
  await rows('select definition_key, count(*) as n from rollcall.outbox group by 1 order by 1'),
];

const run = (): Promise<Ran> => rollcall(shop.dir, ['run']);

/** A role of this test's own; the server is the tests' own too. */
async function role(name: string, ...grants: string[]): Promise<void> {
  await sql(
    `drop role if exists ${name}`,
    `create role ${name} login password 'hunter2'`,
    ...grants.map((g) => `${g} ${name}`),
  );
}

beforeAll(async () => {
  base = await serverSettings();
  const port = Number(new URL(String(base['url'])).port);
  proxy = await proxyTo(port);
  admin = await postgres.open({ settings: base, projectDir: '/', mode: 'write' });
});
afterAll(async () => {
  await admin.close();
  await proxy.close();
});

beforeEach(async () => {
  shop = await emptyFolder();
  await target();
  await shop.write('models/buyers.json', { ...BUYERS, destinations: [] });
  await shop.write('models/spent.json', SPENT);
  await sql('drop schema if exists raw, rollcall cascade', ...MESSAGES.split('; '), order('1', 'ann'));
});
afterEach(async () => {
  proxy.watch = () => undefined;
  proxy.down = false;
  await sql('reset role', 'drop schema if exists raw, rollcall cascade');
  for (const name of ['nologin', 'reader', 'writer', 'expired', 'few', 'hasty', 'readonly'])
    await sql(`do $$ begin if exists (select from pg_roles where rolname = 'trouble_${name}') then
      execute 'drop owned by trouble_${name} cascade'; execute 'drop role trouble_${name}'; end if; end $$`);
  await shop[Symbol.asyncDispose]();
});

describe('who is not let in: exit 4, what to check, and never the password', () => {
  const refused = async (over: Record<string, unknown>, text: RegExp): Promise<void> => {
    await target(over);
    const ran = await run();
    expect(ran.exit).toBe(4);
    expect(ran.stderr).toMatch(/warehouse-unavailable PostgreSQL at \S+, database \S+ cannot be opened/);
    expect(ran.stderr).toMatch(text);
    expect(ran.stderr).toMatch(/hint: /);
    expect(ran.stdout + ran.stderr).not.toContain('hunter2');
    expect(await rows("select 1 from pg_namespace where nspname = 'rollcall'")).toEqual([]);
  };

  it('a wrong password', () =>
    refused({ password: 'hunter2' }, /password authentication failed[^]*PGPASSWORD/));

  it('a password whose time is over', async () => {
    await role('trouble_expired');
    await sql(`alter role trouble_expired valid until '2001-01-01'`);
    await refused({ user: 'trouble_expired', password: 'hunter2' }, /password authentication failed/);
  });

  it('a role that may not log in', async () => {
    await role('trouble_nologin');
    await sql('alter role trouble_nologin nologin');
    await refused({ user: 'trouble_nologin', password: 'hunter2' }, /not permitted to log in/);
  });

  it('a database that there is not', () =>
    refused({ database: 'nowhere' }, /"nowhere" does not exist[^]*"database"/));

  it('a server that does not run', () => refused({ host: '127.0.0.1', port: 1 }, /ECONNREFUSED[^]*"port"/));

  it('as many connections as there may be', async () => {
    await role('trouble_few');
    await sql('alter role trouble_few connection limit 1');
    const settings = { ...base, user: 'trouble_few', password: 'hunter2' };
    const other = await postgres.open({ settings, projectDir: '/', mode: 'read' });
    await refused(settings, /too many connections[^]*close others/);
    await other.close();
  });
});

describe('who may not', () => {
  it('create the schema: nothing was begun, exit 4', async () => {
    await role(
      'trouble_reader',
      'grant usage on schema raw to',
      'grant select on all tables in schema raw to',
    );
    await target({ user: 'trouble_reader', password: 'hunter2' });
    const ran = await run();
    expect(ran.exit).toBe(4);
    expect(ran.stderr).toMatch(/permission denied for database/);
  });

  it('write, as the server only reads: exit 4', async () => {
    await role('trouble_readonly');
    await sql(`alter role trouble_readonly superuser`);
    await sql(`alter role trouble_readonly set default_transaction_read_only = on`);
    await target({ user: 'trouble_readonly', password: 'hunter2' });
    const ran = await run();
    expect(ran.exit).toBe(4);
    expect(ran.stderr).toMatch(/read-only transaction[^]*hint: runs need a server that can be written/);
  });

  it('read a source: exit 4 with the table, before anything is run; doctor says which source', async () => {
    await role('trouble_writer', `grant create on database ${String(base['database'])} to`);
    await sql('grant usage on schema raw to trouble_writer');
    await target({ user: 'trouble_writer', password: 'hunter2' });
    const ran = await run();
    expect(ran.exit).toBe(4);
    expect(ran.stderr).toMatch(/permission denied for table messages[^]*hint: rollcall doctor/);
    const asked = await rollcall(shop.dir, ['doctor'], { now: () => new Date().toISOString() });
    expect(asked.exit).toBe(4);
    expect(asked.stdout).toMatch(/✖ source raw\s+permission denied for table messages/);
  });
});

it('a source that there is not is found before anything is run: exit 2', async () => {
  await sql('drop schema raw cascade');
  const ran = await run();
  expect(ran.exit).toBe(2);
  expect(ran.stderr).toMatch(/rollcall\.json:\d+:\d+ missing-table/);
});

it('a table renamed between looking and reading: the run fails and says which, state stays, and the next run goes on', async () => {
  await run();
  const before = await state();
  await sql(order('2', 'bob'));
  await target({ host: '127.0.0.1', port: proxy.port });
  let renamed = false;
  proxy.watch = async (said) => {
    if (!renamed && said.includes('step=land.raw')) {
      renamed = true;
      await sql('alter table raw.messages rename to messages_2');
    }
    return undefined;
  };
  const ran = await run();
  expect(ran.exit).toBe(1);
  expect(ran.stderr).toMatch(/step land\.raw\S* failed: relation "raw\.messages" does not exist/);
  expect(await state()).toEqual(before);
  await sql('alter table raw.messages_2 rename to messages');
  expect((await run()).exit).toBe(0);
  expect(
    await rows("select profile_id from rollcall.memberships where audience_key = 'buyers'"),
  ).toHaveLength(2);
});

describe('a network that is cut', () => {
  beforeEach(async () => {
    await run();
    await sql(order('2', 'bob'));
    await target({ host: '127.0.0.1', port: proxy.port });
  });
  /** Cuts at the first thing said that matches. */
  const cutAt = (...patterns: RegExp[]): void => {
    const left = [...patterns];
    proxy.watch = (said) => {
      if (!left[0]?.test(said)) return undefined;
      left.shift();
      return left.length === 0 ? 'cut' : undefined;
    };
  };
  const bought = (): Promise<unknown[]> =>
    rows("select profile_id from rollcall.memberships where audience_key = 'buyers' order by 1");

  it('while it lands is got over: exit 0', async () => {
    cutAt(/step=land\.raw/);
    const ran = await run();
    expect(ran.exit, ran.stderr).toBe(0);
    expect(await bought()).toEqual([{ profile_id: 'ann' }, { profile_id: 'bob' }]);
    expect(ran.stderr).toMatch(/retry 1 of .* ECONNRESET/);
  });

  it.each([
    ['while it computes', [/step=compute/]],
    ['while it publishes', [/step=publish\.snapshots/]],
    ['before the commit that publishes is heard', [/step=publish\.snapshots/, /commit/]],
  ] as const)(
    '%s takes what was computed with it: exit 4 says so, and the next run goes on',
    async (_when, patterns) => {
      const before = await state();
      cutAt(...patterns);
      const ran = await run();
      expect(ran.exit, ran.stderr).toBe(4);
      expect(ran.stderr).toMatch(/the connection was lost, and what was computed[^\n]*\n\s+hint: run again/);
      expect(await state()).toEqual(before);
      expect((await run()).exit).toBe(0);
      expect(await bought()).toEqual([{ profile_id: 'ann' }, { profile_id: 'bob' }]);
    },
  );

  it('between the commit and its answer: it is asked for, and nothing is published twice', async () => {
    let publishing = false;
    let cut = false;
    proxy.watch = (said) => {
      publishing ||= said.includes('step=publish.snapshots');
      if (cut || !publishing || !/commit/.test(said)) return undefined;
      cut = true;
      return 'deaf';
    };
    const ran = await run();
    expect(ran.exit, ran.stderr).toBe(0);
    expect(cut).toBe(true);
    expect(await bought()).toHaveLength(2);
    expect(await rows('select definition_key from rollcall.snapshots')).toHaveLength(4);
  });

  it('for good: exit 4, state as it was, and the next run goes on', async () => {
    const before = await state();
    proxy.watch = (said) => {
      if (!said.includes('step=publish.snapshots')) return undefined;
      proxy.down = true;
      return 'cut';
    };
    const ran = await run();
    expect(ran.exit).toBe(4);
    expect(ran.stderr).toMatch(/warehouse-unavailable/);
    expect(await state()).toEqual(before);
    proxy.down = false;
    proxy.watch = () => undefined;
    expect((await run()).exit).toBe(0);
    expect(await rows("select status from rollcall.runs where status = 'crashed'")).toHaveLength(1);
  });
});

it('a lock of somebody else is waited for, and told as a retry', async () => {
  await run();
  await sql(order('2', 'bob'));
  await role('trouble_hasty');
  await sql('alter role trouble_hasty superuser', `alter role trouble_hasty set lock_timeout = '100ms'`);
  await target({ user: 'trouble_hasty', password: 'hunter2' });
  const other = await postgres.open({ settings: base, projectDir: '/', mode: 'write' });
  await other.begin();
  await other.execute('lock table rollcall.snapshots in access exclusive mode');
  // Free once the first wait is told.
  let told = '';
  const stderr = {
    write: (text: string) => {
      if (!told.includes('"retry"') && text.includes('"retry"')) void other.rollback();
      told += text;
      return true;
    },
  };
  const { exit } = await rollcall(shop.dir, ['run', '--log-format', 'json'], { stderr });
  await other.close();
  expect(exit, told).toBe(0);
  expect(told).toMatch(/"event":"retry"[^\n]*lock timeout/);
  expect(
    await rows("select profile_id from rollcall.memberships where audience_key = 'buyers'"),
  ).toHaveLength(2);
});

it('a transaction that could not be serialized begins again', async () => {
  await run();
  await sql(order('2', 'bob'));
  await role('trouble_hasty');
  await sql('alter role trouble_hasty superuser');
  await sql(`alter role trouble_hasty set default_transaction_isolation = 'repeatable read'`);
  await target({ user: 'trouble_hasty', password: 'hunter2', host: '127.0.0.1', port: proxy.port });
  let meddled = false;
  proxy.watch = async (said) => {
    // Its snapshot is taken; what it is about to change changes.
    if (!meddled && said.includes('step=publish.snapshots')) {
      meddled = true;
      await sql('update rollcall.definitions set status = status');
    }
    return undefined;
  };
  const ran = await rollcall(shop.dir, ['run', '--log-format', 'json']);
  expect(ran.exit, ran.stderr).toBe(0);
  expect(ran.stderr).toMatch(/"event":"retry"[^\n]*could not serialize access/);
  expect(
    await rows("select profile_id from rollcall.memberships where audience_key = 'buyers'"),
  ).toHaveLength(2);
});
