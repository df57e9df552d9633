/**
 * How many definitions one statement should compute: 100 audiences over landed facts, in batches of several sizes, each in
 * a process of its own, by turns. `npx tsx bench/batches.ts [events] [users] [repeats] [sizes]`, the last with commas.
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
const sizes = (process.argv[5] ?? '1,5,10,25,50,100').split(',').map(Number);
const settings = { path: 'warehouse.duckdb', schema: 'rollcall', memory_limit: '2GB' };

interface Measured {
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
  writeFiles(dir, { 'rollcall.json': configOf(settings, USERS_ALONE), ...audienceFiles(100) });
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
      return { ...real, capabilities: { ...real.capabilities, definitionsPerStatement: size } };
    },
    onEvent: ({ event }) => {
      if (event === 'profiles_finished') mark(-1);
      if (event === 'publish_started') mark(1);
    },
  });
  return { cpu, seconds };
}

async function compare(dir: string): Promise<void> {
  console.log(machine());
  const taken = new Map(sizes.map((size) => [size, [] as (Measured & { readonly rss: number })[]]));
  for (let i = 0; i < repeats; i++) {
    for (const size of i % 2 ? [...sizes].reverse() : sizes) {
      const env = { BENCH_CHILD: dir, BENCH_SIZE: String(size) };
      const { stdout, maxRssMB } = await spawned(['--import', 'tsx', import.meta.filename], env);
      const measured = { ...(JSON.parse(stdout) as Measured), rss: maxRssMB };
      taken.get(size)?.push(measured);
    }
  }
  const of = (size: number, what: 'cpu' | 'seconds' | 'rss'): number =>
    median((taken.get(size) ?? []).map((m) => m[what]));
  const first = sizes[0] ?? 1;
  printTable(
    ['definitions in a statement', 'processor time', 'ratio', 'wall', 'ratio', 'peak RSS MB'],
    sizes.map((size) => [
      String(size),
      `${of(size, 'cpu').toFixed(2)} s`,
      (of(size, 'cpu') / of(first, 'cpu')).toFixed(2),
      `${of(size, 'seconds').toFixed(2)} s`,
      (of(size, 'seconds') / of(first, 'seconds')).toFixed(2),
      of(size, 'rss').toFixed(0),
    ]),
  );
}
