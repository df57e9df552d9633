import { mapInputs } from '../ir/relations.js';
import { said } from '../ir/said.js';
import type { Relation } from '../ir/types.js';

/**
 * Makes one object, and so one CTE, of what says the same twice and is dear: groups, rankings, pairs of events. Plain
 * rows of a table stay where they are read, as an engine filters them best there.
 */
export function share(root: Relation): Relation {
  const numbers = new Map<Relation, number>();
  const known = new Map<string, number>();
  /** By number, where it is dear: the first that says so. */
  const firsts = new Map<number, Relation>();
  const done = new Map<Relation, Relation>();
  const number = (text: string): number => {
    const found = known.get(text);
    if (found !== undefined) return found;
    known.set(text, known.size);
    return known.size - 1;
  };
  const visit = (relation: Relation): Relation => {
    const found = done.get(relation);
    if (found) return found;
    const mapped = relation.stable ? relation : mapInputs(relation, visit);
    const no = number(said(relation, numbers, { named: true }));
    numbers.set(relation, no);
    const shared = isDear(relation) ? (firsts.get(no) ?? mapped) : mapped;
    if (isDear(relation)) firsts.set(no, shared);
    done.set(relation, shared);
    return shared;
  };
  return visit(root);
}

function isDear(relation: Relation): boolean {
  switch (relation.kind) {
    case 'aggregate':
    case 'window':
    case 'nearest':
      return true;
    case 'project':
      return relation.distinct === true;
    case 'union':
      return !relation.all;
    case 'scan':
    case 'values':
    case 'filter':
    case 'join':
    case 'semi_join':
    case 'anti_join':
    case 'unnest':
    case 'query':
      return false;
  }
}
