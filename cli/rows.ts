import type { Row } from '../dialects/warehouse.js';
import type { JsonTree } from '../models/json-text.js';
import { readObject } from '../models/source/tree.js';

/** Columns that hold JSON text: in JSON they are what they say, digit for digit. */
const JSON_COLUMNS: ReadonlySet<string> = new Set(['value']);

/** A row of the warehouse as one line of JSON. */
export function rowJson(row: Row): string {
  const fields = Object.entries(row).map(([name, value]) => {
    const raw = JSON_COLUMNS.has(name) && typeof value === 'string';
    return `${JSON.stringify(name)}:${raw ? value : JSON.stringify(value)}`;
  });
  return `{${fields.join(',')}}`;
}

/** The same as a part of a document. */
export const rowValue = (row: Row): JsonTree => readObject(rowJson(row));

/** A line of RFC 4180 CSV; null is an empty field. */
export function csvLine(values: readonly (string | boolean | null | undefined)[]): string {
  return values
    .map((value) => {
      const text = value === null || value === undefined ? '' : String(value);
      return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    })
    .join(',');
}
