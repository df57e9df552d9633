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
    const tree = link(definition.definition as Json, keyed, definition.of ?? 'users') as never;
    keyed.push({ ...definition, key: `d${index}`, definition: tree });
  }
  return keyed;
}

type Level = 'users' | 'accounts';

/** What may be referred to of users, or of accounts. */
const readable = (earlier: readonly Definition[], of: Level): readonly Definition[] =>
  earlier.filter((d) => (d.of ?? 'users') === of || (of === 'users' && d.kind === 'audience'));

function link(node: Json, earlier: readonly Definition[], of: Level): Json {
  if (Array.isArray(node)) return node.map((item) => link(item, earlier, of));
  if (typeof node !== 'object' || node === null) return node;
  const { audience, trait } = node;
  if (typeof audience === 'string') {
    const audiences = readable(earlier, of).filter(({ kind }) => kind === 'audience');
    const key = pick(audiences, audience);
    return key === undefined ? { trait: CUSTOM_TRAIT, exists: true } : { audience: key };
  }
  const inside = 'users' in node ? 'users' : of;
  const entries = Object.entries(node).map(([key, value]): [string, Json] => [
    key,
    link(value, earlier, inside),
  ]);
  const copy = Object.fromEntries(entries);
  if (typeof trait === 'string' && trait.startsWith(REFERENCE_PREFIX))
    copy['trait'] = pick(readable(earlier, of), trait) ?? CUSTOM_TRAIT;
  return copy;
}

function pick(definitions: readonly Definition[], reference: string): string | undefined {
  return definitions[Number(reference.slice(REFERENCE_PREFIX.length)) % Math.max(definitions.length, 1)]?.key;
}
