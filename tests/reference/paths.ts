/**
 * Paths into JSON (SEMANTICS §2, §10 Arrays): steps separated by dots, `\.` a literal dot, any other backslash
 * ordinary; `$` steps into each element of an array, and no other step enters one.
 */
import type { Json } from './model.js';
import { isObject, type Value } from './values.js';

/** Splits a path into its steps. */
export function parsePath(path: string): string[] {
  const steps: string[] = [];
  let step = '';
  for (let i = 0; i < path.length; i++) {
    const character = path.charAt(i);
    if (character === '\\' && path[i + 1] === '.') {
      step += '.';
      i++;
    } else if (character === '.') {
      steps.push(step);
      step = '';
    } else {
      step += character;
    }
  }
  return [...steps, step];
}

/**
 * The values at a path: exactly one (maybe missing) without `$`, one for each element reached with it.
 */
export function readPath(root: Value, path: string): Value[] {
  return readSteps(root, parsePath(path));
}

/** {@link readPath} for a path already split. */
export function readSteps(root: Value, steps: readonly string[]): Value[] {
  const [step, ...rest] = steps;
  if (step === undefined) return [root];
  if (step === '$') return Array.isArray(root) ? root.flatMap((element) => readSteps(element, rest)) : [];
  if (isObject(root) && Object.hasOwn(root, step)) return readSteps(root[step], rest);
  return readSteps(undefined, rest);
}

/**
 * What one identify's traits say about a path: `{ value }` where they mention it — with null where the path or a
 * parent on it is null, which removes — and `undefined` where they do not mention it: an absent key, or a parent
 * that is neither an object nor null (SEMANTICS §5 Custom traits, §10 References).
 */
export function mentionAt(traits: Json | undefined, steps: readonly string[]): { value: Json } | undefined {
  if (!isObject(traits)) return undefined;
  let value: Json = traits;
  for (const step of steps) {
    if (value === null) return { value: null };
    if (!isObject(value) || !Object.hasOwn(value, step)) return undefined;
    value = value[step] ?? null;
  }
  return { value };
}
