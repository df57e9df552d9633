/** DuckDB: one process, one file, the reference dialect. */
import { DEFAULT_CAPABILITIES, type Dialect } from '../dialect.js';
import { emitAllColumns, emitSelect, type EmitEngine } from '../emit/index.js';
import { statementsOf } from '../emit/statements.js';
import { AGGREGATES } from './aggregates.js';
import { DuckDBClient } from './client.js';
import { FUNCTIONS } from './functions.js';
import { TEMPLATES } from './statements.js';
import { columnKind, duckdbType, literal, quoteIdentifier } from './types.js';

const engine: EmitEngine = {
  name: 'duckdb',
  capabilities: {
    ...DEFAULT_CAPABILITIES,
    aggregateFilter: true,
    transactionalDdl: true,
    temporaryDdl: true,
    semiJoin: true,
    asofJoin: true,
    distinctFrames: true,
    prunesAlternatives: false, // zone maps serve one comparison
    repeatsBySorting: true,
    lock: 'own',
    singleProcess: true,
    batchBytes: 200_000,
  },
  functions: FUNCTIONS,
  together: new Set(['text_json_value']),
  aggregates: AGGREGATES,
  type: duckdbType,
  literal,
  quoteIdentifier,
  maxIdentifier: 255,
  client: new DuckDBClient(),
  unnest: {
    elements: (value) => `unnest(json_extract(${value}, '$[*]'))`,
    keys: (value) => `unnest(json_keys(${value}))`,
  },
  some: (array, element, test) =>
    `coalesce(list_bool_or(list_transform(json_extract(${array}, '$[*]'), lambda ${element}: ${test})), false)`,
};

export const duckdb: Dialect = {
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
