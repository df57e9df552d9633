/**
 * What a sync takes against what could not be spared: to a file, against a bare `COPY … TO` of the same rows; to a batch
 * API on loopback, against a bare loop of undici that sends the same bytes. Then its peak memory as messages grow.
 * `npx tsx bench/delivery.ts [messages] [repeats] [sizes for memory] [memory_limit]`; BENCH_REUSE=1 takes `dist/` as it is.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dialectFor } from '../dialects/registry.js';
import { build, machine, median, printTable, spawned, type Spawned } from './measure.js';

const [messages = '1000000', repeats = '3', sizes = '100000,1000000,10000000', memoryLimit = '1GB'] =
  process.argv.slice(2);
const PEERS = join(import.meta.dirname, 'delivery-peers.ts');
const TSX = ['--import', 'tsx'];

/** Where messages go: the same audience, the same messages. */
type Key = 'out' | 'api' | 'plain';

await build();
console.log(machine());
const server = await listen();
try {
  if (Number(repeats) > 0) await ratios(Number(messages), Number(repeats));
  if (sizes !== '') await memory(sizes.split(',').map(Number));
} finally {
  server.process.kill();
}

/** One sync and its peer after the other, as often as is said. */
async function ratios(count: number, times: number): Promise<void> {
  const project = await makeProject(count, ['out', 'api', 'plain']);
  try {
    const taken: Record<string, number[]> = {};
    const take = (name: string, seconds: number): void => {
      (taken[name] ??= []).push(seconds);
      console.log(`${name}: ${seconds.toFixed(2)} s`);
    };
    for (let i = 0; i < times; i++) {
      for (const form of ['text', 'json']) {
        project.reset();
        take(`COPY, ${form}`, await peer(['copy', project.database, join(project.dir, 'bare.jsonl'), form]));
      }
      project.reset();
      const file = await project.sync('out');
      take('sync to a file', file.seconds);
      take('sync to a file, whole command', file.whole.seconds);
      const [bare, ours] = ['bare.jsonl', 'out.jsonl'].map((name) => statSync(join(project.dir, name)).size);
      if (file.delivered !== count || !ours) throw new Error('not all was delivered');
      if (i === 0) console.log(`bytes: ${String(ours)}; COPY as JSON: ${String(bare)}`);
      for (const key of ['api', 'plain'] as const) {
        const name = key === 'api' ? 'gzip' : 'not compressed';
        take(
          `loop, ${name}`,
          await peer([
            'loop',
            join(project.dir, 'out.jsonl'),
            `${server.url}/bare-${key}`,
            key === 'api' ? 'gzip' : '',
          ]),
        );
        const sent = await project.sync(key);
        if (sent.delivered !== count) throw new Error('not all was delivered');
        take(`sync to the API, ${name}`, sent.seconds);
        take(`sync to the API, ${name}, whole command`, sent.whole.seconds);
      }
    }
    const said = (await (await fetch(`${server.url}/said`)).json()) as Record<
      string,
      { bytes: number; requests: number }
    >;
    console.log(JSON.stringify(said));
    const middle = (name: string): number => median(taken[name] ?? []);
    const pairs = [
      ['sync to a file', 'COPY, text'],
      ['sync to a file', 'COPY, json'],
      ['sync to the API, gzip', 'loop, gzip'],
      ['sync to the API, not compressed', 'loop, not compressed'],
    ] as const;
    printTable(
      ['what', 'seconds', 'whole command', 'messages/s', 'against', 'seconds', 'messages/s', 'of its pace'],
      pairs.map(([mine, other]) => [
        mine,
        middle(mine).toFixed(2),
        middle(`${mine}, whole command`).toFixed(2),
        Math.round(count / middle(mine)).toLocaleString('en'),
        other,
        middle(other).toFixed(2),
        Math.round(count / middle(other)).toLocaleString('en'),
        `${Math.round((100 * middle(other)) / middle(mine))} %`,
      ]),
    );
  } finally {
    project.remove();
  }
}

/** The peak of a sync of all there is, by how much that is. */
async function memory(counts: readonly number[]): Promise<void> {
  const table: string[][] = [];
  for (const count of counts) {
    const project = await makeProject(count, ['out', 'api']);
    try {
      project.reset();
      for (const key of ['out', 'api'] as const) {
        const { whole, delivered, seconds } = await project.sync(key);
        if (delivered !== count) throw new Error('not all was delivered');
        const { maxRssMB, heapMB } = whole;
        const row = [count.toLocaleString('en'), key === 'out' ? 'a file' : 'the API, gzip'];
        table.push([...row, maxRssMB.toFixed(0), heapMB.toFixed(0), seconds.toFixed(1)]);
        console.log(table.at(-1)?.join(' '));
      }
    } finally {
      project.remove();
    }
  }
  printTable(['messages', 'sync to', 'peak RSS MB', 'peak JS heap MB', 'seconds'], table);
}

