/**
 * Delivery that is made to fail, over and over: a server that answers wrongly, hangs up, loses its answers and is killed, and `sync`
 * processes that are killed. In the end everything arrived, and without repeats in the order of each profile.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { STATE, StateSchema } from '../../compiler/program/state.js';
import { duckdb } from '../../dialects/duckdb/dialect.js';

export interface SoakOptions {
  /** Profiles; each enters, leaves, enters and leaves: four messages. */
  readonly profiles: number;
  readonly seed: number;
  /** About how long a `sync` lives; every one is killed until so many were. */
  readonly killAfterMs: number;
  readonly kills: number;
  /** Server: likewise. */
  readonly serverKillAfterMs: number;
  readonly serverKills: number;
  /** Whether a first sync goes to the address as `https`, which it is not: it waits long before it gives up. */
  readonly untrusted?: boolean;
}

export interface SoakReport {
  readonly messages: number;
  readonly syncs: number;
  readonly syncsKilled: number;
  readonly serversKilled: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly arrivals: number;
  readonly repeats: number;
  readonly lost: number;
  readonly unexpected: number;
  readonly profilesOutOfOrder: number;
  readonly recordedTwice: number;
  readonly seconds: number;
}

const RUNS = 4;
const ROOT = resolve(import.meta.dirname, '../..');
const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Plays it in a folder of its own. */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const dir = await mkdtemp(join(tmpdir(), 'rollcall-soak-'));
  try {
    return await play(dir, options);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function play(dir: string, options: SoakOptions): Promise<SoakReport> {
  const started = performance.now();
  const port = await freePort();
  await project(dir, `http://127.0.0.1:${port}/`);
  await queue(dir, options.profiles);
  const files = { taken: join(dir, 'taken'), faults: join(dir, 'faults') };
  let seed = options.seed;
  let server = await startServer({ port, ...files, seed });
  let [serversKilled, syncsKilled, syncs, over] = [0, 0, 0, false];

  const killing = (async () => {
    while (!over && serversKilled < options.serverKills) {
      await pause(options.serverKillAfterMs);
      if (over) break;
      await ended(server, 'SIGKILL');
      serversKilled++;
      await pause(options.serverKillAfterMs / 10);
      server = await startServer({ port, ...files, seed: ++seed });
    }
  })();
  killing.catch(() => undefined); // told below
  try {
    // A connection that cannot be trusted takes nothing, and loses nothing.
    if (options.untrusted) {
      await project(dir, `https://127.0.0.1:${port}/`);
      await sync(dir).over;
      await project(dir, `http://127.0.0.1:${port}/`);
    }
    for (let waiting = 1; waiting > 0;) {
      const { child, over: done } = sync(dir);
      syncs++;
      const timer =
        syncsKilled < options.kills
          ? setTimeout(() => child.kill('SIGKILL'), options.killAfterMs * (0.5 + ((syncs * 7) % 10) / 10))
          : undefined;
      const told = await done;
      clearTimeout(timer);
      if (told === undefined) syncsKilled++;
      else waiting = told;
      if (syncs > 2000) throw new Error('it never ends');
    }
  } finally {
    over = true;
    await killing.finally(() => ended(server, 'SIGTERM'));
  }
  const recordedTwice = await twice(dir);
  return {
    messages: options.profiles * RUNS,
    syncs,
    syncsKilled,
    serversKilled,
    faults: countOf(files.faults),
    ...arrivalsOf(files.taken, options.profiles),
    recordedTwice,
    seconds: Math.round((performance.now() - started) / 1000),
  };
}

async function project(dir: string, url: string): Promise<void> {
  await mkdir(join(dir, 'models'), { recursive: true });
  await mkdir(join(dir, 'destinations'), { recursive: true });
  const write = (name: string, value: unknown): Promise<void> =>
    writeFile(join(dir, name), JSON.stringify(value));
  await write('rollcall.json', {
    name: 'soak',
    target: 'dev',
    targets: { dev: { type: 'duckdb', path: 'warehouse.duckdb', schema: 'rollcall' } },
    sources: [{ name: 'raw', layout: 'messages', table: 'raw.messages' }],
  });
  await write('models/buyers.json', {
    kind: 'audience',
    key: 'buyers',
    name: 'Buyers',
    definition: { event: 'Order Completed' },
  });
  const settings = { url, batch_size: 500, concurrency: 3, timeout_ms: 5000 };
  await write('destinations/crm.json', { kind: 'destination', key: 'crm', type: 'webhook', settings });
}

async function withWarehouse<T>(
  dir: string,
  work: (sql: (text: string) => Promise<readonly unknown[]>) => Promise<T>,
): Promise<T> {
  const warehouse = await duckdb.open({
    settings: { path: 'warehouse.duckdb' },
    projectDir: dir,
    mode: 'write',
  });
  try {
    return await work(async (text) => {
      const rows: unknown[] = [];
      for await (const batch of warehouse.read(text)) rows.push(...batch.rows);
      return rows;
    });
  } finally {
    await warehouse.close();
  }
}

/** Ids of messages are `u<profile>_<run>`. */
async function queue(dir: string, profiles: number): Promise<void> {
  const state = new StateSchema('rollcall');
  await withWarehouse(dir, async (sql) => {
    await sql('create schema rollcall');
    for (const table of ['outbox', 'deliveries', 'sent'] as const) {
      const step = { op: 'ensure_table', spec: state.spec(table), id: 't', title: 't' } as const;
      for (const statement of duckdb.statements(step, {})) await sql(statement.sql);
    }
    await sql(`insert into rollcall.outbox (${STATE.outbox.map((x) => x.name).join(', ')})
      select 'u' || u || '_' || r, 'crm', 'buyers', 'u' || u, 'run' || r,
        '{"type":"identify","userId":"u' || u || '","traits":{"buyers":' || (r % 2 = 1) || '},"messageId":"u' || u || '_' || r || '"}',
        timestamp '2025-01-01', 'identify', 'user_id', 'u' || u, cast(r % 2 = 1 as varchar), r
      from range(1, ${profiles + 1}) as p(u), range(1, ${RUNS + 1}) as q(r)`);
  });
}

const twice = (dir: string): Promise<number> =>
  withWarehouse(dir, async (sql) => {
    const [row] = await sql(
      `select count(*) - count(distinct message_id) as n from rollcall.deliveries where status = 'delivered'`,
    );
    return Number((row as { n: string }).n);
  });

/** A `sync`; resolves to how many messages wait after it, or to nothing where it was killed. */
function sync(dir: string): { readonly child: ChildProcess; readonly over: Promise<number | undefined> } {
  const cli = ['--import', 'tsx', join(ROOT, 'cli/main.ts')];
  const child = spawn(process.execPath, [...cli, 'sync', '--project', dir, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (part: Buffer) => (out += part.toString()));
  child.stderr.on('data', (part: Buffer) => (err += part.toString()));
  const over = new Promise<number | undefined>((done, fail) => {
    child.on('error', fail).on('close', (_, signal) => {
      if (signal === 'SIGKILL') return done(undefined);
      const told = out === '' ? undefined : (JSON.parse(out) as { destinations?: { waiting: number }[] });
      if (!told?.destinations) fail(new Error(err + out));
      else done(told.destinations[0]?.waiting ?? 0);
    });
  });
  return { child, over };
}

async function startServer(told: {
  port: number;
  taken: string;
  faults: string;
  seed: number;
}): Promise<ChildProcess> {
  const file = join(import.meta.dirname, 'soak-server.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', file], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, ROLLCALL_SOAK: JSON.stringify(told) },
  });
  await new Promise((ready, fail) => child.once('message', ready).once('exit', fail));
  return child;
}

