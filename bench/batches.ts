/**
 * How long a statement that computes several definitions should be: audiences over landed facts, in batches of several sizes, each in a
 * process of its own, by turns. `npx tsx bench/batches.ts [events] [users] [repeats] [bytes] [audiences]`, bytes with commas.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Dialect } from '../dialects/dialect.js';
import { dialectFor } from '../dialects/registry.js';
import { configOf, USERS_ALONE, writeFiles } from './files.js';
import { machine, median, printTable, spawned } from './measure.js';
import { warehouseAt } from './queries.js';
import { benchRun, projectAt } from './run.js';
import { AS_OF, audienceFiles, messagesSql } from './workload.js';

const [events = 2_000_000, users = 200_000, repeats = 5] = process.argv.slice(2, 5).map(Number);
const sizes = (process.argv[5] ?? '1,10000,50000,100000,200000,400000').split(',').map(Number);
const count = Number(process.env['BENCH_COUNT'] ?? process.argv[6] ?? 100);
const settings = { path: 'warehouse.duckdb', schema: 'rollcall', memory_limit: '2GB' };

interface Measured {
  /** How many definitions computing them took a statement, about. */
  readonly definitions: number;
  readonly cpu: number;
  readonly seconds: number;
}

if (process.env['BENCH_CHILD']) {
  console.log(JSON.stringify(await computing(process.env['BENCH_CHILD'], Number(process.env['BENCH_SIZE']))));
} else {
  const dir = mkdtempSync(join(tmpdir(), 'rollcall-bench-batches-'));
  try {
    await make(dir);
    await compare(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** A project with a warehouse in which everything has landed. */
async function make(dir: string): Promise<void> {
  writeFiles(dir, { 'rollcall.json': configOf(settings, USERS_ALONE), ...audienceFiles(count) });
  await warehouseAt(
    dir,
    settings,
  )(async (w) => {
    for (const sql of messagesSql(events, users)) await w.execute(sql);
  });
  await computing(dir, 1);
}

/** A run in batches of a size; what computing took. */
async function computing(dir: string, size: number): Promise<Measured> {
  const project = await projectAt(dir);
  let [cpu, seconds] = [0, 0];
  const batches = new Set<string>();
  const mark = (sign: 1 | -1): void => {
    const { user, system } = process.cpuUsage();
    cpu += (sign * (user + system)) / 1e6;
    seconds += (sign * performance.now()) / 1000;
  };
  await benchRun(project, {
    asOf: AS_OF,
    runId: `run-${process.pid}-${size}`,
    dialectFor: async (type): Promise<Dialect> => {
      const real = await dialectFor(type);
      return {
        ...real,
        capabilities: { ...real.capabilities, batchBytes: size },
        statements: (step, params) => {
          if (/^compute\.batch\.\d+(\.\d+)*$|^compute\.audience_\d+$/.test(step.id)) batches.add(step.id);
          return real.statements(step, params);
        },
      };
    },
    onEvent: ({ event }) => {
      if (event === 'profiles_finished') mark(-1);
      if (event === 'publish_started') mark(1);
    },
  });
  return { cpu, seconds, definitions: Math.round(count / batches.size) };
}

async function compare(dir: string): Promise<void> {
  console.log(machine());
  const taken = new Map(sizes.map((size) => [size, [] as (Measured & { readonly rss: number })[]]));
  for (let i = 0; i < repeats; i++) {
    for (const size of i % 2 ? [...sizes].reverse() : sizes) {
      const env = { BENCH_CHILD: dir, BENCH_SIZE: String(size), BENCH_COUNT: String(count) };
      const { stdout, maxRssMB } = await spawned(['--import', 'tsx', import.meta.filename], env);
      const measured = { ...(JSON.parse(stdout) as Measured), rss: maxRssMB };
      taken.get(size)?.push(measured);
    }
  }
  const of = (size: number, what: keyof Measured | 'rss'): number =>
    median((taken.get(size) ?? []).map((m) => m[what]));
  const first = sizes[0] ?? 1;
  printTable(
    ['bytes of a statement', 'definitions in it', 'processor time', 'ratio', 'wall', 'ratio', 'peak RSS MB'],
    sizes.map((size) => [
      String(size),
      of(size, 'definitions').toFixed(0),
      `${of(size, 'cpu').toFixed(2)} s`,
      (of(size, 'cpu') / of(first, 'cpu')).toFixed(2),
      `${of(size, 'seconds').toFixed(2)} s`,
      (of(size, 'seconds') / of(first, 'seconds')).toFixed(2),
      of(size, 'rss').toFixed(0),
    ]),
  );
}
