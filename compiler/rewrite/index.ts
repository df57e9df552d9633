/** Rewrites that change how a relation is computed, never what it is. */
import type { Relation } from '../ir/types.js';
import { merge } from './merge.js';
import { prune } from './prune.js';

/** Drops what no one reads and folds projections away. */
export function rewrite(relation: Relation): Relation {
  return merge(prune(relation));
}
