/** Reading texts and numbers the one way SEMANTICS §2 and §10 allow. */
import type { Sql } from '../dialect.js';
import { quoteText } from './types.js';

const DIGITS = '([0-9]+[.]?[0-9]*|[.][0-9]+)';
const PLAIN_NUMBER = `[+-]?${DIGITS}`;
const WITH_EXPONENT = `${PLAIN_NUMBER}[eE][+-]?[0-9]+`;
const DATE = '[0-9]{4}-[0-9]{2}-[0-9]{2}';
const CLOCK = '([01][0-9]|2[0-3]):[0-5][0-9]';
const SECONDS = '(:[0-5][0-9]([.][0-9]+)?)?';
const ZONE = '([Zz]|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)?';
const INSTANT = `${DATE}([T ]${CLOCK}${SECONDS}${ZONE})?`;

/** `case when … then … end` */
export const when = (condition: Sql, then: Sql): Sql => `case when ${condition} then ${then} end`;

/** A CASE of a branch a line. */
export const caseLines = (branches: readonly Sql[], newLine: string): Sql =>
  `case${newLine}${branches.join(newLine)}${newLine.slice(0, -2)}end`;

// REGEXP_LIKE matches the whole text. It has no word for "but no line break at the end", so that is asked apart.
const matches = (text: Sql, pattern: string): Sql => `regexp_like(${text}, ${quoteText(pattern)})`;
const replaced = (text: Sql, pattern: string, by: string): Sql =>
  `regexp_replace(${text}, ${quoteText(pattern)}, ${quoteText(by)})`;

const decimal = (text: Sql): Sql => `try_to_decimal(${text}, 38, 9)`;

/**
 * The decimal of plain digits, which may be many more than a decimal has: the tenth digit of the fraction decides how
 * the ninth is rounded, and zeros in front say nothing.
 */
const plainDecimal = (text: Sql): Sql =>
  decimal(replaced(replaced(text, '^([+-]?)0+([0-9])', '\\1\\2'), '([.][0-9]{10})[0-9]+$', '\\1'));

/**
 * The decimal of digits with an exponent: the point is put where it belongs. Forty zeros on either side are more than
 * the decimal's range needs, and an exponent beyond them is one of nothing, or of too much.
 */
function exponentDecimal(text: Sql): Sql {
  const digits = `repeat('0', 40) || ${replaced(text, '[eE].*|[^0-9]', '')} || repeat('0', 40)`;
  const whole = `length(${replaced(text, '[.eE].*|[+-]', '')})`;
  const exponent = `try_to_number(left(${replaced(text, '^.*[eE]', '')}, 30))`;
  const point = `greatest(1, 41 + ${whole} + least(40, ${exponent}))`;
  const sign = `case when startswith(${text}, '-') then '-' else '' end`;
  return plainDecimal(`${sign} || insert(${digits}, ${point}, 0, '.')`);
}

/** The decimal of any text, or null. The conversion alone would take ` 1` and hexadecimals. */
export function textNumber(text: Sql, newLine: string): Sql {
  const lines = [
    `when ${matches(text, PLAIN_NUMBER)} then ${plainDecimal(text)}`,
    `when ${matches(text, WITH_EXPONENT)} then ${exponentDecimal(text)}`,
  ];
  return caseLines(lines, newLine);
}

/** The decimal of a number's text as the engine writes it, null of any other text that JSON has. */
export const engineNumber = decimal;

/** Plain digits of a NUMBER(38, 9). */
export const decimalText = (number: Sql): Sql => `rtrim(rtrim(to_varchar(${number}), '0'), '.')`;

/** Plain digits of a number of any fixed-point type. */
export const numberText = (number: Sql): Sql => decimalText(`cast(${number} as number(38, 9))`);

/**
 * The instant of ISO 8601 text, or null. What the text leaves out is put in, so that one format reads them all,
 * whatever the session's input formats are.
 */
export function textInstant(text: Sql, newLine: string): Sql {
  const complete = (
    [
      ['^(.{10})$', '\\1T00:00'],
      ['^(.{10}) ', '\\1T'],
      ['^(.{16})([^:]|$)', '\\1:00\\2'],
      ['^(.{19})([^.]|$)', '\\1.0\\2'],
      ['([.][0-9]{6})[0-9]+', '\\1'],
      ['[zZ]$', ''],
      ['([.][0-9]+)$', '\\1+00:00'],
      ['([+-][0-9]{2})$', '\\1:00'],
      ['([+-][0-9]{2})([0-9]{2})$', '\\1:\\2'],
    ] as const
  ).reduce((sql, [pattern, by]) => replaced(sql, pattern, by), text);
  const read = `try_to_timestamp_tz(${complete}, 'YYYY-MM-DD"T"HH24:MI:SS.FFTZH:TZM')`;
  return caseLines([`when ${matches(text, INSTANT)} and ${text} >= '0001' then`, `  ${utc(read)}`], newLine);
}

/** The instant of a timestamp with a zone, in UTC; digits past microseconds are dropped. */
export const utc = (timestamp: Sql): Sql =>
  `cast(date_trunc('microsecond', convert_timezone('UTC', ${timestamp})) as timestamp_ntz(6))`;

/** ISO 8601 in UTC; a fraction only where there is one, without trailing zeros. */
export const instantText = (timestamp: Sql): Sql =>
  `(rtrim(rtrim(to_varchar(${timestamp}, 'YYYY-MM-DD"T"HH24:MI:SS.FF6'), '0'), '.') || 'Z')`;
