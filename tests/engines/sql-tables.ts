/** Raw tables of an engine that takes CREATE TABLE and INSERT. */
import type { LiteralValue, TableRef } from '../../compiler/ir/types.js';
import type { Dialect } from '../../dialects/dialect.js';
import type { Warehouse } from '../../dialects/warehouse.js';
import type { Json } from '../reference/model.js';
import { requireInstant } from '../reference/time.js';
import type { RawColumns, RawRow, RawTables, RawType } from './engine.js';

export interface RawTableRules {
  /** The engine's own types. */
  readonly types: Readonly<Record<RawType, string>>;
  /** A text literal as a value of a type; by default a CAST. */
  readonly cell?: (type: RawType, literal: string) => string;
  readonly createSchema?: (quoted: string) => string;
  readonly createTable?: (table: string, columns: readonly string[]) => string;
  readonly addColumn?: (table: string, column: string) => string;
  readonly dropTable?: (table: string) => string;
  /** Rows are lists of cells in the order of the columns. */
  readonly insert?: (
    table: string,
    columns: readonly string[],
    rows: readonly (readonly string[])[],
  ) => string;
}

const DEFAULTS = {
  createSchema: (name) => `create schema if not exists ${name}`,
  createTable: (table, columns) => `create table if not exists ${table} (${columns.join(', ')})`,
  addColumn: (table, column) => `alter table ${table} add column if not exists ${column}`,
  dropTable: (table) => `drop table if exists ${table}`,
  insert: (table, columns, rows) =>
    `insert into ${table} (${columns.join(', ')}) values\n${rows.map((row) => `(${row.join(', ')})`).join(',\n')}`,
} satisfies Omit<RawTableRules, 'types' | 'cell'>;

export function sqlTables(warehouse: Warehouse, dialect: Dialect, given: RawTableRules): RawTables {
  const rules = { ...DEFAULTS, ...given };
  const { types } = given;
  const quote = (name: string): string => dialect.quoteIdentifier(name);
  const nameOf = (table: TableRef): string =>
    [table.catalog, table.schema, table.name]
      .flatMap((part) => (part === undefined ? [] : [quote(part)]))
      .join('.');
  /** What is known to be there already, so that little is asked again. */
  const made = new Map<string, Set<string>>();
  const literal = (value: LiteralValue): string => dialect.literal(value);
  const cast = rules.cell ?? ((type: RawType, text: string): string => `cast(${text} as ${types[type]})`);

  const cell = (type: RawType, value: Json | undefined): string => {
    if (value === undefined || (value === null && type !== 'json')) return 'null';
    const plain = type !== 'json' && typeof value === 'string' ? value : JSON.stringify(value);
    if (type === 'timestamp') return literal({ type: 'timestamp', value: requireInstant(plain).toString() });
    const text = literal({ type: 'text', value: plain });
    return type === 'text' ? text : cast(type, text);
  };

  const insert = async (table: string, columns: RawColumns, rows: readonly RawRow[]): Promise<void> => {
    const named = Object.entries(columns);
    for (const row of rows) {
      const unknown = Object.keys(row).filter((column) => !Object.hasOwn(columns, column));
      if (unknown.length > 0) throw new Error(`table ${table} has no column ${unknown.join(', ')}`);
    }
    const written = rows.map((row) => named.map(([column, type]) => cell(type, row[column])));
    const names = named.map(([column]) => quote(column));
    if (written.length > 0) await warehouse.execute(rules.insert(table, names, written));
  };

  const ensureSchema = async (schema: string | undefined): Promise<void> => {
    if (schema === undefined || made.has(`${schema}.`)) return;
    await warehouse.execute(rules.createSchema(quote(schema)));
    made.set(`${schema}.`, new Set());
  };

  return {
    ensureSchema,
    append: async (table, columns, rows) => {
      await ensureSchema(table.schema);
      const name = nameOf(table);
      const defined = Object.entries(columns).map(([column, type]) => `${quote(column)} ${types[type]}`);
      const known = made.get(name);
      if (known === undefined) await warehouse.execute(rules.createTable(name, defined));
      for (const [i, column] of Object.keys(columns).entries()) {
        if (known && !known.has(column)) await warehouse.execute(rules.addColumn(name, defined[i] ?? ''));
      }
      made.set(name, new Set([...(known ?? []), ...Object.keys(columns)]));
      await insert(name, columns, rows);
    },
    replace: async (table, columns, rows) => {
      await ensureSchema(table.schema);
      const name = nameOf(table);
      const defined = Object.entries(columns).map(([column, type]) => `${quote(column)} ${types[type]}`);
      await warehouse.execute(rules.dropTable(name));
      await warehouse.execute(rules.createTable(name, defined));
      await insert(name, columns, rows);
    },
  };
}
