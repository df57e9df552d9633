/**
 * Bytes that BigQuery would bill for 100 audiences: computed by one run (the first, and one a day later) against 100
 * queries by hand over the same raw tables. `npx tsx bench/bytes.ts [audiences]`
 */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { duckdb } from '../dialects/duckdb/dialect.js';
import { withSession } from '../runtime/index.js';
import { resolveSession } from '../runtime/prepare.js';
import { standaloneSql } from '../runtime/sql-files.js';
import { ZetaSql } from '../tests/support/zetasql/server.js';
import { Meter, type Read } from './bytes-meter.js';
import { byHand, segmentTables, TRAITS, variants, type Layout } from './bytes-workload.js';
import { modelFiles, writeFiles } from './files.js';
import { printTable } from './measure.js';
import { benchRun, projectAt } from './run.js';

const count = Number(process.argv[2] ?? 100);
const GROCER = join(import.meta.dirname, '../examples/grocer');
const DAYS = ['2017-12-01', '2017-12-02'];
const MB = 1024 * 1024;

const started = await ZetaSql.start();
if (typeof started === 'string') throw new Error(started);
await using server = started;
const dir = mkdtempSync(join(tmpdir(), 'rollcall-bytes-'));
try {
  for (const layout of ['messages', 'segment'] as const) await measure(layout);
} finally {
  rmSync(dir, { recursive: true, force: true });
}

/** Runs both days in a layout, and prints what came of it. */
async function measure(layout: Layout): Promise<void> {
  const own = join(dir, layout);
  const database = join(own, 'grocer.duckdb');
  writeProject(own, layout);
  const meter = new Meter(server);
  const base = {
    ...(await projectAt(own)),
    now: () => '2026-01-01T00:00:00Z',
    dialectFor: async () => Promise.resolve(meter.dialect),
  };
  const keys = base.project.definitions.filter(({ kind }) => kind === 'audience').map(({ key }) => key);
  if (keys.length !== count) throw new Error(`${keys.length} audiences`);

  for (const [i, day] of DAYS.entries()) {
    await promisify(execFile)('node', [join(GROCER, 'load.mjs'), '--database', database, '--to', day]);
    if (layout === 'segment') {
      const w = await duckdb.open({ settings: { path: database }, projectDir: own, mode: 'write' });
      for (const sql of segmentTables()) await w.execute(sql);
      await w.close();
    }
    const asOf = `${day}T00:00:00Z`;
    meter.refresh();
    const ours = await taken(meter, async () => {
      const result = await benchRun(base, { asOf, runId: `run-${i}` });
      const modes = result.landing.map(({ mode, new_rows }) => `${mode}, ${String(new_rows)} new rows`);
      console.log(`\n# ${layout}, ${day}: ${modes.join('; ')}; ${result.definitions.length} definitions`);
    });
    const [least, once, standalone] = await withSession(base, { mode: 'write' }, async (session) => {
      const { resolved, stored } = await resolveSession(session);
      const w = await duckdb.open({ settings: { path: database }, projectDir: own, mode: 'read' });
      const counted = (sql: (key: string) => string): Promise<readonly Read[]> =>
        taken(meter, async () => {
          for (const key of keys) await meter.count(w, key, sql(key));
        });
      const all = [
        await counted((key) => byHand(resolved, key, layout, asOf, false)),
        await counted((key) => byHand(resolved, key, layout, asOf, true)),
        await counted((key) => standaloneSql(resolved, key, meter.dialect, stored, asOf).sql),
      ] as const;
      await w.close();
      return all;
    });
    report(ours, least, once, standalone);
  }
}

/** What is read meanwhile. */
async function taken(meter: Meter, work: () => Promise<unknown>): Promise<readonly Read[]> {
  const from = meter.reads.length;
  await work();
  return meter.reads.slice(from);
}

/** The example, without destinations, and variants of its audiences. */
function writeProject(into: string, layout: Layout): void {
  cpSync(join(GROCER, 'models'), join(into, 'models'), { recursive: true });
  let audiences = 0;
  for (const name of readdirSync(join(into, 'models'), { recursive: true, encoding: 'utf8' })) {
    const path = join('models', name);
    if (!statSync(join(into, path)).isFile()) continue;
    const definition = JSON.parse(readFileSync(join(into, path), 'utf8')) as Record<string, unknown>;
    delete definition['destinations'];
    writeFiles(into, { [path]: definition });
    if (definition['kind'] === 'audience') audiences++;
  }
  const more = variants(count - audiences).map((file) => ({ ...file, key: String(file['key']) }));
  const config = {
    name: 'bytes',
    target: 'dev',
    targets: { dev: { type: 'duckdb', path: 'grocer.duckdb', schema: 'rollcall' } },
    sources: [
      layout === 'segment'
        ? { name: 'shop', layout, schema: 'web' }
        : { name: 'shop', layout, table: 'raw.messages', traits: TRAITS },
    ],
  };
  writeFiles(into, { 'rollcall.json': config, ...modelFiles(more) });
}

