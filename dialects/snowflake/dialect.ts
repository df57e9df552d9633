/** Snowflake: a session on a virtual warehouse, through the official driver. */
import { DEFAULT_CAPABILITIES, type Dialect } from '../dialect.js';
import { emitAllColumns, emitSelect, type EmitEngine } from '../emit/index.js';
import { statementsOf } from '../emit/statements.js';
import { AGGREGATES } from './aggregates.js';
import { SnowflakeClient } from './client.js';
import { FUNCTIONS } from './functions.js';
import { someElement } from './json.js';
import { TEMPLATES } from './statements.js';
import { columnKind, literal, quoteIdentifier, snowflakeType } from './types.js';

const engine: EmitEngine = {
  name: 'snowflake',
  capabilities: {
    ...DEFAULT_CAPABILITIES,
    rowNumberOrder: true,
    // Rows of VALUES take constants only, and JSON is none.
    valuesTable: false,
    maxStatementBytes: 1_000_000,
    batchBytes: 1_000_000,
  },
  functions: FUNCTIONS,
  aggregates: AGGREGATES,
  type: snowflakeType,
  literal,
  quoteIdentifier,
  maxIdentifier: 255,
  client: new SnowflakeClient(),
  unnest: {
    from: {
      elements: (value, alias) => `cross join lateral flatten(input => as_array(${value})) as ${alias}`,
      keys: (value, alias) => `cross join lateral flatten(input => as_object(${value})) as ${alias}`,
    },
    column: (alias, _column, of) => `${alias}.${of === 'keys' ? 'key' : 'value'}`,
  },
  some: someElement,
};

export const snowflake: Dialect = {
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
