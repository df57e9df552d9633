/** Spark through a process of its own (`bridge.py`): SELECTs and descriptions; nothing is in a transaction. */
import { UserError } from '../../compiler/diagnostics/index.js';
import type { ScalarType } from '../../compiler/ir/types.js';
import type { Batch, OpenOptions, TableDescription, Value, Warehouse } from '../warehouse.js';
import { Bridge, type Answer, type Request } from './bridge.js';
import { columnKind } from './types.js';

/** Opens a session where the settings `python` and `master` say; `settings` are Spark's own. */
export async function openWarehouse({ settings }: OpenOptions): Promise<Warehouse> {
  const { python = 'python3', master = 'local[*]', settings: own = {} } = settings;
  if (typeof python !== 'string' || typeof master !== 'string' || typeof own !== 'object' || own === null) {
    throw new UserError({
      code: 'invalid-value',
      severity: 'error',
      message: '"python" and "master" of a Spark target are texts, and "settings" is an object',
    });
  }
  const options = Object.entries(own).map(([name, value]) => `${name}=${String(value)}`);
  return sparkWarehouse(await Bridge.start(python, master, options));
}

const SCALARS: Readonly<Record<string, ScalarType>> = {
  tinyint: 'int',
  smallint: 'int',
  int: 'int',
  bigint: 'int',
  boolean: 'bool',
  timestamp: 'timestamp',
};

const scalarOf = (type: string): ScalarType =>
  SCALARS[type] ?? (type.startsWith('decimal') ? 'number' : 'text');

const described = (columns: Answer['columns']): TableDescription['columns'] =>
  (columns ?? []).map(({ name, type }) => ({ name, nativeType: type, kind: columnKind(type) }));

function sparkWarehouse(bridge: Bridge): Warehouse {
  const done = async (request: Request): Promise<Readonly<Record<string, unknown>>> => {
    let last: Answer['done'];
    for await (const answer of bridge.ask(request)) last = answer.done ?? last;
    return last ?? {};
  };
  const schemaOf = async (schema: string | undefined): Promise<readonly TableDescription[]> => {
    const { tables } = (await done({ op: 'schema', ...(schema !== undefined && { schema }) })) as {
      readonly tables: readonly { readonly name: string; readonly columns: Answer['columns'] }[];
    };
    return tables.map(({ name, columns }) => ({
      table: { ...(schema !== undefined && { schema }), name },
      columns: described(columns),
    }));
  };
  async function* read(sql: string): AsyncGenerator<Batch> {
    let columns: Batch['columns'] = [];
    for await (const answer of bridge.ask({ op: 'read', sql })) {
      if (answer.columns) columns = answer.columns.map(({ name, type }) => ({ name, type: scalarOf(type) }));
      if (answer.rows) yield { columns, rows: answer.rows.map((row) => rowOf(columns, row)) };
    }
  }
  const first = async (sql: string): Promise<string> => {
    for await (const { rows } of read(sql)) return String(Object.values(rows[0] ?? {})[0]);
    return '';
  };
  return {
    execute: async (sql) => {
      await done({ op: 'execute', sql });
      return {};
    },
    read,
    describeSchema: schemaOf,
    describeTable: async ({ schema, name }) =>
      (await schemaOf(schema)).find(({ table }) => table.name.toLowerCase() === name.toLowerCase()),
    describeQuery: async (sql) =>
      described((await done({ op: 'describe', sql }))['columns'] as Answer['columns']),
    estimate: async (sql) => ({ text: String((await done({ op: 'explain', sql }))['text']) }),
    version: async () => ({
      engine: `Spark ${String((await done({ op: 'version' }))['version'])}`,
      driver: 'pyspark',
    }),
    now: () => first('select current_timestamp()'),
    begin: noTransactions,
    commit: noTransactions,
    rollback: noTransactions,
    close: () => bridge.close(),
  };
}

const noTransactions = (): Promise<never> =>
  Promise.reject(
    new UserError({
      code: 'not-supported',
      severity: 'error',
      message: 'Spark has no transactions over several tables: it computes SELECTs, and no runs',
    }),
  );

const rowOf = (columns: Batch['columns'], values: readonly Value[]): Readonly<Record<string, Value>> =>
  Object.fromEntries(columns.map(({ name, type }, i) => [name, crossed(type, values[i] ?? null)]));

/** Decimals without the zeros at the end of their fraction. */
const crossed = (type: ScalarType, value: Value): Value =>
  type === 'number' && typeof value === 'string' && value.includes('.') ? value.replace(/\.?0+$/, '') : value;
