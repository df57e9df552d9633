import { Ahead } from './ahead.js';
import { sizeOf, type Destination, type Outcome, type OutboxMessage } from './destination.js';
import type { Claim } from './claims.js';
import { Foresight } from './foresight.js';
import type { Outbox } from './outbox.js';
import { tooLarge } from './destinations/oversized.js';
import { isList, outcomeAt } from './outcomes.js';
import { FILED_PAGE, LONG_PAGE, LONGEST_PAGE, PAGE, pagesOf } from './pages.js';
import type { Page, Selection, Waiting } from './rows.js';
import { batches, Sender, type Backoff, type BatchResult } from './send.js';
import { Tally } from './tally.js';

export interface Totals {
  readonly delivered: number;
  readonly rejected: number;
  readonly filtered: number;
  readonly failed: number;
}

export const NOTHING: Totals = { delivered: 0, rejected: 0, filtered: 0, failed: 0 };

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

/** A destination that refuses everything is not asked about every message. */
const MOST_FRUITLESS = 50;

export const LOST = 'the warehouse did not answer in time, so another sync may be delivering to it';

/** Of so many profiles later messages are held back; beyond, the destination stops. */
const MOST_HELD = 100_000;

/** Batches that are made, and may be compressed, while one is sent: enough to keep the processors there are at it. */
const AHEAD = 3;

/** What a crash makes a destination get twice: not more than it takes in this time. */
const RECORD_EVERY_MS = 20_000;

/**
 * Delivers to a destination whose answers are final as they come: in order, recording as it goes. A profile
 * with a message that failed gets no later one, so that an exit never overtakes its entry.
 */
export class Courier {
  private readonly totals = { ...NOTHING };
  private readonly sender: Sender;
  private readonly held = new Set<string>();
  private tally = new Tally();
  private foresight: Foresight | undefined;
  private failedInARow = 0;
  /** Parts of batches that were refused since one was taken. */
  private fruitless = 0;
  private lastError: string | undefined;
  private stopped: string | undefined;
  private recordedAt = 0;
  private readonly startedAt: number;
  private claim: Claim | undefined;

  constructor(
    private readonly outbox: Outbox,
    private readonly destination: Destination,
    private readonly options: DeliveryOptions,
  ) {
    this.sender = new Sender(destination, options.signal, options.backoff);
    this.startedAt = this.clock();
  }

  /** Delivers what waits in the lanes of a claim. */
  async deliver(selection: Selection, waiting: readonly Waiting[], claim: Claim): Promise<void> {
    this.claim = claim;
    this.sender.share(claim.processes);
    this.recordedAt = this.clock();
    const { pageSize: size = PAGE } = this.options;
    const longest = (): number => this.options.pageSize ?? this.reach();
    for (const page of pagesOf(selection, waiting, { size, longest, lanes: claim.lanes })) {
      if (this.over()) break;
      this.tally = new Tally();
      const file = await this.outbox.aside(page);
      try {
        // Only where the warehouse is asked nothing else before the page is through.
        const look = file && this.destination.apart ? () => this.foresee(page) : undefined;
        await this.deliverPage(page, file?.messages(page.fromRun) ?? this.outbox.read(page), look);
        await this.record(page);
      } finally {
        await file?.close();
      }
    }
  }

  /** How long a page may be: what goes out before it would be time to write down what became of a part of it. */
  private reach(): number {
    const { delivered, rejected, filtered, failed } = this.totals;
    const elapsed = this.clock() - this.startedAt;
    const least = this.outbox.writesLines ? FILED_PAGE : LONG_PAGE;
    if (elapsed <= 0) return least;
    const soon = (0.75 * RECORD_EVERY_MS * (delivered + rejected + filtered + failed)) / elapsed;
    return Math.round(Math.min(LONGEST_PAGE, Math.max(least, soon)));
  }

  /** What it has come to so far. */
  get result(): Delivery {
    return {
      ...this.totals,
      ...(this.stopped === undefined ? {} : { stopped: this.stopped }),
      ...(this.lastError === undefined ? {} : { lastError: this.lastError }),
    };
  }

  /** @param look told when something became of a batch */
  private async deliverPage(
    page: Page,
    messages: AsyncIterable<readonly OutboxMessage[]>,
    look?: () => void,
  ): Promise<void> {
    const flying = new Set<Promise<void>>();
    const { concurrency } = this.destination.limits;
    const ahead = new Ahead(this.prepared(messages), AHEAD);
    let run: number | undefined;
    try {
      for await (const batch of ahead) {
        const first = batch[0]?.runNo;
        if (concurrency > 1 && run !== first) await Promise.all(flying); // a run at a time
        run = first;
        if (this.over()) return this.tally.leaveOut();
        if (this.clock() - this.recordedAt > RECORD_EVERY_MS) {
          await Promise.all([...flying, ahead.settled()]);
          this.tally.leaveOut(); // the rest of the page did not go out yet
          await this.record(page);
        }
        const flight = this.deliverBatch(batch).finally(() => {
          look?.();
          flying.delete(flight);
        });
        flying.add(flight);
        if (flying.size >= concurrency) await Promise.race(flying);
      }
    } catch (error) {
      this.tally.leaveOut();
      if (this.over()) return; // an aborted read
      await Promise.all(flying);
      // What was sent is recorded all the same, if that can be; else it is sent again.
      await this.record(page).catch(() => undefined);
      throw error;
    } finally {
      await Promise.all(flying);
    }
  }

