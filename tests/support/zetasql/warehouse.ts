/**
 * A warehouse in memory whose every query is answered by GoogleSQL's own evaluator. Statements that change tables are
 * analysed whole against the tables as they stand, what they select is evaluated as it stands in them, and only putting the
 * rows where they belong is done here: the evaluator has no tables of its own.
 */
import type { ColumnKind, TableRef } from '../../../compiler/ir/types.js';
import type { Step } from '../../../compiler/program/types.js';
import { bigquery } from '../../../dialects/bigquery/dialect.js';
import type { Dialect } from '../../../dialects/dialect.js';
import {
  StatementError,
  type Batch,
  type EngineVersion,
  type TableColumn,
  type TableDescription,
  type Warehouse,
} from '../../../dialects/warehouse.js';
import type { RawTables, RawType } from '../../engines/engine.js';
import type { Json } from '../../reference/model.js';
import { requireInstant } from '../../reference/time.js';
import { arranged, between, flat, merged, names, without, type Table } from './rows.js';
import { statementsIn, viewsIn } from './scripts.js';
import { rowsOf, type CatalogColumn, type CatalogTable, type ResultTable, type ZetaSql } from './server.js';
import { cellOf, type Cell, type SqlType } from './values.js';

/** Which step a statement is of: told by its text, as nothing else reaches a warehouse. */
const steps = new Map<string, Step>();

/** The product's dialect, which keeps in mind what its statements are for. */
export const rememberingDialect: Dialect = {
  ...bigquery,
  statements: (step, params) => {
    const made = bigquery.statements(step, params);
    for (const { sql } of made) steps.set(sql, step);
    return made;
  },
};

const TYPES: Readonly<Record<RawType, SqlType>> = {
  text: 'STRING',
  int: 'INT64',
  decimal: 'NUMERIC',
  float: 'FLOAT64',
  bool: 'BOOL',
  timestamp: 'TIMESTAMP',
  date: 'DATE',
  json: 'JSON',
};

const keyOf = ({ schema, name }: TableRef): string => (schema === undefined ? name : `${schema}.${name}`);

export class EvaluatedWarehouse implements Warehouse {
  readonly #tables = new Map<string, Table>();
  readonly #views = new Map<string, string>();
  #before: { tables: Map<string, Table>; views: Map<string, string> } | undefined;

  constructor(private readonly server: ZetaSql) {
    steps.clear();
  }

