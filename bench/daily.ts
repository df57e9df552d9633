/**
 * A run a day, for some days, against the same day computed whole: 100 audiences over a year of events, the last days of which
 * land one by one. Ends with the same members as one run over everything. `npx tsx bench/daily.ts [events] [users] [days]`.
 * BENCH_PROMISE="30 days": the source promises that no message lands again later than that.
 * BENCH_THIN=5: after these days as many more, of which only a fifth lands: what a day costs that brings as much as one of a
 * fifth of the events.
 */
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configOf, USERS_ALONE, writeFiles } from './files.js';
import { median } from './measure.js';
import { DIFFERENCES, fullJoin } from './memberships.js';
import { rows, warehouseAt } from './queries.js';
import { benchRun, phases, printLongest, projectAt, stepsMs } from './run.js';
import { AS_OF, audienceFiles, messagesSql } from './workload.js';

const [events = 20_000_000, users = 1_000_000, fullDays = 5] = process.argv.slice(2).map(Number);
const thin = Number(process.env['BENCH_THIN'] ?? 1);
const thinDays = thin > 1 ? fullDays : 0;
const days = fullDays + thinDays;
const dir = process.env['BENCH_DIR'] ?? join(tmpdir(), `rollcall-daily-${events}`);
const settings = { path: 'warehouse.duckdb', schema: 'rollcall', memory_limit: '2GB' };
const withWarehouse = warehouseAt(dir, settings);
const DAY = 86_400_000;
const at = (daysBefore: number): string => new Date(Date.parse(AS_OF) - daysBefore * DAY).toISOString();

rmSync(dir, { recursive: true, force: true });
writeFiles(dir, audienceFiles(100));
const promise = process.env['BENCH_PROMISE'];
const source = { ...USERS_ALONE, ...(promise && { redelivered_within: promise }) };
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
  writeFiles(dir, { 'rollcall.json': configOf({ ...settings, schema }, source) });
  const project = await projectAt(dir);
  const { onEvent, told } = phases();
  const start = performance.now();
  const used = process.cpuUsage();
  await benchRun(project, { asOf, runId: id, onEvent });
  const { user, system } = process.cpuUsage(used);
  const seconds = (performance.now() - start) / 1000;
  return { seconds, cpu: (user + system) / 1e6, phases: told() };
}

const first = await run('rollcall', at(days), 'first');
console.log(`first run ${first.seconds.toFixed(1)} s (processor ${first.cpu.toFixed(1)}): ${first.phases}`);
const all: { readonly seconds: number; readonly cpu: number }[] = [];
for (let day = days - 1; day >= 0; day -= 1) {
  await withWarehouse(async (w) => {
    await w.execute(
      `insert into raw.messages select * from raw.later where received_at > '${at(day + 1)}' and received_at <= '${at(day)}'
       and (${day >= thinDays} or hash(message_id) % ${thin} = 0)`,
    );
    await w.execute('checkpoint');
  });
  const { seconds, cpu, phases } = await run('rollcall', at(day), `day-${day}`);
  all.push({ seconds, cpu });
  console.log(`day ${seconds.toFixed(2)} s (processor ${cpu.toFixed(1)}): ${phases}`);
  if (process.env['BENCH_STEPS']) await withWarehouse((w) => printLongest(w, `day-${day}`));
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
const daily = all.slice(0, fullDays).map(({ seconds }) => seconds);
const dailyCpu = all.slice(0, fullDays).map(({ cpu }) => cpu);
const thinned = all.slice(fullDays);
if (thinDays > 0) {
  const of = (what: 'seconds' | 'cpu'): string => median(thinned.map((x) => x[what])).toFixed(2);
  console.log(`a day of which 1 in ${thin} landed: ${of('seconds')} s (processor ${of('cpu')})`);
}
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
