/** Reading texts and numbers the one way SEMANTICS §2 and §10 allow. */
import type { Sql } from '../dialect.js';

const DATE = String.raw`\d{4}-\d\d-\d\d`;
const CLOCK = String.raw`(?:[01]\d|2[0-3]):[0-5]\d`;
const SECONDS = String.raw`:[0-5]\d(?:\.\d+)?`;
const ZONE = String.raw`(?:[Zz]|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?)`;
const NUMBER = String.raw`^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$`;

/** A CASE of a branch a line. */
export const caseLines = (branches: readonly Sql[], newLine: string): Sql =>
  `case${newLine}${branches.join(newLine)}${newLine.slice(0, -2)}end`;

/** The patterns here hold no quote. */
const matches = (text: Sql, pattern: string): Sql => `regexp_contains(${text}, r'${pattern}')`;

const asNumeric = (text: Sql): Sql => `safe_cast(${text} as numeric)`;

/** The decimal of any text, or null. A cast alone would take ` 1`; it rounds half away from zero. */
export const textNumber = (text: Sql): Sql => `if(${matches(text, NUMBER)}, ${asNumeric(text)}, null)`;

/**
 * The shortest text that gives the same float. A cast writes 15 digits, or 17 where those do not give it, so only
 * 16 are to be tried.
 */
const shortest = (float: Sql): Sql => {
  const digits = (n: number): Sql => `format('%.${n - 1}e', ${float})`;
  const gives = (n: number): Sql => `cast(${digits(n)} as float64) = ${float}`;
  return `if(${gives(16)} and not ${gives(15)}, ${digits(16)}, cast(${float} as string))`;
};

export const floatNumber = (float: Sql): Sql => asNumeric(shortest(float));

/**
 * The decimal of a JSON number: digits alone count as they stand, a fraction or exponent as the shortest text of the
 * double. Of at most 15 digits that is the text itself.
 */
export const jsonNumber = (text: Sql): Sql =>
  `if(length(${text}) <= 16 or not ${matches(text, '[.eE]')}, ${asNumeric(text)}, ${floatNumber(`safe_cast(${text} as float64)`)})`;

/** A JSON value, with its text made canonical where it is a number that may be written in several ways. */
export const canonical = (json: Sql): Sql =>
  `if(${matches(json, String.raw`^-?\d.*[.eE]|^-0`)}, coalesce(cast(${jsonNumber(json)} as string), ${json}), ${json})`;

export const asText = (value: Sql): Sql => `cast(${value} as string)`;

/** ISO 8601 in UTC; a fraction only where there is one, without trailing zeros. */
export const instantText = (timestamp: Sql): Sql =>
  `format_timestamp('%E4Y-%m-%dT%H:%M:%E*SZ', ${timestamp}, 'UTC')`;

/**
 * The instant of ISO 8601 text, or null. A cast takes no time without seconds, no offset beyond 14 hours and no more than
 * six digits of a fraction, so the local time is read as UTC, and the offset taken off.
 */
export function textInstant(text: Sql, newLine: string): Sql {
  const local = `${DATE}(?:[T ]${CLOCK}(?:${SECONDS}Z?)?)?`;
  const zoned = `${DATE}[T ]${CLOCK}(?:${SECONDS})?${ZONE}`;
  const complete = (from: Sql): Sql =>
    String.raw`safe_cast(concat(regexp_extract(regexp_replace(${from}, r'^(.{16})(?:[^:]|$)', r'\1:00'), r'^.{10}[T ].{8}(?:\.\d{1,6})?'), '+00') as timestamp)`;
  const offset = (group: 'hours' | 'minutes'): Sql => {
    const part = group === 'hours' ? String.raw`[+-](\d\d)` : String.raw`[+-]\d\d:?(\d\d)`;
    return `cast(ifnull(regexp_extract(substr(${text}, 17), r'${part}'), '0') as int64)`;
  };
  const minutes = `if(${matches(`substr(${text}, 17)`, String.raw`-\d\d`)}, -1, 1) * (60 * ${offset('hours')} + ${offset('minutes')})`;
  const lines = [
    `when ${matches(text, `^${DATE}$`)} then safe_cast(concat(${text}, ' 00:00:00+00') as timestamp)`,
    `when ${matches(text, `^${local}$`)} then ${complete(text)}`,
    `when ${matches(text, `^${zoned}$`)} then safe.timestamp_sub(${complete(text)}, interval ${minutes} minute)`,
  ];
  return caseLines(lines, newLine);
}
