import { openInputs } from './relations.js';
import type { Relation } from './types.js';

/**
 * What a relation says as text, its inputs by their numbers: two that say the same have the same text, whichever objects they are
 * made of.
 *
 * @param inputs those looked into; what is below others is part of the text
 * @param named whether what a relation is called is part of what it says
 */
export function said(
  relation: Relation,
  numbers: ReadonlyMap<Relation, number>,
  { inputs = openInputs(relation), named }: { inputs?: readonly Relation[]; named: boolean },
): string {
  const own = new Set<unknown>(inputs);
  return JSON.stringify(relation, (key, value: unknown) => {
    if (typeof value === 'bigint') return { bigint: String(value) };
    if (own.has(value)) return { relation: numbers.get(value as Relation) };
    return key === 'label' && !named ? undefined : value;
  });
}
