/** What doctor finds, and that it leaves nothing behind. */
import { spawnSync } from 'node:child_process';
import { chmod, readdir, readFile, rename, rm } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { lockPath } from '../../dialects/duckdb/lock.js';
import { loadProject } from '../../models/index.js';
import type { Check } from '../../runtime/doctor-api.js';
import { doctor } from '../../runtime/index.js';
import { emptyFolder, rollcall, type Shop } from './support.js';

let shop: Shop;
beforeEach(async () => {
  shop = await emptyFolder();
  await shop.write('rollcall.json', {
    name: 'shop',
    target: 'dev',
    targets: {
      dev: { type: 'duckdb', path: 'warehouse.duckdb', schema: 'rollcall' },
      prod: { type: 'duckdb', path: '${env:SHOP_FILE}', schema: 'rollcall' },
    },
    sources: [{ name: 'raw', layout: 'messages', table: 'raw.messages' }],
  });
  await shop.write('models/buyers.json', {
    kind: 'audience',
    key: 'buyers',
    name: 'Buyers',
    of: 'users',
    definition: { event: 'Order Completed' },
  });
});
afterEach(() => shop[Symbol.asyncDispose]());

const land = () =>
  shop.execute(`create schema raw; create table raw.messages (message_id text, type text, event text, name text,
    timestamp timestamp, received_at timestamp, user_id text, anonymous_id text, group_id text, properties json,
    traits json, context json)`);

const now = (): string => new Date().toISOString();

async function examine(...argv: string[]) {
  const ran = await rollcall(shop.dir, ['doctor', '--json', ...argv], { now });
  const { checks = [], ...rest } = JSON.parse(ran.stdout) as { checks?: Check[]; healthy?: boolean };
  return { ...ran, ...rest, checks, of: (name: string) => checks.filter((check) => check.name === name) };
}

it('finds a project ready to run, and leaves nothing behind', async () => {
  await land();
  const before = await readdir(shop.dir);
  const { exit, checks, healthy } = await examine();
  expect(checks.map(({ name, status }) => [name, status])).toEqual([
    ['node', 'ok'],
    ['configuration', 'ok'],
    ['connection', 'ok'],
    ['clock', 'ok'],
    ['version', 'ok'],
    ['state', 'ok'],
    ['lock', 'ok'],
    ['source raw', 'ok'],
    ['permissions', 'ok'],
  ]);
  expect({ exit, healthy }).toEqual({ exit: 0, healthy: true });
  expect(await readdir(shop.dir)).toEqual(before);
  await shop.execute('create schema rollcall');
  const text = await rollcall(shop.dir, ['doctor'], { now });
  expect(text.stdout).toMatch(/✔ version +DuckDB v/);
  expect(text.stdout).toMatch(/✔ ready to run/);
});

it('says what state there is', async () => {
  await land();
  await rollcall(shop.dir, ['run', '--as-of', '2025-01-01']);
  expect((await examine()).of('state')).toMatchObject([
    { message: expect.stringMatching(/schema rollcall, layout 1: 1 definition, last run .* succeeded/) },
  ]);
});

it('misses a file', async () => {
  const { exit, of } = await examine();
  expect(exit).toBe(4);
  expect(of('connection')).toMatchObject([
    {
      status: 'error',
      code: 'warehouse-unavailable',
      message: expect.stringContaining('there is no DuckDB'),
    },
  ]);
  expect(await readdir(shop.dir)).not.toContain('warehouse.duckdb');
});

it('misses a source', async () => {
  await shop.execute('create schema raw');
  const { exit, of } = await examine();
  expect(exit).toBe(2);
  expect(of('source raw')).toMatchObject([{ status: 'error', code: 'missing-table' }]);
  expect(of('permissions')).toMatchObject([{ status: 'ok' }]);
});

it('finds a file beside which nothing can be written', async () => {
  await land();
  // Too long a name for the lock's file: the one refusal that also root gets.
  const long = `${'w'.repeat(220)}.db`;
  await rename(join(shop.dir, 'warehouse.duckdb'), join(shop.dir, long));
  await shop.write('rollcall.json', {
    name: 'shop',
    target: 'dev',
    targets: { dev: { type: 'duckdb', path: long } },
    sources: [{ name: 'raw', layout: 'messages', table: 'raw.messages' }],
  });
  const { exit, of } = await examine();
  expect(exit).toBe(4);
  expect(of('connection')).toMatchObject([{ status: 'ok' }]);
  expect(of('permissions')).toMatchObject([{ status: 'error', code: 'warehouse-unavailable' }]);
});

it.skipIf(process.getuid?.() === 0)('finds a file that may only be read (root may write any)', async () => {
  await land();
  await chmod(join(shop.dir, 'warehouse.duckdb'), 0o444);
  const { exit, of } = await examine();
  expect(exit).toBe(4);
  expect(of('permissions')).toMatchObject([{ status: 'error' }]);
});

