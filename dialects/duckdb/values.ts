/** Reading texts and numbers the one way SEMANTICS §2 and §10 allow. */
import type { Sql } from '../dialect.js';

const PLAIN_NUMBER = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)`;
const WITH_EXPONENT = String.raw`${PLAIN_NUMBER}[eE][+-]?\d+`;
const DATE = String.raw`\d{4}-\d\d-\d\d`;
const CLOCK = String.raw`(?:[01]\d|2[0-3]):[0-5]\d`;
const SECONDS = String.raw`:[0-5]\d(?:\.\d+)?`;
const ZONE = String.raw`(?:[Zz]|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?)`;

/** `case when … then … end` */
export const when = (condition: Sql, then: Sql): Sql => `case when ${condition} then ${then} end`;

/** A CASE of a branch a line. */
export const caseLines = (branches: readonly Sql[], newLine: string): Sql =>
  `case${newLine}${branches.join(newLine)}${newLine.slice(0, -2)}end`;

const matches = (text: Sql, pattern: string): Sql => `regexp_full_match(${text}, '${pattern}')`;

/**
 * The decimal of plain digits. Reading into 64 bits first is some fifty times faster than reading into the full
 * decimal, and holds all but the largest values.
 */
export const plainDecimal = (text: Sql): Sql =>
  `coalesce(try_cast(${text} as decimal(18, 9)), try_cast(${text} as decimal(38, 9)))`;

/**
 * The decimal of digits with an exponent, written out plainly first: DuckDB reads `8e-16` as 0.000000001 and
 * drops digits of long ones. Forty zeros on either side are more than the decimal's range needs. The lambda's
 * parameter has a name no column has, as DuckDB takes a column of that name first.
 */
function exponentDecimal(text: Sql, newLine: string): Sql {
  const parts = String.raw`regexp_extract(${text}, '([+-]?)(\d*)\.?(\d*)[eE](.*)', ['sign', 'whole', 'part', 'exp'])`;
  const exponent = `coalesce(try_cast(rc__t.exp as bigint), if(starts_with(rc__t.exp, '-'), -1000000, 1000000))`;
  const digits = `repeat('0', 40) || rc__t.whole || rc__t.part || repeat('0', 40)`;
  const point = `40 + length(rc__t.whole) + greatest(-1000000, least(1000000, ${exponent}))`;
  const plain = `rc__t.sign || left(rc__t.d, greatest(rc__t.p, 0)) || '.' || substr(rc__t.d, greatest(rc__t.p, 0) + 1)`;
  const steps = [
    `list_transform(list_transform([${parts}],`,
    `lambda rc__t: {sign: rc__t.sign, d: ${digits}, p: ${point}}),`,
    `lambda rc__t: try_cast(${plain} as decimal(38, 9)))[1]`,
  ];
  return steps.join(`${newLine}  `);
}

/** The decimal of the shortest text of a float, which has at most 17 digits. */
export function floatDecimal(text: Sql, float: Sql): Sql {
  return `case when abs(${float}) < 5e-10 then 0 else ${plainDecimal(text)} end`;
}

/** The decimal of any text, or null. A cast alone would take `1_000` and ` 1`. */
export function textNumber(text: Sql, newLine: string): Sql {
  const lines = [
    `when ${matches(text, PLAIN_NUMBER)} then ${plainDecimal(text)}`,
    `when ${matches(text, WITH_EXPONENT)} then ${exponentDecimal(text, newLine)}`,
  ];
  return caseLines(lines, newLine);
}

/** Plain digits of a number of any type. */
export function numberText(number: Sql): Sql {
  return decimalText(`cast(${number} as decimal(38, 9))`);
}

/** Plain digits of what is a DECIMAL with a fraction already. */
export function decimalText(decimal: Sql): Sql {
  return `rtrim(rtrim(cast(${decimal} as varchar), '0'), '.')`;
}

/** The instant of ISO 8601 text, or null. The cast alone would take `2024-1-1` and hour 24, and drop offsets. */
export function textInstant(text: Sql, newLine: string): Sql {
  const utc = `${DATE}(?:[T ]${CLOCK}(?:${SECONDS}Z?)?)?`;
  const zoned = `${DATE}[T ]${CLOCK}(?:${SECONDS})?${ZONE}`;
  // DuckDB reads an offset only after seconds, and only a capital Z.
  const complete = String.raw`regexp_replace(upper(${text}), '^(.{16})([Z+-])', '\1:00\2')`;
  const lines = [
    `when ${text} < '0001' then null`,
    `when ${matches(text, utc)} then try_cast(${text} as timestamp)`,
    `when ${matches(text, zoned)} then try_cast(${complete} as timestamptz) at time zone 'UTC'`,
  ];
  return caseLines(lines, newLine);
}

/** ISO 8601 in UTC; DuckDB writes a fraction only where there is one, without trailing zeros. */
export function instantText(timestamp: Sql): Sql {
  return `(replace(cast(${timestamp} as varchar), ' ', 'T') || 'Z')`;
}
