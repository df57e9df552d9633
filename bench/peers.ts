/**
 * A run a day against dbt on the same DuckDB and data, everything from the start of the process to its end. In dbt: a table an
 * event that takes what landed since, JSON taken apart; a table an audience, made of them; a snapshot of all memberships.
 * `scripts/with-dbt.sh npx tsx bench/peers.ts [events] [users] [days]`
 */
import { execFile } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { configOf, USERS_ALONE, writeFiles } from './files.js';
import { build, machine, median, printTable, spawned } from './measure.js';
import { rows, warehouseAt } from './queries.js';
import { AS_OF, audienceFiles, audiences, EVENTS, messagesSql, stagedEvent } from './workload.js';

const dbt = process.env['ROLLCALL_DBT'];
if (dbt === undefined) throw new Error('no dbt: run it by scripts/with-dbt.sh');
const [events = 20_000_000, users = 1_000_000, days = 3] = process.argv.slice(2).map(Number);
const dir = process.env['BENCH_DIR'] ?? join(tmpdir(), `rollcall-peers-${events}`);
const [ours, theirs] = [join(dir, 'rollcall'), join(dir, 'dbt')];
const settings = { path: 'warehouse.duckdb', schema: 'rollcall', memory_limit: '2GB' };
const DAY = 86_400_000;
const at = (daysBefore: number): string => new Date(Date.parse(AS_OF) - daysBefore * DAY).toISOString();
const work = audiences(100);
const slug = (event: string): string => event.toLowerCase().replaceAll(' ', '_');

function makeProjects(): void {
  writeFiles(ours, { 'rollcall.json': configOf(settings, USERS_ALONE), ...audienceFiles(work.length) });
  const asOf = `timestamp '{{ var("as_of") }}'`;
  const all = work.map(({ key }) => `select '${key}' as audience_key, user_id from {{ ref('${key}') }}`);
  const landed = EVENTS.map((event): readonly [string, string] => [
    `models/events/${slug(event)}.sql`,
    `${stagedEvent(event)}
{% if is_incremental() %} and received_at > (select max(received_at) from {{ this }}) {% endif %}\n`,
  ]);
  const made = work.map(({ key, staged }): readonly [string, string] => [
    `models/audiences/${key}.sql`,
    staged((event) => `{{ ref('${slug(event)}') }}`, asOf),
  ]);
  writeFiles(theirs, {
    'dbt_project.yml': `name: bench
version: '1.0'
profile: bench
flags:
  send_anonymous_usage_stats: false
models:
  bench:
    audiences: { +materialized: table }
    events: { +materialized: incremental, +incremental_strategy: append }
`,
    'profiles.yml': `bench:
  target: dev
  outputs:
    dev: { type: duckdb, path: warehouse.duckdb, threads: 2, settings: { memory_limit: 2GB } }
`,
    ...Object.fromEntries([...landed, ...made]),
    'snapshots/memberships.sql': `{% snapshot memberships %}
{{ config(unique_key=['audience_key', 'user_id'], strategy='check', check_cols=['audience_key'], hard_deletes='invalidate') }}
${all.join('\nunion all\n')}
{% endsnapshot %}\n`,
  });
}

const start = (folder: string): ReturnType<typeof warehouseAt> => warehouseAt(folder, settings);

async function land(after: string, until: string): Promise<void> {
  for (const folder of [ours, theirs])
    await start(folder)(async (w) => {
      await w.execute(
        `insert into raw.messages select * from raw.later where received_at > '${after}' and received_at <= '${until}'`,
      );
      await w.execute('checkpoint');
    });
}

const rollcall = async (asOf: string): Promise<number> =>
  (await spawned(['dist/cli/main.js', 'run', '--project', ours, '--as-of', asOf, '--json'])).seconds;

async function dbtBuild(program: string, asOf: string): Promise<number> {
  const begun = performance.now();
  const as = JSON.stringify({ as_of: asOf.slice(0, 19).replace('T', ' ') });
  await promisify(execFile)(program, ['build', '--quiet', '--profiles-dir', '.', '--vars', as], {
    cwd: theirs,
    maxBuffer: 1 << 28,
  });
  return (performance.now() - begun) / 1000;
}

rmSync(dir, { recursive: true, force: true });
makeProjects();
await build();
await start(ours)(async (w) => {
  for (const sql of messagesSql(events, users)) await w.execute(sql);
  await w.execute(`create table raw.later as select * from raw.messages where received_at > '${at(days)}'`);
  await w.execute(`delete from raw.messages where received_at > '${at(days)}'`);
  await w.execute('checkpoint');
});
cpSync(join(ours, settings.path), join(theirs, settings.path));

console.log(machine());
const table: string[][] = [];
const daily: [number[], number[]] = [[], []];
for (let day = days; day >= 0; day -= 1) {
  if (day < days) await land(at(day + 1), at(day));
  const [a, b] = [await rollcall(at(day)), await dbtBuild(dbt, at(day))];
  if (day < days) {
    daily[0].push(a);
    daily[1].push(b);
  }
  const cells = [day === days ? 'all of it' : `day ${days - day}`, a.toFixed(1), b.toFixed(1)];
  table.push([...cells, (b / a).toFixed(1)]);
}
const [a, b] = [median(daily[0]), median(daily[1])];
table.push(['median of days', a.toFixed(1), b.toFixed(1), (b / a).toFixed(1)]);
printTable(['', 'Rollcall s', 'dbt s', 'ratio'], table);

await start(ours)(async (w) => {
  await w.execute(`attach '${join(theirs, settings.path)}' as theirs (read_only)`);
  const all = work.map(({ key }) => `select '${key}' as audience_key, user_id from theirs.main.${key}`);
  const [row] = await rows(
    w,
    `with theirs as (${all.join(' union all ')}), ours as (select audience_key, profile_id as user_id from rollcall.memberships)
     select (select count(*) from ours) n, (select count(*) from (from ours except from theirs)) less,
       (select count(*) from (from theirs except from ours)) more`,
  );
  console.log(
    `members ${String(row?.['n'])}, differing ${String(row?.['less'])} and ${String(row?.['more'])}`,
  );
});