function sum(reads: readonly Read[]): number {
  return reads.reduce((all, { bytes }) => all + bytes, 0);
}

function isRaw({ table }: Read): boolean {
  return /^(raw|web)\./.test(table);
}

/** With 10 MB at least for each table a statement reads anything of, were all tables so many times as large. */
function billed(reads: readonly Read[], times: number): number {
  const tables = new Map<string, number>();
  for (const { statement, table, bytes } of reads) {
    const key = `${statement} ${table}`;
    tables.set(key, (tables.get(key) ?? 0) + bytes * times);
  }
  return [...tables.values()].reduce((all, bytes) => all + (bytes > 0 ? Math.max(bytes, 10 * MB) : 0), 0);
}

function mb(bytes: number): string {
  return (bytes / MB).toFixed(bytes < 10 * MB ? 2 : 0);
}

function report(ours: readonly Read[], ...hand: readonly (readonly Read[])[]): void {
  const all = [ours, ...hand];
  const names = ['one run', 'by hand, least', 'by hand, each once', 'our SELECTs'];
  printTable(
    [
      'MB',
      'statements',
      'event tables',
      'ratio',
      'ours',
      'sum',
      'ratio',
      'billed × 1',
      '× 100',
      '× 10,000',
      'ratio',
    ],
    all.map((reads, i) => {
      const raw = reads.filter(isRaw);
      const rest = reads.filter((read) => !isRaw(read));
      const ratio = (of: (reads: readonly Read[]) => number): string => (of(reads) / of(ours)).toFixed(2);
      return [
        names[i] ?? '',
        String(new Set(reads.map(({ statement }) => statement)).size),
        mb(sum(raw)),
        ratio((r) => sum(r.filter(isRaw))),
        mb(sum(rest)),
        mb(sum(reads)),
        ratio(sum),
        ...[1, 100, 10_000].map((times) => mb(billed(reads, times))),
        ratio((r) => billed(r, 10_000)),
      ];
    }),
  );
  const grouped = (of: (read: Read) => string): void => {
    const rawReads = all.map((reads) => reads.filter(isRaw));
    printTable(
      ['MB', ...names],
      [...new Set(rawReads.flat().map(of))].map((name) => [
        name,
        ...rawReads.map((reads) => mb(sum(reads.filter((read) => of(read) === name)))),
      ]),
    );
  };
  console.log('\nby event table:');
  grouped(({ table }) => table);
  console.log('\nstatements that read a column of an event table:');
  const columns = [
    ...new Set(
      all
        .flat()
        .filter(isRaw)
        .map(({ table, column }) => `${table}.${column}`),
    ),
  ];
  const reading = (reads: readonly Read[], name: string): readonly Read[] =>
    reads.filter(({ table, column }) => `${table}.${column}` === name);
  printTable(
    ['column', 'MB', ...names],
    columns.map((name) => [
      name,
      mb(reading(all.flat(), name)[0]?.bytes ?? 0),
      ...all.map((reads) => String(reading(reads, name).length)),
    ]),
  );
  const by = new Map<string, number>();
  for (const read of ours) {
    const [kind] = /^\w+\.[a-z]+/.exec(read.table) ?? ['temporary tables'];
    const key = `${read.what.replace(/\..*$/, '')} < ${kind}`;
    by.set(key, (by.get(key) ?? 0) + read.bytes);
  }
  console.log('\nwhat one run reads, dearest first:');
  printTable(
    ['step < table', 'MB'],
    [...by]
      .sort(([, a], [, b]) => b - a)
      .slice(0, 16)
      .map(([what, bytes]) => [what, mb(bytes)]),
  );
  const raw = new Map<string, Set<string>>();
  for (const read of ours.filter(isRaw)) {
    const key = `${read.what} < ${read.table}`;
    raw.set(key, (raw.get(key) ?? new Set()).add(read.column));
  }
  console.log('\nstatements of the run that read event tables:');
  printTable(
    ['statement', 'columns'],
    [...raw].map(([what, names]) => [what, [...names].join(' ')]),
  );
}
