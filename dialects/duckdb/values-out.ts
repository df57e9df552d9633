/** DuckDB's vectors to the values of a batch: decimals and instants as text, a reader a column. */
import type { DuckDBDataChunk, DuckDBResult } from '@duckdb/node-api';
import type { ScalarType } from '../../compiler/ir/types.js';
import type { Batch, Row, Value } from '../warehouse.js';

interface Column {
  readonly name: string;
  readonly type: ScalarType;
  readonly read: (value: unknown) => Value;
}

/** What each column of a result holds and how it is read. */
export function columnsOf(result: DuckDBResult): readonly Column[] {
  const types = result.columnTypes();
  return result
    .deduplicatedColumnNames()
    .map((name, i) => ({ name, ...reader(String(types[i]), types[i]?.alias) }));
}

/** One chunk as a batch. */
export function batchOf(columns: readonly Column[], chunk: DuckDBDataChunk): Batch {
  const { rowCount } = chunk;
  const rows: Record<string, Value>[] = new Array<Record<string, Value>>(rowCount);
  for (let r = 0; r < rowCount; r++) rows[r] = {};
  columns.forEach(({ name, read }, c) => {
    const vector = chunk.getColumnVector(c);
    for (let r = 0; r < rowCount; r++) {
      const value: unknown = vector.getItem(r);
      const row = rows[r];
      if (row) row[name] = value === null ? null : read(value);
    }
  });
  return { columns: columns.map(({ name, type }) => ({ name, type })), rows: rows satisfies Row[] };
}

function reader(nativeType: string, alias: string | undefined): Omit<Column, 'name'> {
  if (alias === 'JSON') return { type: 'json', read: asString };
  if (nativeType.startsWith('DECIMAL')) return { type: 'number', read: decimalText };
  switch (nativeType) {
    case 'BOOLEAN':
      return { type: 'bool', read: (value) => value === true };
    case 'TINYINT':
    case 'SMALLINT':
    case 'INTEGER':
    case 'BIGINT':
    case 'UTINYINT':
    case 'USMALLINT':
    case 'UINTEGER':
      return { type: 'int', read: asString };
    case 'UBIGINT':
    case 'HUGEINT':
    case 'UHUGEINT':
      return { type: 'number', read: asString };
    case 'FLOAT':
    case 'DOUBLE':
      return { type: 'number', read: (value) => floatText(Number(value)) };
    case 'TIMESTAMP':
    case 'TIMESTAMP WITH TIME ZONE':
      return { type: 'timestamp', read: (value) => instantText((value as { micros: bigint }).micros) };
    default:
      return { type: 'text', read: asString };
  }
}

const asString = (value: unknown): string => String(value);

/** `{ value: 150n, scale: 2 }` → `1.5` */
function decimalText(value: unknown): string {
  const { value: scaled, scale } = value as { value: bigint; scale: number };
  if (scale === 0) return scaled.toString();
  const negative = scaled < 0n;
  const digits = (negative ? -scaled : scaled).toString().padStart(scale + 1, '0');
  let end = digits.length;
  const point = end - scale;
  while (end > point && digits.charCodeAt(end - 1) === 48) end--;
  const text =
    end === point ? digits.slice(0, point) : `${digits.slice(0, point)}.${digits.slice(point, end)}`;
  return negative ? `-${text}` : text;
}

/** All digits, no exponent. */
function floatText(value: number): string | null {
  if (!Number.isFinite(value)) return null;
  const text = String(value);
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (!match) return text === '-0' ? '0' : text;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const digits = whole + fraction;
  const point = 1 + Number(exponent);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return sign + digits.padEnd(point, '0');
}

/** `2024-01-31T10:00:00.5Z` */
function instantText(micros: bigint): string {
  const fraction = Number(micros % 1_000_000n);
  const whole = Number(micros / 1_000_000n) - (fraction < 0 ? 1 : 0);
  const date = new Date(whole * 1000);
  // Instants JavaScript cannot hold are not dates of anybody's events, yet a row must not fail for them.
  const text = Number.isNaN(date.getTime()) ? `${whole}s` : date.toISOString().slice(0, -5);
  if (fraction === 0) return `${text}Z`;
  const digits = String(fraction < 0 ? fraction + 1_000_000 : fraction).padStart(6, '0');
  return `${text}.${digits.replace(/0+$/, '')}Z`;
}
