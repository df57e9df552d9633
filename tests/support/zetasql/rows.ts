/** Tables of the evaluator's: rows that go into them, and rows that are found again by their keys. */
import { bigquery } from '../../../dialects/bigquery/dialect.js';
import type { CatalogColumn, ResultTable } from './server.js';
import { cellOf, valueOf, type Cell } from './values.js';

export interface Table {
  readonly columns: readonly CatalogColumn[];
  readonly rows: readonly (readonly Cell[])[];
}

/** Rows of a result in the order of a table's columns, by name; what a column may not hold is an error. */
export function arranged(
  { columns, rows }: ResultTable,
  into: readonly CatalogColumn[],
): readonly (readonly Cell[])[] {
  const unknown = columns.filter(({ name }) => !into.some((column) => column.name === name));
  if (unknown.length > 0) throw new Error(`no column ${unknown.map(({ name }) => name).join(', ')}`);
  const places = into.map(({ name, type }) => {
    const at = columns.findIndex((column) => column.name === name);
    const given = columns[at]?.type;
    if (given !== undefined && given !== type && !(given === 'INT64' && type === 'NUMERIC'))
      throw new Error(`Query column ${name} has type ${given} which cannot be inserted into ${type}`);
    return { at, widen: given === 'INT64' && type === 'NUMERIC' };
  });
  return rows.map((row) =>
    places.map(({ at, widen }) => {
      const cell = row[at] ?? {};
      return widen ? cellOf('NUMERIC', valueOf(cell)) : cell;
    }),
  );
}

/** What two rows have in common that are equal on the keys; a null is equal to nothing. */
function partner(table: Table, row: readonly Cell[], keys: readonly string[]): string | undefined {
  const values = keys.map((key) => valueOf(row[table.columns.findIndex(({ name }) => name === key)] ?? {}));
  return values.includes(null) ? undefined : JSON.stringify(values);
}

/** Rows by what they have in common. */
function partners(table: Table, keys: readonly string[]): Map<string, (readonly Cell[])[]> {
  const found = new Map<string, (readonly Cell[])[]>();
  for (const row of table.rows) {
    const key = partner(table, row, keys);
    if (key !== undefined) found.set(key, [...(found.get(key) ?? []), row]);
  }
  return found;
}

/** What stands between two texts, as far as it goes. */
export function between(sql: string, start: string, end: string): string {
  const from = sql.indexOf(start) + start.length;
  return sql.slice(from, sql.lastIndexOf(end));
}

/** Finds a table's name in SQL, as our emitter and our tests write it. */
export function names(key: string): RegExp {
  const parts = key.split('.').map((part) => {
    const quoted = bigquery.quoteIdentifier(part);
    const plain = part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    return quoted === part ? `(?:\`${plain}\`|${plain})` : quoted.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`(?<![\\w.\`'])${parts.join('\\.')}(?![\\w\`'])`, 'g');
}

/** What a table is called out of its dataset. */
export const flat = (key: string): string => key.replaceAll(/[^\w]/g, '__');

/** Several rows would overwrite the same one. */
export class ManyPartners extends Error {
  constructor() {
    super('UPDATE/MERGE must match at most one source row for each target row');
  }
}

/** The rows that have no partner among those of a source. */
export function without(table: Table, source: Table, keys: readonly string[]): Table['rows'] {
  const gone = partners(source, keys);
  return table.rows.filter((row) => !gone.has(partner(table, row, keys) ?? ''));
}

/** What a MERGE of a source's rows leaves of a table, and how many rows it changed or added. Throws `ManyPartners`. */
export function merged(
  table: Table,
  source: Table,
  {
    keys,
    set,
    insert,
  }: { readonly keys: readonly string[]; readonly set: readonly string[]; readonly insert: boolean },
): { readonly rows: Table['rows']; readonly changed: number } {
  const matches = partners(source, keys);
  const used = new Set<string>();
  let changed = 0;
  const rows = table.rows.map((row) => {
    const key = partner(table, row, keys);
    const from = key === undefined ? undefined : matches.get(key);
    if (!from || key === undefined) return row;
    if (from.length > 1) throw new ManyPartners();
    used.add(key);
    if (set.length === 0) return row;
    changed++;
    const [values = []] = arranged({ columns: source.columns, rows: from }, table.columns);
    return table.columns.map(({ name }, i) => (set.includes(name) ? (values[i] ?? {}) : (row[i] ?? {})));
  });
  const rest = source.rows.filter((row) => !used.has(partner(source, row, keys) ?? ''));
  const added = insert ? arranged({ columns: source.columns, rows: rest }, table.columns) : [];
  return { rows: [...rows, ...added], changed: changed + added.length };
}
