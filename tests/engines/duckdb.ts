/** DuckDB in memory, the engine that everything else is compared with. */
import { duckdb } from '../../dialects/duckdb/dialect.js';
import { emptyDuckDB } from './duckdb-attached.js';
import type { EngineUnderTest } from './engine.js';
import { sqlTables } from './sql-tables.js';

const TARGET = { type: 'duckdb', path: ':memory:', threads: 1 };

export const duckdbEngine: EngineUnderTest = {
  name: 'duckdb',
  dialect: duckdb,
  target: TARGET,
  ways: ['standalone', 'run'],
  open: async () => {
    const warehouse = await emptyDuckDB();
    const types = {
      text: 'varchar',
      int: 'bigint',
      decimal: 'decimal(18, 4)',
      float: 'double',
      bool: 'boolean',
      timestamp: 'timestamp',
      date: 'date',
      json: 'json',
    };
    return { warehouse, raw: sqlTables(warehouse, duckdb, { types }) };
  },
  version: async () => {
    const { warehouse } = await duckdbEngine.open();
    try {
      for await (const { rows } of warehouse.read('select version() as v'))
        return `DuckDB ${String(rows[0]?.['v'])}`;
      return 'DuckDB';
    } finally {
      await warehouse.close();
    }
  },
  again: 'npm run conformance -- duckdb reference',
};
