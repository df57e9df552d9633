/**
 * Whether a disk answers at once. One call after another costs a third of the processor time of many at a time, which
 * counts by the thousand files; but across a network it takes many times as long, as each waits for the one before.
 * So calls are made one after another for as long as they are quick.
 */
export class Pace {
  #calls = 0;
  #spent = 0;

  /** Whether the calls so far say that the next may be waited for. */
  get quick(): boolean {
    return this.#spent <= ALLOWED_MS + this.#calls * QUICK_MS;
  }

  /** Makes a call that does not come back before it is done. */
  timed<T>(call: () => T): T {
    const start = performance.now();
    try {
      return call();
    } finally {
      this.#calls += 1;
      this.#spent += performance.now() - start;
    }
  }
}

/** A local disk takes a tenth of this. */
const QUICK_MS = 0.3;
/** Waiting once, as for a disk that wakes up, or for other processes, is not slow yet. */
const ALLOWED_MS = 50;
