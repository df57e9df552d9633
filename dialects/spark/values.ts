/** Reading texts and numbers the one way SEMANTICS §2 and §10 allow, and JSON, which is text here. */
import type { Sql } from '../dialect.js';
import { quoteText } from './types.js';

const NUMBER = String.raw`^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\z`;
const CLOCK = String.raw`(?:[01][0-9]|2[0-3]):[0-5][0-9]`;
const ZONE = String.raw`(?:[Zz]|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)`;
const INSTANT = String.raw`^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ]${CLOCK}(?::[0-5][0-9](?:\.[0-9]+)?)?${ZONE}?)?\z`;

const matches = (text: Sql, pattern: string): Sql => `${text} rlike ${quoteText(pattern)}`;

const ZERO = String.raw`^[+-]?[0.]+(?:[eE].*)?\z`;
const FAR_EXPONENT = String.raw`([eE][+-]?)0*[1-9][0-9]{4,}\z`;

/** The decimal of text, or null. A cast alone would take ` 1` and `1d`, and no exponent of eleven digits. */
export function textNumber(text: Sql): Sql {
  const near = `regexp_replace(${text}, ${quoteText(FAR_EXPONENT)}, '$19999')`;
  return `case when ${matches(text, NUMBER)} then if(${matches(text, ZERO)}, 0, try_cast(${near} as decimal(38, 9))) end`;
}

const FAR_OFFSET = String.raw`:[0-9.:]+[+-](?:19|2[0-3])(?::?[0-9]{2})?\z`;

/** The instant of ISO 8601 text, or null. The cast wants seconds, a capital Z, and an offset of 18 hours at most. */
export function textInstant(text: Sql): Sql {
  const seconds = (of: Sql): Sql =>
    `regexp_replace(${of}, ${quoteText(String.raw`^(.{16})(?=[Z+-]|\z)`)}, '$1:00')`;
  const local = seconds(`regexp_replace(${text}, ${quoteText(String.raw`[+-][0-9:]+\z`)}, 'Z')`);
  const part = (group: number): Sql => `cast('0' || regexp_extract(${text}, ${quoteText(String.raw`([+-])([0-9]{2}):?([0-9]{2})?\z`)}, ${group}) as int)`; // prettier-ignore
  const offset = `make_dt_interval(0, ${part(2)}, ${part(3)})`;
  const lines = [
    `when not (${text} >= '0001' and ${matches(text, INSTANT)}) then null`,
    `when not ${matches(text, FAR_OFFSET)} then try_cast(${seconds(`upper(${text})`)} as timestamp)`,
    `when ${text} like '%+%' then try_cast(${local} as timestamp) - ${offset}`,
    `else try_cast(${local} as timestamp) + ${offset}`,
  ];
  return `case ${lines.join(' ')} end`;
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

/**
 * Text that may be no JSON as a VARIANT, or null. What comes after a whole value is not looked at, but only JSON is a whole
 * value before a bracket as well as before a brace.
 */
export const checkedVariant = (text: Sql): Sql =>
  `try_variant_get(if(try_parse_json('[' || ${text} || ']') is null, null, try_parse_json('{"v":' || ${text} || '}')), '$.v')`;

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
    `else coalesce(${decimalText(`try_cast(${json} as decimal(38, 9))`)}, replace(lower(${json}), '.0e', 'e'))`,
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
