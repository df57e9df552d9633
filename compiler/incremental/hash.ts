import { hash } from 'node:crypto';
import { inputsOf } from '../ir/relations.js';
import { said } from '../ir/said.js';
import type { Relation } from '../ir/types.js';
import type { Tracking } from './tracked.js';

/**
 * What a relation says, as a hash: leaves by what they are called, as the rows behind one may be read in several ways. A
 * definition whose relation says the same as when it was computed last differs from it by changed rows and time alone.
 */
export function relationHash(root: Relation, tracking: Tracking): string {
  const numbers = new Map<Relation, number>();
  let whole = '';
  for (const relation of [...tracking.topDown(root, inputsOf)].reverse()) {
    const leaf = tracking.of(relation);
    const text = leaf
      ? JSON.stringify([leaf.name])
      : said(relation, numbers, { inputs: inputsOf(relation), named: false });
    numbers.set(relation, numbers.size);
    whole += `${text}\n`;
  }
  return hash('sha256', whole);
}
