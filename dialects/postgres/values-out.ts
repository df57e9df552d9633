/** What the server writes to the values of a batch, a reader a column. */
import type { FieldDef } from 'pg';
import type { ScalarType } from '../../compiler/ir/types.js';
import type { Batch, Row, Value } from '../warehouse.js';
import type { Result } from './connection.js';
import { wholeName } from './types.js';

type Read = (text: string) => Value;

interface Reader {
  readonly type: ScalarType;
  readonly read: Read;
}

const asIs: Read = (text) => text;

/** `1.500000000` → `1.5`; NaN and infinities are no numbers of ours. */
const decimal: Read = (text) => {
  if (!/^-?\d+(\.\d+)?$/.test(text)) return null;
  const short = text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  return short === '-0' ? '0' : short;
};

/** All digits, no exponent. */
const float: Read = (text) => {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(text);
  if (!match) return null;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  const plain =
    point <= 0
      ? `0.${'0'.repeat(-point)}${digits}`
      : digits.length <= point
        ? digits.padEnd(point, '0')
        : `${digits.slice(0, point)}.${digits.slice(point)}`;
  return decimal(sign + plain);
};

/** `2024-01-31 10:00:00.5` and `2024-01-31 10:00:00.5+00`, as a session in UTC writes them. */
const instant: Read = (text) => `${text.replace(' ', 'T').replace(/\+00$/, '')}Z`;

/** jsonb is written with spaces, and numbers with the zeros they came with. */
const json: Read = (text) =>
  text.replace(
    /("(?:[^"\\]|\\.)*")|\s+|(\.\d*[1-9])0+(?!\d)|\.0+(?!\d)/g,
    (_, string: string | undefined, digits: string | undefined) => string ?? digits ?? '',
  );

const INT: Reader = { type: 'int', read: asIs };
const FLOAT: Reader = { type: 'number', read: float };
const INSTANT: Reader = { type: 'timestamp', read: instant };
const JSON_: Reader = { type: 'json', read: json };

/** By the type's number, which is the same on every server. */
const READERS: ReadonlyMap<number, Reader> = new Map([
  [16, { type: 'bool', read: (text) => text === 't' }],
  [20, INT],
  [21, INT],
  [23, INT],
  [26, INT],
  [700, FLOAT],
  [701, FLOAT],
  [1700, { type: 'number', read: decimal }],
  [1114, INSTANT],
  [1184, INSTANT],
  [114, JSON_],
  [3802, JSON_],
]);
const TEXT: Reader = { type: 'text', read: asIs };

export interface Reading {
  readonly name: string;
  readonly type: ScalarType;
  readonly read: Read;
}

/** How each column of a result is read; one of a name there was before gets a number. */
export function readersOf(fields: readonly FieldDef[]): readonly Reading[] {
  const seen = new Map<string, number>();
  return fields.map((field) => {
    const name = wholeName(field.name);
    const n = seen.get(name) ?? 0;
    seen.set(name, n + 1);
    return { name: n === 0 ? name : `${name}:${n}`, ...(READERS.get(field.dataTypeID) ?? TEXT) };
  });
}

/** Rows as a batch. */
export function batchOf(readers: readonly Reading[], rows: Result['rows']): Batch {
  return {
    columns: readers.map(({ name, type }) => ({ name, type })),
    rows: rows.map((cells): Row => {
      const row: Record<string, Value> = {};
      readers.forEach(({ name, read }, i) => {
        const cell = cells[i] ?? null;
        row[name] = cell === null ? null : read(cell);
      });
      return row;
    }),
  };
}
