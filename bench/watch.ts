/**
 * How long a new row takes to the outbox under `rollcall watch`, on the embedded engine: rows are written between two ticks by
 * somebody who waits for the file, and the clock runs from their commit until the tick is told that queued their messages.
 * `npx tsx bench/watch.ts [events] [profiles] [audiences] [times] [every]`
 */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import type { Warehouse } from '../dialects/warehouse.js';
import { configOf, modelFiles, USERS_ALONE, writeFiles } from './files.js';
import { build, machine, median } from './measure.js';
import { warehouseAt } from './queries.js';
import { AS_OF, audiences, messagesSql } from './workload.js';

const [events = 5_000_000, profiles = 1_000_000, count = 20, times = 10] = process.argv
  .slice(2, 6)
  .map(Number);
const every = process.argv[6] ?? '1s';
const dir = join(tmpdir(), `rollcall-watch-${events}`);
const MAIN = join(import.meta.dirname, '..', 'dist', 'cli', 'main.js');
const settings = { path: 'warehouse.duckdb', schema: 'rollcall', memory_limit: '2GB' };
const withWarehouse = warehouseAt(dir, settings);

interface Tick {
  readonly event: string;
  readonly messages: number;
  readonly new_rows: number | null;
  readonly duration_ms: number;
  readonly exit: number;
}

await build();
rmSync(dir, { recursive: true, force: true });
const models = audiences(count).map(({ key, file }) => ({ ...file, key, destinations: ['crm'] }));
// Whoever orders now enters, so that each row that lands has messages.
const now = {
  kind: 'audience',
  key: 'now',
  definition: { event: 'Order Placed', count: { at_least: 1 }, within: '1 day' },
  destinations: ['crm'],
};
writeFiles(dir, {
  'rollcall.json': configOf(settings, USERS_ALONE),
  'destinations/crm.json': {
    kind: 'destination',
    key: 'crm',
    type: 'file',
    settings: { path: 'out.jsonl' },
  },
  ...modelFiles([...models, now]),
});
await withWarehouse(async (w) => {
  for (const sql of messagesSql(events, profiles)) await w.execute(sql);
  const later = Math.round((Date.now() - Date.parse(AS_OF)) / 1000);
  await w.execute(
    `update raw.messages set "timestamp" = "timestamp" + to_seconds(${later}), received_at = received_at + to_seconds(${later})`,
  );
  await w.execute('checkpoint');
});

const watching = spawn(process.execPath, [MAIN, 'watch', '--every', every, '--json'], {
  cwd: dir,
  stdio: ['ignore', 'pipe', 'inherit'],
});
const ticks: { readonly at: number; readonly tick: Tick }[] = [];
createInterface(watching.stdout).on('line', (line) => {
  const tick = JSON.parse(line) as Tick;
  if (tick.event === 'tick') ticks.push({ at: performance.now(), tick });
});
const until = async <T>(found: () => T | undefined): Promise<T> => {
  for (;;) {
    const it = found();
    if (it !== undefined) return it;
    if (watching.exitCode !== null) throw new Error('the watch has ended');
    await wait(5);
  }
};
// The first reads everything; the second what moved while that took.
await until(() => (ticks.length >= 2 ? true : undefined));

/** Opens the file when the watch has let go of it. */
async function between(work: (w: Warehouse) => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await withWarehouse(work);
      return;
    } catch (error) {
      if (!/lock|in use|running/i.test(String(error))) throw error;
      await wait(5);
    }
  }
}

const lags: number[] = [];
for (let i = 0; i < times; i++) {
  await between((w) =>
    w.execute(
      `insert into raw.messages select 'new-${i}-' || j, 'track', 'Order Placed', null, get_current_timestamp() at time zone 'UTC',
         get_current_timestamp() at time zone 'UTC', 'user-' || (${i} * 10 + j), null, null, '{"price":10,"quantity":1}', null, null, null
       from range(10) t(j)`,
    ),
  );
  const landed = performance.now();
  const seen = ticks.length;
  const found = await until(() => ticks.slice(seen).find(({ tick }) => (tick.new_rows ?? 0) > 0));
  if (found.tick.exit !== 0 || found.tick.messages < 10) throw new Error(JSON.stringify(found.tick));
  lags.push(found.at - landed);
  await wait(500 + Math.random() * 1000);
}
watching.kill('SIGTERM');
await new Promise((resolve) => watching.once('exit', resolve));

const seconds = (ms: number): string => (ms / 1000).toFixed(2);
const busy = ticks.slice(2).filter(({ tick }) => (tick.new_rows ?? 0) > 0);
const idle = ticks.slice(2).filter(({ tick }) => tick.new_rows === 0);
const lasted = (some: typeof ticks): string => seconds(median(some.map(({ tick }) => tick.duration_ms)));
console.log(machine());
console.log(
  `${events} events, ${profiles} profiles, ${count + 1} audiences, --every ${every}: rows to outbox, median ${seconds(median(lags))} s, most ${seconds(Math.max(...lags))} s (${lags.map(seconds).join(', ')})`,
);
console.log(
  `a tick with new rows ${lasted(busy)} s (${busy.length}), without ${lasted(idle)} s (${idle.length})`,
);
rmSync(dir, { recursive: true, force: true });
