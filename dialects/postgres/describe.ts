/** What tables and queries hold, from the catalog. */
import type { TableRef } from '../../compiler/ir/types.js';
import type { TableColumn, TableDescription } from '../warehouse.js';
import type { Result } from './connection.js';
import { columnKind, fittedName, quoteText, wholeName } from './types.js';

/**
 * Asks for the columns of tables and views. A name in rollcall.json is taken as it stands, and without regard to case where
 * there is none so; without a schema it is looked for where the session looks, temporary tables first.
 */
export function columnsQuery(schema: string | undefined, table: string | undefined): string {
  const best = (column: string, name: string): string =>
    `(${column} = ${quoteText(fittedName(name))} or lower(${column}) = lower(${quoteText(fittedName(name))}))`;
  const inSchema =
    schema === undefined
      ? `n.oid = any (current_schemas(false)::regnamespace[]) or n.oid = pg_my_temp_schema()`
      : best('n.nspname', schema);
  return `select n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
  n.oid = pg_my_temp_schema()
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_attribute as a on a.attrelid = c.oid
where c.relkind in ('r', 'p', 'v', 'm', 'f') and a.attnum > 0 and not a.attisdropped
  and (${inSchema})${table === undefined ? '' : `\n  and ${best('c.relname', table)}`}
order by n.oid = pg_my_temp_schema() desc, n.nspname${schema === undefined ? '' : ` <> ${quoteText(fittedName(schema))}`},
  n.nspname, ${table === undefined ? '' : `c.relname <> ${quoteText(fittedName(table))}, `}c.relname, a.attnum`;
}

/** Tables of the rows, in their order; of two schemas that differ in case, those of the first. */
export function tablesOf(
  { rows }: Result,
  schema: string | undefined,
  catalog: string | undefined,
): readonly TableDescription[] {
  const tables = new Map<string, { table: TableRef; columns: TableColumn[] }>();
  let first: string | undefined;
  for (const [namespace, name, column, type] of rows as string[][]) {
    if (namespace === undefined || name === undefined || column === undefined || type === undefined) continue;
    first ??= namespace;
    if (schema !== undefined && namespace !== first) continue;
    const entry = tables.get(name) ?? {
      table: {
        ...(catalog !== undefined && { catalog }),
        ...(schema !== undefined && { schema: wholeName(namespace) }),
        name: wholeName(name),
      },
      columns: [],
    };
    entry.columns.push(describedColumn(column, type));
    tables.set(name, entry);
  }
  return [...tables.values()];
}

export const describedColumn = (name: string, nativeType: string): TableColumn => ({
  name: wholeName(name),
  nativeType,
  kind: columnKind(nativeType),
});
