/** What the benchmarks of queries share: the statements of a run, and two queries measured by turns. */
import type { Dialect } from '../dialects/dialect.js';
import { dialectFor } from '../dialects/registry.js';
import type { OpenOptions, Warehouse } from '../dialects/warehouse.js';
import { median } from './measure.js';

/** Statements of a run, by the id of their step. */
export const recorded = new Map<string, readonly string[]>();

/** The dialect, keeping the statements that it makes: a definition each, so that each can be measured. */
export async function recording(type: string): Promise<Dialect> {
  const dialect = await dialectFor(type);
  return {
    ...dialect,
    capabilities: { ...dialect.capabilities, batchBytes: 1 },
    statements: (step, params) => {
      const statements = dialect.statements(step, params);
      recorded.set(
        step.id,
        statements.map((s) => s.sql),
      );
      return statements;
    },
  };
}

/** Opens the DuckDB of a folder for as long as some work takes. */
export function warehouseAt(
  dir: string,
  settings: OpenOptions['settings'],
): <T>(work: (w: Warehouse) => Promise<T>) => Promise<T> {
  return async (work) => {
    const dialect = await dialectFor('duckdb');
    const warehouse = await dialect.open({ settings, projectDir: dir, mode: 'write' });
    try {
      return await work(warehouse);
    } finally {
      await warehouse.close();
    }
  };
}

export async function rows(w: Warehouse, sql: string): Promise<readonly Record<string, unknown>[]> {
  const all: Record<string, unknown>[] = [];
  for await (const batch of w.read(sql)) all.push(...batch.rows);
  return all;
}

export async function seconds(f: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await f();
  return (performance.now() - start) / 1000;
}

export interface Pair {
  readonly ratio: number;
  readonly ours: number;
  readonly hand: number;
  readonly members: string;
}

/** Both by turns, the first of each not counted; throws unless the members are the same. */
export async function compare(
  w: Warehouse,
  what: string,
  ours: string,
  hand: string,
  repeats: number,
): Promise<Pair> {
  const times: [number[], number[]] = [[], []];
  for (let i = 0; i <= repeats; i++) {
    for (const side of i % 2 ? ([1, 0] as const) : ([0, 1] as const)) {
      const sql = side === 0 ? ours : hand;
      const took = await seconds(() =>
        w.execute(`create or replace temporary table bench_${side} as\n${sql}`),
      );
      if (i > 0) times[side].push(took);
    }
  }
  const [row] = await rows(
    w,
    `select (select count(*) from bench_0) a, (select count(*) from bench_1) b,
       (select count(*) from bench_0 anti join bench_1 using (id)) c`,
  );
  const members = String(row?.['a']);
  if (members !== row?.['b'] || row['c'] !== '0' || members === '0')
    throw new Error(`${what}: not the same members: ${JSON.stringify(row)}`);
  const [a, b] = [median(times[0]), median(times[1])];
  return { ratio: a / b, ours: a, hand: b, members };
}

/** A query, or that of an `insert`, with its one column named `id`. */
export const body = (sql: string, column: string): string =>
  `select ${column} as id from (\n${sql.replace(/^insert into .*\n/, '').replace(/;\s*$/, '')}\n)`;
