/** Trying again, as the runtime does it: the same as whoever else talks to a warehouse. */
export * from '../dialects/retry.js';
