/**
 * What BigQuery would bill for: statements are made for BigQuery, their columns resolved by GoogleSQL's own analyser, and
 * done by DuckDB, which knows how many bytes these columns hold at that moment.
 *
 * By BigQuery's rules a statement that reads bills each column it names once, whole; a DELETE, and a MERGE that updates, the
 * whole table it changes besides; DDL nothing. A null has no bytes, a text 2 and its UTF-8, JSON its text, an INT64,
 * FLOAT64 or TIMESTAMP 8, a NUMERIC 16, a BOOL 1.
 */
import type { Relation, TableRef } from '../compiler/ir/types.js';
import type { Step } from '../compiler/program/types.js';
import { bigquery } from '../dialects/bigquery/dialect.js';
import type { Dialect, Params } from '../dialects/dialect.js';
import { duckdb } from '../dialects/duckdb/dialect.js';
import { around, type Warehouse } from '../dialects/warehouse.js';
import { viewsIn } from '../tests/support/zetasql/scripts.js';
import type { CatalogTable, ZetaSql } from '../tests/support/zetasql/server.js';
import type { SqlType } from '../tests/support/zetasql/values.js';
import { rows } from './queries.js';

/** One column that one statement reads. */
export interface Read {
  /** The step, or the name that a query was given. */
  readonly what: string;
  readonly statement: number;
  readonly table: string;
  readonly column: string;
  readonly bytes: number;
}

interface Sized {
  readonly type: SqlType;
  readonly bytes: number;
}

const keyOf = ({ schema, name }: TableRef): string => (schema === undefined ? name : `${schema}.${name}`);
const quoted = (key: string): string =>
  key
    .split('.')
    .map((part) => duckdb.quoteIdentifier(part))
    .join('.');

const NATIVE: Readonly<Record<string, SqlType>> = {
  VARCHAR: 'STRING',
  JSON: 'JSON',
  TIMESTAMP: 'TIMESTAMP',
  BOOLEAN: 'BOOL',
  DATE: 'DATE',
  DOUBLE: 'FLOAT64',
};
const typeOf = (native: string): SqlType =>
  NATIVE[native] ?? (native.startsWith('DECIMAL') ? 'NUMERIC' : 'INT64');

const FIXED: Partial<Record<SqlType, number>> = { NUMERIC: 16, BIGNUMERIC: 32, BOOL: 1 };

/** Bytes of a column, as an expression. */
function bytesOf(name: string, type: SqlType): string {
  const column = duckdb.quoteIdentifier(name);
  if (type === 'STRING' || type === 'JSON') {
    const own = `coalesce(sum(strlen(${column}::varchar)), 0)`;
    return type === 'JSON' ? own : `${own} + 2 * count(${column})`;
  }
  return `${FIXED[type] ?? 8} * count(${column})`;
}

export class Meter {
  readonly reads: Read[] = [];
  statements = 0;
  readonly #steps = new Map<string, { readonly step: Step; readonly instead: readonly string[] }>();
  readonly #queries = new Map<string, string>();
  readonly #types = new Map<string, ReadonlyMap<string, SqlType>>();
  readonly #views = new Map<string, string>();
  readonly #sizes = new Map<string, Promise<ReadonlyMap<string, Sized>>>();

  constructor(private readonly server: ZetaSql) {}

  /** BigQuery to the runtime, a DuckDB behind it. */
  readonly dialect: Dialect = {
    ...bigquery,
    capabilities: { ...bigquery.capabilities, lock: 'own' },
    statements: (step, params) => {
      const made = bigquery.statements(step, params);
      const instead = duckdb.statements(step, params).map(({ sql }) => sql);
      for (const { sql } of made) this.#steps.set(sql, { step, instead });
      return made;
    },
    select: (query: Relation, params: Params) => {
      const sql = bigquery.select(query, params);
      this.#queries.set(sql, duckdb.select(query, params));
      return sql;
    },
    open: async (options) => {
      const w = await duckdb.open(options);
      this.#sizes.clear();
      return around(w, {
        execute: async (sql) => {
          const { step, instead } = this.#steps.get(sql) ?? { instead: [] };
          if (!step) throw new Error(`a statement of no step: ${sql}`);
          await this.#billed(w, step, sql);
          let rowsChanged = 0;
          for (const one of instead) rowsChanged += (await w.execute(one)).rowsChanged ?? 0;
          await this.#done(w, step, sql);
          return { rowsChanged };
        },
        read: (sql) => this.#read(w, sql),
        rollback: () => {
          throw new Error('a transaction was rolled back: what was counted is wrong');
        },
      });
    },
  };

