/**
 * Spark SQL, version 4 and up: SELECTs, so that definitions can be compiled, previewed and compared. Runs need tables that
 * are changed in place and several at once, which Spark leaves to table formats: `statements` refuses.
 */
import { DEFAULT_CAPABILITIES, type Dialect } from '../dialect.js';
import { emitAllColumns, EmitClient, emitSelect, type EmitEngine } from '../emit/index.js';
import { notSupported } from '../emit/expressions.js';
import { AGGREGATES } from './aggregates.js';
import { FUNCTIONS } from './functions.js';
import { columnKind, literal, quoteIdentifier, sparkType } from './types.js';
import { arrayOf, variantOf } from './values.js';

const engine: EmitEngine = {
  name: 'spark',
  // FILTER is there, but not in windows.
  capabilities: { ...DEFAULT_CAPABILITIES, semiJoin: true },
  functions: FUNCTIONS,
  aggregates: AGGREGATES,
  type: sparkType,
  literal,
  quoteIdentifier,
  maxIdentifier: 255,
  client: new EmitClient('spark', quoteIdentifier),
  unnest: {
    from: {
      elements: (value, alias, column) =>
        `cross join lateral explode(transform(${arrayOf(variantOf(value))}, rc__v -> to_json(rc__v))) as ${alias}(${column})`,
      keys: (value, alias, column) =>
        `cross join lateral explode(json_object_keys(${value})) as ${alias}(${column})`,
    },
  },
  some: (array, element, test) =>
    `coalesce(exists(transform(${arrayOf(variantOf(array))}, rc__v -> to_json(rc__v)), ${element} -> ${test}), false)`,
};

export const spark: Dialect = {
  ...engine,
  columnKind,
  select: (query, params) => emitSelect(engine, query, params),
  selectAll: (query, params) => emitAllColumns(engine, query, params),
  statements: (step) => {
    throw notSupported(engine, `the step ${step.op} of a run: it computes SELECTs only`);
  },
  open: async (options) => {
    const { openWarehouse } = await import('./warehouse.js');
    return openWarehouse(options);
  },
};
