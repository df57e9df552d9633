/** Runs expressions and relations of the IR on a DuckDB in memory. */
import type { ColumnKind, Expr, Relation, ScalarType } from '../../../compiler/ir/types.js';
import * as ir from '../../../compiler/ir/build.js';
import type { Params } from '../../../dialects/dialect.js';
import { duckdb } from '../../../dialects/duckdb/dialect.js';
import type { Row, Value, Warehouse } from '../../../dialects/warehouse.js';

export { duckdb };

export function openMemory(): Promise<Warehouse> {
  return duckdb.open({ settings: { path: ':memory:' }, projectDir: '/', mode: 'write' });
}

export async function rowsOf(warehouse: Warehouse, sql: string): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const batch of warehouse.read(sql)) rows.push(...batch.rows);
  return rows;
}

export function query(warehouse: Warehouse, relation: Relation, params: Params = {}): Promise<Row[]> {
  return rowsOf(warehouse, duckdb.select(relation, params));
}

/** A literal of a type; null is typed. */
export function given(type: ScalarType, value: string | boolean | null): Expr {
  if (value === null) return ir.nul(type);
  if (type === 'bool') return ir.bool(value === true);
  return ir.lit({ type, value: String(value) });
}

/** What an expression over a column `x` gives for each value of it, in order. */
export async function mapped(
  warehouse: Warehouse,
  type: ScalarType,
  inputs: readonly (string | boolean | null)[],
  expr: (x: Expr) => Expr,
): Promise<Value[]> {
  const columns = [
    { name: 'i', type: 'int' as const },
    { name: 'x', type },
  ];
  const rows = inputs.map((value, i) => [ir.int(i), given(type, value)]);
  const given_ = ir.values(columns, rows);
  const result = ir.project(given_, [ir.as('i', ir.c(given_, 'i')), ir.as('y', expr(ir.c(given_, 'x')))]);
  return inOrder(await query(warehouse, result));
}

/** What an expression over a column of DuckDB's own type gives for each value of it, in order. */
export async function mappedColumn(
  warehouse: Warehouse,
  nativeType: string,
  inputs: readonly string[],
  expr: (x: Expr, kind: Expr) => Expr,
): Promise<Value[]> {
  await warehouse.execute(`create or replace table sample (i bigint, x ${nativeType})`);
  if (inputs.length > 0) {
    await warehouse.execute(
      `insert into sample values ${inputs.map((sql, i) => `(${i}, ${sql})`).join(', ')}`,
    );
  }
  const table = await warehouse.describeTable({ name: 'sample' });
  const kind: ColumnKind = table?.columns[1]?.kind ?? 'other';
  const scan = ir.scan({ name: 'sample' }, [
    { name: 'i', type: 'int' },
    { name: 'x', type: 'text' },
  ]);
  const y = expr(ir.c(scan, 'x'), ir.text(kind));
  return inOrder(await query(warehouse, ir.project(scan, [ir.as('i', ir.c(scan, 'i')), ir.as('y', y)])));
}

function inOrder(rows: readonly Row[]): Value[] {
  const out: Value[] = [];
  for (const row of rows) out[Number(row['i'])] = row['y'] ?? null;
  return out;
}
