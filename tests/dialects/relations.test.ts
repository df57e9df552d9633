/** Random relations against a naive interpreter: merging nodes into SELECTs and CTEs changes no result. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Relation } from '../../compiler/ir/types.js';
import type { Warehouse } from '../../dialects/warehouse.js';
import { emitSelect } from '../../dialects/emit/index.js';
import { duckdb, openMemory, rowsOf } from './support/duckdb.js';
import { DuckDBClient } from '../../dialects/duckdb/client.js';
import { build, key, plan, TABLES } from './support/naive-relations.js';

let warehouse: Warehouse;
beforeAll(async () => {
  warehouse = await openMemory();
  for (const [name, rows] of Object.entries(TABLES)) {
    const values = rows
      .map((r) => `(${r['a'] ?? 'null'}, ${r['b'] ?? 'null'}, ${r['c'] ?? 'null'})`)
      .join(', ');
    await warehouse.execute(`create table ${name} as select * from (values ${values}) as v(a, b, c)`);
  }
});
afterAll(() => warehouse.close());

const dialects = {
  'as DuckDB writes it': (relation: Relation) => duckdb.select(relation, {}),
  'as an engine with fewer capabilities would': (relation: Relation) =>
    emitSelect(
      {
        ...duckdb,
        client: new DuckDBClient(),
        capabilities: {
          ...duckdb.capabilities,
          semiJoin: false,
          aggregateFilter: false,
          nullSafeEquals: false,
          asofJoin: false,
          valuesTable: false,
        },
        some: () => 'false',
        unnest: { elements: (x) => x, keys: (x) => x },
      },
      relation,
      {},
    ),
};

test.each(Object.entries(dialects))('any relation, %s', async (_, select) => {
  await fc.assert(
    fc.asyncProperty(plan, async (steps) => {
      const { relation, rows } = build(steps);
      const columns = relation.columns.map((c) => c.name);
      const sql = select(relation);
      const got = await rowsOf(warehouse, sql);
      const cells = got.map((r) =>
        Object.fromEntries(columns.map((c) => [c, r[c] == null ? null : Number(r[c])])),
      );
      expect(cells.map((r) => key(r, columns)).sort(), sql).toEqual(rows.map((r) => key(r, columns)).sort());
    }),
    { numRuns: 300 },
  );
});
