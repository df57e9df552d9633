import { createHash } from 'node:crypto';
import { inputsOf } from '../ir/relations.js';
import type { Relation } from '../ir/types.js';
import type { Tracking } from './tracked.js';

/**
 * What a relation says, as a hash: leaves by what they are called, as the rows behind one may be read in several ways. A
 * definition whose relation says the same as when it was computed last differs from it by changed rows and time alone.
 */
export function relationHash(root: Relation, tracking: Tracking): string {
  const numbers = new Map<Relation, number>();
  const hash = createHash('sha256');
  const open = (relation: Relation): readonly Relation[] => (tracking.of(relation) ? [] : inputsOf(relation));
  for (const relation of [...tracking.topDown(root, inputsOf)].reverse()) {
    const leaf = tracking.of(relation);
    const inputs = new Set<unknown>(open(relation));
    const said = leaf
      ? JSON.stringify([leaf.name])
      : JSON.stringify(relation, (key, value: unknown) => {
          if (inputs.has(value)) return { relation: numbers.get(value as Relation) };
          if (typeof value === 'bigint') return value.toString();
          return key === 'label' ? undefined : value;
        });
    numbers.set(relation, numbers.size);
    hash.update(`${said}\n`);
  }
  return hash.digest('hex');
}