  async *#read(w: Warehouse, sql: string): ReturnType<Warehouse['read']> {
    const step = this.#steps.get(sql);
    const instead = step?.instead[0] ?? this.#queries.get(sql);
    if (instead === undefined) throw new Error(`a query that is not known: ${sql}`);
    await this.count(w, step?.step.id ?? 'state', sql);
    yield* w.read(instead);
  }

  async #billed(w: Warehouse, step: Step, sql: string): Promise<void> {
    switch (step.op) {
      case 'replace':
        return this.count(w, step.id, sql.slice(sql.indexOf(' as\n') + 4));
      case 'append': // an INSERT would end the server
        return this.count(w, step.id, sql.slice(sql.indexOf('\n') + 1));
      case 'merge':
        return this.count(w, step.id, sql, step.set.length > 0 ? keyOf(step.table) : undefined);
      case 'delete':
        return this.count(w, step.id, sql, keyOf(step.table));
      default:
        return;
    }
  }

  /** Notes what a table or view is now. */
  async #done(w: Warehouse, step: Step, sql: string): Promise<void> {
    if (step.op === 'ensure_table') {
      const key = keyOf(step.spec.table);
      const columns = step.spec.columns.map(
        ({ name, type }) => [name, bigquery.type(type).toUpperCase() as SqlType] as const,
      );
      if (!this.#types.has(key)) this.#types.set(key, new Map(columns));
    } else if (step.op === 'replace') {
      await this.#define(w, keyOf(step.spec.table), sql.slice(sql.indexOf(' as\n') + 4));
      this.#sizes.delete(keyOf(step.spec.table));
    } else if (step.op === 'views') {
      for (const { key, query } of viewsIn(sql)) {
        await this.#define(w, key, query);
        this.#views.set(key, query);
      }
    } else if ('table' in step) this.#sizes.delete(keyOf(step.table));
  }

  /** A table or view has the columns of a query. */
  async #define(w: Warehouse, key: string, query: string): Promise<void> {
    const columns = await this.server.columns(query, await this.#catalog(w, query));
    this.#types.set(key, new Map(columns.map(({ name, type }) => [name, type])));
  }

  /** Forgets sizes: tables were written by others. */
  refresh(): void {
    this.#sizes.clear();
  }

  /** Counts a query, or a statement that changes a table (`changed`: billed as a whole). */
  async count(w: Warehouse, what: string, sql: string, changed?: string): Promise<void> {
    const statement = this.statements++;
    const read = new Map<string, Set<string>>();
    await this.#resolve(w, sql, read);
    if (changed !== undefined) read.set(changed, new Set((await this.#sized(w, changed)).keys()));
    for (const [table, columns] of read) {
      const sizes = await this.#sized(w, table);
      for (const column of columns) {
        const bytes = sizes.get(column)?.bytes;
        if (bytes === undefined) throw new Error(`${table} has no column ${column}`);
        this.reads.push({ what, statement, table, column, bytes });
      }
    }
  }

  /** The columns of tables, also of those that views read. */
  async #resolve(w: Warehouse, sql: string, into: Map<string, Set<string>>): Promise<void> {
    for (const [table, columns] of await this.server.columnsRead(sql, await this.#catalog(w, sql))) {
      const view = this.#views.get(table);
      if (view === undefined) into.set(table, new Set([...(into.get(table) ?? []), ...columns]));
      else {
        const names = [...columns].map((name) => bigquery.quoteIdentifier(name)).join(', ');
        await this.#resolve(w, `select ${names === '' ? '1' : names} from (\n${view}\n)`, into);
      }
    }
  }

  async #catalog(w: Warehouse, sql: string): Promise<CatalogTable[]> {
    this.#raw ??= this.#rawTables(w);
    await this.#raw;
    const named = [...this.#types].filter(([key]) => sql.includes(key.split('.').at(-1) ?? key));
    return named.map(([key, columns]) => ({
      path: key.split('.'),
      columns: [...columns].map(([name, type]) => ({ name, type })),
    }));
  }

  #raw: Promise<void> | undefined;

  async #rawTables(w: Warehouse): Promise<void> {
    const found = await rows(
      w,
      `select table_schema || '.' || table_name as t, column_name as c, data_type as d
       from information_schema.columns where table_schema in ('raw', 'web')`,
    );
    for (const { t, c, d } of found) {
      const columns = new Map(this.#types.get(String(t)) ?? []);
      this.#types.set(String(t), columns.set(String(c), typeOf(String(d))));
    }
  }

  #sized(w: Warehouse, key: string): Promise<ReadonlyMap<string, Sized>> {
    const known = this.#sizes.get(key);
    if (known) return known;
    const measured = this.#measure(w, key);
    this.#sizes.set(key, measured);
    return measured;
  }

  async #measure(w: Warehouse, key: string): Promise<ReadonlyMap<string, Sized>> {
    const columns = [...(this.#types.get(key) ?? [])];
    const list = columns.map(([name, type], i) => `cast(${bytesOf(name, type)} as bigint) as c${i}`);
    const [row = {}] = await rows(w, `select ${list.join(', ')} from ${quoted(key)}`);
    return new Map(columns.map(([name, type], i) => [name, { type, bytes: Number(row[`c${i}`]) }]));
  }
}