  async execute(sql: string): Promise<{ readonly rowsChanged?: number }> {
    const step = steps.get(sql);
    if (step === undefined) throw new Error(`a statement of no step: ${sql}`);
    try {
      // An INSERT would end the server; its SELECT is evaluated, and its columns are compared below.
      if (step.op !== 'append')
        for (const one of statementsIn(sql))
          await this.server.analyse(one, await this.#mentioned(one, false));
      return { rowsChanged: await this.#perform(step, sql) };
    } catch (error) {
      throw new StatementError(error instanceof Error ? error.message : String(error), sql);
    }
  }

  async #perform(step: Step, sql: string): Promise<number> {
    switch (step.op) {
      case 'ensure_schema':
        return 0;
      case 'ensure_table': {
        const key = keyOf(step.spec.table);
        const columns = step.spec.columns.map(({ name, type }) => ({
          name,
          type: bigquery.type(type).toUpperCase() as SqlType,
        }));
        if (!this.#tables.has(key)) this.#tables.set(key, { columns, rows: [] });
        return 0;
      }
      case 'replace': {
        const { columns, rows } = await this.#evaluate(sql.slice(sql.indexOf(' as\n') + 4));
        this.#tables.set(keyOf(step.spec.table), { columns, rows });
        return rows.length;
      }
      case 'append': {
        const found = await this.#evaluate(sql.slice(sql.indexOf('\n') + 1));
        const table = this.#table(step.table);
        const rows = [...table.rows, ...arranged(found, table.columns)];
        this.#tables.set(keyOf(step.table), { ...table, rows });
        return found.rows.length;
      }
      case 'merge':
        return this.#merge(step, await this.#evaluate(between(sql, 'using (\n', '\n) as s\non ')));
      case 'delete': {
        const table = this.#table(step.table);
        const keys = step.keys ?? [];
        const rows = step.query
          ? without(table, await this.#evaluate(between(sql, 'select 1 from (\n', '\n) as s where ')), keys)
          : [];
        this.#tables.set(keyOf(step.table), { ...table, rows });
        return table.rows.length - rows.length;
      }
      case 'views':
        for (const { key, query } of viewsIn(sql)) this.#views.set(key, query);
        return 0;
      case 'drop':
        (step.object === 'view' ? this.#views : this.#tables).delete(keyOf(step.table));
        return 0;
      case 'read':
        throw new Error('a read is not executed');
    }
  }

  #merge(step: Extract<Step, { op: 'merge' }>, source: ResultTable): number {
    const table = this.#table(step.table);
    const { rows, changed } = merged(table, source, step);
    this.#tables.set(keyOf(step.table), { ...table, rows });
    return changed;
  }

  #table(ref: TableRef): Table {
    const table = this.#tables.get(keyOf(ref));
    if (!table) throw new Error(`Table not found: ${keyOf(ref)}`);
    return table;
  }

  /** The tables and views that a text names: as they are, or out of their datasets, where they can have rows. */
  async #mentioned(sql: string, withRows: boolean): Promise<CatalogTable[]> {
    const found: CatalogTable[] = [];
    for (const [key, table] of this.#tables)
      if (names(key).test(sql)) found.push({ path: withRows ? [flat(key)] : key.split('.'), ...table });
    for (const [key, view] of this.#views) {
      if (!names(key).test(sql)) continue;
      const { columns, rows } = await this.#evaluate(view);
      found.push({ path: withRows ? [flat(key)] : key.split('.'), columns, rows });
    }
    return found;
  }

  async #evaluate(sql: string): Promise<ResultTable> {
    const tables = await this.#mentioned(sql, true);
    const keys = [...this.#tables.keys(), ...this.#views.keys()].filter((key) => key.includes('.'));
    const inRoot = keys.reduce((text, key) => text.replace(names(key), flat(key)), sql);
    return this.server.evaluate(inRoot, tables);
  }

  async *read(sql: string): AsyncGenerator<Batch, void, undefined> {
    let result: ResultTable;
    try {
      result = await this.#evaluate(sql);
    } catch (error) {
      throw new StatementError(error instanceof Error ? error.message : String(error), sql);
    }
    yield { columns: result.columns.map(({ name }) => ({ name, type: 'text' })), rows: rowsOf(result) };
  }

  async describeSchema(schema: string | undefined): Promise<readonly TableDescription[]> {
    const found = [...this.#tables].filter(([key]) =>
      schema === undefined ? !key.includes('.') : key.toLowerCase().startsWith(`${schema.toLowerCase()}.`),
    );
    const views = [...this.#views.keys()].filter((key) => key.startsWith(`${schema ?? ''}.`));
    const tables = found.map(([key, { columns }]) => described(key, columns));
    for (const key of views)
      tables.push(described(key, (await this.#evaluate(this.#views.get(key) ?? '')).columns));
    return tables;
  }

  async describeTable(ref: TableRef): Promise<TableDescription | undefined> {
    const table = this.#tables.get(keyOf(ref));
    return table && described(keyOf(ref), table.columns);
  }

  async describeQuery(sql: string): Promise<readonly TableColumn[]> {
    try {
      return (await this.server.columns(sql, await this.#mentioned(sql, false))).map(columnOf);
    } catch (error) {
      throw new StatementError(error instanceof Error ? error.message : String(error), sql);
    }
  }

  async estimate(): Promise<{ readonly text: string }> {
    return Promise.resolve({ text: '' });
  }

  version(): Promise<EngineVersion> {
    return Promise.resolve({ engine: 'GoogleSQL', driver: '@fivetrandevelopers/zetasql' });
  }

  now(): Promise<string> {
    return Promise.resolve(new Date().toISOString());
  }

  begin(): Promise<void> {
    this.#before = { tables: new Map(this.#tables), views: new Map(this.#views) };
    return Promise.resolve();
  }

  commit(): Promise<void> {
    this.#before = undefined;
    return Promise.resolve();
  }

  rollback(): Promise<void> {
    if (this.#before) {
      this.#tables.clear();
      this.#views.clear();
      this.#before.tables.forEach((table, key) => this.#tables.set(key, table));
      this.#before.views.forEach((view, key) => this.#views.set(key, view));
    }
    return this.commit();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Raw rows come in as they are. */
  readonly raw: RawTables = {
    ensureSchema: () => Promise.resolve(),
    append: (ref, columns, rows) => {
      const key = keyOf(ref);
      const before = this.#tables.get(key);
      const added = Object.entries(columns)
        .filter(([name]) => !before?.columns.some((column) => column.name === name))
        .map(([name, type]) => ({ name, type: TYPES[type] }));
      const all = [...(before?.columns ?? []), ...added];
      const cells = rows.map((row) => all.map(({ name, type }) => rawCell(type, row[name])));
      this.#tables.set(key, { columns: all, rows: [...(before?.rows ?? []), ...cells] });
      return Promise.resolve();
    },
    replace: (ref, columns, rows) => {
      const all = Object.entries(columns).map(([name, type]) => ({ name, type: TYPES[type] }));
      const cells = rows.map((row) => all.map(({ name, type }) => rawCell(type, row[name])));
      this.#tables.set(keyOf(ref), { columns: all, rows: cells });
      return Promise.resolve();
    },
  };
}

function rawCell(type: SqlType, value: Json | undefined): Cell {
  if (value === undefined || (value === null && type !== 'JSON')) return {};
  if (type === 'JSON') return { jsonValue: JSON.stringify(value) };
  const plain = typeof value === 'string' ? value : JSON.stringify(value);
  if (type === 'TIMESTAMP') return cellOf(type, requireInstant(plain).toString());
  return cellOf(type, type === 'BOOL' ? value === true || value === 'true' : plain);
}

const columnOf = ({ name, type }: CatalogColumn): TableColumn => ({
  name,
  nativeType: type,
  kind: bigquery.columnKind(type) satisfies ColumnKind,
});

function described(key: string, columns: readonly CatalogColumn[]): TableDescription {
  const [schema, name] = key.split('.');
  const table = name === undefined ? { name: key } : { schema: schema ?? '', name };
  return { table, columns: columns.map(columnOf) };
}
