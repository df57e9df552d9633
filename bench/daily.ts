/**
 * A run a day, for some days, against the same day computed whole: 100 audiences over a year of events, the last days of which
 * land one by one. Ends with the same members as one run over everything. `npx tsx bench/daily.ts [events] [users] [days]`.
 * BENCH_PROMISE="30 days": the source promises that no message lands again later than that
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadProject } from '../models/index.js';
import { runProject, type RunResult } from '../runtime/index.js';
import { median } from './measure.js';
import { DIFFERENCES, fullJoin, stepsMs } from './memberships.js';
import { rows, warehouseAt } from './queries.js';
import { AS_OF, audiences, messagesSql } from './workload.js';

const [events = 20_000_000, users = 1_000_000, days = 5] = process.argv.slice(2).map(Number);
const dir = process.env['BENCH_DIR'] ?? join(tmpdir(), `rollcall-daily-${events}`);
const settings = { path: 'warehouse.duckdb', schema: 'rollcall', memory_limit: '2GB' };
const withWarehouse = warehouseAt(dir, settings);
const DAY = 86_400_000;
const at = (daysBefore: number): string => new Date(Date.parse(AS_OF) - daysBefore * DAY).toISOString();

rmSync(dir, { recursive: true, force: true });
mkdirSync(join(dir, 'models'), { recursive: true });
const configOf = (schema: string): unknown => ({
  name: 'bench',
  target: 'dev',
  targets: { dev: { type: 'duckdb', ...settings, schema } },
  sources: [
    {
      name: 'shop',
      layout: 'messages',
      table: 'raw.messages',
      columns: { anonymous_id: null },
      ...(process.env['BENCH_PROMISE'] && { redelivered_within: process.env['BENCH_PROMISE'] }),
    },
  ],
});
for (const { key, file } of audiences(100))
  writeFileSync(join(dir, 'models', `${key}.json`), JSON.stringify(file));
await withWarehouse(async (w) => {
  for (const sql of messagesSql(events, users)) await w.execute(sql);
  await w.execute(`create table raw.later as select * from raw.messages where received_at > '${at(days)}'`);
  await w.execute(`delete from raw.messages where received_at > '${at(days)}'`);
  await w.execute('checkpoint');
});

async function run(
  schema: string,
  asOf: string,
  id: string,
): Promise<{ seconds: number; cpu: number; phases: string }> {
  writeFileSync(join(dir, 'rollcall.json'), JSON.stringify(configOf(schema)));
  const { project, spans } = await loadProject({ dir, env: {} });
  if (!project) throw new Error('no project');
  const phases: string[] = [];
  let last = performance.now();
  const start = last;
  const used = process.cpuUsage();
  const result: RunResult = await runProject({
    project,
    spans,
    now: () => new Date().toISOString(),
    asOf,
    invocation: 'bench',
    newRunId: () => id,
    artifacts: false,
    onEvent: ({ event }) => {
      const now = performance.now();
      if (now - last > 50) phases.push(`${event} ${((now - last) / 1000).toFixed(2)}`);
      last = now;
    },
  });
  if (result.exit !== 0) throw new Error(JSON.stringify(result.diagnostics));
  const { user, system } = process.cpuUsage(used);
  const seconds = (performance.now() - start) / 1000;
  return { seconds, cpu: (user + system) / 1e6, phases: phases.join(', ') };
}

const first = await run('rollcall', at(days), 'first');
console.log(`first run ${first.seconds.toFixed(1)} s (processor ${first.cpu.toFixed(1)}): ${first.phases}`);
const daily: number[] = [];
const dailyCpu: number[] = [];
for (let day = days - 1; day >= 0; day -= 1) {
  await withWarehouse(async (w) => {
    await w.execute(
      `insert into raw.messages select * from raw.later where received_at > '${at(day + 1)}' and received_at <= '${at(day)}'`,
    );
    await w.execute('checkpoint');
  });
  const { seconds, cpu, phases } = await run('rollcall', at(day), `day-${day}`);
  daily.push(seconds);
  dailyCpu.push(cpu);
  console.log(`day ${seconds.toFixed(2)} s (processor ${cpu.toFixed(1)}): ${phases}`);
  if (process.env['BENCH_STEPS'])
    await withWarehouse(async (w) => {
      for (const row of await rows(
        w,
        `select step, epoch_ms(completed_at - started_at) ms, rows_changed n from rollcall.run_steps where run_id = 'day-${day}' and rows_changed is not null order by ms desc nulls last limit 25`,
      ))
        console.log(`  ${String(row['ms'])} ms ${String(row['step'])} (${String(row['n'])})`);
    });
}
const whole = await run('whole', AS_OF, 'whole');
console.log(
  `the last day whole ${whole.seconds.toFixed(1)} s (processor ${whole.cpu.toFixed(1)}): ${whole.phases}`,
);
await withWarehouse(async (w) => {
  const [row] = await rows(
    w,
    `select (select count(*) from (select audience_key, profile_id from rollcall.memberships except select audience_key, profile_id from whole.memberships)) less,
            (select count(*) from (select audience_key, profile_id from whole.memberships except select audience_key, profile_id from rollcall.memberships)) more,
            (select count(*) from whole.memberships) n`,
  );
  console.log(
    `members ${String(row?.['n'])}, differing ${String(row?.['less'])} and ${String(row?.['more'])}`,
  );
});
await diffs();
const later = await run('rollcall', new Date(Date.parse(AS_OF) + DAY / 24).toISOString(), 'later');
console.log(
  `an hour later, nothing landed: ${later.seconds.toFixed(2)} s (processor ${later.cpu.toFixed(1)}): ${later.phases}`,
);
console.log(
  `daily ${median(daily).toFixed(2)} s, whole ${whole.seconds.toFixed(2)} s: ${(whole.seconds / median(daily)).toFixed(1)} times, by processor ${(whole.cpu / median(dailyCpu)).toFixed(1)}; peak RSS ${Math.round(process.resourceUsage().maxRSS / 1024)} MB`,
);

/** What the last day's differences cost, against a full join of the memberships before it and after. */
async function diffs(): Promise<void> {
  await withWarehouse(async (w) => {
    const { ms, changed } = await fullJoin(w, at(1), at(0));
    const own = await stepsMs(w, 'day-0', DIFFERENCES);
    console.log(
      `differences (${changed}): ${own} ms; by a full join ${ms.toFixed(0)} ms, ${(ms / own).toFixed(1)} times`,
    );
  });
}
