/**
 * Twenty shapes of audiences against the best queries written by hand for them, in the same DuckDB, with the same
 * members: what a run computes over landed facts against SQL over the same facts; and the standalone SELECT against
 * SQL over the raw messages, of the same meaning and (`trusting`) relying on what is known of this data.
 * `npx tsx bench/shapes.ts [events] [users] [repeats] [shapes] [modes]`, the last two with commas, modes of `run`, `raw`
 * and `trusting`; BENCH_DIR keeps the data, BENCH_REUSE=1 takes it as it is, BENCH_SQL=1 writes every query to its
 * folder `sql/`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Warehouse } from '../dialects/warehouse.js';
import { compileProject } from '../runtime/index.js';
import { ByHand } from './by-hand.js';
import { configOf, modelFiles, writeFiles } from './files.js';
import { geometricMean, machine, printTable } from './measure.js';
import { body, compare, recorded, recording, rows, warehouseAt } from './queries.js';
import { benchRun, projectAt } from './run.js';
import { AS_OF, messagesSql } from './shapes-data.js';
import { shapes, type Facts } from './shapes-workload.js';

const [events = 3_000_000, users = 200_000, repeats = 5] = process.argv.slice(2, 5).map(Number);
const named = (list: string | undefined): readonly string[] | undefined =>
  list ? list.split(',') : undefined;
const only = named(process.argv[5]);
const MODES = ['run', 'raw', 'trusting'] as const;
const modes = MODES.filter((mode) => named(process.argv[6])?.includes(mode) ?? true);
const kept = process.env['BENCH_DIR'];
const dir = kept ?? mkdtempSync(join(tmpdir(), 'rollcall-bench-shapes-'));
const settings = { path: 'warehouse.duckdb', schema: 'rollcall', memory_limit: '8GB' };

const withWarehouse = warehouseAt(dir, settings);

async function make(): Promise<void> {
  const models = shapes.map(({ key, definition, extra }) => ({
    kind: 'audience',
    key,
    name: key,
    definition,
    ...extra,
  }));
  const config = configOf(settings, { traits: ['plan', 'spending_limit'] });
  writeFiles(dir, { 'rollcall.json': config, ...modelFiles(models) });
  if (process.env['BENCH_REUSE']) return;
  await withWarehouse(async (w) => {
    await w.execute('drop schema if exists raw cascade');
    for (const sql of messagesSql(events, users)) await w.execute(sql);
  });
}

/** Names of landed tables and columns, which end with a hash. */
async function factsOf(w: Warehouse): Promise<Facts> {
  const columns = await rows(
    w,
    `select table_name, column_name from duckdb_columns() where schema_name = 'rollcall'`,
  );
  const numbers = new Map(
    (await rows(w, 'select key, definition_no from rollcall.definitions')).map((d) => [
      d['key'],
      String(d['definition_no']),
    ]),
  );
  const find = (column: 'table_name' | 'column_name', start: string): string => {
    const found = columns.find((c) => String(c[column]).startsWith(start))?.[column];
    if (typeof found !== 'string') throw new Error(`nothing landed for ${start}`);
    return found;
  };
  return {
    table: (event) =>
      `rollcall.${find('table_name', `facts_shop_${event.toLowerCase().replace(/ /g, '_')}`)}`,
    column: (start) => find('column_name', start),
    members: (key) =>
      `select profile_no from rollcall_stage_members where definition_no = ${numbers.get(key) ?? '?'}`,
  };
}

try {
  await make();
  const project = await projectAt(dir);
  await withWarehouse((w) => w.execute('drop schema if exists rollcall cascade'));
  const run = await benchRun(project, { asOf: AS_OF, runId: 'run-1', dialectFor: recording });
  const compiled = new Map(
    (await compileProject({ ...project, asOf: AS_OF })).definitions.map((d) => [d.key, d.sql]),
  );
  console.log(machine());

  await withWarehouse(async (w) => {
    const facts = await factsOf(w);
    const stages = [...recorded.keys()].filter((id) => id.startsWith('stage.'));
    const computing = run.definitions.map(({ key }) => `compute.${key}`);
    for (const id of [...stages, ...computing])
      for (const sql of recorded.get(id) ?? []) await w.execute(sql);
    const table: string[][] = [];
    const ratios = new Map<string, number[]>(modes.map((mode) => [mode, []]));
    for (const shape of shapes) {
      if (only && !only.includes(shape.key)) continue;
      const [step] = recorded.get(`compute.${shape.key}`) ?? [];
      const standalone = compiled.get(shape.key);
      if (step === undefined || standalone === undefined) throw new Error(`${shape.key} was not compiled`);
      const queries = {
        run: [body(step, 'profile_no'), body(shape.facts(facts), 'profile_no')],
        raw: [body(standalone, 'profile_id'), body(shape.raw(new ByHand(false)), 'profile_id')],
        trusting: [body(standalone, 'profile_id'), body(shape.raw(new ByHand(true)), 'profile_id')],
      } as const;
      if (process.env['BENCH_SQL']) {
        for (const [name, [ours, hand]] of Object.entries(queries)) {
          const path = `sql/${shape.key}.${name}`;
          writeFiles(dir, { [`${path}.ours.sql`]: ours, [`${path}.hand.sql`]: hand });
        }
      }
      const cells: string[] = [];
      const members = new Set<string>();
      for (const mode of modes) {
        const pair = await compare(w, `${shape.key}, ${mode}`, ...queries[mode], repeats);
        members.add(pair.members);
        ratios.get(mode)?.push(pair.ratio);
        const ms = (n: number): string => (n * 1000).toFixed(n < 0.1 ? 1 : 0);
        cells.push(ms(pair.ours), ms(pair.hand), pair.ratio.toFixed(2));
      }
      if (members.size > 1) throw new Error(`${shape.key}: ${[...members].join(' or ')} members`);
      table.push([shape.key, ...members, ...cells]);
      console.log(table.at(-1)?.join(' '));
    }
    const means = modes.flatMap((mode) => ['', '', geometricMean(ratios.get(mode) ?? []).toFixed(2)]);
    printTable(
      ['shape', 'members', ...modes.flatMap((mode) => [`${mode} ms`, 'by hand ms', 'ratio'])],
      [...table, ['geometric mean', '', ...means]],
    );
  });
} finally {
  if (kept === undefined) rmSync(dir, { recursive: true, force: true });
}
