import type { Destination, Outcome, OutboxMessage } from './destination.js';
import type { Claim } from './claims.js';
import type { Outbox } from './outbox.js';
import { LONG_PAGE, PAGE, pagesOf } from './pages.js';
import type { Page, Selection, Waiting } from './rows.js';
import { batches, Sender, type Backoff, type BatchResult } from './send.js';
import { Tally } from './tally.js';

export interface Totals {
  readonly delivered: number;
  readonly rejected: number;
  readonly filtered: number;
  readonly failed: number;
}

/** What a delivery came to; `stopped`: why it ended before all was tried. */
export interface Delivery extends Totals {
  readonly stopped?: string;
  readonly lastError?: string;
}

export interface DeliveryOptions {
  readonly now: () => string;
  readonly signal: AbortSignal;
  readonly onProgress: (totals: Totals) => void;
  readonly backoff?: Backoff;
  readonly pageSize?: number;
}

/** After so many batches in a row that came to nothing, the destination is down: why ask again. */
const GIVE_UP_AFTER = 3;

const LOST = 'the warehouse did not answer in time, so another sync may be delivering to it';

/** Of so many profiles later messages are held back; beyond, the destination stops. */
const MOST_HELD = 100_000;

/** What a crash makes a destination get twice: not more than it takes in this time. */
const RECORD_EVERY_MS = 20_000;

/**
 * Delivers to a destination whose answers are final as they come: in order, recording as it goes. A profile
 * with a message that failed gets no later one, so that an exit never overtakes its entry.
 */
export class Courier {
  private readonly totals = { delivered: 0, rejected: 0, filtered: 0, failed: 0 };
  private readonly sender: Sender;
  private readonly held = new Set<string>();
  private tally = new Tally();
  private failedInARow = 0;
  private lastError: string | undefined;
  private stopped: string | undefined;
  private recordedAt = 0;
  private claim: Claim | undefined;

  constructor(
    private readonly outbox: Outbox,
    private readonly destination: Destination,
    private readonly options: DeliveryOptions,
  ) {
    this.sender = new Sender(destination, options.signal, options.backoff);
  }

  /** Delivers what waits in the lanes of a claim. */
  async deliver(selection: Selection, waiting: readonly Waiting[], claim: Claim): Promise<void> {
    this.claim = claim;
    this.sender.share(claim.processes);
    this.recordedAt = this.clock();
    const { pageSize: size = PAGE, pageSize: longest = LONG_PAGE } = this.options;
    for (const page of pagesOf(selection, waiting, { size, longest, lanes: claim.lanes })) {
      if (this.over()) break;
      this.tally = new Tally();
      await this.deliverPage(page);
      await this.record(page);
    }
  }

  /** What it has come to so far. */
  get result(): Delivery {
    return {
      ...this.totals,
      ...(this.stopped === undefined ? {} : { stopped: this.stopped }),
      ...(this.lastError === undefined ? {} : { lastError: this.lastError }),
    };
  }

  private async deliverPage(page: Page): Promise<void> {
    const flying = new Set<Promise<void>>();
    const { concurrency } = this.destination.limits;
    let run: number | undefined;
    try {
      for await (const batch of batches(this.outbox.read(page), this.destination.limits)) {
        const first = batch[0]?.runNo;
        if (concurrency > 1 && run !== first) await Promise.all(flying); // a run at a time
        run = first;
        if (this.over()) return this.tally.leaveOut();
        if (this.clock() - this.recordedAt > RECORD_EVERY_MS) {
          await Promise.all(flying);
          await this.record(page);
        }
        const flight = this.deliverBatch(batch).finally(() => flying.delete(flight));
        flying.add(flight);
        if (flying.size >= concurrency) await Promise.race(flying);
      }
    } catch (error) {
      if (!this.over()) throw error; // an aborted read: what was sent is recorded all the same
      this.tally.leaveOut();
    } finally {
      await Promise.all(flying);
    }
  }

  /** Writes down what the tally holds, and empties it. */
  private async record(page: Page): Promise<void> {
    const { rest, marks } = this.tally.summary();
    await this.outbox.record(page, rest, marks, this.options.now());
    this.tally.clear();
    this.recordedAt = this.clock();
    this.options.onProgress({ ...this.totals });
  }

  /** Never rejects: whatever happens to a batch is the fate of its messages. */
  private async deliverBatch(batch: readonly OutboxMessage[]): Promise<void> {
    const free = batch.filter((m) => !this.held.has(holder(m)));
    if (free.length < batch.length) this.tally.leaveOut();
    if (free.length === 0) return;
    let result: BatchResult;
    try {
      result = this.tooLarge(free) ?? (await this.sender.deliver(free));
    } catch (error) {
      // Aborted while it was under way: nobody knows what became of it, so it waits and may come twice.
      if (this.over()) return this.tally.leaveOut();
      result = { outcomes: { status: 'failed', error: String(error) }, tries: 1 };
    }
    const outcomes = free.map((_, i) => outcomeOf(result, i));
    outcomes.forEach((outcome, i) => this.settle(free[i], outcome, result.tries));
    this.failedInARow = outcomes.every((o) => o.status === 'failed') ? this.failedInARow + 1 : 0;
    const reason = this.lastError ?? 'it takes nothing';
    if (this.failedInARow >= GIVE_UP_AFTER || this.held.size > MOST_HELD) this.stopped ??= reason;
    if (result.stopped !== undefined) this.stopped ??= result.stopped;
    this.options.onProgress({ ...this.totals });
  }

  private settle(message: OutboxMessage | undefined, outcome: Outcome, tries: number): void {
    if (message === undefined) return;
    this.tally.add(message.messageId, outcome, tries);
    this.totals[outcome.status]++;
    if (outcome.error !== undefined && outcome.status !== 'filtered') this.lastError = outcome.error;
    if (outcome.status === 'failed') this.held.add(holder(message));
  }

  private tooLarge(batch: readonly OutboxMessage[]): BatchResult | undefined {
    const most = this.destination.limits.maxPayloadBytes ?? Infinity;
    const only = batch[0];
    if (batch.length !== 1 || only === undefined || Buffer.byteLength(only.payload) <= most) return undefined;
    return { outcomes: { status: 'rejected', error: `the message is larger than ${most} bytes` }, tries: 1 };
  }

  /** Whether nothing more is to be sent. */
  over(): boolean {
    if (this.claim?.lost() === true) this.stopped ??= LOST;
    return this.stopped !== undefined || this.options.signal.aborted;
  }

  private clock(): number {
    return Date.parse(this.options.now());
  }
}

function holder(message: OutboxMessage): string {
  return `${message.identifierType}\u0000${message.identifier}`;
}

function outcomeOf({ outcomes }: BatchResult, index: number): Outcome {
  if (!isList(outcomes)) return outcomes;
  return outcomes[index] ?? { status: 'failed', error: 'the destination gave no outcome' };
}

/** `Array.isArray` that knows a read-only list. */
function isList(outcomes: BatchResult['outcomes']): outcomes is readonly Outcome[] {
  return Array.isArray(outcomes);
}
