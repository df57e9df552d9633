/** What an engine has no SQL for, said by relations it has: before anything is printed. */
import { mapInputs } from '../../compiler/ir/relations.js';
import type { Relation } from '../../compiler/ir/types.js';
import type { EmitEngine } from './engine.js';
import { nearestByWindow } from './nearest.js';

/** One answer for one object: what was shared, or stable, stays so. */
const without = { asofJoin: new WeakMap<Relation, Relation>() };

/** The relation in terms that the engine has; itself where it has them all. */
export function adapted({ capabilities }: Pick<EmitEngine, 'capabilities'>, relation: Relation): Relation {
  if (capabilities.asofJoin) return relation;
  const rewrite = (one: Relation): Relation => {
    const known = without.asofJoin.get(one);
    if (known) return known;
    const inside = mapInputs(one, rewrite);
    const made = inside.kind === 'nearest' ? nearestByWindow(inside) : inside;
    without.asofJoin.set(one, made);
    return made;
  };
  return rewrite(relation);
}
