/** BigQuery: GoogleSQL through jobs, with a session for what belongs together. */
import { DEFAULT_CAPABILITIES, type Dialect } from '../dialect.js';
import { emitAllColumns, emitSelect, type EmitEngine } from '../emit/index.js';
import { statementsOf } from '../emit/statements.js';
import { AGGREGATES } from './aggregates.js';
import { BigQueryClient } from './client.js';
import { FUNCTIONS } from './functions.js';
import { extract, objectKeys } from './json.js';
import { TEMPLATES } from './statements.js';
import { bigqueryType, columnKind, literal, quoteIdentifier } from './types.js';

const engine: EmitEngine = {
  name: 'bigquery',
  capabilities: {
    ...DEFAULT_CAPABILITIES,
    groupedExpressions: false,
    aggregatesInSubqueries: false,
    valuesTable: false,
    billedByColumn: true,
    temporaryDdl: true, // in the session that has the transaction
    maxStatementBytes: 1024 * 1024,
    batchBytes: 1024 * 1024, // each statement is billed for the columns it reads
  },
  functions: FUNCTIONS,
  aggregates: AGGREGATES,
  type: bigqueryType,
  literal,
  quoteIdentifier,
  maxIdentifier: 300,
  client: new BigQueryClient(),
  unnest: {
    from: {
      elements: (value, alias) => `cross join unnest(${extract('json_query_array', value, [])}) as ${alias}`,
      keys: (value, alias) => `cross join unnest(${objectKeys(value)}) as ${alias}`,
    },
    column: (alias) => alias,
  },
  constantRows: (columns, rows) => {
    const fields = columns.map(({ name, type }) => `${name} ${type}`).join(', ');
    const structs = rows.map((row) => `\n    struct(${row.join(', ')})`);
    return `unnest(array<struct<${fields}>>[${structs.join(',')}])`;
  },
  some: (array, element, test) =>
    `exists (select 1 from unnest(${extract('json_query_array', array, [])}) as ${element} where ${test})`,
};

export const bigquery: Dialect = {
  ...engine,
  columnKind,
  select: (query, params) => emitSelect(engine, query, params),
  selectAll: (query, params) => emitAllColumns(engine, query, params),
  statements: (step, params) => statementsOf(TEMPLATES, step, (query) => emitSelect(engine, query, params)),
  open: async (options) => {
    const { openWarehouse } = await import('./warehouse.js');
    return openWarehouse(options);
  },
};