it('finds a lock, and who holds it', async () => {
  await land();
  const owner = {
    run_id: 'the_first',
    pid: process.ppid,
    host: hostname(),
    since: now(),
    command: 'rollcall run',
  };
  await shop.write(lockPath('warehouse.duckdb'), owner);
  const { exit, of } = await examine();
  expect(exit).toBe(3);
  expect(of('connection')).toMatchObject([{ code: 'locked', message: expect.stringContaining('the_first') }]);
});

it('misses a variable of the target it is asked for', async () => {
  await land();
  const { exit, checks } = await examine('--target', 'prod');
  expect(exit).toBe(2);
  expect(checks.slice(1)).toMatchObject([
    {
      name: 'configuration',
      status: 'error',
      code: 'missing-variable',
      message: expect.stringMatching(/^rollcall\.json:\d+:\d+ .*SHOP_FILE/),
    },
  ]);
});

it('does not know a target, or a setting', async () => {
  expect(await examine('--target', 'pord')).toMatchObject({ exit: 2, healthy: false });
  const config = JSON.parse(await readFile(join(shop.dir, 'rollcall.json'), 'utf8')) as Record<
    string,
    unknown
  >;
  await shop.write('rollcall.json', { ...config, targets: { dev: { type: 'duckdb', pth: 'x' } } });
  const { exit, of } = await examine();
  expect(exit).toBe(2);
  expect(of('configuration').map(({ code }) => code)).toEqual(expect.arrayContaining(['unknown-key']));
});

it('goes on where definitions are wrong, which validate tells', async () => {
  await land();
  await shop.write('models/broken.json', { kind: 'audience', key: 'broken' });
  const { exit, of } = await examine();
  expect(exit).toBe(0);
  expect(of('definitions')).toMatchObject([{ status: 'warning', hint: 'rollcall validate' }]);
});

it('looks at a target before there are definitions', async () => {
  await land();
  await rm(join(shop.dir, 'models/buyers.json'));
  const { exit, of } = await examine();
  expect(exit).toBe(0);
  expect(of('definitions')).toMatchObject([{ status: 'warning', code: 'empty-project' }]);
});

/** A service that takes connections and says nothing. */
async function mute(): Promise<{ readonly port: number; readonly close: () => void }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = (): void => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { port: (server.address() as AddressInfo).port, close };
}

it('gives up on what does not answer, and asks it nothing more', async () => {
  const service = await mute();
  const settings = {
    type: 'bigquery',
    project: 'p',
    dataset: 'rollcall',
    api_endpoint: `http://127.0.0.1:${service.port}`,
  };
  await shop.write('rollcall.json', {
    name: 'shop',
    target: 'dev',
    targets: { dev: settings },
    sources: [{ name: 'raw', layout: 'messages', table: 'raw.messages' }],
  });
  const { project, spans } = await loadProject({ dir: shop.dir, env: {} });
  if (!project) throw new Error('the project does not load');
  const { checks, exit } = await doctor({ project, spans, now, limitMs: 300 });
  service.close();
  expect(exit).toBe(4);
  expect(checks).toMatchObject([
    {
      name: 'connection',
      status: 'error',
      code: 'warehouse-unavailable',
      message: expect.stringContaining('no answer within 0.3 s'),
      hint: expect.any(String),
    },
  ]);
});

it('of an unreachable service says so once, and nothing that a package says of itself', async () => {
  await shop.write('rollcall.json', {
    name: 'shop',
    target: 'dev',
    targets: { dev: { type: 'postgres', host: '127.0.0.1', port: 1 } },
    sources: [{ name: 'raw', layout: 'messages', table: 'raw.messages' }],
  });
  const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
  const warning = "process.emitWarning('of its own', 'MetadataLookupWarning')";
  const noisy = `data:text/javascript,process.once('beforeExit', () => ${warning})`;
  const argv = ['--import', 'tsx', '--import', noisy, main];
  const env = { ...process.env, NODE_OPTIONS: '' };
  const ran = spawnSync(process.execPath, [...argv, 'doctor', '-p', shop.dir], { encoding: 'utf8', env });
  expect(ran).toMatchObject({ status: 4, stderr: '' });
  expect(ran.stdout.match(/✖ \w+/g)).toEqual(['✖ connection', '✖ 1']);
  expect(ran.stdout).not.toContain('answers');
  // Whatever the command.
  const traced = spawnSync(process.execPath, [...argv, '--version'], {
    encoding: 'utf8',
    env: { ...env, NODE_OPTIONS: '--trace-warnings' },
  });
  expect(traced.stderr).toContain('MetadataLookupWarning');
});

it('sees clocks that differ', async () => {
  await land();
  const behind = () => new Date(Date.now() - 3_600_000).toISOString();
  const ran = await rollcall(shop.dir, ['doctor', '--json'], { now: behind });
  const { checks } = JSON.parse(ran.stdout) as { checks: Check[] };
  expect(checks.find(({ name }) => name === 'clock')).toMatchObject({
    status: 'error',
    message: expect.stringMatching(/3\d\d\d(\.\d)? s ahead/),
  });
});
