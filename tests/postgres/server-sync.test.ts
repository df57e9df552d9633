/** Several `sync` on one server, as processes of their own: who claims what, what a killed one leaves, a sync beside a run. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { STATE, StateSchema, type StateTable } from '../../compiler/program/state.js';
import { postgres } from '../../dialects/postgres/dialect.js';
import { deliveryReport, putBackLetters } from '../../delivery/index.js';
import type { Row, Warehouse } from '../../dialects/warehouse.js';
import { POSTGRES_URL } from '../engines/postgres.js';
import { faultyServer, type FaultyServer } from '../delivery/server.js';

const CLI = resolve(import.meta.dirname, '../../cli/main.ts');
const state = new StateSchema('several');
const target = { type: 'postgres', url: POSTGRES_URL, schema: state.schema };

let dir: string;
let warehouse: Warehouse;
let server: FaultyServer;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rollcall-several-'));
  await mkdir(join(dir, 'models'));
  await mkdir(join(dir, 'destinations'));
  const config = {
    name: 'several',
    target: 'dev',
    targets: { dev: target },
    sources: [{ name: 'raw', layout: 'messages', table: 'raw.messages' }],
  };
  await writeFile(join(dir, 'rollcall.json'), JSON.stringify(config));
  const buyers = {
    kind: 'audience',
    key: 'buyers',
    name: 'Buyers',
    definition: { event: 'Order Completed' },
  };
  await writeFile(join(dir, 'models/buyers.json'), JSON.stringify(buyers));
  warehouse = await postgres.open({ settings: target, projectDir: dir, mode: 'write' });
  await warehouse.execute(`drop schema if exists ${state.schema} cascade; create schema ${state.schema}`);
  for (const table of ['outbox', 'deliveries', 'sent'] satisfies StateTable[]) {
    const step = { op: 'ensure_table', spec: state.spec(table), id: 't', title: 't' } as const;
    for (const { sql } of postgres.statements(step, {})) await warehouse.execute(sql);
  }
});
afterEach(async () => {
  await warehouse.close();
  await server[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
});

const RUNS = 3;

/** Every user enters, leaves and enters: an id is `u<user>_<run>`. */
async function queue(users: number, settings: Record<string, unknown>): Promise<void> {
  const hook = {
    kind: 'destination',
    key: 'crm',
    type: 'webhook',
    settings: { url: server.url, ...settings },
  };
  await writeFile(join(dir, 'destinations/crm.json'), JSON.stringify(hook));
  await warehouse.execute(`insert into ${state.schema}.outbox (${STATE.outbox.map((x) => x.name).join(', ')})
    select 'u' || u || '_' || r, 'crm', 'buyers', 'u' || u, 'run' || r,
      '{"messageId":"u' || u || '_' || r || '","userId":"u' || u || '"}', now() at time zone 'UTC',
      'identify', 'user_id', 'u' || u, case r when 2 then 'false' else 'true' end, r
    from generate_series(1, ${users}) as u, generate_series(1, ${RUNS}) as r`);
}

interface Told {
  readonly exit: number | null;
  readonly destination:
    { readonly status: string; readonly delivered: number; readonly waiting: number } | undefined;
}

