/**
 * Rewrites that change how a relation is computed, never what it is. Folding projections into one SELECT is
 * the emitter's, which knows what a SELECT can hold.
 */
export { askedOnce } from './ask-once.js';
export { prune as rewrite } from './prune.js';
export { share } from './share.js';
