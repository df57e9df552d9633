/**
 * What it costs to publish that one in a hundred of many members changed, against a full join of memberships before and after:
 * one audience of everybody who ordered in 200 days; a day later one in 200 has left and as many have come.
 * `npx tsx bench/publish.ts [members] [days]`
 */
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configOf, USERS_ALONE, writeFiles } from './files.js';
import { machine, median } from './measure.js';
import { DIFFERENCES, fullJoin } from './memberships.js';
import { warehouseAt } from './queries.js';
import { benchRun, printLongest, projectAt, stepsMs } from './run.js';

const [members = 10_000_000, days = 5] = process.argv.slice(2).map(Number);
const dir = join(tmpdir(), `rollcall-publish-${members}`);
const settings = { path: 'warehouse.duckdb', schema: 'rollcall', memory_limit: '2GB' };
const withWarehouse = warehouseAt(dir, settings);
const at = (day: number): string => new Date(Date.parse('2025-01-01') + day * 86_400_000).toISOString();
const perDay = members / 200;

rmSync(dir, { recursive: true, force: true });
writeFiles(dir, {
  'rollcall.json': configOf(settings, USERS_ALONE),
  'models/active.json': {
    kind: 'audience',
    key: 'active',
    definition: { event: 'Order Completed', count: { at_least: 1 }, within: '200 days' },
  },
});

/** Orders of one user each, from the first of a day up to the first of another. */
const orders = (from: number, to: number): string =>
  `select 'm' || i as message_id, 'track' as "type", 'Order Completed' as event, null::varchar as "name",
     timestamp '2025-01-01' + to_microseconds(cast(i * (86400000000 / ${perDay}) as bigint)) as "timestamp",
     timestamp '2025-01-01' + to_microseconds(cast(i * (86400000000 / ${perDay}) as bigint)) as received_at,
     'user-' || i as user_id, null::varchar as anonymous_id, null::varchar as group_id, '{"price":10}' as properties,
     null::varchar as traits, null::varchar as context, null::varchar as source_id
   from range(${from * perDay}, ${to * perDay}) t(i)`;

await withWarehouse(async (w) => {
  await w.execute('create schema raw');
  await w.execute(`create table raw.messages as ${orders(0, 200)}`);
});

const project = await projectAt(dir);
await benchRun(project, { asOf: at(200), runId: 'first' });
const ratios: number[] = [];
for (let day = 201; day <= 200 + days; day++) {
  await withWarehouse((w) => w.execute(`insert into raw.messages ${orders(day - 1, day)}`));
  await benchRun(project, { asOf: at(day), runId: `day-${day}` });
  await withWarehouse(async (w) => {
    const { ms, changed } = await fullJoin(w, at(day - 1), at(day));
    const published = await stepsMs(w, `day-${day}`, 'publish[.].*');
    const found = await stepsMs(w, `day-${day}`, DIFFERENCES);
    ratios.push(published / ms);
    console.log(
      `${changed} of ${members} changed: published in ${published} ms, of it ${found} for the differences; a full join ${ms.toFixed(0)} ms: ${((100 * published) / ms).toFixed(0)} %`,
    );
    if (process.env['BENCH_STEPS']) await printLongest(w, `day-${day}`);
  });
}
console.log(machine());
console.log(`publishing, of a full join: median ${(100 * median(ratios)).toFixed(0)} % (target 15)`);
rmSync(dir, { recursive: true, force: true });
