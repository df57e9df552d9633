/**
 * Time of the built command line for projects of 100, 1,000 and 10,000 definitions: `compile` (which validates first),
 * and what of it is starting (`--version`), reading the files (`validate --offline`) and checking them (`validate`).
 * Each a process of its own, taken by turns; medians. `npx tsx bench/compile.ts [repeats] [sizes] [dist …]`;
 * BENCH_REUSE=1 takes `dist/` as it is. With several folders of builds they are compared, by turns.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, machine, median, printTable, spawned, type Spawned } from './measure.js';
import { writeProject } from './project.js';
import { warehouseAt } from './queries.js';

const [repeats = '5', sizes = '100,1000,10000', ...given] = process.argv.slice(2);
const builds = given.length > 0 ? given : ['dist'];

const COMMANDS = {
  start: ['--version'],
  load: ['validate', '--offline'],
  validate: ['validate'],
  compile: ['compile', '--as-of', '2026-01-01T00:00:00Z'],
} as const;

if (given.length === 0) await build();
console.log(machine());
const table: string[][] = [];
for (const size of sizes.split(',').map(Number)) {
  const dir = mkdtempSync(join(tmpdir(), `rollcall-bench-compile-${size}-`));
  try {
    await writeProject(dir, size);
    await emptyWarehouse(dir);
    table.push(...(await measured(dir, size)));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
printTable(['definitions', 'build', 'command', 'wall ms', 'least', 'CPU ms', 'least', 'RSS MB'], table);

async function measured(dir: string, size: number): Promise<string[][]> {
  const took = new Map<string, Spawned[]>();
  for (let i = 0; i < Number(repeats); i++) {
    for (const [name, args] of Object.entries(COMMANDS)) {
      for (const dist of builds) {
        rmSync(join(dir, 'target'), { recursive: true, force: true });
        const run = await spawned([join(dist, 'cli/main.js'), ...args, '--project', dir]);
        const key = `${dist} ${name}`;
        took.set(key, [...(took.get(key) ?? []), run]);
      }
    }
  }
  return [...took].map(([key, runs]) => {
    const wall = runs.map((run) => run.seconds * 1000);
    const cpu = runs.map((run) => run.cpuSeconds * 1000);
    const rss = median(runs.map((run) => run.maxRssMB));
    const figures = [median(wall), Math.min(...wall), median(cpu), Math.min(...cpu), rss];
    return [String(size), ...key.split(' '), ...figures.map((n) => n.toFixed(0))];
  });
}

async function emptyWarehouse(dir: string): Promise<void> {
  await warehouseAt(dir, { path: 'warehouse.duckdb' })(async (w) => {
    await w.execute('create schema raw');
    await w.execute(
      `create table raw.messages (message_id varchar, type varchar, event varchar, name varchar, "timestamp" timestamp,
       received_at timestamp, user_id varchar, anonymous_id varchar, group_id varchar, properties json, traits json,
       context json)`,
    );
  });
}
