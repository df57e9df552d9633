/** Rows as the API answers them, to the values of a batch: a reader a column. */
import type { ScalarType } from '../../compiler/ir/types.js';
import type { Batch, TableColumn, Value } from '../warehouse.js';
import { columnKind } from './types.js';

/** A field of a schema, as the API says it. */
export interface Field {
  readonly name?: string;
  readonly type?: string;
  readonly mode?: string;
  readonly fields?: readonly Field[];
}

/** A row as the API says it: cells in the order of the fields. */
export interface ApiRow {
  readonly f?: readonly { readonly v?: unknown }[];
}

type Reader = readonly [ScalarType, (value: string) => Value];

const asIs = (value: string): Value => value;

const READERS: Readonly<Record<string, Reader>> = {
  INTEGER: ['int', asIs],
  INT64: ['int', asIs],
  NUMERIC: ['number', plain],
  BIGNUMERIC: ['number', plain],
  FLOAT: ['number', floatText],
  FLOAT64: ['number', floatText],
  BOOLEAN: ['bool', (value) => value === 'true'],
  BOOL: ['bool', (value) => value === 'true'],
  TIMESTAMP: ['timestamp', instantText],
  JSON: ['json', asIs],
};

/** One page of a result as a batch. */
export function batchOf(fields: readonly Field[], rows: readonly ApiRow[]): Batch {
  const columns = fields.map(({ name = '', type = '', mode }) => {
    const [scalar, read]: Reader = (mode === 'REPEATED' ? undefined : READERS[type]) ?? ['text', asIs];
    return { name, type: scalar, read };
  });
  return {
    columns: columns.map(({ name, type }) => ({ name, type })),
    rows: rows.map(({ f = [] }) =>
      Object.fromEntries(
        columns.map(({ name, read }, i): [string, Value] => {
          const value = f[i]?.v;
          if (value === null || value === undefined) return [name, null];
          return [name, read(typeof value === 'string' ? value : JSON.stringify(value))];
        }),
      ),
    ),
  };
}

/** A field as a column of a table. */
export function columnOf(field: Field): TableColumn {
  const nativeType = typeName(field);
  return { name: field.name ?? '', nativeType, kind: columnKind(nativeType) };
}

function typeName({ type = '', mode }: Field): string {
  return mode === 'REPEATED' ? `ARRAY<${type}>` : type;
}

/** `1.500000000` → `1.5` */
function plain(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** All digits, no exponent; what is no number is null. */
function floatText(text: string): Value {
  const value = Number(text);
  if (!Number.isFinite(value)) return null;
  const [, sign = '', whole = '', fraction = '', exponent] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value)) ?? [];
  const point = whole.length + Number(exponent ?? 0);
  const digits = whole + fraction;
  if (point <= 0) return plain(`${sign}0.${'0'.repeat(-point)}${digits}`);
  return plain(`${sign}${digits.slice(0, point).padEnd(point, '0')}.${digits.slice(point)}0`);
}

/** Microseconds since the epoch, as asked for; an emulator may say seconds with a fraction and an exponent. */
function instantText(text: string): string {
  const micros = /^-?\d+$/.test(text) ? BigInt(text) : BigInt(Math.round(Number(text) * 1e6));
  const fraction = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const whole = new Date(Number((micros - fraction) / 1000n)).toISOString().slice(0, 19);
  if (fraction === 0n) return `${whole}Z`;
  return `${whole}.${fraction.toString().padStart(6, '0').replace(/0+$/, '')}Z`;
}
