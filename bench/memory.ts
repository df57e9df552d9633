/**
 * Peak memory of `run` and `sync` for a growing number of changes, each in a process of its own, DuckDB held to
 * 1 GB: a run in which N profiles enter, its delivery to a file, a run in which all of them leave, and that
 * delivery. `npx tsx bench/memory.ts [sizes] [memory_limit]`; BENCH_REUSE=1 takes `dist/` as it is.
 */
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dialectFor } from '../dialects/registry.js';
import { build, machine, printTable, spawned } from './measure.js';

const [sizes = '100000,500000,1000000,5000000', memoryLimit = '1GB'] = process.argv.slice(2);

await build();
console.log(machine());
const table: string[][] = [];
for (const changes of sizes.split(',').map(Number)) {
  const dir = mkdtempSync(join(tmpdir(), 'rollcall-bench-memory-'));
  try {
    await make(dir, changes);
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

/** A project with one audience that everyone is in on January 1 and nobody two months later. */
async function make(dir: string, users: number): Promise<void> {
  const settings = { path: 'warehouse.duckdb', schema: 'rollcall', memory_limit: memoryLimit };
  const files: Record<string, unknown> = {
    'rollcall.json': {
      name: 'memory',
      target: 'dev',
      targets: { dev: { type: 'duckdb', ...settings } },
      sources: [{ name: 'shop', layout: 'messages', table: 'raw.messages' }],
    },
    'models/buyers.json': {
      kind: 'audience',
      key: 'buyers',
      name: 'Buyers',
      definition: { event: 'Order Completed', within: '30 days' },
      destinations: ['out'],
    },
    'destinations/out.json': {
      kind: 'destination',
      key: 'out',
      type: 'file',
      settings: { path: 'out.jsonl' },
      send: ['identify'],
    },
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
}