interface Synced {
  readonly delivered: number;
  /** Of the delivery, without what every command takes. */
  readonly seconds: number;
  readonly whole: Spawned;
}

interface BenchProject {
  readonly dir: string;
  readonly database: string;
  /** Back to nothing having been sent. */
  reset(): void;
  sync(key: Key): Promise<Synced>;
  remove(): void;
}

/** A project with one audience, run once: everybody entered, and nobody was told. */
async function makeProject(users: number, keys: readonly Key[]): Promise<BenchProject> {
  const dir = mkdtempSync(join(tmpdir(), 'rollcall-bench-delivery-'));
  const settings = { path: 'warehouse.duckdb', schema: 'rollcall', memory_limit: memoryLimit };
  const destination = (key: Key): Record<string, unknown> => ({
    kind: 'destination',
    key,
    send: ['identify'],
    ...(key === 'out'
      ? { type: 'file', settings: { path: 'out.jsonl' } }
      : { type: 'segment', settings: { write_key: 'k', url: `${server.url}/${key}`, gzip: key === 'api' } }),
  });
  const files: Record<string, unknown> = {
    'rollcall.json': {
      name: 'deliveries',
      target: 'dev',
      targets: { dev: { type: 'duckdb', ...settings } },
      sources: [{ name: 'shop', layout: 'messages', table: 'raw.messages' }],
    },
    'models/buyers.json': {
      kind: 'audience',
      key: 'buyers',
      name: 'Buyers',
      definition: { event: 'Order Completed', within: '30 days' },
      destinations: keys,
    },
    ...Object.fromEntries(keys.map((key) => [`destinations/${key}.json`, destination(key)])),
  };
  for (const folder of ['models', 'destinations']) mkdirSync(join(dir, folder));
  for (const [path, content] of Object.entries(files))
    writeFileSync(join(dir, path), JSON.stringify(content));
  const warehouse = await (await dialectFor('duckdb')).open({ settings, projectDir: dir, mode: 'write' });
  await warehouse.execute('create schema raw');
  await warehouse.execute(
    `create table raw.messages as
     select 'm-' || md5(cast(i as varchar)) message_id, 'track' "type", 'Order Completed' as "event", null::varchar "name",
       timestamp '2025-12-20' + to_seconds(i % 86400) "timestamp", timestamp '2025-12-20 01:00:00' + to_seconds(i % 86400) received_at,
       'user-' || i user_id, null::varchar anonymous_id, null::varchar group_id, '{"price":' || i % 500 || '}' properties,
       null::varchar traits, null::varchar context
     from range(${users}) t(i)`,
  );
  await warehouse.close();
  const command = (...args: readonly string[]): Promise<Spawned> =>
    spawned(['dist/cli/main.js', ...args, '--project', dir, '--json']);
  const made = await command('run', '--as-of', '2026-01-01');
  console.log(
    `${users.toLocaleString('en')} messages to each of ${keys.length}: run in ${made.seconds.toFixed(1)} s`,
  );
  const database = join(dir, 'warehouse.duckdb');
  const kept = `${database}.kept`;
  copyFileSync(database, kept);
  return {
    dir,
    database,
    reset: () => {
      copyFileSync(kept, database);
      for (const path of [`${database}.wal`, join(dir, 'out.jsonl')]) if (existsSync(path)) rmSync(path);
    },
    sync: async (key) => {
      const whole = await command('sync', '--select', key);
      const { destinations } = JSON.parse(whole.stdout) as {
        readonly destinations: readonly { readonly delivered: number; readonly duration_ms: number }[];
      };
      const { delivered = 0, duration_ms = NaN } = destinations[0] ?? {};
      return { delivered, seconds: duration_ms / 1000, whole };
    },
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

/** Seconds that a peer says it took, in a process of its own. */
async function peer(args: readonly string[]): Promise<number> {
  return Number((await spawned([...TSX, PEERS, ...args])).stdout.trim());
}

/** A server in a process of its own, which takes everything. */
async function listen(): Promise<{ readonly url: string; readonly process: ChildProcess }> {
  const child = spawn(process.execPath, [...TSX, PEERS, 'server'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (text: Buffer) => resolve(text.toString().trim()));
    child.once('exit', () => reject(new Error('the server ended')));
  });
  return { url, process: child };
}
