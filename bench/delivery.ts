/**
 * What a sync takes against what could not be spared: to a file, against a bare `COPY … TO` of the same rows; to a batch
 * API on loopback, against a bare loop of undici that sends the same bytes. Then its peak memory as messages grow.
 * `npx tsx bench/delivery.ts [messages] [repeats] [sizes for memory] [memory_limit]`; BENCH_REUSE=1 takes `dist/` as it is.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeBuyers } from './buyers.js';
import { build, machine, median, printTable, spawned, type Spawned } from './measure.js';
import { warehouseAt } from './queries.js';

const [messages = '1000000', repeats = '3', sizes = '100000,1000000,10000000', memoryLimit = '1GB'] =
  process.argv.slice(2);
/** Above so many, what a run queued is queued again for others, by SQL. */
const MOST_RUN = 1_000_000;
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

interface Taken {
  /** Of the delivery, or of what it is measured against, alone. */
  readonly seconds: number;
  /** Of the whole process, from its start to its end. */
  readonly whole: Spawned;
}

/** One sync and its peers after each other, as often as is said. */
async function ratios(count: number, times: number): Promise<void> {
  const rows: string[][] = [];
  for (const key of ['out', 'api', 'plain'] as const) {
    const project = await makeProject(count, [key]);
    try {
      const lines = join(project.dir, 'lines.jsonl');
      const url = `${server.url}/bare-${key}`;
      const peers: Readonly<Record<string, readonly string[]>> =
        key === 'out'
          ? {
              'COPY, lines': ['copy', project.database, lines, 'text'],
              'COPY, JSON': ['copy', project.database, lines, 'json'],
            }
          : key === 'api'
            ? {
                'undici in a loop': ['loop', lines, url, 'gzip'],
                'undici in a loop, gzip at level 3': ['loop', lines, url, 'gzip', '3'],
              }
            : { 'undici in a loop': ['loop', lines, url] };
      const taken: Record<string, Taken[]> = {};
      const take = (name: string, one: Taken): void => {
        (taken[name] ??= []).push(one);
        console.log(
          `${key}: ${name}: ${one.seconds.toFixed(2)} s, CPU of all ${one.whole.cpuSeconds.toFixed(1)} s`,
        );
      };
      project.reset();
      await peer(['copy', project.database, lines, 'text']);
      for (let i = 0; i < times; i++) {
        for (const [name, args] of Object.entries(peers)) {
          project.reset();
          take(name, await peer(args));
        }
        project.reset();
        const ours = await project.sync(key);
        if (ours.delivered !== count) throw new Error('not all was delivered');
        take('sync', ours);
      }
      const middle = (name: string, of: (one: Taken) => number): number =>
        median((taken[name] ?? []).map(of));
      const seconds = (name: string): number => middle(name, (one) => one.seconds);
      const cpu = (name: string): number => middle(name, ({ whole }) => whole.cpuSeconds);
      const ratio = (name: string): number =>
        median((taken[name] ?? []).map((one, i) => one.seconds / (taken['sync']?.[i]?.seconds ?? NaN)));
      for (const name of ['sync', ...Object.keys(peers)])
        rows.push([
          key === 'out' ? 'a file' : key === 'api' ? 'the API, gzip' : 'the API, not compressed',
          name,
          seconds(name).toFixed(2),
          Math.round(count / seconds(name)).toLocaleString('en'),
          cpu(name).toFixed(1),
          name === 'sync' ? '' : `${Math.round(100 * ratio(name))} %`,
        ]);
    } finally {
      project.remove();
    }
  }
  console.log(JSON.stringify(await (await fetch(`${server.url}/said`)).json()));
  printTable(['to', 'by', 'seconds', 'messages/s', 'CPU seconds, whole process', 'sync goes at'], rows);
}

/** The peak of a sync of all there is, by how much that is. */
async function memory(counts: readonly number[]): Promise<void> {
  const table: string[][] = [];
  for (const count of counts) {
    for (const key of ['out', 'api'] as const) {
      const project = await makeProject(count, [key]);
      try {
        project.reset();
        const { whole, delivered, seconds } = await project.sync(key);
        if (delivered !== count) throw new Error('not all was delivered');
        const { maxRssMB, heapMB } = whole;
        const row = [count.toLocaleString('en'), key === 'out' ? 'a file' : 'the API, gzip'];
        table.push([...row, maxRssMB.toFixed(0), heapMB.toFixed(0), seconds.toFixed(1)]);
        console.log(table.at(-1)?.join(' '));
      } finally {
        project.remove();
      }
    }
  }
  printTable(['messages', 'sync to', 'peak RSS MB', 'peak JS heap MB', 'seconds'], table);
}

interface Synced extends Taken {
  readonly delivered: number;
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
async function makeProject(count: number, keys: readonly Key[]): Promise<BenchProject> {
  const copies = count > MOST_RUN ? 100 : 1;
  const users = count / copies;
  const dir = mkdtempSync(join(tmpdir(), 'rollcall-bench-delivery-'));
  const settings = { path: 'warehouse.duckdb', schema: 'rollcall', memory_limit: memoryLimit };
  const destination = (key: Key): readonly [Key, object] => [
    key,
    key === 'out'
      ? { type: 'file', settings: { path: 'out.jsonl' } }
      : { type: 'segment', settings: { write_key: 'k', url: `${server.url}/${key}`, gzip: key === 'api' } },
  ];
  await makeBuyers(dir, users, settings, Object.fromEntries(keys.map(destination)));
  const command = (...args: readonly string[]): Promise<Spawned> =>
    spawned(['dist/cli/main.js', ...args, '--project', dir, '--json']);
  const made = await command('run', '--as-of', '2026-01-01');
  if (copies > 1) {
    await warehouseAt(
      dir,
      settings,
    )((w) =>
      w.execute(
        `insert into rollcall.outbox
       with more as (select o.*, '-' || k as k, 'rc_' || sha256(message_id || k) as id from rollcall.outbox o, range(1, ${copies}) t(k))
       select id, destination_key, definition_key, profile_id || k, run_id,
         replace(replace(payload, message_id, id), '"' || identifier || '"', '"' || identifier || k || '"'),
         created_at, message_type, identifier_type, identifier || k, value, run_no
       from more`,
      ),
    );
  }
  console.log(
    `${count.toLocaleString('en')} messages to each of ${keys.length}: run in ${made.seconds.toFixed(1)} s`,
  );
  const database = join(dir, 'warehouse.duckdb');
  const kept = `${database}.kept`;
  copyFileSync(database, kept);
  return {
    dir,
    database,
    reset: () => {
      copyFileSync(kept, database);
      for (const path of [`${database}.wal`, join(dir, 'out.jsonl')]) rmSync(path, { force: true });
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

/** A peer in a process of its own, which says how long it took. */
async function peer(args: readonly string[]): Promise<Taken> {
  const whole = await spawned([...TSX, PEERS, ...args]);
  return { seconds: Number(whole.stdout.trim()), whole };
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
