/** JSON in `jsonb`. A step of a path names a key of an object, and never enters an array. */
import type { Sql } from '../dialect.js';
import { CODE_POINTS, quoteText } from './types.js';
import { bounded, decimalText, once, textInstant, textNumber } from './values.js';

export const JSON_NULL = "cast('null' as jsonb)";

/** The value at a path; an atom. `->` with a text has nothing of an array. */
export const at = (value: Sql, steps: readonly string[]): Sql =>
  steps.length === 0 ? value : `(${[value, ...steps.map(quoteText)].join(' -> ')})`;

/** Outside of strings: no white space, no zeros that a fraction ends with. */
const TOKENS = String.raw`("([^"\\]|\\.)*")|\s+|([.][0-9]*[1-9])0+(?![0-9])|[.]0+(?![0-9])`;

/** Compact text of a whole value, which jsonb writes with spaces. */
export const dump = (value: Sql): Sql =>
  `regexp_replace(cast(${value} as text), '${TOKENS}', '\\1\\3', 'g') ${CODE_POINTS}`;

const scalar = (value: Sql): Sql => `(${value} #>> '{}') ${CODE_POINTS}`;
const number = (value: Sql): Sql => `cast(${value} as numeric)`;

/** The text of a value, which is a column. */
function textOf(value: Sql): Sql {
  const inside = bounded(number(value));
  return [
    `case jsonb_typeof(${value}) when 'string' then ${scalar(value)}`,
    `when 'number' then coalesce(${decimalText(inside)}, ${scalar(value)})`,
    `when 'null' then null else ${dump(value)} end`,
  ].join(' ');
}

export const jsonText = (value: Sql, steps: readonly string[]): Sql => once(at(value, steps), textOf);

export const jsonNumber = (value: Sql, steps: readonly string[]): Sql =>
  once(at(value, steps), (v) =>
    [
      `case jsonb_typeof(${v}) when 'number' then ${bounded(number(v))}`,
      `when 'string' then ${once(scalar(v), textNumber)} end`,
    ].join(' '),
  );

export const jsonInstant = (value: Sql, steps: readonly string[]): Sql =>
  once(
    once(at(value, steps), (v) => `case when jsonb_typeof(${v}) = 'string' then ${scalar(v)} end`),
    textInstant,
  );

/** What an array has, of anything else nothing. */
export const arrayOf = (value: Sql): Sql =>
  once(value, (v) => `case when jsonb_typeof(${v}) = 'array' then ${v} else cast('[]' as jsonb) end`);

export const objectOf = (value: Sql): Sql =>
  once(value, (v) => `case when jsonb_typeof(${v}) = 'object' then ${v} else cast('{}' as jsonb) end`);

const ELEMENTS = '$';

/** The values that a path with `$` reaches, without those that are null, as a JSON array; null where there are none. */
export function elements(value: Sql, steps: readonly string[]): Sql {
  const from: Sql[] = [];
  let reached = value;
  let keys: string[] = [];
  for (const step of steps) {
    if (step !== ELEMENTS) {
      keys.push(step);
      continue;
    }
    const alias = `rc__e${from.length + 1}`;
    from.push(`jsonb_array_elements(${arrayOf(at(reached, keys))}) with ordinality as ${alias}(v, n)`);
    [reached, keys] = [`${alias}.v`, []];
  }
  const found = at(reached, keys);
  const order = from.map((_, i) => `rc__e${i + 1}.n`).join(', ');
  return `(select jsonb_agg(${found} order by ${order}) from ${from.join(' cross join lateral ')} where ${found} <> ${JSON_NULL})`;
}

/** An explicit null at the path, or at a parent, is a mention; an absent key is not. */
export function jsonMention(value: Sql, steps: readonly string[]): Sql {
  const found = at(value, steps);
  const parents = steps.slice(1).map((_, i) => `${at(value, steps.slice(0, i + 1))} = ${JSON_NULL}`);
  if (parents.length === 0) return found;
  return `coalesce(${found}, case when ${parents.join(' or ')} then ${JSON_NULL} end)`;
}

/** A literal key with its value, or nothing where the value is SQL null. */
export const pair = (key: Sql, value: Sql): Sql =>
  once(
    value,
    (v) => `case when ${v} is null then cast('{}' as jsonb) else jsonb_build_object(${key}, ${v}) end`,
  );
