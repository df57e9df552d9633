/**
 * JSON in VARIANT. A path is one GET a step: it takes any key as it is, where a path expression would need quoting,
 * and given a text it never enters an array.
 */
import type { Sql } from '../dialect.js';
import { quoteText } from './types.js';
import { decimalText, engineNumber, textInstant, textNumber, when } from './values.js';

/** The value at a path: VARIANT null where it is JSON null, NULL where there is none. */
export const at = (value: Sql, steps: readonly string[]): Sql =>
  steps.reduce((sql, step) => `get(${sql}, ${quoteText(step)})`, value);

/** The value at a path, NULL where it is JSON null or there is none. */
export const valueAt = (value: Sql, steps: readonly string[]): Sql => `strip_null_value(${at(value, steps)})`;

/**
 * Text of the value at a path. AS_VARCHAR gives strings alone; the JSON text of anything else is its text, but of
 * numbers, which it may write with an exponent or zeros at the end.
 */
export function textAt(value: Sql, steps: readonly string[]): Sql {
  const found = at(value, steps);
  const number = decimalText(engineNumber(`to_json(${found})`));
  return `coalesce(as_varchar(${found}), ${number}, to_json(strip_null_value(${found})))`;
}

/** The decimal of the value at a path: a number, or a string that is numeric text. */
export function numberAt(value: Sql, steps: readonly string[], newLine: string): Sql {
  const found = at(value, steps);
  const text = textNumber(`as_varchar(${found})`, `${newLine}  `);
  return `coalesce(${newLine}${engineNumber(`to_json(${found})`)},${newLine}${text}${newLine.slice(0, -2)})`;
}

export const instantAt = (value: Sql, steps: readonly string[], newLine: string): Sql =>
  textInstant(`as_varchar(${at(value, steps)})`, newLine);

/** The text of JSON. */
export const dump = (value: Sql): Sql => `to_json(${value})`;

/** An explicit null at the path, or at a parent, is a mention; an absent key is not. */
export function mentionAt(value: Sql, steps: readonly string[]): Sql {
  const found = at(value, steps);
  const parents = steps.slice(1).map((_, i) => `is_null_value(${at(value, steps.slice(0, i + 1))})`);
  return parents.length === 0
    ? found
    : `coalesce(${found}, ${when(parents.join(' or '), "parse_json('null')")})`;
}

const ELEMENTS = '$';

/** The parameter of lambdas: no column is called so. */
const PARAMETER = 'rc__v';

/** The values that a path with `$` reaches, without those that are null, as an array; null where there are none. */
export function elements(value: Sql, steps: readonly string[]): Sql {
  let [reached, isList]: [Sql, boolean] = [value, false];
  for (const { keys, spreads } of chunks(steps)) {
    const step = (from: Sql): Sql => (spreads ? `as_array(${at(from, keys)})` : at(from, keys));
    if (!isList) reached = step(reached);
    else reached = `transform(${reached}, ${PARAMETER} -> ${step(PARAMETER)})`;
    // Elements that are no arrays, or have none, leave gaps.
    if (isList && spreads) reached = `array_flatten(array_compact(${reached}))`;
    isList ||= spreads;
  }
  const kept = `filter(${reached}, ${PARAMETER} -> not is_null_value(${PARAMETER}))`;
  return when(`array_size(${kept}) > 0`, `to_variant(${kept})`);
}

/** Stretches of keys, each but the last followed by a step into an array. */
function chunks(
  steps: readonly string[],
): readonly { readonly keys: readonly string[]; readonly spreads: boolean }[] {
  const out: { keys: string[]; spreads: boolean }[] = [];
  let keys: string[] = [];
  for (const step of steps) {
    if (step !== ELEMENTS) {
      keys.push(step);
      continue;
    }
    out.push({ keys, spreads: true });
    keys = [];
  }
  return keys.length > 0 ? [...out, { keys, spreads: false }] : out;
}

/** Whether a test is true of some element of an array; false of anything else. */
export const someElement = (array: Sql, element: Sql, test: Sql): Sql =>
  `(coalesce(array_size(filter(as_array(${array}), ${element} -> ${test})), 0) > 0)`;
