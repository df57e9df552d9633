/**
 * Links the references of a set of definitions. While generated they are numbers (`@2`), so that dropping a definition
 * when shrinking never leaves a reference to nothing.
 */
import type { Definition, Json } from '../reference/model.js';

export const REFERENCE_PREFIX = '@';

/** What a reference becomes in a definition with none before it. */
const CUSTOM_TRAIT = 'plan';

/** Gives each definition its key (`d0`, `d1`, …) and turns its numbers into references to lower keys. */
export function linked(definitions: readonly Definition[]): Definition[] {
  const keyed: Definition[] = [];
  for (const [index, definition] of definitions.entries()) {
    // The tree is JSON and stays of its type: only names of traits and audiences change.
    const tree = link(definition.definition as Json, keyed) as never;
    keyed.push({ ...definition, key: `d${index}`, definition: tree });
  }
  return keyed;
}

function link(node: Json, earlier: readonly Definition[]): Json {
  if (Array.isArray(node)) return node.map((item) => link(item, earlier));
  if (typeof node !== 'object' || node === null) return node;
  const { audience, trait } = node;
  if (typeof audience === 'string') {
    const audiences = earlier.filter(({ kind }) => kind === 'audience');
    const key = pick(audiences, audience);
    return key === undefined ? { trait: CUSTOM_TRAIT, exists: true } : { audience: key };
  }
  const entries = Object.entries(node).map(([key, value]): [string, Json] => [key, link(value, earlier)]);
  const copy = Object.fromEntries(entries);
  if (typeof trait === 'string' && trait.startsWith(REFERENCE_PREFIX))
    copy['trait'] = pick(earlier, trait) ?? CUSTOM_TRAIT;
  return copy;
}

function pick(definitions: readonly Definition[], reference: string): string | undefined {
  return definitions[Number(reference.slice(REFERENCE_PREFIX.length)) % Math.max(definitions.length, 1)]?.key;
}
