import { hash } from 'node:crypto';
import { slug } from '../../models/key.js';
import type { Facet, ValueColumn, ValueRoot } from './types.js';

/** Steps of a path: dots separate, `\.` is a dot, any other backslash is an ordinary character (SEMANTICS §10). */
export function pathSteps(path: string): readonly string[] {
  const steps: string[] = [];
  let step = '';
  for (let i = 0; i < path.length; i++) {
    const ch = path.charAt(i);
    if (ch === '\\' && path.charAt(i + 1) === '.') {
      step += '.';
      i++;
    } else if (ch === '.') {
      steps.push(step);
      step = '';
    } else step += ch;
  }
  steps.push(step);
  return steps;
}

/** The step into each element of an array. */
export const ELEMENTS = '$';

export const hasElements = (path: string): boolean => pathSteps(path).includes(ELEMENTS);

/** Steps cut where they first step into an array: those that lead to it, and the rest, from `$` on. */
export function cutAtElements(steps: readonly string[]): {
  readonly before: readonly string[];
  readonly rest: readonly string[];
} {
  const at = steps.indexOf(ELEMENTS);
  return at === -1 ? { before: steps, rest: [] } : { before: steps.slice(0, at), rest: steps.slice(at) };
}

/** The path of steps: `pathSteps` undone. */
export const pathOf = (steps: readonly string[]): string =>
  steps.map((step) => step.replaceAll('.', '\\.')).join('.');

const NAMES = new Map<string, string>();

/** A readable name that is unique by a short hash of what it stands for; at most 60 characters. */
export function hashedName(readable: string, ...identity: readonly string[]): string {
  const id = JSON.stringify(identity);
  const asked = `${readable} ${id}`;
  const found = NAMES.get(asked);
  if (found !== undefined) return found;
  const made = `${slug(readable).slice(0, 45) || 'x'}_${hash('sha256', id).slice(0, 8)}`;
  NAMES.set(asked, made);
  return made;
}

const COLUMNS = new Map<string, ValueColumn>();

/** A value column; equal requests get the same one: definitions ask for few, again and again. */
export function valueColumn(root: ValueRoot, path: string, facet: Facet): ValueColumn {
  const key = `${root} ${facet} ${path}`;
  const found = COLUMNS.get(key);
  if (found) return found;
  const made: ValueColumn = { root, path, facet, name: hashedName(`${path}_${facet}`, root, path, facet) };
  COLUMNS.set(key, made);
  return made;
}

/** What messages say of a trait; JSON null says that it was removed. */
export const mentionOf = (path: string): ValueColumn => valueColumn('trait', path, 'mention');
