/** Spark's types, names and literals. JSON is text: a VARIANT can be neither grouped by nor made distinct. */
import type { ColumnKind, LiteralValue, ScalarType } from '../../compiler/ir/types.js';
import type { Sql } from '../dialect.js';
import { digits, instantDigits } from '../emit/literals.js';

const TYPES: Record<ScalarType, string> = {
  bool: 'boolean',
  int: 'bigint',
  number: 'decimal(38, 9)',
  text: 'string',
  // An instant; sessions are in UTC.
  timestamp: 'timestamp',
  json: 'string',
};

/** The column type of a scalar. */
export const sparkType = (type: ScalarType): string => TYPES[type];

const KINDS: Readonly<Record<string, ColumnKind>> = {
  tinyint: 'int',
  smallint: 'int',
  int: 'int',
  bigint: 'int',
  float: 'float',
  double: 'float',
  boolean: 'bool',
  string: 'text',
  timestamp: 'timestamp',
  timestamp_ntz: 'timestamptz',
  date: 'date',
  variant: 'json',
};

/** The kind of a column of Spark's own type; arrays, maps and structs are other, as `to_json` alone reads them. */
export function columnKind(nativeType: string): ColumnKind {
  const decimal = /^decimal\((\d+),\s*(-?\d+)\)$/.exec(nativeType);
  if (decimal) {
    const scale = Number(decimal[2]);
    return scale <= 9 && Number(decimal[1]) - scale <= 29 ? 'decimal' : 'wide_decimal';
  }
  if (/^(var)?char\(/.test(nativeType)) return 'text';
  return KINDS[nativeType] ?? 'other';
}

// What cannot be a name of a table or column without quotes, reserved words of the standard among them.
const KEYWORDS: ReadonlySet<string> = new Set(
  `all and anti any array as at authorization between both by case cast check collate column constraint create cross
  cube current_date current_time current_timestamp current_user describe distinct drop else end escape except exists
  extract false fetch filter for foreign from full function global grant group grouping having in inner insert
  intersect interval into is join lateral leading left like limit local map minus natural no not null of on only or order
  out outer overlaps primary range references right rows select semi session_user set some start struct table
  tablesample then time timestamp to trailing true truncate union unique unknown update user using values when where
  window with within`.split(/\s+/),
);

/** A name in SQL, in backticks only where it needs them. */
export function quoteIdentifier(name: string): Sql {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !KEYWORDS.has(name.toLowerCase())) return name;
  return `\`${name.replaceAll('`', '``')}\``;
}

/** A text literal; backslashes escape. */
export const quoteText = (value: string): Sql =>
  `'${value.replace(/[\\']/g, (found) => `\\${found}`).replaceAll('\0', '\\u0000')}'`;

/** A typed literal. */
export function literal(value: LiteralValue): Sql {
  switch (value.type) {
    case 'bool':
      return String(value.value);
    case 'int':
      return `${digits(value.value)}L`;
    case 'number': {
      const sql = digits(value.value);
      return sql.replace(/[-.]/g, '').length <= 18 && sql.includes('.')
        ? sql
        : `cast('${sql}' as ${TYPES.number})`;
    }
    case 'text':
    case 'json':
      return quoteText(value.value);
    case 'timestamp':
      return `timestamp '${instantDigits(value.value)}Z'`;
  }
}
