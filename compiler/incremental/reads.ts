/** What a definition reads, for people: the leaves of its relation, and the edges that time moves over their rows. */
import { bool } from '../ir/build.js';
import { inputsOf } from '../ir/relations.js';
import type { Relation } from '../ir/types.js';
import { crossingsOf } from './crossings.js';
import { Untracked, type Crossing, type Since, type Tracking, type What } from './tracked.js';

/** Where a comparison with `as_of` turns. */
export interface Edge {
  /** How far from `as_of`, in microseconds. */
  readonly offset: bigint;
  /** The column compared; absent where it is what a function makes of one. */
  readonly column?: string;
  /** Rows of events (`profile_no`) that it has passed since. */
  readonly passed?: Relation;
}

export interface Read {
  readonly what: What;
  /** Rows of events (`profile_no`) that were brought since. */
  readonly brought?: Relation;
  readonly edges: readonly Edge[];
}

/**
 * The leaves of a relation, each once.
 *
 * @param since when it was computed last; without, nothing is said of what happened since
 */
export function readsOf(root: Relation, tracking: Tracking, since: Since | undefined): readonly Read[] {
  const crossings = crossingsOrNone(root, tracking);
  return tracking.topDown(root, inputsOf).flatMap((relation): readonly Read[] => {
    const leaf = tracking.of(relation);
    if (!leaf) return [];
    const own = crossings.get(relation) ?? [];
    const told = since && leaf.what.kind === 'event';
    const changed = told ? leaf.changed({ since, where: bool(true), crossings: own }) : undefined;
    const [brought, ...passed] = changed ?? [];
    return [
      {
        what: leaf.what,
        ...(brought && { brought }),
        edges: own.map(({ expr, offset }, i) => ({
          offset,
          ...(expr.kind === 'col' && { column: expr.name }),
          ...(passed[i] && { passed: passed[i] }),
        })),
      },
    ];
  });
}

/** None where `as_of` is used in another way than to be compared with. */
function crossingsOrNone(root: Relation, tracking: Tracking): ReadonlyMap<Relation, readonly Crossing[]> {
  try {
    return crossingsOf(root, tracking);
  } catch (error) {
    if (error instanceof Untracked) return new Map();
    throw error;
  }
}
