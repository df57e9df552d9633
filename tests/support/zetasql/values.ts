/** Cells of the evaluator to the values of a warehouse's rows, and back. */
import type { Value } from '../../../dialects/warehouse.js';

/** What a cell holds, named by its kind; without a kind it is null. */
export interface Cell {
  readonly [kind: string]: unknown;
}

export type SqlType =
  | 'STRING'
  | 'JSON'
  | 'INT64'
  | 'NUMERIC'
  | 'FLOAT64'
  | 'BOOL'
  | 'TIMESTAMP'
  | 'DATE'
  | 'DATETIME'
  | 'BYTES'
  | 'BIGNUMERIC';

export const TYPE_KINDS: Readonly<Record<SqlType, string>> = {
  STRING: 'TYPE_STRING',
  JSON: 'TYPE_JSON',
  INT64: 'TYPE_INT64',
  NUMERIC: 'TYPE_NUMERIC',
  FLOAT64: 'TYPE_DOUBLE',
  BOOL: 'TYPE_BOOL',
  TIMESTAMP: 'TYPE_TIMESTAMP',
  DATE: 'TYPE_DATE',
  DATETIME: 'TYPE_DATETIME',
  BYTES: 'TYPE_BYTES',
  BIGNUMERIC: 'TYPE_BIGNUMERIC',
};

/** A value as a warehouse gives it: numbers as decimal text, instants as ISO 8601 with Z. */
export function valueOf(cell: Cell): Value {
  const kind = Object.keys(cell).find((key) => key !== 'value');
  const held = kind === undefined ? undefined : cell[kind];
  switch (kind) {
    case undefined:
      return null;
    case 'boolValue':
      return held === true;
    case 'numericValue':
      return decimalText(held as Buffer, 9);
    case 'bignumericValue':
      return decimalText(held as Buffer, 38);
    case 'timestampValue': {
      const { seconds = '0', nanos = 0 } = held as { seconds?: string; nanos?: number };
      const text = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
      const fraction = nanos === 0 ? '' : `.${String(nanos).padStart(9, '0').replace(/0+$/, '')}`;
      return `${text}${fraction}Z`;
    }
    case 'dateValue':
      return new Date(Number(held) * 86_400_000).toISOString().slice(0, 10);
    default:
      return String(held);
  }
}

/** The cell of a value for a column of a type. */
export function cellOf(type: SqlType, value: string | number | boolean | null): Cell {
  if (value === null) return {};
  switch (type) {
    case 'STRING':
      return { stringValue: String(value) };
    case 'JSON':
      return { jsonValue: String(value) };
    case 'INT64':
      return { int64Value: String(value) };
    case 'FLOAT64':
      return { doubleValue: Number(value) };
    case 'BOOL':
      return { boolValue: value };
    case 'NUMERIC':
      return { numericValue: decimalBytes(String(value), 9) };
    case 'TIMESTAMP': {
      const micros = BigInt(value);
      const rest = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
      return {
        timestampValue: { seconds: String((micros - rest) / 1_000_000n), nanos: Number(rest) * 1000 },
      };
    }
    case 'DATE':
      return { dateValue: Math.round(Date.parse(`${String(value)}T00:00:00Z`) / 86_400_000) };
    default:
      throw new Error(`no cells of type ${type}`);
  }
}

/** Little-endian two's complement of a scaled integer. */
function decimalText(bytes: Buffer, scale: number): string {
  let scaled = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) scaled = scaled * 256n + BigInt(bytes[i] ?? 0);
  scaled = BigInt.asIntN(bytes.length * 8, scaled);
  const digits = String(scaled < 0n ? -scaled : scaled).padStart(scale + 1, '0');
  const text = `${digits.slice(0, -scale)}.${digits.slice(-scale)}`.replace(/\.?0+$/, '');
  return scaled < 0n ? `-${text}` : text;
}

function decimalBytes(text: string, scale: number): Buffer {
  const [, sign, whole = '', fraction = ''] = /^(-?)(\d*)\.?(\d*)$/.exec(text) ?? [];
  const scaled = BigInt(`${sign ?? ''}${whole}${fraction.padEnd(scale, '0').slice(0, scale)}`);
  const bytes = Buffer.alloc(scale === 9 ? 16 : 32);
  let rest = BigInt.asUintN(bytes.length * 8, scaled);
  for (let i = 0; i < bytes.length; i++, rest >>= 8n) bytes[i] = Number(rest & 255n);
  return bytes;
}
