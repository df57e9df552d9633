/** The runtime's door: runs programs on a warehouse, keeps their state, answers questions about it. */
export type * from './api.js';
