/** `--target NAME`: every command works on that target and no other, here a DuckDB file and PGlite. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { postgres } from '../../dialects/postgres/dialect.js';
import { servePglite, type PgliteServer } from '../engines/pglite-server.js';
import {
  BUYERS,
  CONFIG,
  CRM,
  emptyFolder,
  MESSAGES,
  NOW,
  ORDERS,
  rollcall,
  SPENT,
  type Shop,
} from './support.js';

let shop: Shop;
let pglite: PgliteServer;

/** On `lake`, a DuckDB file, a and b bought; on `server`, PGlite, x and y and z. `nowhere` is the default. */
beforeAll(async () => {
  shop = await emptyFolder();
  // One of its own: tests that share one hold its only connection.
  pglite = await servePglite();
  const address = { host: '127.0.0.1', port: pglite.port, user: 'postgres', database: 'postgres' };
  // It takes one connection: the second, for leases, is waited for in vain.
  const server = { type: 'postgres', ...address, sslmode: 'disable', connect_timeout: 1 };
  await shop.write('rollcall.json', {
    ...CONFIG,
    target: 'nowhere',
    targets: {
      nowhere: { type: 'duckdb', path: 'nowhere.duckdb' },
      lake: { type: 'duckdb', path: 'lake.duckdb' },
      server,
    },
  });
  await shop.write('models/buyers.json', BUYERS);
  await shop.write('models/spent.json', SPENT);
  await shop.write('destinations/crm.json', CRM);
  await shop.execute(`${MESSAGES}${ORDERS}`);
  await rename(join(shop.dir, 'warehouse.duckdb'), join(shop.dir, 'lake.duckdb'));
  const warehouse = await postgres.open({ settings: server, projectDir: shop.dir, mode: 'write' });
  await warehouse.execute('create schema raw');
  await warehouse.execute(`create table raw.messages (message_id text, type text, event text, name text,
    "timestamp" timestamp, received_at timestamp, user_id text, anonymous_id text, group_id text, properties json,
    traits json, context json)`);
  await warehouse.execute(`insert into raw.messages (message_id, type, event, "timestamp", received_at, user_id, properties)
    select who, 'track', 'Order Completed', timestamp '2025-02-20', timestamp '2025-02-20', who, '{"revenue": 7}'
    from (values ('x'), ('y'), ('z')) as t(who)`);
  await warehouse.close();
});
afterAll(async () => {
  await pglite.close();
  await shop[Symbol.asyncDispose]();
});

type On = (target: string, ...argv: string[]) => Promise<{ readonly exit: number; readonly out: string }>;
const on: On = async (target, ...argv) => {
  const now = (): string => (argv[0] === 'doctor' ? new Date().toISOString() : NOW);
  const ran = await rollcall(shop.dir, [...argv, '--target', target, '--json'], { now });
  return { exit: ran.exit, out: ran.stdout };
};

/** What each command has to say on a target where `people` bought; in an order in which they can be run. */
const CASES: readonly (readonly [
  command: string,
  argv: string[],
  seen: (people: string[], out: string) => void,
])[] = [
  ['validate', ['validate'], () => undefined],
  ['ls', ['ls'], (_, out) => expect(out).toContain('buyers')],
  [
    'preview',
    ['preview', 'buyers'],
    (people, out) => expect(JSON.parse(out)).toMatchObject({ size: people.length }),
  ],
  ['run', ['run'], (_, out) => expect(JSON.parse(out)).toMatchObject({ status: 'succeeded' })],
  [
    'members',
    ['members', 'buyers'],
    (people, out) => {
      for (const one of people) expect(out).toContain(`"${one}"`);
    },
  ],
  ['status', ['status'], (people, out) => expect(out).toContain(`"size": ${people.length}`)],
  [
    'diff',
    ['diff', 'buyers'],
    (people, out) => expect(JSON.parse(out)).toMatchObject({ size: people.length }),
  ],
  [
    'sync',
    ['sync'],
    (people, out) => {
      expect(JSON.parse(out)).toMatchObject({ destinations: [{ delivered: 2 * people.length }] });
    },
  ],
];

