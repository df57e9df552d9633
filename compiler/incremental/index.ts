/**
 * Computing for affected profiles only. A relation that is made profile by profile, of leaves whose changes are told and of
 * comparisons with `as_of`, says something else of a profile than when it was computed last only if one of the leaves' rows
 * changed, or an instant was crossed. So it is made anew for these profiles, of all their rows: nothing is added up or
 * taken away, and what has no such shape (a ranking, a user's query) is computed in full.
 */
import { pick, union } from '../ir/build.js';
import type { Relation } from '../ir/types.js';
import { crossingsOf } from './crossings.js';
import { mustBeLocal, restricted } from './local.js';
import { askedOfLeaves } from './narrow.js';
import { Untracked, type Only, type Since, type Tracking } from './tracked.js';

export { readsOf, type Edge, type Read } from './reads.js';

export { relationHash } from './hash.js';
export {
  Tracking,
  type Asked,
  type Crossing,
  type Only,
  type Since,
  type Tracked,
  type What,
} from './tracked.js';

export interface Incremental {
  /** Profiles (`profile_no`, each once) that may have changed. */
  readonly affected: Relation;
  /** What these are found in (`profile_no`): a relation for each thing that may have changed. */
  readonly changes: readonly Relation[];
  /** The relation's rows of some profiles. */
  rows(only: Only): Relation;
}

/**
 * How a relation is computed incrementally, or why it cannot be.
 *
 * @param since when it was computed last
 * @param moved profiles (`profile_no`) that rows came to or went from since, whatever the rows are of
 */
export function incremental(
  relation: Relation,
  tracking: Tracking,
  since: Since,
  moved: Relation,
): Incremental | { readonly because: string } {
  try {
    const crossings = crossingsOf(relation, tracking);
    const asked = askedOfLeaves(relation, tracking);
    mustBeLocal(relation, tracking);
    const parts = [...asked].flatMap(([leaf, where]) => {
      const changed = tracking.of(leaf)?.changed({ since, where, crossings: crossings.get(leaf) ?? [] });
      if (!changed) throw new Untracked(`what changed of ${leaf.label ?? 'what it reads'} is not told`);
      return changed;
    });
    const changes = [...parts, moved];
    return {
      affected: pick(union(changes), ['profile_no'], { distinct: true }),
      changes,
      rows: (only) => restricted(relation, only, tracking),
    };
  } catch (error) {
    if (error instanceof Untracked) return { because: error.message };
    throw error;
  }
}
