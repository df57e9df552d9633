/** JSON paths. A step names a key of an object, whatever characters it holds, and never enters an array. */
import type { Sql } from '../dialect.js';
import { quoteText } from './types.js';

type Extract = 'json_extract' | 'json_extract_string' | 'json_type';

/** `json_extract_string(value, '$.address.city')` and the like. */
export function extract(name: Extract, value: Sql, steps: readonly string[]): Sql {
  const paths = chunks(steps).map(({ path }) => path);
  const last = paths.pop() ?? "'$'";
  const inner = paths.reduce((sql, path) => `json_extract(${sql}, ${path})`, value);
  return `${name}(${inner}, ${last})`;
}

/**
 * The value of a key of an object, taken out together with those of other keys, as DuckDB reads a JSON text anew for each
 * call: it sees that the object of all of them is the same everywhere. Nothing where the path is no such key.
 */
export function fieldOf(
  value: Sql,
  steps: readonly string[],
  beside: readonly (readonly string[])[],
): Sql | undefined {
  const plain = beside.flatMap(([key = '', ...rest]) => (rest.length === 0 && PLAIN.test(key) ? [key] : []));
  const keys = [...new Set(plain)].filter(
    // Names of fields are the same in lower case.
    (key, _, all) => all.filter((other) => other.toLowerCase() === key.toLowerCase()).length === 1,
  );
  const [key = '', ...rest] = steps;
  if (rest.length > 0 || keys.length < 2 || !keys.includes(key)) return undefined;
  const form = JSON.stringify(Object.fromEntries(keys.map((name) => [name, 'JSON'])));
  return `struct_extract(try(json_transform(${value}, ${quoteText(form)})), ${quoteText(key)})`;
}

/**
 * The values that a path with `$` reaches, without those that are null, as a JSON array; null where there are none.
 * What one JSONPath cannot say is asked of each value reached so far; a lambda's parameter has a name no column has,
 * as DuckDB takes a column of that name first.
 */
export function elements(value: Sql, steps: readonly string[]): Sql {
  let [reached, isList] = [value, false];
  for (const { path, spreads } of chunks(steps, ELEMENTS)) {
    if (!isList) reached = `json_extract(${reached}, ${path})`;
    else reached = `list_transform(${reached}, lambda rc__v: json_extract(rc__v, ${path}))`;
    if (isList && spreads) reached = `flatten(${reached})`;
    isList ||= spreads;
  }
  return `nullif(to_json(list_filter(${reached}, lambda rc__v: rc__v <> 'null')), '[]')`;
}

const ELEMENTS = '$';

// JSONPath is exact for ordinary keys, but has no way to write the empty key and reads `"*"` as a wildcard.
const PLAIN = /^[A-Za-z_][A-Za-z0-9_]*$/;
const QUOTABLE = /^[^"\\*\0]+$/;
// A JSON pointer can write every key, but enters an array by a number.
const NUMERIC = /^[0-9]+$/;

/** A path literal; one that spreads gives a list of the values it reaches. */
interface Chunk {
  readonly path: Sql;
  readonly spreads: boolean;
}

/**
 * Path literals to apply one after the other: as few as the keys allow, mostly one.
 *
 * @param spread the step that is no key but goes into an array; absent: all are keys
 */
function chunks(steps: readonly string[], spread?: string): readonly Chunk[] {
  const out: { pointer: boolean; steps: string[] }[] = [];
  for (const step of steps) {
    const pointer = !QUOTABLE.test(step);
    const last = out.at(-1);
    const pointed = last?.pointer && !NUMERIC.test(step) && step !== spread;
    if (last && (last.pointer === pointer || pointed)) last.steps.push(step);
    else out.push({ pointer, steps: [step] });
  }
  const jsonPathStep = (step: string): string => {
    if (step === spread) return '[*]';
    return PLAIN.test(step) ? `.${step}` : `."${step}"`;
  };
  return out.map(({ pointer, steps: own }) => ({
    path: quoteText(pointer ? pointerOf(own) : `$${own.map(jsonPathStep).join('')}`),
    spreads: spread !== undefined && own.includes(spread),
  }));
}

const pointerOf = (steps: readonly string[]): string =>
  steps.map((step) => `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
