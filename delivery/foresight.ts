/** Writing down while messages are on their way what they will have come to, if all goes on as it began. */
import type { Outbox } from './outbox.js';
import type { Fate } from './recorder.js';
import type { Page } from './rows.js';

/**
 * A record of a whole page that is made while the page goes out, in a transaction that counts once it is known to be true. Nothing
 * else may be asked of the warehouse before that is said.
 */
export class Foresight {
  private say!: (holds: boolean) => void;
  private readonly recorded: Promise<boolean>;

  /** @param fate what all of the page comes to, if it holds */
  constructor(
    outbox: Outbox,
    page: Page,
    private readonly fate: Fate,
    at: string,
  ) {
    const known = new Promise<boolean>((resolve) => (this.say = resolve));
    this.recorded = outbox.foresee(page, fate, at, known);
  }

  /**
   * Says what became of it; resolves to whether that is recorded by now. Where it is not, whoever records the page has to
   * look whether it was all the same: an engine may have done what it did not answer for.
   */
  came(fate: Fate | undefined): Promise<boolean> {
    this.say(fate === this.fate);
    return this.recorded;
  }
}
