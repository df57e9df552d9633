/**
 * Links the references of a set of definitions. While generated they are numbers (`@2`), so that dropping a definition
 * when shrinking never leaves a reference to nothing.
 */
import type { Definition, Json, MemberRules, Ranking } from '../reference/model.js';

export const REFERENCE_PREFIX = '@';

/** What a reference becomes in a definition with none before it. */
const CUSTOM_TRAIT = 'plan';
const NUMBER_TRAIT = 'score';

/** Gives each definition its key (`d0`, `d1`, …) and turns its numbers into references to lower keys. */
export function linked(definitions: readonly Definition[]): Definition[] {
  const keyed: Definition[] = [];
  for (const [index, definition] of definitions.entries()) {
    // The tree is JSON and stays of its type: only names of traits and audiences change.
    const of = definition.of ?? 'users';
    const tree = link(definition.definition as Json, keyed, of) as never;
    const rules = definition.kind === 'audience' ? linkedRules(definition, keyed, of) : {};
    keyed.push({ ...definition, ...rules, key: `d${index}`, definition: tree });
  }
  return keyed;
}

type Level = 'users' | 'accounts';

/** What may be referred to of users, or of accounts. */
const readable = (earlier: readonly Definition[], of: Level): readonly Definition[] =>
  earlier.filter((d) => (d.of ?? 'users') === of || (of === 'users' && d.kind === 'audience'));

/** Exclusions of earlier audiences, each once; none where there are none. */
function linkedRules(
  { exclude, limit }: MemberRules,
  earlier: readonly Definition[],
  of: Level,
): MemberRules {
  const audiences = readable(earlier, of).filter(({ kind }) => kind === 'audience');
  const keys = exclude === false ? [] : (exclude ?? []).flatMap((name) => pick(audiences, name) ?? []);
  return {
    ...(exclude !== undefined && { exclude: keys.length === 0 ? false : [...new Set(keys)] }),
    ...(limit && { limit: link(limit as unknown as Json, earlier, of) as unknown as Ranking }),
  };
}

/** @param lifted whether it is about the users of an account, of whom there is no ranking */
function link(node: Json, earlier: readonly Definition[], of: Level, lifted = false): Json {
  if (Array.isArray(node)) return node.map((item) => link(item, earlier, of, lifted));
  if (typeof node !== 'object' || node === null) return node;
  const { audience, trait, by } = node;
  if (lifted && 'rank' in node) return { trait: CUSTOM_TRAIT, exists: true };
  if (typeof audience === 'string') {
    const audiences = readable(earlier, of).filter(({ kind }) => kind === 'audience');
    const key = pick(audiences, audience);
    return key === undefined ? { trait: CUSTOM_TRAIT, exists: true } : { audience: key };
  }
  const inside = 'users' in node ? 'users' : of;
  const entries = Object.entries(node).map(([key, value]): [string, Json] => [
    key,
    link(value, earlier, inside, lifted || 'users' in node),
  ]);
  const copy = Object.fromEntries(entries);
  // A ranking goes by a number, which an audience has not.
  if (typeof by === 'object' && by !== null && !Array.isArray(by) && typeof by['trait'] === 'string') {
    const traits = readable(earlier, of).filter(({ kind }) => kind === 'trait');
    const isLinked = by['trait'].startsWith(REFERENCE_PREFIX);
    copy['by'] = isLinked ? { trait: pick(traits, by['trait']) ?? NUMBER_TRAIT } : by;
  }
  if (typeof trait === 'string' && trait.startsWith(REFERENCE_PREFIX))
    copy['trait'] = pick(readable(earlier, of), trait) ?? CUSTOM_TRAIT;
  return copy;
}

function pick(definitions: readonly Definition[], reference: string): string | undefined {
  return definitions[Number(reference.slice(REFERENCE_PREFIX.length)) % Math.max(definitions.length, 1)]?.key;
}
