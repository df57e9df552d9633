/**
 * A full run of 100 audiences against the 100 hand-written one-pass queries, in the same DuckDB, one after the
 * other, same members. `npx tsx bench/full-run.ts [events] [users] [repeats]`
 */
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configOf, USERS_ALONE, writeFiles } from './files.js';
import { median } from './measure.js';
import { rows, warehouseAt } from './queries.js';
import { benchRun, phases, projectAt } from './run.js';
import { AS_OF, audienceFiles, audiences, messagesSql } from './workload.js';

const [events = 20_000_000, users = 1_000_000, repeats = 3] = process.argv.slice(2).map(Number);
const dir = process.env['BENCH_DIR'] ?? join(tmpdir(), `rollcall-bench-${events}`);
const settings = { path: 'warehouse.duckdb', schema: 'rollcall', memory_limit: '8GB' };
const work = audiences(100);

let cpu = 0;
/** Wall time; adds processor time to `cpu`. */
const seconds = async (f: () => Promise<unknown>): Promise<number> => {
  const start = performance.now();
  const before = process.cpuUsage();
  await f();
  const used = process.cpuUsage(before);
  cpu += (used.user + used.system) / 1e6;
  return (performance.now() - start) / 1000;
};
const withWarehouse = warehouseAt(dir, settings);

if (!process.env['BENCH_REUSE']) {
  rmSync(dir, { recursive: true, force: true });
  writeFiles(dir, { 'rollcall.json': configOf(settings, USERS_ALONE), ...audienceFiles(work.length) });
  const made = await seconds(() =>
    withWarehouse(async (w) => {
      for (const sql of messagesSql(events, users)) await w.execute(sql);
    }),
  );
  console.log(`made ${events} events of ${users} users in ${made.toFixed(1)} s`);
}

const project = await projectAt(dir);
const hand: number[] = [];
const full: number[] = [];
for (let i = 0; i < repeats; i++) {
  cpu = 0;
  await withWarehouse(async (w) => {
    await w.execute('drop schema if exists rollcall cascade');
    await w.execute('create schema if not exists hand');
    await w.execute('checkpoint');
    const each: number[] = [];
    for (const { key, sql } of work)
      each.push(await seconds(() => w.execute(`create or replace table hand.${key} as ${sql}`)));
    hand.push(each.reduce((a, b) => a + b, 0));
  });
  const handCpu = cpu;
  cpu = 0;
  const { onEvent, told } = phases();
  full.push(
    await seconds(() => benchRun(project, { asOf: AS_OF, runId: `run-${i}`, artifacts: true, onEvent })),
  );
  console.log(
    `hand ${hand.at(-1)?.toFixed(1)} s (CPU ${handCpu.toFixed(1)}), run ${full.at(-1)?.toFixed(1)} s (CPU ${cpu.toFixed(1)}); ${told()}; peak RSS ${Math.round(process.resourceUsage().maxRSS / 1024)} MB`,
  );
}
const differing = await withWarehouse(async (w) => {
  const bad: string[] = [];
  for (const { key } of work) {
    const [row] = await rows(
      w,
      `select (select count(*) from hand.${key}) h, (select count(*) from rollcall.audience_${key}) r,
      (select count(*) from hand.${key} h where h.user_id not in (select profile_id from rollcall.audience_${key})) missing`,
    );
    if (row?.['h'] !== row?.['r'] || row?.['missing'] !== '0') bad.push(`${key} ${JSON.stringify(row)}`);
  }
  const total = await rows(w, 'select count(*) n from rollcall.memberships');
  console.log(`members in all: ${String(total[0]?.['n'])}`);
  return bad;
});
console.log(differing.length === 0 ? 'same members everywhere' : `DIFFERENT: ${differing.join('; ')}`);
// Each pair ran side by side; between pairs the machine itself changes.
const ratios = full.map((seconds, i) => seconds / (hand[i] ?? NaN));
console.log(
  `hand-written ${median(hand).toFixed(2)} s, full run ${median(full).toFixed(2)} s; ratios ${ratios.map((r) => r.toFixed(2)).join(' ')}, median ${median(ratios).toFixed(2)}`,
);
