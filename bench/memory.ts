/**
 * Peak memory of `run` and `sync` for a growing number of changes, each in a process of its own, DuckDB held to
 * 1 GB: a run in which N profiles enter, its delivery to a file, a run in which all of them leave, and that
 * delivery. `npx tsx bench/memory.ts [sizes] [memory_limit]`; BENCH_REUSE=1 takes `dist/` as it is.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeBuyers } from './buyers.js';
import { build, machine, printTable, spawned } from './measure.js';

const [sizes = '100000,500000,1000000,5000000', memoryLimit = '1GB'] = process.argv.slice(2);
const settings = { path: 'warehouse.duckdb', schema: 'rollcall', memory_limit: memoryLimit };

await build();
console.log(machine());
const table: string[][] = [];
for (const changes of sizes.split(',').map(Number)) {
  const dir = mkdtempSync(join(tmpdir(), 'rollcall-bench-memory-'));
  try {
    await makeBuyers(dir, changes, settings, { out: { type: 'file', settings: { path: 'out.jsonl' } } });
    const sent: number[] = [];
    for (const [step, args] of [
      ['run: all enter', ['run', '--as-of', '2026-01-01']],
      ['sync', ['sync']],
      ['run: all leave', ['run', '--as-of', '2026-03-01']],
      ['sync', ['sync']],
    ] as const) {
      const { maxRssMB, heapMB, seconds } = await spawned([
        'dist/cli/main.js',
        ...args,
        '--project',
        dir,
        '--json',
      ]);
      const row = [changes.toLocaleString('en'), step, maxRssMB.toFixed(0), heapMB.toFixed(0)];
      table.push([...row, seconds.toFixed(1)]);
      console.log(row.join(' '), seconds.toFixed(1));
      if (step === 'sync') sent.push(statSync(join(dir, 'out.jsonl')).size);
    }
    if (!(sent[0] && sent[1] && sent[1] > sent[0] * 1.9)) throw new Error(`not all was sent: ${sent.join()}`);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
printTable(['changes', 'step', 'peak RSS MB', 'peak JS heap MB', 'seconds'], table);
