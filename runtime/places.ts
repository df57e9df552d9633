/** How many are taken at a time: few enough that no thread waits long for the other at the end. */
const AT_A_TIME = 8;

/** Places in a list that threads share out among them: whoever is free takes the next few. */
export class Places {
  /** @param cells what both threads have: the first place that nobody took, and whether a second thread takes any */
  constructor(
    readonly cells: Int32Array = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT)),
  ) {}

  /** Those not taken yet, until there are none. */
  *left(total: number): Generator<number> {
    for (;;) {
      const start = Atomics.add(this.cells, 0, AT_A_TIME);
      if (start >= total) return;
      for (let place = start; place < Math.min(start + AT_A_TIME, total); place++) yield place;
    }
  }

  /** Said by the second thread before it takes any. */
  join(): void {
    Atomics.store(this.cells, 1, 1);
  }

  /** Whether the second thread may have taken any: one that starts when all are taken need not be waited for. */
  get joined(): boolean {
    return Atomics.load(this.cells, 1) === 1;
  }
}
