/** Reading ahead: the next of what comes is fetched while the last is worked on. */
import { setImmediate } from 'node:timers/promises';

/** Goes through what comes one ahead of whoever asks; to be gone through once. */
export class Ahead<T> {
  private readonly source: AsyncIterator<T>;
  private next: Promise<IteratorResult<T>> | undefined;

  constructor(source: AsyncIterable<T>) {
    this.source = source[Symbol.asyncIterator]();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    try {
      for (;;) {
        const found = await (this.next ?? this.source.next());
        if (found.done === true) return;
        // Not before whoever asked has begun its work.
        this.next = setImmediate().then(() => this.source.next());
        this.next.catch(() => undefined); // told when it is asked for
        yield found.value;
      }
    } finally {
      await this.settled();
      await this.source.return?.();
    }
  }

  /** Resolves once nothing is being fetched, until the next is asked for. */
  async settled(): Promise<void> {
    await this.next?.catch(() => undefined);
  }
}
