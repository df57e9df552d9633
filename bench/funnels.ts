/**
 * Funnels over landed facts: what a run computes against the best of several queries written by hand, in the same
 * DuckDB, with the same members. One user has very many events, and one pair of events is dense: few users have all
 * of it. `npx tsx bench/funnels.ts [events] [users] [events of the one] [repeats] [shapes]`, shapes with commas;
 * BENCH_SQL=1 prints what is compiled.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Warehouse } from '../dialects/warehouse.js';
import { configOf, modelFiles, writeFiles } from './files.js';
import { funnels } from './funnels-workload.js';
import { geometricMean, machine, printTable } from './measure.js';
import { body, compare, recorded, recording, rows, type Pair, warehouseAt } from './queries.js';
import { benchRun, projectAt } from './run.js';
import { AS_OF } from './shapes-data.js';

const [events = 20_000_000, users = 500_000, heavy = 100_000, repeats = 3] = process.argv
  .slice(2, 6)
  .map(Number);
const only = process.argv[6]?.split(',');
const dir = mkdtempSync(join(tmpdir(), 'rollcall-bench-funnels-'));
const settings = { path: 'warehouse.duckdb', schema: 'rollcall', memory_limit: '8GB' };
const chosen = funnels.filter((f) => only?.includes(f.key) ?? true);

/** Of a hundred events, and of how many users each: those of the dense pair are of one in 250. */
const EVENTS = [
  { name: 'Viewed', share: 35, among: 1 },
  { name: 'Ordered', share: 25, among: 1 },
  { name: 'Returned', share: 15, among: 1 },
  { name: 'Played', share: 12.5, among: 250 },
  { name: 'Liked', share: 12.5, among: 250 },
];

const withWarehouse = warehouseAt(dir, settings);

/** The project, and a message of each event, so that a run makes every table. */
async function make(): Promise<void> {
  const models = funnels.map(({ key, definition }) => ({ kind: 'audience', key, name: key, definition }));
  writeFiles(dir, { 'rollcall.json': configOf(settings), ...modelFiles(models) });
  const names = EVENTS.map((e) => `('${e.name}')`).join(', ');
  await withWarehouse(async (w) => {
    await w.execute('create schema raw');
    await w.execute(
      `create table raw.messages as select e as message_id, 'track' as "type", e as "event", cast(null as varchar) as "name",
         timestamp '2025-01-01' as "timestamp", timestamp '2025-01-01' as received_at, 'user-0' as user_id,
         cast(null as varchar) as anonymous_id, cast(null as varchar) as group_id,
         cast('{"product":"p","price":1}' as json) as properties, cast(null as json) as traits, cast(null as json) as context
       from (values ${names}) v(e)`,
    );
  });
}

/** Puts what would have landed into the tables, in the order of time; the user of very many events is the last. */
async function fill(w: Warehouse): Promise<void> {
  await w.execute(
    `create or replace table rollcall.profiles as select * replace (i as profile_no, 'user-' || i as profile_id, 'user-' || i as user_id)
     from (from rollcall.profiles limit 1), range(${users + 1}) t(i)`,
  );
  for (const [n, { name, share, among }] of EVENTS.entries()) {
    const table = await tableOf(w, name);
    const columns = await columnsOf(w, table);
    const values = columns.map((column) => {
      if (/^(subject|profile)_no$/.test(column)) return 'u';
      if (column === 'timestamp') return 'at_';
      if (column === 'message_id') return `'m' || h`;
      if (column.startsWith('price_number')) return '(h % 5000) / 100.0';
      if (column.startsWith('product_text')) return `'product ' || (h >> 20) % 20`;
      if (column.startsWith('product_json')) return `to_json('product ' || (h >> 20) % 20)`;
      return 'null';
    });
    const own = Math.round((events * share) / 100);
    const oneHas = among === 1 ? Math.round((heavy * share) / 75) : 0;
    await w.execute(`delete from rollcall.${table}`);
    await w.execute(
      `insert into rollcall.${table} (${columns.map((c) => `"${c}"`).join(', ')})
       select ${values.join(', ')} from (
         select hash(i * 8 + ${n}) h,
           timestamp '2025-01-01' + to_microseconds(cast(i * (31530000000000 / ${own + oneHas}) as bigint) + ${n}) at_,
           case when hash(i * 8 + ${n} + 77) % ${own + oneHas} < ${oneHas} then ${users}
             else cast(floor(pow((hash(i * 8 + ${n} + 13) % 1000003) / 1000003.0, 2) * ${users / among}) as bigint) end u
         from range(${own + oneHas}) t(i)) order by at_`,
    );
  }
}

async function tableOf(w: Warehouse, event: string): Promise<string> {
  const like = `facts_shop_${event.toLowerCase()}`;
  const found = await rows(
    w,
    `select distinct table_name t from duckdb_columns() where schema_name = 'rollcall' and starts_with(table_name, '${like}')`,
  );
  return String(found[0]?.['t']);
}

const columnsOf = async (w: Warehouse, table: string): Promise<readonly string[]> =>
  (
    await rows(
      w,
      `select column_name c from duckdb_columns() where table_name = '${table}' order by column_index`,
    )
  ).map((row) => String(row['c']));

try {
  await make();
  await benchRun(await projectAt(dir), { asOf: AS_OF, runId: 'run-1', dialectFor: recording });
  console.log(machine());

  await withWarehouse(async (w) => {
    await fill(w);
    // By hand there are views of the same tables, with plain names.
    for (const { name } of EVENTS) {
      const table = await tableOf(w, name);
      const plain = (await columnsOf(w, table)).map((c) => {
        const [, as] = /^(price(?=_number)|product(?=_text))/.exec(c) ?? [];
        return as === undefined ? `"${c}"` : `"${c}" as ${as}`;
      });
      await w.execute(
        `create view ${name} as select ${plain.join(', ')}, "timestamp" as ts from rollcall.${table}`,
      );
    }
    const table: string[][] = [];
    const ratios: number[] = [];
    for (const { key, byHand } of chosen) {
      const [step] = recorded.get(`compute.${key}`) ?? [];
      if (step === undefined) throw new Error(`${key} was not compiled`);
      const ours = body(step, 'profile_no');
      if (process.env['BENCH_SQL']) console.log(`-- ${key}\n${ours}`);
      let best: (Pair & { readonly way: string }) | undefined;
      for (const [way, sql] of Object.entries(byHand)) {
        const pair = await compare(w, `${key}, ${way}`, ours, body(sql, 'profile_no'), repeats);
        console.log(key, way, (pair.ours * 1000).toFixed(0), (pair.hand * 1000).toFixed(0), pair.members);
        if (!best || pair.hand < best.hand) best = { ...pair, way };
      }
      if (!best) throw new Error(`${key} was not written by hand`);
      ratios.push(best.ratio);
      const ms = (n: number): string => (n * 1000).toFixed(n < 0.1 ? 1 : 0);
      table.push([key, best.members, ms(best.ours), ms(best.hand), best.way, best.ratio.toFixed(2)]);
    }
    printTable(
      ['funnel', 'members', 'run ms', 'by hand ms', 'way', 'ratio'],
      [...table, ['geometric mean', '', '', '', '', geometricMean(ratios).toFixed(2)]],
    );
  });
} finally {
  rmSync(dir, { recursive: true, force: true });
}
