/** PostgreSQL 15 and newer: a server, or one in the process. */
import { DEFAULT_CAPABILITIES, type Dialect } from '../dialect.js';
import { emitAllColumns, EmitClient, emitSelect, type EmitEngine } from '../emit/index.js';
import { statementsOf } from '../emit/statements.js';
import { AGGREGATES } from './aggregates.js';
import { FUNCTIONS } from './functions.js';
import { arrayOf, objectOf } from './json.js';
import { TEMPLATES } from './statements.js';
import { columnKind, literal, MAX_NAME_BYTES, postgresType, quoteIdentifier } from './types.js';

const engine: EmitEngine = {
  name: 'postgres',
  capabilities: {
    ...DEFAULT_CAPABILITIES,
    aggregateFilter: true,
    transactionalDdl: true,
    temporaryDdl: true,
    lock: 'own',
  },
  functions: FUNCTIONS,
  aggregates: AGGREGATES,
  type: postgresType,
  literal,
  quoteIdentifier,
  maxIdentifier: MAX_NAME_BYTES,
  client: new EmitClient('postgres', quoteIdentifier),
  unnest: {
    from: {
      elements: (value, alias, column) =>
        `cross join lateral jsonb_array_elements(${arrayOf(value)}) as ${alias}(${column})`,
      keys: (value, alias, column) =>
        `cross join lateral jsonb_object_keys(${objectOf(value)}) as ${alias}(${column})`,
    },
  },
  some: (array, element, test) =>
    `exists (select 1 from jsonb_array_elements(${arrayOf(array)}) as rc__s(${element}) where ${test})`,
};

export const postgres: Dialect = {
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