function sync(): { readonly child: ChildProcess; readonly over: Promise<Told> } {
  const child = spawn(process.execPath, ['--import', 'tsx', CLI, 'sync', '--project', dir, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (part: Buffer) => (out += part.toString()));
  child.stderr.on('data', (part: Buffer) => (err += part.toString()));
  const over = new Promise<Told>((done, fail) => {
    child.on('error', fail).on('close', (exit) => {
      const parsed = out === '' ? undefined : (JSON.parse(out) as { destinations?: Told['destination'][] });
      if (exit !== null && !parsed?.destinations) fail(new Error(err + out));
      else done({ exit, destination: parsed?.destinations?.[0] });
    });
  });
  return { child, over };
}

async function rows(sql: string): Promise<readonly unknown[]> {
  const all: unknown[] = [];
  for await (const batch of warehouse.read(sql)) all.push(...batch.rows);
  return all;
}

/** First arrivals, by user: the runs in their order. */
function expectOrder(users: number): void {
  const told = new Map<string, string[]>();
  for (const id of new Set(server.accepted)) {
    const [user = '', run = ''] = id.split('_');
    told.set(user, [...(told.get(user) ?? []), run]);
  }
  expect(told.size).toBe(users);
  expect(new Set([...told.values()].map((runs) => runs.join(' ')))).toEqual(new Set(['1 2 3']));
}

const COUNTS = `select count(*) as n, count(distinct message_id) as ids, min(status) || max(status) as status
  from ${state.schema}.deliveries`;

it('three share the work, and nothing is claimed twice', { timeout: 120_000 }, async () => {
  server = await faultyServer((n) =>
    n < 3 ? undefined : (response) => void setTimeout(() => response.end(), 5),
  );
  const users = 30_000;
  await queue(users, { concurrency: 6, batch_size: 200 });
  const all = await Promise.all([sync().over, sync().over, sync().over]);
  expect(all.map((one) => one.exit)).toEqual([0, 0, 0]);
  const delivered = all.map((one) => one.destination?.delivered ?? 0);
  expect(delivered.reduce((a, b) => a + b)).toBe(users * RUNS);
  expect(delivered.filter((n) => n > 0).length).toBeGreaterThan(1);
  expect(server.accepted).toHaveLength(users * RUNS);
  expectOrder(users);
  const n = String(users * RUNS);
  expect(await rows(COUNTS)).toEqual([{ n, ids: n, status: 'delivereddelivered' }]);
  expect(await rows(`select count(*) as n, min(value) as value from ${state.schema}.sent`)).toEqual([
    { n: String(users), value: 'true' },
  ]);
});

it('what a killed one held is taken over, and nothing is lost', { timeout: 120_000 }, async () => {
  server = await faultyServer((n) => {
    if (n === 40) first.child.kill('SIGKILL');
    return (response) => void setTimeout(() => response.end(), 5);
  });
  const users = 20_000;
  await queue(users, { concurrency: 4, batch_size: 200 });
  const first = sync();
  const second = sync();
  expect((await first.over).exit).toBe(null);
  expect((await second.over).exit).toBe(0);
  expect((await sync().over).destination).toMatchObject({ waiting: 0 });
  expectOrder(users);
  const n = String(users * RUNS);
  expect(await rows(COUNTS)).toEqual([{ n, ids: n, status: 'delivereddelivered' }]);
});

it(
  'one that takes a request at a time is one process’s; a run may hold the lock beside',
  { timeout: 60_000 },
  async () => {
    const owner = {
      run_id: 'r',
      pid: process.pid,
      host: 'here',
      since: '2025-01-01T00:00:00Z',
      command: 'run',
    };
    const run = await postgres.open({ settings: target, projectDir: dir, mode: 'write', owner });
    try {
      let second: ReturnType<typeof sync> | undefined;
      server = await faultyServer((n) => {
        if (n > 1) return undefined;
        second = sync();
        return (response) => void second?.over.then(() => response.end());
      });
      await queue(300, { batch_size: 300 });
      const first = await sync().over;
      expect(await second?.over).toMatchObject({ exit: 0, destination: { status: 'busy', delivered: 0 } });
      expect(first).toMatchObject({
        exit: 0,
        destination: { status: 'succeeded', delivered: 900, waiting: 0 },
      });
      expectOrder(300);
      const site = { warehouse, dialect: postgres, state };
      const report = await deliveryReport(
        { ...site, rows: (query) => rows(postgres.select(query, {})) as Promise<readonly Row[]> },
        { since: '2025-01-01T00:00:00Z', until: '2100-01-01T00:00:00Z' },
      );
      expect(report.ways).toMatchObject([{ created: 900, delivered: 900, percent: { delivered: 100 } }]);
      expect(await putBackLetters(site, {})).toEqual({ retried: 0, stale: 0 });
    } finally {
      await run.close();
    }
  },
);