function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((done) => {
    child.once('exit', () => done());
    child.kill(signal);
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((ready) => server.once('listening', ready));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

const linesOf = (file: string): string[] =>
  existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];

function countOf(file: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const line of linesOf(file)) counts[line] = (counts[line] ?? 0) + 1;
  return counts;
}

/** What arrived against what was to arrive. */
function arrivalsOf(
  file: string,
  profiles: number,
): Pick<SoakReport, 'arrivals' | 'repeats' | 'lost' | 'unexpected' | 'profilesOutOfOrder'> {
  const seen = new Uint8Array(profiles * RUNS + 1);
  const last = new Uint8Array(profiles + 1);
  const disordered = new Set<number>();
  let [arrivals, distinct, unexpected] = [0, 0, 0];
  for (const id of linesOf(file)) {
    arrivals++;
    const [, profile = 0, run = 0] = (/^u(\d+)_(\d)$/.exec(id) ?? []).map(Number);
    if (profile < 1 || profile > profiles || run < 1 || run > RUNS) {
      unexpected++;
      continue;
    }
    const at = (profile - 1) * RUNS + run;
    if (seen[at] === 1) continue;
    seen[at] = 1;
    distinct++;
    if (run !== (last[profile] ?? 0) + 1) disordered.add(profile);
    last[profile] = run;
  }
  return {
    arrivals,
    repeats: arrivals - distinct - unexpected,
    lost: profiles * RUNS - distinct,
    unexpected,
    profilesOutOfOrder: disordered.size,
  };
}
