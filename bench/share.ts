/**
 * From which share of affected profiles on computing in full is cheaper: 20 audiences over two events, a day on which a share of the
 * users does both, computed each way from the same state. `npx tsx bench/share.ts [events] [users]`
 */
import { cpSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configOf, modelFiles, USERS_ALONE, writeFiles } from './files.js';
import { median } from './measure.js';
import { warehouseAt } from './queries.js';
import { benchRun, projectAt, stepsMs } from './run.js';
import { AS_OF, messagesSql } from './workload.js';

const [events = 4_000_000, users = 200_000, times = 3] = process.argv.slice(2).map(Number);
const dir = process.env['BENCH_DIR'] ?? join(tmpdir(), `rollcall-share-${events}`);
const settings = { path: 'warehouse.duckdb', schema: 'rollcall', memory_limit: '2GB', threads: 2 };
const file = join(dir, settings.path);
const withWarehouse = warehouseAt(dir, settings);
const DAY2 = new Date(Date.parse(AS_OF) + 86_400_000).toISOString();

const PAIR = ['Product Viewed', 'Order Completed'];
const audiences = Array.from({ length: 20 }, (_, i) => {
  const event = PAIR[i % 2];
  const within = { within: `${[30, 60, 90, 180, 365][i % 5]} days` };
  const asked = [
    { event, ...within, count: { at_least: 1 + (i % 4) } },
    { event, ...within, sum: { property: 'price', greater_than: 100 * (1 + i) } },
    { not: { event, ...within, where: { property: 'channel', equals: 'web' } } },
    { event, ...within, unique_count: { property: 'category', at_least: 2 } },
  ][i % 4];
  return { kind: 'audience', key: `a_${i}`, name: `a ${i}`, of: 'users', definition: asked };
});

rmSync(dir, { recursive: true, force: true });
writeFiles(dir, modelFiles(audiences));
await withWarehouse(async (w) => {
  for (const sql of messagesSql(events, users)) await w.execute(sql);
});

async function run(asOf: string, runId: string, compute: 'full' | 'incremental'): Promise<void> {
  writeFiles(dir, { 'rollcall.json': configOf({ ...settings, compute }, USERS_ALONE) });
  // The days may lie in the future, which a run refuses.
  const now = (): string => new Date(Date.now() + 10 * 365 * 86_400_000).toISOString();
  await benchRun(await projectAt(dir), { asOf, runId, now });
}

/**
 * Seconds of the steps that differ: finding who is affected, computing, comparing, publishing. What a batch computes has a row for
 * each definition too, with the batch's times.
 */
const costOf = (runId: string): Promise<number> =>
  withWarehouse(async (w) => (await stepsMs(w, runId, '(compute[.]batch|publish[.]).*')) / 1000);

await run(AS_OF, 'first', 'full');
cpSync(file, `${file}.first`);
for (const share of [0.01, 0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 1]) {
  const taken: Record<string, number[]> = { incremental: [], full: [] };
  for (let i = 0; i < times; i += 1) {
    for (const compute of ['incremental', 'full'] as const) {
      cpSync(`${file}.first`, file);
      await withWarehouse((w) =>
        w.execute(
          `insert into raw.messages select 'n-' || i || e, 'track', e, null, timestamp '2026-01-01 12:00:00',
             timestamp '2026-01-01 12:00:05', 'user-' || i, null, null, '{"price":20,"category":"category 1","channel":"web"}', null, null, null
           from range(${users}) t(i), (values ('${PAIR.join("'), ('")}')) p(e) where hash(i) % 1000 < ${share * 1000}`,
        ),
      );
      await run(DAY2, `${compute}-${i}`, compute);
      taken[compute]?.push(await costOf(`${compute}-${i}`));
    }
  }
  const [some, whole] = [median(taken['incremental'] ?? []), median(taken['full'] ?? [])];
  console.log(
    `${share * 100} % of profiles: for these ${some.toFixed(2)} s, in full ${whole.toFixed(2)} s: ${(some / whole).toFixed(2)}`,
  );
}
rmSync(dir, { recursive: true, force: true });
