/** What an engine has no SQL for, said by relations it has: before anything is printed. */
import { mapInputs } from '../../compiler/ir/relations.js';
import type { Relation } from '../../compiler/ir/types.js';
import type { Capabilities } from '../dialect.js';
import type { EmitEngine } from './engine.js';
import { distinctByJoin, isDistinctFrame } from './frames.js';
import { nearestByWindow } from './nearest.js';

type Rewrite = (relation: Relation) => Relation;

const REWRITES: readonly { readonly unless: keyof Capabilities; readonly rewrite: Rewrite }[] = [
  { unless: 'asofJoin', rewrite: (r) => (r.kind === 'nearest' ? nearestByWindow(r) : r) },
  { unless: 'distinctFrames', rewrite: (r) => (isDistinctFrame(r) ? distinctByJoin(r) : r) },
];

/** One answer for one object, by what the engine lacks: what was shared, or stable, stays so. */
const made = new Map<string, WeakMap<Relation, Relation>>();

/** The relation in terms that the engine has; itself where it has them all. */
export function adapted({ capabilities }: Pick<EmitEngine, 'capabilities'>, relation: Relation): Relation {
  const lacking = REWRITES.filter(({ unless }) => capabilities[unless] === false);
  if (lacking.length === 0) return relation;
  const key = lacking.map(({ unless }) => unless).join();
  const known = made.get(key) ?? new WeakMap<Relation, Relation>();
  made.set(key, known);
  const rewrite = (one: Relation): Relation => {
    const found = known.get(one);
    if (found) return found;
    const result = lacking.reduce((r, step) => step.rewrite(r), mapInputs(one, rewrite));
    known.set(one, result);
    return result;
  };
  return rewrite(relation);
}
