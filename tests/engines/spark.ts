/**
 * Spark 4 on a cluster of two workers, which `scripts/with-spark.sh` has started with the session: variables say which
 * interpreter has pyspark, and what the master is.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { spark } from '../../dialects/spark/dialect.js';
import { keptOpen, type Warehouse } from '../../dialects/warehouse.js';
import type { EngineUnderTest } from './engine.js';
import { sqlTables, type RawTableRules } from './sql-tables.js';

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

// A handful of rows a statement: what is spent on planning and on making code comes back a million rows later.
const JVM = '-XX:+UseSerialGC -XX:TieredStopAtLevel=1';

// The first would compute constant rows where the statement is planned. The others put a CTE wherever it is read, so that it is
// planned and computed as often as it is; without them it is a stage of its own.
const EXCLUDED = ['ConvertToLocalRelation', 'InlineCTE', 'PushdownPredicatesAndPruneColumnsForCTEDef'];

const SETTINGS = {
  'spark.driver.extraJavaOptions': JVM,
  'spark.executor.extraJavaOptions': JVM,
  'spark.ui.enabled': 'false',
  'spark.sql.codegen.wholeStage': 'false',
  'spark.sql.codegen.factoryMode': 'NO_CODEGEN',
  'spark.sql.adaptive.enabled': 'false',
  'spark.sql.constraintPropagation.enabled': 'false',
  'spark.sql.optimizer.dynamicPartitionPruning.enabled': 'false',
  'spark.sql.optimizer.runtime.bloomFilter.enabled': 'false',
  'spark.sql.maxPlanStringLength': '1000',
  // Rows are spread over both workers from the start, and none are computed where the statement is planned.
  'spark.sql.leafNodeDefaultParallelism': '2',
  'spark.sql.shuffle.partitions': '2',
  'spark.sql.optimizer.excludedRules': EXCLUDED.map(
    (rule) => `org.apache.spark.sql.catalyst.optimizer.${rule}`,
  ).join(),
  'spark.sql.warehouse.dir': join(tmpdir(), `rollcall-spark-${process.pid}`),
  'spark.sql.catalogImplementation': 'in-memory',
  'spark.rollcall.collect': 'true',
};

// A session takes half a minute to start, so one serves all files of a process, with which it ends; each case begins with no
// schemas.
let session: Promise<Warehouse> | undefined;

const connected = (): Promise<Warehouse> =>
  (session ??= spark.open({
    settings: {
      python: process.env['ROLLCALL_SPARK_PYTHON'] ?? 'python3',
      master: process.env['ROLLCALL_SPARK_MASTER'] ?? 'local-cluster[2,1,1024]',
      settings: SETTINGS,
    },
    projectDir: '/',
    mode: 'write',
  }));

async function empty(warehouse: Warehouse): Promise<void> {
  const names: string[] = [];
  // A session answers one request after the other: the list is read to its end before anything else is asked.
  for await (const { rows } of warehouse.read('show databases'))
    names.push(...rows.map(({ namespace }) => String(namespace)));
  for (const name of names.filter((one) => one !== 'default'))
    await warehouse.execute(`drop database ${spark.quoteIdentifier(name)} cascade`);
}

/**
 * Raw tables as views of constant rows, made anew with each change: that takes no job, where rows of a table are written to
 * files by one.
 */
function views(): Omit<RawTableRules, 'types'> {
  const tables = new Map<
    string,
    { readonly columns: [name: string, type: string][]; rows: Map<string, string>[] }
  >();
  const column = (defined: string): [string, string] => {
    const type = Object.values(types).find((one) => defined.endsWith(` ${one}`)) ?? '';
    return [defined.slice(0, -type.length - 1), type];
  };
  const view = (name: string): string => {
    const { columns = [], rows = [] } = tables.get(name) ?? {};
    const written = rows.map((row) => `(${columns.map(([own, type]) => `cast(${row.get(own) ?? 'null'} as ${type})`).join(', ')})`); // prettier-ignore
    const nulls = columns.map(([own, type]) => `cast(null as ${type}) as ${own}`).join(', ');
    const names = columns.map(([own]) => own).join(', ');
    const query = rows.length === 0 ? `select ${nulls} where false` : `select * from values ${written.join(',\n')} as t(${names})`; // prettier-ignore
    return `create or replace view ${name} as ${query}`;
  };
  return {
    cell: (type, text) => (type === 'json' ? `parse_json(${text})` : `cast(${text} as ${types[type]})`),
    createTable: (name, columns) => {
      tables.set(name, { columns: columns.map(column), rows: [] });
      return view(name);
    },
    addColumn: (name, defined) => {
      tables.get(name)?.columns.push(column(defined));
      return view(name);
    },
    dropTable: (name) => {
      tables.delete(name);
      return `drop view if exists ${name}`;
    },
    insert: (name, columns, rows) => {
      tables
        .get(name)
        ?.rows.push(...rows.map((row) => new Map(columns.map((own, i) => [own, row[i] ?? 'null']))));
      return view(name);
    },
  };
}

export const sparkEngine: EngineUnderTest = {
  name: 'spark',
  dialect: spark,
  // It is no type of target; all that is read of it is its schema.
  target: { type: 'duckdb', path: ':memory:' },
  ways: ['standalone'],
  open: async () => {
    const warehouse = await connected();
    await empty(warehouse);
    return { warehouse: keptOpen(warehouse), raw: sqlTables(warehouse, spark, { types, ...views() }) };
  },
  version: async () => (await (await connected()).version()).engine,
  again: 'scripts/with-spark.sh npm run conformance -- spark',
  sample:
    'a SELECT takes two to three seconds of processor time, most of it planning, and there are 2,100: two hours alone, and a night beside other work',
};
