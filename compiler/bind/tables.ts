/** Finding a source's tables and standard columns in the catalog, and saying what is there when they are not. */
import type { SourceConfig } from '../../models/definition.js';
import type { Diagnostic } from '../diagnostics/index.js';
import { didYouMean } from '../diagnostics/suggest.js';
import type { TableRef } from '../ir/types.js';
import { findColumn } from './columns.js';
import type { Catalog, CatalogColumn, CatalogTable } from './types.js';

/** Parts of `catalog.schema.table`; a part may be quoted when it holds a dot. */
export function parseTableName(name: string): TableRef {
  const parts = [...name.matchAll(/"((?:[^"]|"")*)"|`([^`]*)`|([^.]+)/g)].map(
    (match) => match[1]?.replaceAll('""', '"') ?? match[2] ?? match[3] ?? '',
  );
  const [table, schema, catalog] = parts.reverse();
  return {
    name: table ?? name,
    ...(schema === undefined ? {} : { schema }),
    ...(catalog === undefined ? {} : { catalog }),
  };
}

export const tableText = (table: TableRef): string =>
  [table.catalog, table.schema, table.name].filter((part) => part !== undefined).join('.');

const same = (a: string | undefined, b: string | undefined): boolean => a?.toLowerCase() === b?.toLowerCase();

/** Tables of one schema. */
export const tablesOf = (catalog: Catalog, schema: string | undefined): readonly CatalogTable[] =>
  catalog.tables.filter((entry) => same(entry.table.schema, schema));

/** A table by name; without a schema, the one the engine finds by that name. */
export function findTable(catalog: Catalog, wanted: TableRef): CatalogTable | undefined {
  const named = catalog.tables.filter(
    (entry) =>
      same(entry.table.name, wanted.name) && (!wanted.catalog || same(entry.table.catalog, wanted.catalog)),
  );
  const inSchema = named.filter((entry) => same(entry.table.schema, wanted.schema));
  const candidates = inSchema.length === 0 && wanted.schema === undefined ? named : inSchema;
  return candidates.find((entry) => entry.table.name === wanted.name) ?? candidates[0];
}

/** `has a, b, c, …`: what there is, as far as a line can hold it. */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, 15).join(', ');
  if (names.length === 0) return 'none';
  return names.length > 15 ? `${shown}, … (${names.length} in all)` : shown;
}

const error = (
  code: 'missing-table' | 'missing-column' | 'missing-key',
  message: string,
  hint?: string,
): Diagnostic => ({
  code,
  severity: 'error',
  message,
  ...(hint === undefined ? {} : { hint }),
});

/** @param owner whose table it is: `Source web` */
export function missingTable(owner: string, catalog: Catalog, wanted: TableRef): Diagnostic {
  const there = catalog.tables.filter(
    (entry) => wanted.schema === undefined || same(entry.table.schema, wanted.schema),
  );
  const names = there.map((entry) =>
    wanted.schema === undefined ? tableText(entry.table) : entry.table.name,
  );
  const where = wanted.schema === undefined ? 'The tables there are' : `Schema ${wanted.schema} has`;
  return error(
    'missing-table',
    `${owner}: there is no table ${tableText(wanted)}. ${where}: ${listNames(names)}`,
    didYouMean(wanted.schema === undefined ? tableText(wanted) : wanted.name, names),
  );
}

export const missingSetting = (source: SourceConfig, setting: string): Diagnostic =>
  error('missing-key', `Source ${source.name}: layout ${source.layout} needs "${setting}"`);

function missingColumn(
  source: SourceConfig,
  table: CatalogTable,
  standard: string,
  actual: string,
): Diagnostic {
  const names = table.columns.map((column) => column.name);
  const asked = standard === actual ? `column ${actual}` : `column ${actual} (configured as ${standard})`;
  const hint = didYouMean(actual, names) ?? `name the column under "columns": { "${standard}": "…" }`;
  return error(
    'missing-column',
    `Source ${source.name}: table ${tableText(table.table)} has no ${asked}. Its columns: ${listNames(names)}`,
    hint,
  );
}

/** Standard columns of one table by standard name; absent ones are undefined. */
export type StandardColumns = Readonly<Record<string, CatalogColumn | undefined>>;

export interface StandardResult {
  readonly columns: StandardColumns;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Standard columns by their own names or the names configured under `columns`, where `null` says there is
 * none. A required one that is absent, or (with `strict`) an overridden one, is an error.
 */
export function standardColumns(
  source: SourceConfig,
  table: CatalogTable,
  names: { readonly required: readonly string[]; readonly optional: readonly string[] },
  strict: boolean,
): StandardResult {
  const columns: Record<string, CatalogColumn | undefined> = {};
  const diagnostics: Diagnostic[] = [];
  for (const name of [...names.required, ...names.optional]) {
    const override = source.columns[name];
    const actual = override ?? name;
    const found = override === null ? undefined : findColumn(table, actual);
    columns[name] = found;
    const needed = names.required.includes(name) || (strict && typeof override === 'string');
    if (!found && needed) diagnostics.push(missingColumn(source, table, name, actual));
  }
  if (!columns['user_id'] && !columns['anonymous_id'] && diagnostics.length === 0)
    diagnostics.push(missingColumn(source, table, 'user_id', source.columns['user_id'] ?? 'user_id'));
  return { columns, diagnostics };
}

export function noReceivedAt(source: SourceConfig, tables: readonly CatalogTable[]): Diagnostic {
  return {
    code: 'no-received-at',
    severity: 'warning',
    message:
      `Source ${source.name}: ${tables.map((t) => tableText(t.table)).join(', ')} has no received_at column, ` +
      'so every run reads the source whole',
    hint: 'name the column that says when a row landed under "columns": { "received_at": "…" }',
  };
}
