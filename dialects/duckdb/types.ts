/** DuckDB's types and names. */
import type { ColumnKind, LiteralValue, ScalarType } from '../../compiler/ir/types.js';
import { CompilerBug } from '../../compiler/diagnostics/index.js';
import type { Sql } from '../dialect.js';
import { digits, instantDigits } from '../emit/literals.js';

const TYPES: Record<ScalarType, string> = {
  bool: 'boolean',
  int: 'bigint',
  number: 'decimal(38, 9)',
  text: 'varchar',
  timestamp: 'timestamp',
  json: 'json',
};

/** The column type of a scalar. */
export function duckdbType(type: ScalarType): string {
  return TYPES[type];
}

const KINDS: Readonly<Record<string, ColumnKind>> = {
  TINYINT: 'int',
  SMALLINT: 'int',
  INTEGER: 'int',
  BIGINT: 'int',
  UTINYINT: 'int',
  USMALLINT: 'int',
  UINTEGER: 'int',
  UBIGINT: 'decimal', // beyond 64 bits with a sign, within our decimal
  HUGEINT: 'wide_decimal',
  UHUGEINT: 'wide_decimal',
  BIGNUM: 'wide_decimal',
  FLOAT: 'float',
  DOUBLE: 'float',
  BOOLEAN: 'bool',
  VARCHAR: 'text',
  TIMESTAMP: 'timestamp',
  'TIMESTAMP WITH TIME ZONE': 'timestamptz',
  // Other precisions are read the way instants with a zone are: through their microseconds since the epoch.
  TIMESTAMP_S: 'timestamptz',
  TIMESTAMP_MS: 'timestamptz',
  TIMESTAMP_NS: 'timestamptz',
  DATE: 'date',
  JSON: 'json',
};

/** The kind of a column of DuckDB's own type. Lists, structs and maps are read as JSON. */
export function columnKind(nativeType: string): ColumnKind {
  const decimal = /^DECIMAL\((\d+), ?(\d+)\)$/.exec(nativeType);
  if (decimal) {
    const scale = Number(decimal[2]);
    return scale <= 9 && Number(decimal[1]) - scale <= 29 ? 'decimal' : 'wide_decimal';
  }
  if (/\]$|^(STRUCT|MAP)\(/.test(nativeType)) return 'json';
  return KINDS[nativeType] ?? 'other'; // an ENUM too: it would order by position, not by text
}

// Everything duckdb_keywords() does not call unreserved.
const KEYWORDS: ReadonlySet<string> = new Set(
  `all analyse analyze and anti any array as asc asof asymmetric at authorization between bigint binary bit
  boolean both by case cast char character check coalesce collate collation column columns concurrently constraint
  create cross dec decimal default deferrable desc describe distinct do else end except exists extract false fetch
  float for foreign freeze from full generated glob group grouping grouping_id having ilike in initially inner
  inout int integer intersect interval into is isnull join lambda lateral leading left like limit map national
  natural nchar none not notnull null nullif numeric offset on only or order out outer overlaps overlay pivot
  pivot_longer pivot_wider placing position positional precision primary qualify real references returning right
  row select semi setof show similar smallint some struct substring summarize symmetric table tablesample then time
  timestamp to trailing treat trim true try_cast union unique unpack unpivot using values varchar variadic verbose
  when where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi
  xmlroot xmlserialize xmltable`.split(/\s+/),
);

// A project has few names, and a run prints each many times.
const quoted = new Map<string, Sql>();
const MOST_QUOTED = 10_000;

/** A name in SQL, in quotes only where it needs them. */
export function quoteIdentifier(name: string): Sql {
  const known = quoted.get(name);
  if (known !== undefined) return known;
  const sql = quote(name);
  if (quoted.size < MOST_QUOTED) quoted.set(name, sql);
  return sql;
}

function quote(name: string): Sql {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !KEYWORDS.has(name.toLowerCase())) return name;
  if (name.includes('\0')) throw new CompilerBug('a name holds a NUL character');
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text literal. SQL travels as a C string, so a NUL has to be made, not written. */
export function quoteText(value: string): Sql {
  const parts = value.split('\0').map((part) => `'${part.replaceAll("'", "''")}'`);
  return parts.length === 1 ? parts.join('') : `(${parts.join(' || chr(0) || ')})`;
}

/** A typed literal. */
export function literal(value: LiteralValue): Sql {
  switch (value.type) {
    case 'bool':
      return String(value.value);
    case 'int':
      return digits(value.value);
    case 'number': {
      const sql = digits(value.value);
      // Beyond 18 digits a bare literal may become a HUGEINT or DOUBLE, which do not compare exactly.
      return sql.replace(/[-.]/g, '').length <= 18 ? sql : `cast('${sql}' as ${TYPES.number})`;
    }
    case 'text':
      return quoteText(value.value);
    case 'timestamp':
      return `timestamp '${instantText(value.value)}'`;
    case 'json':
      return `cast(${quoteText(value.value)} as json)`;
  }
}

// Most instants of a program are its `as_of`.
let latest = { micros: '', text: '' };

/** `2024-01-31 10:00:00.5`, of microseconds since the epoch. */
function instantText(micros: string): string {
  if (latest.micros !== micros) latest = { micros, text: instantDigits(micros) };
  return latest.text;
}
