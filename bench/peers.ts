/**
 * A run a day against dbt on the same DuckDB and data, everything from the start of the process to its end. In dbt: a table an
 * event that takes what landed since, JSON taken apart; a table an audience, made of them; a snapshot of all memberships. Twice:
 * `plain` takes what it finds; `same meaning` takes each message id once, whenever it lands again, and rows that turn up late by as much
 * as Rollcall's overlap. Neither asks who is who: the messages of this workload have no anonymous ids, and Rollcall is told so.
 * `scripts/with-dbt.sh npx tsx bench/peers.ts [events] [users] [days]`; BENCH_AGAIN=1: some of each day land again a day later, and some
 * land late, which `plain` cannot get right
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
const ours = join(dir, 'rollcall');
const settings = { path: 'warehouse.duckdb', schema: 'rollcall', memory_limit: '2GB' };
const DAY = 86_400_000;
const at = (daysBefore: number): string => new Date(Date.parse(AS_OF) - daysBefore * DAY).toISOString();
const work = audiences(100);
const slug = (event: string): string => event.toLowerCase().replaceAll(' ', '_');

/** The end of an event's query, by what it is to mean. */
const MEANINGS = {
  plain: '{% if is_incremental() %} and received_at > (select max(received_at) from {{ this }}) {% endif %}',
  // Of one id that lands under two events both would count: that is the one thing a table an event does not see.
  'same meaning': `{% if is_incremental() %}
  and received_at > (select max(received_at) - interval 3 days from {{ this }})
  and not exists (select 1 from {{ this }} as landed where landed.message_id = messages.message_id)
{% endif %}
qualify row_number() over (partition by message_id order by received_at, "timestamp") = 1`,
} as const;
type Meaning = keyof typeof MEANINGS;
const PEERS = Object.keys(MEANINGS) as Meaning[];
const folderOf = (peer: Meaning): string => join(dir, `dbt-${peer.replace(' ', '-')}`);

function makeProjects(): void {
  writeFiles(ours, { 'rollcall.json': configOf(settings, USERS_ALONE), ...audienceFiles(work.length) });
  for (const peer of PEERS) makePeer(peer);
}

function makePeer(peer: Meaning): void {
  const asOf = `timestamp '{{ var("as_of") }}'`;
  const all = work.map(({ key }) => `select '${key}' as audience_key, user_id from {{ ref('${key}') }}`);
  const landed = EVENTS.map((event): readonly [string, string] => [
    `models/events/${slug(event)}.sql`,
    `${stagedEvent(event, peer === 'plain' ? '' : 'message_id, ')}\n${MEANINGS[peer]}\n`,
  ]);
  const made = work.map(({ key, staged }): readonly [string, string] => [
    `models/audiences/${key}.sql`,
    staged((event) => `{{ ref('${slug(event)}') }}`, asOf),
  ]);
  writeFiles(folderOf(peer), {
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

const everybody = [ours, ...PEERS.map(folderOf)];

async function land(after: string, until: string): Promise<void> {
  const again = process.env['BENCH_AGAIN'] !== undefined;
  for (const folder of everybody)
    await start(folder)(async (w) => {
      await w.execute(
        `insert into raw.messages select * from raw.later where received_at > '${after}' and received_at <= '${until}'`,
      );
      if (again) await w.execute(landingAgain(after, until));
      await w.execute('checkpoint');
    });
}

/** Of the last two days one row in fifty as it was, received anew; and as many new ones that were received two days ago. */
const landingAgain = (after: string, until: string): string =>
  `insert into raw.messages select * replace (timestamp '${until.slice(0, 19)}' as received_at) from raw.messages
   where received_at > timestamp '${after.slice(0, 19)}' - interval 1 day and type = 'track' and hash(message_id) % 50 = 0
   union all select * replace ('late-' || message_id as message_id, "timestamp" - interval 2 days as "timestamp", received_at - interval 2 days as received_at)
   from raw.later where received_at > '${after}' and received_at <= '${until}' and hash(message_id) % 50 = 1`;

const rollcall = async (asOf: string): Promise<number> =>
  (await spawned(['dist/cli/main.js', 'run', '--project', ours, '--as-of', asOf, '--json'])).seconds;

async function dbtBuild(program: string, peer: Meaning, asOf: string): Promise<number> {
  const begun = performance.now();
  const as = JSON.stringify({ as_of: asOf.slice(0, 19).replace('T', ' ') });
  await promisify(execFile)(program, ['build', '--quiet', '--profiles-dir', '.', '--vars', as], {
    cwd: folderOf(peer),
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
for (const peer of PEERS) cpSync(join(ours, settings.path), join(folderOf(peer), settings.path));

console.log(machine());
const ways: readonly ((asOf: string) => Promise<number>)[] = [
  rollcall,
  ...PEERS.map((peer) => (asOf: string) => dbtBuild(dbt, peer, asOf)),
];
const table: string[][] = [];
const daily = ways.map((): number[] => []);
/** Seconds of each, and how many times ours each peer's are. */
function line(title: string, seconds: readonly number[]): void {
  const [own = NaN] = seconds;
  table.push([
    title,
    ...seconds.map((s) => s.toFixed(1)),
    ...seconds.slice(1).map((s) => (s / own).toFixed(1)),
  ]);
}
for (let day = days; day >= 0; day -= 1) {
  if (day < days) await land(at(day + 1), at(day));
  const seconds: number[] = [];
  for (const [i, way] of ways.entries()) {
    const took = await way(at(day));
    seconds.push(took);
    if (day < days) daily[i]?.push(took);
  }
  line(day === days ? 'all of it' : `day ${days - day}`, seconds);
}
line('median of days', daily.map(median));
printTable(
  ['', 'Rollcall s', ...PEERS.map((peer) => `dbt, ${peer} s`), ...PEERS.map((peer) => `${peer}: ratio`)],
  table,
);

await start(ours)(async (w) => {
  for (const [i, peer] of PEERS.entries()) {
    await w.execute(`attach '${join(folderOf(peer), settings.path)}' as dbt_${i} (read_only)`);
    const all = work.map(({ key }) => `select '${key}' as audience_key, user_id from dbt_${i}.main.${key}`);
    const [row] = await rows(
      w,
      `with theirs as (${all.join(' union all ')}), ours as (select audience_key, profile_id as user_id from rollcall.memberships)
       select (select count(*) from ours) n, (select count(*) from (from ours except from theirs)) less,
         (select count(*) from (from theirs except from ours)) more`,
    );
    console.log(
      `members ${String(row?.['n'])}, differing from dbt, ${peer}: ${String(row?.['less'])} and ${String(row?.['more'])}`,
    );
  }
});
