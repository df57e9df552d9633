/** The driver's rows to the values of a batch: decimals and instants as text, a reader a column. */
import type { Column } from 'snowflake-sdk';
import type { ScalarType } from '../../compiler/ir/types.js';
import type { Batch, Row, Value } from '../warehouse.js';
import { fromSnowflake } from './types.js';

interface Reader {
  readonly name: string;
  readonly type: ScalarType;
  readonly read: (value: unknown) => Value;
}

/** What each column of a result holds and how it is read; of columns of one name the later ones get a number. */
export function readersOf(columns: readonly Column[]): readonly Reader[] {
  const names = new Set<string>();
  return columns.map((column) => {
    const base = fromSnowflake(column.getName());
    let name = base;
    for (let n = 1; names.has(name); n++) name = `${base}_${n}`;
    names.add(name);
    return { name, ...reader(column) };
  });
}

/** Rows, arrays of values, as a batch. */
export function batchOf(readers: readonly Reader[], rows: readonly (readonly unknown[])[]): Batch {
  return {
    columns: readers.map(({ name, type }) => ({ name, type })),
    rows: rows.map((row): Row =>
      Object.fromEntries(
        readers.map(({ name, read }, i) => [
          name,
          row[i] === null || row[i] === undefined ? null : read(row[i]),
        ]),
      ),
    ),
  };
}

/** The native type of a result's column, as a description of a table would name it. */
export function nativeType(column: Column): string {
  const type = column.getType().toUpperCase();
  return type === 'FIXED' ? `NUMBER(${column.getPrecision()},${column.getScale()})` : type;
}

function reader(column: Column): Omit<Reader, 'name'> {
  if (column.isNumber()) {
    const isInt = column.getType() === 'fixed' && column.getScale() === 0;
    return isInt ? { type: 'int', read: asString } : { type: 'number', read: decimalText };
  }
  if (column.isBoolean()) return { type: 'bool', read: (value) => value === true };
  if (column.isTimestamp()) return { type: 'timestamp', read: (value) => instantText(value as Instant) };
  if (column.isDate()) return { type: 'text', read: (value) => (value as Date).toISOString().slice(0, 10) };
  if (column.isVariant() || column.isObject() || column.isArray()) return { type: 'json', read: asString };
  return { type: 'text', read: asString };
}

const asString = (value: unknown): string => String(value);

/** Without zeros after the last digit of a fraction. */
function decimalText(value: unknown): string | null {
  const text = String(value);
  if (!/^-?[0-9]*\.?[0-9]+$/.test(text)) return /^-?[0-9.]+e/i.test(text) ? text : null;
  const plain = text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  return plain === '-0' || plain === '' ? '0' : plain;
}

interface Instant {
  getEpochSeconds(): number;
  getNanoSeconds(): number;
}

/** `2024-01-31T10:00:00.5Z` */
function instantText(value: Instant): string {
  const text = new Date(value.getEpochSeconds() * 1000).toISOString().slice(0, 19);
  const digits = Math.floor(value.getNanoSeconds() / 1000);
  if (digits === 0) return `${text}Z`;
  return `${text}.${String(digits).padStart(6, '0').replace(/0+$/, '')}Z`;
}
