/** Reading texts and numbers the one way SEMANTICS §2 and §10 allow, and JSON, which is text here. */
import type { Sql } from '../dialect.js';
import { quoteText } from './types.js';

const NUMBER = String.raw`^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\z`;
const CLOCK = String.raw`(?:[01][0-9]|2[0-3]):[0-5][0-9]`;
const ZONE = String.raw`(?:[Zz]|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)`;
const INSTANT = String.raw`^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ]${CLOCK}(?::[0-5][0-9](?:\.[0-9]+)?)?${ZONE}?)?\z`;

const matches = (text: Sql, pattern: string): Sql => `${text} rlike ${quoteText(pattern)}`;

/** The decimal of text, or null. A cast alone would take ` 1` and `1d`. */
export const textNumber = (text: Sql): Sql =>
  `case when ${matches(text, NUMBER)} then try_cast(${text} as decimal(38, 9)) end`;

/** The instant of ISO 8601 text, or null. The cast wants seconds, and a capital Z. */
export function textInstant(text: Sql): Sql {
  const complete = `regexp_replace(upper(${text}), ${quoteText(String.raw`^(.{16})(?=[Z+-]|\z)`)}, '$1:00')`;
  return `case when ${text} >= '0001' and ${matches(text, INSTANT)} then try_cast(${complete} as timestamp) end`;
}

/** Plain digits of what is a decimal with nine digits after the point. */
export const decimalText = (decimal: Sql): Sql =>
  `trim(trailing '.' from trim(trailing '0' from cast(${decimal} as string)))`;

/** Plain digits of a number of any type. */
export const numberText = (number: Sql): Sql => decimalText(`cast(${number} as decimal(38, 9))`);

/** ISO 8601 in UTC; Spark writes a fraction only where there is one, without trailing zeros. */
export const instantText = (timestamp: Sql): Sql =>
  `(replace(cast(${timestamp} as string), ' ', 'T') || 'Z')`;

/** The JSON string of a text. */
export const textJson = (text: Sql): Sql => `to_json(cast(${text} as variant))`;

/** JSON text as a VARIANT, whose parts keep their types; null where it is no JSON. */
export const variantOf = (json: Sql): Sql => `try_parse_json(${json})`;

/** The VARIANT at a path: of keys of objects only, whatever characters they hold. */
export const at = (variant: Sql, steps: readonly string[]): Sql => steps.reduce(keyOf, variant);

function keyOf(variant: Sql, key: string): Sql {
  const quote = ['"', "'"].find((mark) => key !== '' && !key.includes(mark));
  return quote === undefined
    ? `try_element_at(try_cast(${variant} as map<string, variant>), ${quoteText(key)})`
    : `try_variant_get(${variant}, ${quoteText(`$[${quote}${key}${quote}]`)})`;
}

/** Text of a VARIANT: the first character of its JSON tells what it is. */
export function variantText(variant: Sql, newLine: string): Sql {
  const json = `to_json(${variant})`;
  const lines = [
    `when startswith(${json}, '"') then try_variant_get(${variant}, '$', 'string')`,
    `when ${json} = 'null' then null`,
    `when left(${json}, 1) in ('{', '[', 't', 'f') then ${json}`,
    `else coalesce(${decimalText(`try_cast(${json} as decimal(38, 9))`)}, ${json})`,
  ];
  return `case${newLine}${lines.join(newLine)}${newLine.slice(0, -2)}end`;
}

/** Text that a number or an instant is read from: quotes taken off, all else as it stands. */
export const looseText = (variant: Sql): Sql => `try_variant_get(${variant}, '$', 'string')`;

/** Elements of a JSON array as VARIANTs; null for anything else. */
export const arrayOf = (variant: Sql): Sql => `try_cast(${variant} as array<variant>)`;

/** The values that a path with `$` reaches, as a JSON array without nulls; null where there are none. */
export function elements(json: Sql, steps: readonly string[]): Sql {
  let reached = `array(${variantOf(json)})`;
  for (const step of steps) {
    reached =
      step === '$'
        ? `flatten(filter(transform(${reached}, rc__v -> ${arrayOf('rc__v')}), rc__a -> rc__a is not null))`
        : `transform(${reached}, rc__v -> ${keyOf('rc__v', step)})`;
  }
  const found = `filter(transform(${reached}, rc__v -> to_json(rc__v)), rc__j -> rc__j <> 'null')`;
  return `nullif('[' || array_join(${found}, ',') || ']', '[]')`;
}
