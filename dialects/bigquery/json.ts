/** JSON paths. A step names a key of an object, whatever characters it holds, and never enters an array. */
import type { Sql } from '../dialect.js';
import { quoteText } from './types.js';

/** What a path ends in: text of a scalar, text of any value, or the elements of an array as texts. */
type Extract = 'json_value' | 'json_query' | 'json_query_array';

/** What tells an array from anything else in paths of our own. */
export const ELEMENTS = '$';

const PLAIN = /^[A-Za-z_][A-Za-z0-9_]*$/;
// A number would enter an array, and a path cannot write a backslash: such keys are asked of the JSON type.
const BY_KEY = /^[0-9]+$|\\/;

const stepText = (step: string): string =>
  PLAIN.test(step) ? `.${step}` : `."${step.replaceAll('"', '\\"')}"`;

/** JSON of the JSON type. Long decimals lose digits there, so it is asked for keys and kinds, not for values. */
export const typed = (value: Sql): Sql => `safe.parse_json(${value}, wide_number_mode => 'round')`;

/** `json_value(value, '$.address.city')` and the like; JSON null and what is not there are null. */
export function extract(name: Extract, value: Sql, steps: readonly string[]): Sql {
  const last = steps.findLastIndex((step) => BY_KEY.test(step));
  const path = quoteText(
    `$${steps
      .slice(last + 1)
      .map(stepText)
      .join('')}`,
  );
  const key = steps[last];
  if (key === undefined) return `${name}(${value}, ${path})`;
  const parent = last === 0 ? value : extract('json_query', value, steps.slice(0, last));
  const inner = `to_json_string(${typed(parent)}[${quoteText(key)}])`;
  // A JSON null, and the text `null` of no value, have no value at any path.
  return `${name}(${inner}, ${path})`;
}

/** Whether the value at a path is an explicit JSON null; null where there is nothing. */
export function isExplicitNull(value: Sql, steps: readonly string[]): Sql {
  const at = steps.reduce((sql, step) => `${sql}[${quoteText(step)}]`, typed(value));
  return `json_type(${at}) = 'null'`;
}

/** The values that a path with `$` reaches, one a row: FROM items, the value, and what puts them in order. */
export function reached(
  value: Sql,
  steps: readonly string[],
): { readonly from: Sql; readonly value: Sql; readonly order: Sql } {
  const from: Sql[] = [];
  const order: Sql[] = [];
  let current = value;
  let rest = steps;
  for (let n = 1; rest.includes(ELEMENTS); n++) {
    const cut = rest.indexOf(ELEMENTS);
    from.push(
      `unnest(${extract('json_query_array', current, rest.slice(0, cut))}) as rc_e${n} with offset as rc_o${n}`,
    );
    order.push(`rc_o${n}`);
    current = `rc_e${n}`;
    rest = rest.slice(cut + 1);
  }
  const found = rest.length === 0 ? current : extract('json_query', current, rest);
  return { from: from.join(', '), value: found, order: order.join(', ') };
}

/**
 * The keys of a JSON object, an array of texts: a text before a colon is a key, of the object or of one inside it, and the
 * object has a value under its own.
 */
export function objectKeys(value: Sql): Sql {
  const texts = String.raw`unnest(regexp_extract_all(${value}, r'("(?:[^"\\]|\\.)*"):')) as rc_k`;
  const key = `json_value(rc_k, '$')`;
  return `array(select distinct ${key} from ${texts} where ${typed(value)}[${key}] is not null)`;
}
