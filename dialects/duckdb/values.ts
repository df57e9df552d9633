/** Reading texts and numbers the one way SEMANTICS §2 and §10 allow. */
import type { Sql } from '../dialect.js';

const NUMERIC = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?`;
const DATE = String.raw`\d{4}-\d\d-\d\d`;
const CLOCK = String.raw`(?:[01]\d|2[0-3]):[0-5]\d`;
const SECONDS = String.raw`:[0-5]\d(?:\.\d+)?`;
const ZONE = String.raw`(?:[Zz]|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?)`;

/** `case when … then … end` */
export const when = (condition: Sql, then: Sql): Sql => `case when ${condition} then ${then} end`;

const matches = (text: Sql, pattern: string): Sql => `regexp_full_match(${text}, '${pattern}')`;

/**
 * The decimal of a text that is known to be numeric. Reading into 64 bits first is some fifty times faster
 * than reading into the full decimal, and holds all but the largest values.
 */
export function decimalOf(text: Sql): Sql {
  return `coalesce(try_cast(${text} as decimal(18, 9)), try_cast(${text} as decimal(38, 9)))`;
}

/** The decimal of any text, or null. The cast alone would take `1_000` and ` 1`. */
export function textNumber(text: Sql): Sql {
  return when(matches(text, NUMERIC), decimalOf(text));
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
export function textInstant(text: Sql): Sql {
  const utc = `${DATE}(?:[T ]${CLOCK}(?:${SECONDS}Z?)?)?`;
  const zoned = `${DATE}[T ]${CLOCK}(?:${SECONDS})?${ZONE}`;
  // DuckDB reads an offset only after seconds, and only a capital Z.
  const complete = String.raw`regexp_replace(upper(${text}), '^(.{16})([Z+-])', '\1:00\2')`;
  return [
    `case when ${text} < '0001' then null`,
    `when ${matches(text, utc)} then try_cast(${text} as timestamp)`,
    `when ${matches(text, zoned)} then try_cast(${complete} as timestamptz) at time zone 'UTC' end`,
  ].join(' ');
}

/** ISO 8601 in UTC; DuckDB writes a fraction only where there is one, without trailing zeros. */
export function instantText(timestamp: Sql): Sql {
  return `(replace(cast(${timestamp} as varchar), ' ', 'T') || 'Z')`;
}
