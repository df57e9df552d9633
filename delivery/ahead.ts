/** Reading ahead: the next of what comes are fetched while the last is worked on. */
import { setImmediate } from 'node:timers/promises';

/** Goes through what comes, some ahead of whoever asks; to be gone through once. */
export class Ahead<T> {
  private readonly source: AsyncIterator<T>;
  /** What was asked of the source and is not given yet, in order. */
  private readonly asked: Promise<IteratorResult<T>>[] = [];
  private last: Promise<unknown> = Promise.resolve();

  /** @param most so many are fetched before they are asked for */
  constructor(
    source: AsyncIterable<T>,
    private readonly most: number,
  ) {
    this.source = source[Symbol.asyncIterator]();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    try {
      for (;;) {
        const found = await (this.asked.shift() ?? this.source.next());
        if (found.done === true) return;
        while (this.asked.length < this.most) this.ask();
        yield found.value;
      }
    } finally {
      await this.settled();
      await this.source.return?.();
    }
  }

  /** Resolves once nothing is being fetched, until the next is asked for. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.asked);
  }

  /** Asks for another: one at a time, and not before whoever asked for the last has begun its work. */
  private ask(): void {
    const next = this.last.then(() => setImmediate()).then(() => this.source.next());
    this.last = next.catch(() => undefined); // told when it is asked for
    this.asked.push(next);
  }
}