  /** Batches; of each the destination is told as soon as it is there. */
  private async *prepared(
    messages: AsyncIterable<readonly OutboxMessage[]>,
  ): AsyncGenerator<readonly OutboxMessage[]> {
    for await (const batch of batches(messages, this.destination.limits)) {
      this.destination.prepare?.(batch);
      yield batch;
    }
  }

  /** Begins to write down that all of a page is taken, once some of it was. */
  private foresee(page: Page): void {
    const { only } = this.tally;
    if (this.foresight || only?.outcome.status !== 'delivered' || this.over()) return;
    this.foresight = new Foresight(this.outbox, page, only, this.options.now());
  }

  /** Writes down what the tally holds, and empties it. */
  private async record(page: Page): Promise<void> {
    const { foresight } = this;
    this.foresight = undefined;
    if (!(await foresight?.came(this.tally.only))) {
      const { rest, marks } = this.tally.summary();
      // What a destination that is down did not take is nothing that is wrong with it.
      const mayDie = this.stopped === undefined && this.totals.delivered > 0;
      const looked = foresight ? { ...page, fresh: false } : page;
      await this.outbox.record(looked, rest, marks, this.options.now(), { mayDie });
    }
    this.tally.clear();
    this.recordedAt = this.clock();
    this.options.onProgress({ ...this.totals });
  }

  /**
   * Never rejects: whatever happens to a batch is the fate of its messages. One that is refused for what it holds is sent
   * in halves, down to the message that is to blame.
   */
  private async deliverBatch(batch: readonly OutboxMessage[], triesBefore = 0): Promise<void> {
    const free = this.held.size === 0 ? batch : batch.filter((m) => !this.held.has(holder(m)));
    const over = this.over(); // asked once: a claim may be lost between two looks
    if (over || free.length < batch.length) this.tally.leaveOut();
    if (over || free.length === 0) return;
    let result: BatchResult;
    try {
      result = this.oversized(free) ?? (await this.sender.deliver(free));
    } catch (error) {
      // Aborted while it was under way: nobody knows what became of it, so it waits and may come twice.
      if (this.over()) return this.tally.leaveOut();
      result = { outcomes: { status: 'failed', error: String(error) }, tries: 1 };
    }
    const tries = triesBefore + result.tries;
    if (free.length > 1 && this.fruitless < MOST_FRUITLESS && isRefusedForContent(result)) {
      const half = Math.ceil(free.length / 2);
      await this.deliverBatch(free.slice(0, half), tries);
      return this.deliverBatch(free.slice(half), tries);
    }
    const { outcomes: made } = result;
    const outcomes = isList(made) ? free.map((_, i) => outcomeAt(made, i)) : [made];
    if (isList(made)) free.forEach((message, i) => this.settle([message], outcomeAt(made, i), tries));
    else this.settle(free, made, tries);
    if (outcomes.some((o) => o.status === 'delivered')) this.fruitless = 0;
    else if (triesBefore > 0) this.fruitless++;
    this.failedInARow = outcomes.every((o) => o.status === 'failed') ? this.failedInARow + 1 : 0;
    const reason = this.lastError ?? 'it takes nothing';
    if (this.failedInARow >= GIVE_UP_AFTER || this.held.size > MOST_HELD) this.stopped ??= reason;
    if (result.stopped !== undefined) this.stopped ??= result.stopped;
    this.options.onProgress({ ...this.totals });
  }

  private settle(messages: readonly OutboxMessage[], outcome: Outcome, tries: number): void {
    this.tally.add(messages, outcome, tries);
    this.totals[outcome.status] += messages.length;
    if (outcome.error !== undefined && outcome.status !== 'filtered') this.lastError = outcome.error;
    if (outcome.status === 'failed') for (const message of messages) this.held.add(holder(message));
  }

  private oversized(batch: readonly OutboxMessage[]): BatchResult | undefined {
    const most = this.destination.limits.maxPayloadBytes ?? Infinity;
    const only = batch[0];
    if (batch.length !== 1 || only === undefined) return undefined;
    const size = sizeOf(only);
    return size <= most ? undefined : { outcomes: tooLarge(only, size, most), tries: 1 };
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

/** Too large, or something in it is wrong: a part of it may be taken. */
const OF_CONTENT: ReadonlySet<number | undefined> = new Set([400, 413, 422]);

const isRefusedForContent = ({ outcomes }: BatchResult): boolean =>
  !isList(outcomes) && outcomes.status === 'rejected' && OF_CONTENT.has(outcomes.httpStatus);

function holder(message: OutboxMessage): string {
  return `${message.identifierType}\u0000${message.identifier}`;
}
