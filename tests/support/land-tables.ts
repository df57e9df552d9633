import { parseTableName } from '../../compiler/bind/index.js';
import type { RawColumns, RawTables } from '../engines/engine.js';
import type { Json } from '../reference/model.js';

/** A plain table of a warehouse, beside the tables of the sources: its columns, and its rows as they now are. */
export interface PlainTable {
  readonly columns: RawColumns;
  /** A column that a row leaves out is null. */
  readonly rows: readonly Readonly<Record<string, Json>>[];
}

/** Makes the tables anew with the rows given, in the schema each name says. */
export async function landTables(
  raw: RawTables,
  tables: Readonly<Record<string, PlainTable>>,
): Promise<void> {
  for (const [name, { columns, rows }] of Object.entries(tables)) {
    await raw.replace(parseTableName(name), columns, rows);
  }
}
