/** Tables and their columns, from the information schema. */
import type { TableRef } from '../../compiler/ir/types.js';
import type { Row, TableDescription } from '../warehouse.js';
import { columnKind, fromSnowflake, quoteIdentifier, quoteText, toSnowflake } from './types.js';

/** A query of the columns of a schema's tables, or of one table. Names match without regard to case. */
export function describeSql({ catalog, schema, name }: Partial<TableRef>): string {
  const same = (column: string, value: string): string => `upper(${column}) = upper(${quoteText(value)})`;
  const from = catalog === undefined ? '' : `${quoteIdentifier(catalog)}.`;
  return `select table_schema, table_name, column_name, data_type, numeric_precision, numeric_scale, collation_name
from ${from}information_schema.columns
where ${schema === undefined ? 'table_schema = current_schema()' : same('table_schema', schema)}
  and ${name === undefined ? 'table_name is not null' : same('table_name', name)}
order by table_schema, table_name, ordinal_position`;
}

/**
 * The tables of such rows. Where names differ in case alone, those that are exactly as written count; else the first.
 *
 * @param asked the names as they were written: the same parts stand in what is found
 */
export function tablesOf(rows: readonly Row[], asked: Partial<TableRef>): readonly TableDescription[] {
  const schemas = new Set(rows.map((row) => String(row['table_schema'])));
  const wanted = asked.schema === undefined ? undefined : toSnowflake(asked.schema);
  const schema = wanted !== undefined && schemas.has(wanted) ? wanted : ([...schemas][0] ?? '');
  const tables = new Map<string, { table: TableRef; columns: TableDescription['columns'][number][] }>();
  for (const row of rows) {
    if (row['table_schema'] !== schema) continue;
    const name = fromSnowflake(String(row['table_name']));
    const table: TableRef = {
      ...(asked.catalog === undefined ? {} : { catalog: asked.catalog }),
      ...(asked.schema === undefined ? {} : { schema: fromSnowflake(schema) }),
      name,
    };
    const entry = tables.get(name) ?? { table, columns: [] };
    const nativeType = typeOf(row);
    entry.columns.push({
      name: fromSnowflake(String(row['column_name'])),
      nativeType,
      kind: columnKind(nativeType),
    });
    tables.set(name, entry);
  }
  return [...tables.values()];
}

function typeOf(row: Row): string {
  const type = String(row['data_type']);
  if (type === 'NUMBER') return `NUMBER(${String(row['numeric_precision'])},${String(row['numeric_scale'])})`;
  const collation = row['collation_name'];
  const plain = collation === null || collation === undefined || collation === '' || collation === 'utf8';
  return plain ? type : `${type} COLLATE ${String(collation)}`;
}
