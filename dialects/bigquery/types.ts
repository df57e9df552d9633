/** BigQuery's types, names and literals. JSON values are kept as text: its JSON type would round long decimals. */
import { CompilerBug } from '../../compiler/diagnostics/index.js';
import type { ColumnKind, LiteralValue, ScalarType } from '../../compiler/ir/types.js';
import type { Sql } from '../dialect.js';
import { digits, instantDigits } from '../emit/literals.js';

const TYPES: Record<ScalarType, string> = {
  bool: 'bool',
  int: 'int64',
  number: 'numeric', // 38 digits, 9 of them after the point: just our decimal
  text: 'string',
  timestamp: 'timestamp',
  json: 'string',
};

/** The column type of a scalar. */
export function bigqueryType(type: ScalarType): string {
  return TYPES[type];
}

/** By the names of SQL and by those of the API, which differ. */
const KINDS: Readonly<Record<string, ColumnKind>> = {
  INT64: 'int',
  INTEGER: 'int',
  NUMERIC: 'decimal',
  BIGNUMERIC: 'wide_decimal',
  FLOAT64: 'float',
  FLOAT: 'float',
  BOOL: 'bool',
  BOOLEAN: 'bool',
  STRING: 'text',
  TIMESTAMP: 'timestamp',
  DATETIME: 'timestamptz', // read another way than TIMESTAMP; without a zone it is UTC
  DATE: 'date',
  JSON: 'json',
  RECORD: 'json',
  STRUCT: 'json',
};

/** The kind of a column of BigQuery's own type; arrays and structs are read as JSON. */
export function columnKind(nativeType: string): ColumnKind {
  const name = nativeType.toUpperCase();
  if (/^(?:ARRAY|STRUCT)</.test(name)) return 'json';
  return KINDS[name.replace(/\(.*$/, '')] ?? 'other';
}

// The reserved words of GoogleSQL.
const KEYWORDS: ReadonlySet<string> = new Set(
  `all and any array as asc assert_rows_modified at between by case cast collate contains create cross cube current
  default define desc distinct else end enum escape except exclude exists extract false fetch following for from full
  group grouping groups hash having if ignore in inner intersect interval into is join lateral left like limit lookup
  merge natural new no not null nulls of on or order outer over partition preceding proto qualify range recursive
  respect right rollup rows select set some struct tablesample then to treat true unbounded union unnest using when
  where window with within`.split(/\s+/),
);

/** A name in SQL, in backticks only where it needs them. */
export function quoteIdentifier(name: string): Sql {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !KEYWORDS.has(name.toLowerCase())) return name;
  if (name === '' || name.includes('\0'))
    throw new CompilerBug('a name that is empty or holds a NUL character');
  return `\`${escaped(name, '`')}\``;
}

/** A text literal: backslashes escape, and a line break cannot stand in one. */
export function quoteText(value: string): Sql {
  return `'${escaped(value, "'")}'`;
}

const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escaped(text: string, quote: "'" | '`'): string {
  return text.replace(/[\\'`]|(?![\u0080-\u009f])\p{Cc}/gu, (char) => {
    if (char === '\\' || char === quote) return `\\${char}`;
    if (char === "'" || char === '`') return char;
    return ESCAPES[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

const LAST_YEAR = 9999;

/** A typed literal. */
export function literal(value: LiteralValue): Sql {
  switch (value.type) {
    case 'bool':
      return String(value.value);
    case 'int':
      return digits(value.value);
    case 'number':
      return `numeric '${digits(value.value)}'`;
    case 'text':
    case 'json':
      return quoteText(value.value);
    case 'timestamp':
      return `timestamp '${instantDigits(value.value, LAST_YEAR)}+00'`;
  }
}
