/**
 * Wall time of `compile` (which validates first) for 100, 1,000 and 10,000 definitions: one process of the built
 * command line, and in one process load, validate and compile by turns.
 * `npx tsx bench/compile.ts [repeats] [sizes]`; BENCH_REUSE=1 takes `dist/` as it is.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dialectFor } from '../dialects/registry.js';
import type * as models from '../models/index.js';
import type * as runtime from '../runtime/index.js';
import { build, machine, median, printTable, spawned } from './measure.js';
import { writeProject } from './project.js';

const NOW = '2026-01-01T00:00:00Z';

if (process.argv[2] === '--child') await child(process.argv[3] ?? '.');
else await parent(Number(process.argv[2] ?? 5), (process.argv[3] ?? '100,1000,10000').split(',').map(Number));

/** Validates and compiles in this process, with what was built; prints milliseconds. */
async function child(dir: string): Promise<void> {
  const laps: Record<string, number> = {};
  let last = performance.now();
  const lap = (name: string): void => {
    laps[name] = performance.now() - last;
    last = performance.now();
  };
  const dist = (door: string): string => new URL(`../dist/${door}/index.js`, import.meta.url).href;
  const { loadProject } = (await import(dist('models'))) as typeof models;
  const { checkProject, compileProject } = (await import(dist('runtime'))) as typeof runtime;
  lap('import');
  const { project, spans, diagnostics } = await loadProject({ dir, env: {} });
  lap('load');
  if (!project) throw new Error(diagnostics[0]?.message);
  const options = { project, spans, now: () => NOW };
  const checked = await checkProject(options);
  lap('validate');
  const { definitions } = await compileProject(options);
  lap('compile');
  const errors = [...diagnostics, ...checked.diagnostics].filter((d) => d.severity === 'error');
  if (!checked.checked || errors.length > 0 || definitions.length === 0)
    throw new Error(errors[0]?.message ?? 'not checked');
  console.log(JSON.stringify(laps));
}

async function parent(repeats: number, sizes: readonly number[]): Promise<void> {
  await build();
  console.log(machine());
  const table: string[][] = [];
  for (const size of sizes) {
    const dir = mkdtempSync(join(tmpdir(), `rollcall-bench-compile-${size}-`));
    try {
      await writeProject(dir, size);
      await emptyWarehouse(dir);
      const wall: number[] = [];
      const cpu: number[] = [];
      const rss: number[] = [];
      const laps: Record<string, number>[] = [];
      for (let i = 0; i < repeats; i++) {
        const cli = await spawned(['dist/cli/main.js', 'compile', '--project', dir, '--as-of', NOW]);
        wall.push(cli.seconds * 1000);
        cpu.push(cli.cpuSeconds * 1000);
        rss.push(cli.maxRssMB);
        const both = await spawned([...process.execArgv, import.meta.filename, '--child', dir]);
        laps.push(JSON.parse(both.stdout) as Record<string, number>);
      }
      const of = (name: string): number => median(laps.map((l) => l[name] ?? NaN));
      const all = median(laps.map((l) => Object.values(l).reduce((a, b) => a + b, 0)));
      table.push(
        [size, median(wall), median(wall) / size, median(cpu), median(rss), all, of('import'), of('load'), of('validate'), of('compile')]
          .map((n, i) => (i === 2 ? n.toFixed(2) : n.toFixed(0))),
      ); // prettier-ignore
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  }
  printTable(
    ['definitions', 'CLI compile ms', 'ms each', 'CPU ms', 'RSS MB', 'in-process all', 'import', 'load', 'validate', 'compile'],
    table,
  ); // prettier-ignore
}

async function emptyWarehouse(dir: string): Promise<void> {
  const dialect = await dialectFor('duckdb');
  const warehouse = await dialect.open({
    settings: { path: 'warehouse.duckdb' },
    projectDir: dir,
    mode: 'write',
  });
  await warehouse.execute('create schema raw');
  await warehouse.execute(
    `create table raw.messages (message_id varchar, type varchar, event varchar, name varchar, "timestamp" timestamp,
       received_at timestamp, user_id varchar, anonymous_id varchar, group_id varchar, properties json, traits json,
       context json)`,
  );
  await warehouse.close();
}
