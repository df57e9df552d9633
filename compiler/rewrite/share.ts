import { mapInputs } from '../ir/relations.js';
import type { Relation } from '../ir/types.js';
import { numbering } from './alike.js';

/**
 * Makes one object, and so one CTE, of what says the same twice and is dear: groups, rankings, pairs of events. Plain
 * rows of a table stay where they are read, as an engine filters them best there.
 */
export function share(root: Relation): Relation {
  const numberOf = numbering();
  /** By number: the first that says so. */
  const firsts = new Map<number, Relation>();
  const done = new Map<Relation, Relation>();
  const visit = (relation: Relation): Relation => {
    const found = done.get(relation);
    if (found) return found;
    const shared = first(relation, relation.stable ? relation : mapInputs(relation, visit));
    done.set(relation, shared);
    return shared;
  };
  const first = (relation: Relation, mapped: Relation): Relation => {
    if (!isDear(relation)) return mapped;
    const number = numberOf(relation);
    const found = firsts.get(number) ?? mapped;
    firsts.set(number, found);
    return found;
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
