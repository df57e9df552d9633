import { parseTableName } from '../../compiler/bind/index.js';
import type { Dialect } from '../../dialects/dialect.js';
import type { Warehouse } from '../../dialects/warehouse.js';
import type { Json } from '../reference/model.js';
import { requireInstant } from '../reference/time.js';

/** A plain table of a warehouse, beside the tables of the sources: its columns, and its rows as they now are. */
export interface PlainTable {
  /** Name to type. */
  readonly columns: Readonly<Record<string, PlainType>>;
  /** A column that a row leaves out is null. */
  readonly rows: readonly Readonly<Record<string, Json>>[];
}

/** Types by a name of our own, so that cases say nothing of an engine. */
export type PlainType = keyof typeof TYPES;

const TYPES = {
  text: 'varchar',
  int: 'bigint',
  decimal: 'decimal(18, 4)',
  float: 'double',
  bool: 'boolean',
  timestamp: 'timestamp',
  date: 'date',
  json: 'json',
} as const;

/** Makes the tables anew with the rows given, in the schema each name says. */
export async function landTables(
  warehouse: Warehouse,
  dialect: Dialect,
  tables: Readonly<Record<string, PlainTable>>,
): Promise<void> {
  const quote = (name: string): string => dialect.quoteIdentifier(name);
  for (const [name, { columns, rows }] of Object.entries(tables)) {
    const ref = parseTableName(name);
    const table = [ref.schema, ref.name]
      .flatMap((part) => (part === undefined ? [] : [quote(part)]))
      .join('.');
    if (ref.schema !== undefined) await warehouse.execute(`create schema if not exists ${quote(ref.schema)}`);
    const named = Object.entries(columns);
    const defined = named.map(([column, type]) => `${quote(column)} ${TYPES[type]}`).join(', ');
    await warehouse.execute(`create or replace table ${table} (${defined})`);
    for (const row of rows) {
      const unknown = Object.keys(row).filter((column) => !Object.hasOwn(columns, column));
      if (unknown.length > 0) throw new Error(`table ${name} has no column ${unknown.join(', ')}`);
    }
    const written = rows.map(
      (row) => `(${named.map(([column, type]) => cell(dialect, type, row[column])).join(', ')})`,
    );
    if (written.length > 0) await warehouse.execute(`insert into ${table} values ${written.join(',\n')}`);
  }
}

function cell(dialect: Dialect, type: PlainType, value: Json | undefined): string {
  if (value === undefined || (value === null && type !== 'json')) return 'null';
  const text = (written: string): string => dialect.literal({ type: 'text', value: written });
  if (type === 'json') return text(JSON.stringify(value));
  const plain = typeof value === 'string' ? value : JSON.stringify(value);
  if (type === 'text') return text(plain);
  if (type === 'timestamp')
    return dialect.literal({ type: 'timestamp', value: requireInstant(plain).toString() });
  return `${text(plain)}::${TYPES[type]}`;
}
