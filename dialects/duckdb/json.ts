/** JSON paths. A step names a key of an object, whatever characters it holds, and never enters an array. */
import { CompilerBug } from '../../compiler/diagnostics/index.js';
import type { Expr } from '../../compiler/ir/types.js';
import type { Sql } from '../dialect.js';
import { quoteText } from './types.js';

/** The steps of a `path` argument. */
export function pathSteps(expr: Expr | undefined): readonly string[] {
  if (expr?.kind !== 'lit' || expr.literal.type !== 'text')
    throw new CompilerBug('a JSON path must be a literal');
  const steps: unknown = JSON.parse(expr.literal.value);
  if (!Array.isArray(steps) || !steps.every((step) => typeof step === 'string')) {
    throw new CompilerBug(`not a JSON path: ${expr.literal.value}`);
  }
  return steps;
}

type Extract = 'json_extract' | 'json_extract_string' | 'json_type';

/** `json_extract_string(value, '$.address.city')` and the like. */
export function extract(name: Extract, value: Sql, steps: readonly string[]): Sql {
  const paths = [...chunks(steps)];
  const last = paths.pop() ?? "'$'";
  const inner = paths.reduce((sql, path) => `json_extract(${sql}, ${path})`, value);
  return `${name}(${inner}, ${last})`;
}

// JSONPath is exact for ordinary keys, but has no way to write the empty key and reads `"*"` as a wildcard.
const PLAIN = /^[A-Za-z_][A-Za-z0-9_]*$/;
const QUOTABLE = /^[^"\\*\0]+$/;
// A JSON pointer can write every key, but enters an array by a number.
const NUMERIC = /^[0-9]+$/;

/** Path literals to apply one after the other: as few as the keys allow, mostly one. */
function chunks(steps: readonly string[]): readonly Sql[] {
  const out: { pointer: boolean; steps: string[] }[] = [];
  for (const step of steps) {
    const pointer = !QUOTABLE.test(step);
    const last = out.at(-1);
    if (last && (last.pointer === pointer || (last.pointer && !NUMERIC.test(step)))) last.steps.push(step);
    else out.push({ pointer, steps: [step] });
  }
  return out.map((chunk) => quoteText(chunk.pointer ? pointerOf(chunk.steps) : jsonPathOf(chunk.steps)));
}

const pointerOf = (steps: readonly string[]): string =>
  steps.map((step) => `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

const jsonPathOf = (steps: readonly string[]): string =>
  `$${steps.map((step) => (PLAIN.test(step) ? `.${step}` : `."${step}"`)).join('')}`;
