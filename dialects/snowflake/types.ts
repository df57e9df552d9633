/** Snowflake's types, names and literals. */
import { CompilerBug } from '../../compiler/diagnostics/index.js';
import type { ColumnKind, LiteralValue, ScalarType } from '../../compiler/ir/types.js';
import type { Sql } from '../dialect.js';
import { digits, instantDigits } from '../emit/literals.js';

const TYPES: Record<ScalarType, string> = {
  bool: 'boolean',
  int: 'bigint',
  number: 'number(38, 9)',
  text: 'varchar',
  timestamp: 'timestamp_ntz(6)',
  json: 'variant',
};

/** The type of a scalar, in casts. */
export const snowflakeType = (type: ScalarType): string => TYPES[type];

/**
 * The type of a column of ours. Texts compare by code point there even where the account, the database or the schema
 * has a DEFAULT_DDL_COLLATION, which columns without a word of their own would take over.
 */
export const columnType = (type: ScalarType): string =>
  type === 'text' ? `${TYPES.text} collate ''` : TYPES[type];

const KINDS: Readonly<Record<string, ColumnKind>> = {
  FLOAT: 'float',
  REAL: 'float',
  DOUBLE: 'float',
  BOOLEAN: 'bool',
  TEXT: 'text',
  VARCHAR: 'text',
  TIMESTAMP_NTZ: 'timestamp',
  TIMESTAMP_LTZ: 'timestamptz',
  TIMESTAMP_TZ: 'timestamptz',
  DATE: 'date',
  VARIANT: 'json',
  OBJECT: 'json',
  ARRAY: 'json',
};

/**
 * The kind of a column of Snowflake's own type. A text with a collation is `other`, so that it is read through
 * `collate(…, '')`: it would compare by its collation wherever it went.
 */
export function columnKind(nativeType: string): ColumnKind {
  const number = /^(?:NUMBER|DECIMAL|FIXED)(?:\((\d+),\s*(\d+)\))?$/i.exec(nativeType);
  if (number) {
    const [precision, scale] = [Number(number[1] ?? 38), Number(number[2] ?? 0)];
    if (scale === 0 && precision <= 18) return 'int';
    return scale <= 9 && precision - scale <= 29 ? 'decimal' : 'wide_decimal';
  }
  const plain = nativeType.toUpperCase().replace(/\(.*\)$/, '');
  return KINDS[plain] ?? 'other';
}

// Those that may not name a column or stand as an alias, those that SELECT reads as something else, and IDENTIFIER(…).
const KEYWORDS: ReadonlySet<string> = new Set(
  `account all alter and any as asof at before between by case cast check column connect connection constraint create cross
  current current_date current_time current_timestamp current_user database delete distinct drop else exists false
  following for from full grant group gscluster having identifier ilike in increment inner insert intersect into is issue join
  lateral left like limit localtime localtimestamp match_condition match_recognize minus natural not null of on or
  order organization pivot qualify regexp revoke right rlike row rows sample schema select set some start table
  tablesample then to trigger true try_cast union unique unpivot update using values view when whenever where
  window with`.split(/\s+/),
);

const quoted = new Map<string, Sql>();
const MOST_QUOTED = 10_000;

/**
 * A name in SQL. Plain lower-case names stand without quotes, so that they are Snowflake's upper-case names and people
 * can write them as they like; a reserved one is that same upper-case name in quotes. Every other name is exact. A
 * name that is upper case throughout is the lower-case one to Snowflake, see `fromSnowflake`.
 */
export function quoteIdentifier(name: string): Sql {
  const known = quoted.get(name);
  if (known !== undefined) return known;
  const sql = quote(name);
  if (quoted.size < MOST_QUOTED) quoted.set(name, sql);
  return sql;
}

const LOWER = /^[a-z_][a-z0-9_]*$/;
const UPPER = /^[A-Z_][A-Z0-9_]*$/;

function quote(name: string): Sql {
  if (LOWER.test(name)) return KEYWORDS.has(name) ? `"${name.toUpperCase()}"` : name;
  if (name.includes('\0')) throw new CompilerBug('a name holds a NUL character');
  return `"${toSnowflake(name).replaceAll('"', '""')}"`;
}

/** What Snowflake calls what we call `name`: a name of one case has the other one there. */
export function toSnowflake(name: string): string {
  if (LOWER.test(name)) return name.toUpperCase();
  return UPPER.test(name) ? name.toLowerCase() : name;
}

/**
 * What we call what Snowflake calls `name`; the inverse of `toSnowflake`, which is its own. `USER_ID`, the name of a
 * column that was made without quotes, is `user_id`; one made as `"user_id"` is `USER_ID`.
 */
export const fromSnowflake = toSnowflake;

/** A text literal; a backslash begins an escape there. */
export function quoteText(value: string): Sql {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''").replaceAll('\0', '\\0')}'`;
}

const LAST_YEAR = 9999;

/** A typed literal. */
export function literal(value: LiteralValue): Sql {
  switch (value.type) {
    case 'bool':
      return String(value.value);
    case 'int':
    case 'number':
      return digits(value.value);
    case 'text':
      return quoteText(value.value);
    case 'timestamp':
      return `cast('${instantDigits(value.value, LAST_YEAR)}' as ${TYPES.timestamp})`;
    case 'json':
      return `parse_json(${quoteText(value.value)})`;
  }
}