describe.each([
  ['lake', ['a', 'b']],
  ['server', ['x', 'y', 'z']],
] as const)('--target %s', (target, people) => {
  it.each(CASES)('%s', async (_command, argv, seen) => {
    const { exit, out } = await on(target, ...argv);
    expect(exit, out).toBe(0);
    seen([...people], out);
  });

  it('compile writes the SQL of its engine', async () => {
    expect((await on(target, 'compile')).exit).toBe(0);
    const sql = readFileSync(join(shop.dir, 'target/compiled/models/buyers.sql'), 'utf8');
    expect(sql.includes('pg_temp.') || sql.includes('jsonb')).toBe(target === 'server');
  });

  it('doctor looks at it', async () => {
    const { exit, out } = await on(target, 'doctor');
    expect(exit, out).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ target, healthy: true });
    expect(out).toContain(target === 'server' ? 'PostgreSQL' : 'DuckDB');
  });

  it('retire frees a key there', async () => {
    const kept = readFileSync(join(shop.dir, 'models/spent.json'), 'utf8');
    await rename(join(shop.dir, 'models/spent.json'), join(shop.dir, 'spent.json'));
    expect((await on(target, 'run')).exit).toBe(0);
    expect(await on(target, 'retire', 'spent', '--release')).toMatchObject({ exit: 0 });
    await shop.write('models/spent.json', kept);
  });
});

it('the default target was never touched', () => {
  expect(existsSync(join(shop.dir, 'nowhere.duckdb'))).toBe(false);
});

describe('a file that is not there', () => {
  const COMMANDS: readonly (readonly string[])[] = [
    ['run'],
    ['run', '--full-refresh'],
    ['sync'],
    ['backfill', '--from', '2025-02-20', '--to', '2025-02-21', '--every', '1d'],
    ['resync', 'crm'],
    ['forget', '--profile', 'x'],
    ['preview', 'buyers'],
    ['members', 'buyers'],
    ['status'],
    ['diff', 'buyers'],
  ];
  it.each(COMMANDS)('is told by %s, which makes none', async (...args) => {
    const { exit, out } = await on('nowhere', ...args);
    expect([exit, out]).toEqual([4, expect.stringContaining('there is no DuckDB file at')]);
    expect(readdirSync(shop.dir).filter((name) => name.includes('nowhere'))).toEqual([]);
  });
});

/** Commands that read a project, by their help; whoever adds one finds it here. */
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  alerts: [], backfill: ['--from', '2025-01-01', '--to', '2025-01-02'], compile: [], deliveries: [], diff: ['buyers'], doctor: [], explain: [],
  forget: ['--profile', 'ann'], import: ['segment', 'none.json'], ls: [], members: ['buyers'], preview: ['buyers'],
  resync: ['crm'], retire: ['buyers'], run: [], status: [], sync: [], test: [], validate: [], watch: [],
}; // prettier-ignore

it('names all commands that there are', async () => {
  const { stdout } = await rollcall(shop.dir, ['--help']);
  const found = [...stdout.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name);
  const others = ['completion', 'demo', 'init', 'help'];
  expect(found.filter((name) => name && !others.includes(name)).sort()).toEqual(Object.keys(COMMANDS));
});

describe('a target that is not there', () => {
  it.each(Object.keys(COMMANDS))('%s says where targets are, and which', async (command) => {
    const ran = await rollcall(shop.dir, [
      command,
      ...(COMMANDS[command] ?? []),
      '--target',
      'sever',
      '--json',
    ]);
    expect(ran.exit).toBe(2);
    const told = `${ran.stdout}${ran.stderr}`;
    expect(told).toMatch(/rollcall\.json:4:3/);
    expect(told).toContain('there is no target');
    expect(told).toContain('sever');
    expect(told.replaceAll('\\"', '"')).toContain(
      'did you mean "server"? the targets are "nowhere", "lake" or "server"',
    );
  });
});
