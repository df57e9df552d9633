/**
 * How many statements a first and a next run of some audiences take on each engine, by what the runtime sends: steps are made for
 * the engine, and done by DuckDB. Every audience has a destination; one in ten reads another.
 * `npx tsx bench/statements.ts [audiences …]`
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Relation } from '../compiler/ir/types.js';
import type { Step } from '../compiler/program/types.js';
import { bigquery } from '../dialects/bigquery/dialect.js';
import type { Dialect, Params } from '../dialects/dialect.js';
import { duckdb } from '../dialects/duckdb/dialect.js';
import { postgres } from '../dialects/postgres/dialect.js';
import { snowflake } from '../dialects/snowflake/dialect.js';
import { around } from '../dialects/warehouse.js';
import { configOf, modelFiles, USERS_ALONE, writeFiles } from './files.js';
import { printTable } from './measure.js';
import { warehouseAt } from './queries.js';
import { benchRun, projectAt } from './run.js';
import { audiences, messagesSql } from './workload.js';

const given = process.argv.slice(2).map(Number);
const sizes = given.length > 0 ? given : [1, 10, 100, 1000];
const settings = { path: 'warehouse.duckdb', schema: 'rollcall' };
const RUNS = ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'];

/** Statements of a run: those in all, and those that compute or queue messages. */
class Counter {
  all = 0;
  readonly bySteps = new Map<string, number>();
  private readonly instead = new Map<string, { readonly id: string; readonly sql: readonly string[] }>();

  constructor(private readonly engine: Dialect) {}

  /** The engine to the runtime, a DuckDB behind it. */
  readonly dialect = (): Dialect => ({
    ...this.engine,
    capabilities: { ...this.engine.capabilities, lock: 'own' },
    statements: (step: Step, params: Params) => {
      const made = this.engine.statements(step, params);
      const sql = duckdb.statements(step, params).map((statement) => statement.sql);
      made.forEach((statement, i) =>
        this.instead.set(statement.sql, { id: step.id, sql: i === 0 ? sql : [] }),
      );
      return made;
    },
    select: (query: Relation, params: Params) => {
      const made = this.engine.select(query, params);
      this.instead.set(made, { id: 'state', sql: [duckdb.select(query, params)] });
      return made;
    },
    open: async (options) => {
      const w = await duckdb.open(options);
      const known = (sql: string): readonly string[] => {
        const found = this.instead.get(sql);
        if (!found) throw new Error(`a statement of no step: ${sql}`);
        const [kind = ''] = found.id.split('.');
        this.all += 1;
        this.bySteps.set(kind, (this.bySteps.get(kind) ?? 0) + 1);
        return found.sql;
      };
      return around(w, {
        execute: async (sql) => {
          let rowsChanged = 0;
          for (const one of known(sql)) rowsChanged += (await w.execute(one)).rowsChanged ?? 0;
          return { rowsChanged };
        },
        read: (sql) => w.read(known(sql)[0] ?? ''),
      });
    },
  });
}

/** Statements of both runs of a project with so many audiences. */
async function counted(engine: Dialect, count: number): Promise<readonly Counter[]> {
  const dir = mkdtempSync(join(tmpdir(), 'rollcall-bench-statements-'));
  try {
    write(dir, count);
    await warehouseAt(
      dir,
      settings,
    )(async (w) => {
      for (const sql of messagesSql(2_000, 100)) await w.execute(sql);
    });
    const project = await projectAt(dir);
    const counters: Counter[] = [];
    for (const [i, asOf] of RUNS.entries()) {
      const counter = new Counter(engine);
      const dialectFor = (): Promise<Dialect> => Promise.resolve(counter.dialect());
      await benchRun(project, { asOf, now: () => asOf, runId: `run-${i}`, dialectFor });
      counters.push(counter);
    }
    return counters;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function write(dir: string, count: number): void {
  const models = audiences(count).map(({ key, file }, i) => {
    const other = { audience: `audience_${i - 1}` };
    const definition = i % 10 === 9 ? { all: [other, file['definition']] } : file['definition'];
    return { ...file, key, definition, destinations: ['crm'] };
  });
  writeFiles(dir, {
    'rollcall.json': configOf(settings, USERS_ALONE),
    'destinations/crm.json': {
      kind: 'destination',
      key: 'crm',
      name: 'CRM',
      type: 'file',
      settings: { path: 'out.jsonl' },
    },
    ...modelFiles(models),
  });
}

const table: string[][] = [];
const kinds: string[][] = [];
for (const engine of [duckdb, postgres, bigquery, snowflake]) {
  const found: (readonly Counter[])[] = [];
  for (const size of sizes) found.push(await counted(engine, size));
  for (const [i, run] of ['first', 'next'].entries()) {
    table.push([engine.name, run, ...found.map((counters) => String(counters[i]?.all))]);
    const names = new Set(found.flatMap((counters) => [...(counters[i]?.bySteps.keys() ?? [])]));
    for (const name of names) {
      const cells = found.map((counters) => String(counters[i]?.bySteps.get(name) ?? 0));
      if (new Set(cells).size > 1) kinds.push([engine.name, run, name, ...cells]);
    }
  }
}
const heads = sizes.map((size) => `${size} audiences`);
printTable(['engine', 'run', ...heads], table);
console.log('\nwhat grows:');
printTable(['engine', 'run', 'steps', ...heads], kinds);
