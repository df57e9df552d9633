import { openInputs } from '../ir/relations.js';
import { said } from '../ir/said.js';
import type { Relation } from '../ir/types.js';

/** Numbers relations by what they say: two have one number if they say the same, whichever objects they are made of. */
export function numbering(): (relation: Relation) => number {
  const numbers = new Map<Relation, number>();
  const known = new Map<string, number>();
  const numberOf = (relation: Relation): number => {
    const found = numbers.get(relation);
    if (found !== undefined) return found;
    openInputs(relation).forEach(numberOf);
    const text = said(relation, numbers, { named: true });
    const number = known.get(text) ?? known.size;
    known.set(text, number);
    numbers.set(relation, number);
    return number;
  };
  return numberOf;
}
