/** Access to physical columns: everything goes through `column_*` and the kind, so it is exact on every engine. */
import { CompilerBug } from '../diagnostics/index.js';
import { call, caseWhen, col, nul, path, scan, text } from '../ir/build.js';
import type { ColumnKind, Expr, ScalarType, Scan } from '../ir/types.js';
import { cutAtElements } from './paths.js';
import { slug } from '../../models/key.js';
import { FACET_TYPES } from './types.js';
import type { CatalogColumn, CatalogTable, Facet } from './types.js';

/**
 * What a physical column is to the IR, which never looks inside one. Numbers that our decimal may not hold are
 * text here, so that nothing casts them on their way through a temporary table.
 */
const SCALARS: Record<ColumnKind, ScalarType> = {
  int: 'int',
  decimal: 'number',
  wide_decimal: 'text',
  float: 'text',
  bool: 'bool',
  text: 'text',
  timestamp: 'timestamp',
  timestamptz: 'timestamp',
  date: 'timestamp',
  json: 'json',
  other: 'text',
};

/** A table with all its physical columns. */
export const rawScan = (table: CatalogTable): Scan =>
  scan(
    table.table,
    table.columns.map((column) => ({ name: column.name, type: SCALARS[column.kind] })),
  );

const physical = (
  fn: 'column_text' | 'column_number' | 'column_instant' | 'column_json',
  column: CatalogColumn,
): Expr => call(fn, col(column.name, SCALARS[column.kind]), text(column.kind));

/** A column in one facet. In column layouts a NULL is "not mentioned", so a mention is its JSON. */
export function columnFacet(column: CatalogColumn | undefined, facet: Facet): Expr {
  if (!column) return nul(FACET_TYPES[facet]);
  switch (facet) {
    case 'text':
      return physical('column_text', column);
    case 'number':
      return physical('column_number', column);
    case 'instant':
      return physical('column_instant', column);
    case 'json':
    case 'mention':
      return physical('column_json', column);
    case 'elements':
      throw new CompilerBug('elements of a column that nothing steps into');
  }
}

export const textOf = (column: CatalogColumn | undefined): Expr => columnFacet(column, 'text');
export const instantOf = (column: CatalogColumn | undefined): Expr => columnFacet(column, 'instant');

/** An identifier: an empty one is none. */
export function identifierOf(column: CatalogColumn | undefined): Expr {
  if (!column) return nul('text');
  const value = textOf(column);
  return caseWhen([{ when: call('ne', value, text('')), then: value }]);
}

/** A column that may hold JSON: native, or text holding it. */
export const holdsJson = (column: CatalogColumn): boolean =>
  column.kind === 'json' || column.kind === 'text' || column.kind === 'other';

export function jsonOf(column: CatalogColumn | undefined): Expr {
  if (!column) return nul('json');
  return column.kind === 'json' ? physical('column_json', column) : call('parse_json', textOf(column));
}

/** The JSON value at a path inside a column that holds JSON, natively or as text. */
export const jsonValueOf = (column: CatalogColumn, steps: readonly string[]): Expr =>
  column.kind === 'json'
    ? call('json_value', physical('column_json', column), path(steps))
    : call('text_json_value', textOf(column), path(steps));

const JSON_FACETS = {
  text: 'json_text',
  number: 'json_number',
  instant: 'json_instant',
  json: 'json_value',
  mention: 'json_mention',
  elements: 'json_elements',
} as const;

/** The value at a path inside a JSON value, in one facet. */
export const jsonFacet = (json: Expr, steps: readonly string[], facet: Facet): Expr =>
  json.kind === 'null' ? nul(FACET_TYPES[facet]) : call(JSON_FACETS[facet], json, path(steps));

/** A column by name, as warehouses do: case does not matter unless two names differ only in it. */
export function findColumn(table: CatalogTable, name: string): CatalogColumn | undefined {
  const lower = name.toLowerCase();
  return (
    table.columns.find((column) => column.name === name) ??
    table.columns.find((column) => column.name.toLowerCase() === lower)
  );
}

/** A value in a table whose columns are the properties: a column, and what is left of the path inside it. */
export interface ColumnPath {
  readonly column: CatalogColumn;
  readonly rest: readonly string[];
}

/**
 * Finds the column of a path: the one spelled by all its steps, else the longest prefix that may hold JSON, as
 * what holds an array has to. A `$` is in no column's name.
 *
 * @param prefix steps every column name starts with, e.g. `context`
 * @param skip columns that are not values
 */
export function findPath(
  table: CatalogTable,
  steps: readonly string[],
  skip: (column: CatalogColumn) => boolean,
  prefix: readonly string[] = [],
): ColumnPath | undefined {
  for (let { length } = cutAtElements(steps).before; length > 0; length--) {
    const head = [...prefix, ...steps.slice(0, length)];
    const rest = steps.slice(length);
    for (const name of spellings(head)) {
      const column = findColumn(table, name);
      if (column && !skip(column) && (rest.length === 0 || holdsJson(column))) return { column, rest };
    }
  }
  return undefined;
}

/** How warehouses may have named a column: as written, with words split, or without. */
const spellings = (steps: readonly string[]): readonly string[] => [
  steps.join('_'),
  steps.map(slug).join('_'),
  steps.map((step) => slug(step.toLowerCase())).join('_'),
];

export function pathFacet(found: ColumnPath | undefined, facet: Facet): Expr {
  if (!found) return nul(FACET_TYPES[facet]);
  const { column, rest } = found;
  if (rest.length === 0) return columnFacet(column, facet);
  if (facet !== 'mention') return jsonFacet(jsonOf(column), rest, facet);
  const { before } = cutAtElements(rest);
  return before.length === 0 ? wholeMention(column) : jsonFacet(jsonOf(column), before, facet);
}

/** The mention of what a column holds as JSON; text that is none is mentioned as a string, so that it counts. */
function wholeMention(column: CatalogColumn): Expr {
  const json = jsonOf(column);
  return column.kind === 'json' ? json : call('coalesce', json, call('text_json', textOf(column)));
}
