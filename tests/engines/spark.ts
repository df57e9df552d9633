/** Spark 4, a cluster of two workers on this machine: `scripts/with-spark.sh` says where (`ROLLCALL_SPARK_PYTHON`). */
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { spark } from '../../dialects/spark/dialect.js';
import { keptOpen, type Warehouse } from '../../dialects/warehouse.js';
import type { EngineUnderTest } from './engine.js';
import { sqlTables } from './sql-tables.js';

const types = {
  text: 'string',
  int: 'bigint',
  decimal: 'decimal(18, 4)',
  float: 'double',
  bool: 'boolean',
  timestamp: 'timestamp',
  date: 'date',
  json: 'variant',
};

// A session takes half a minute to start, so one serves all cases of a process; each begins with no schemas.
let session: Promise<Warehouse> | undefined;

const connected = (): Promise<Warehouse> =>
  (session ??= spark.open({
    settings: {
      python: process.env['ROLLCALL_SPARK_PYTHON'] ?? 'python3',
      master: process.env['ROLLCALL_SPARK_MASTER'] ?? 'local-cluster[2,1,1024]',
      settings: {
        'spark.ui.enabled': 'false',
        // A handful of rows: making code for each query would take longer than all else.
        'spark.sql.shuffle.partitions': '1',
        'spark.sql.codegen.wholeStage': 'false',
        'spark.sql.codegen.factoryMode': 'NO_CODEGEN',
        'spark.sql.adaptive.enabled': 'false',
        'spark.sql.warehouse.dir': join(tmpdir(), `rollcall-spark-${process.pid}`),
        'spark.sql.catalogImplementation': 'in-memory',
      },
    },
    projectDir: '/',
    mode: 'write',
  }));

/** Ends the session of this process. */
export async function endSpark(): Promise<void> {
  await (await session)?.close();
  session = undefined;
}

async function empty(warehouse: Warehouse): Promise<void> {
  for await (const { rows } of warehouse.read('show databases')) {
    for (const { namespace } of rows) {
      if (namespace !== 'default')
        await warehouse.execute(`drop database ${spark.quoteIdentifier(String(namespace))} cascade`);
    }
  }
}

export const sparkEngine: EngineUnderTest = {
  name: 'spark',
  dialect: spark,
  // It is no type of target yet; all that is read of it is its schema.
  target: { type: 'duckdb', path: ':memory:' },
  ways: ['standalone'],
  open: async () => {
    const warehouse = await connected();
    await empty(warehouse);
    return {
      warehouse: keptOpen(warehouse),
      raw: sqlTables(warehouse, spark, {
        types,
        cell: (type, text) => (type === 'json' ? `parse_json(${text})` : `cast(${text} as ${types[type]})`),
        addColumn: (table, column) => `alter table ${table} add columns (${column})`,
      }),
    };
  },
  version: async () => (await (await connected()).version()).engine,
  again: 'npm run test:spark',
};
