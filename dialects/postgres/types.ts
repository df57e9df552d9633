/** PostgreSQL's types and names. */
import { createHash } from 'node:crypto';
import type { ColumnKind, LiteralValue, ScalarType } from '../../compiler/ir/types.js';
import { CompilerBug } from '../../compiler/diagnostics/index.js';
import type { Sql } from '../dialect.js';
import { digits, instantDigits } from '../emit/literals.js';

const TYPES: Record<ScalarType, string> = {
  bool: 'boolean',
  int: 'bigint',
  number: 'numeric(38, 9)',
  text: 'text',
  timestamp: 'timestamp',
  json: 'jsonb',
};

/** The type of a scalar, as casts want it. */
export function postgresType(type: ScalarType): string {
  return TYPES[type];
}

/** The type of a column we make: texts compare and sort by code point, whatever the database's locale. */
export const columnType = (type: ScalarType): string =>
  type === 'text' ? `text ${CODE_POINTS}` : TYPES[type];

/** Of UTF-8 the order of bytes is that of code points. */
export const CODE_POINTS = 'collate "C"';

/** A text that compares by code point. */
export const byCodePoint = (text: Sql): Sql => (text.endsWith(CODE_POINTS) ? text : `${text} ${CODE_POINTS}`);

const KINDS: Readonly<Record<string, ColumnKind>> = {
  smallint: 'int',
  integer: 'int',
  bigint: 'int',
  oid: 'int',
  numeric: 'wide_decimal',
  real: 'float',
  'double precision': 'float',
  boolean: 'bool',
  text: 'text',
  'character varying': 'text',
  character: 'text',
  name: 'text',
  citext: 'text',
  'timestamp without time zone': 'timestamp',
  'timestamp with time zone': 'timestamptz',
  date: 'date',
  json: 'json',
  jsonb: 'json',
};

/** The kind of a column by what `format_type` calls its type. Arrays are read as JSON, enumerations as their text. */
export function columnKind(nativeType: string): ColumnKind {
  if (nativeType.endsWith('[]')) return 'json';
  const numeric = /^numeric\((\d+),(-?\d+)\)$/.exec(nativeType);
  if (numeric) {
    const scale = Number(numeric[2]);
    return scale <= 9 && Number(numeric[1]) - scale <= 29 ? 'decimal' : 'wide_decimal';
  }
  return KINDS[nativeType.replace(/\(\d+\)/, '')] ?? 'other';
}

// All that pg_get_keywords() does not call unreserved, and the types a name of a column may not be.
const KEYWORDS: ReadonlySet<string> = new Set(
  `all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast
  char character check coalesce collate collation column concurrently constraint create cross current_catalog
  current_date current_role current_schema current_time current_timestamp current_user dec decimal default deferrable
  desc distinct do else end except exists extract false fetch float for foreign freeze from full grant greatest group
  grouping having ilike in initially inner inout int integer intersect interval into is isnull join json json_array
  json_arrayagg json_exists json_object json_objectagg json_query json_scalar json_serialize json_table json_value
  lateral leading least left like limit localtime localtimestamp merge_action national natural nchar none normalize not
  notnull null nullif numeric offset on only or order out outer overlaps overlay placing position precision primary real
  references returning right row select session_user setof similar smallint some substring symmetric system_user table
  tablesample then time timestamp to trailing treat trim true union unique user using values varchar variadic verbose
  when where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot
  xmlserialize xmltable day filter hour minute month over second within without year`.split(/\s+/),
);

/** PostgreSQL cuts longer names off without an error, so that two of them could become one. */
export const MAX_NAME_BYTES = 63;

const whole = new Map<string, string>();

/** A name as the engine keeps it: one that is too long ends with a hash of all of it. */
export function fittedName(name: string): string {
  if (Buffer.byteLength(name) <= MAX_NAME_BYTES) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 10);
  let head = name;
  while (Buffer.byteLength(head) > MAX_NAME_BYTES - hash.length - 1) head = [...head].slice(0, -1).join('');
  const fitted = `${head}_${hash}`;
  whole.set(fitted, name);
  return fitted;
}

/** The name that was too long, of the one the engine keeps. */
export const wholeName = (fitted: string): string => whole.get(fitted) ?? fitted;

/** A name in SQL, in quotes only where it needs them: without them it would be read in lower case. */
export function quoteIdentifier(given: string): Sql {
  const name = fittedName(given);
  if (/^[a-z_][a-z0-9_]*$/.test(name) && !KEYWORDS.has(name)) return name;
  if (name.includes('\0')) throw new CompilerBug('a name holds a NUL character');
  return `"${name.replaceAll('"', '""')}"`;
}

/** What stands for the one character that PostgreSQL's texts cannot hold. */
export const INSTEAD_OF_NUL = '\uFFFD';

/** A text literal; `standard_conforming_strings` makes a backslash an ordinary character. */
export function quoteText(value: string): Sql {
  return `'${value.replaceAll('\0', INSTEAD_OF_NUL).replaceAll("'", "''")}'`;
}

/** A typed literal. */
export function literal(value: LiteralValue): Sql {
  switch (value.type) {
    case 'bool':
      return String(value.value);
    case 'int': {
      const sql = digits(value.value);
      return sql.length <= 18 ? sql : `cast('${sql}' as bigint)`;
    }
    case 'number':
      return digits(value.value);
    case 'text':
      return quoteText(value.value);
    case 'timestamp':
      return `timestamp '${instantDigits(value.value)}'`;
    case 'json':
      // NUL has an escape in JSON, which jsonb refuses; as an unescaped character it is no JSON at all.
      return `cast(${quoteText(value.value.replace(/(?<!\\)((?:\\\\)*)\\u0000/g, `$1${INSTEAD_OF_NUL}`))} as jsonb)`;
  }
}
