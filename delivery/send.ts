/** Batching, pacing and retries, the same for every destination. */
import { setMaxListeners } from 'node:events';

import PQueue from 'p-queue';
import pRetry from 'p-retry';

import { Breaker } from './breaker.js';
import {
  sizeOf,
  type Attempt,
  type Destination,
  type Limits,
  type Outcome,
  type OutboxMessage,
} from './destination.js';

/** How long a destination may ask us to wait; past it the messages wait for the next sync instead. */
const LONGEST_WAIT = 5 * 60_000;

export interface Backoff {
  readonly minMs: number;
  readonly maxMs: number;
}

const DEFAULT_BACKOFF: Backoff = { minMs: 500, maxMs: 30_000 };

/** What became of a batch. `stopped`: the destination takes nothing more until its settings are mended. */
export interface BatchResult {
  readonly outcomes: Outcome | readonly Outcome[];
  readonly tries: number;
  readonly stopped?: string;
}

/** An attempt worth repeating. */
class Retryable extends Error {
  constructor(readonly attempt: Extract<Attempt, { kind: 'retry' }>) {
    super(attempt.reason);
  }
}

/** Sends batches to one destination at the pace it states. */
export class Sender {
  private readonly queue: PQueue;
  private readonly breaker: Breaker;

  constructor(
    private readonly destination: Destination,
    private readonly signal: AbortSignal,
    private readonly backoff: Backoff = DEFAULT_BACKOFF,
  ) {
    setMaxListeners(0, signal); // each attempt under way listens
    this.breaker = new Breaker({ failures: 5, coolMs: 10 * this.backoff.minMs, openings: 3 });
    this.queue = new PQueue({ concurrency: destination.limits.concurrency, ...pace(destination.limits) });
  }

  /** How many processes there are to share what the destination takes at a time. */
  share(processes: number): void {
    this.queue.concurrency = Math.max(1, Math.floor(this.destination.limits.concurrency / processes));
  }

  /** One batch, until it is taken, refused, or given up for this sync. Rejects only when aborted. */
  async deliver(batch: readonly OutboxMessage[]): Promise<BatchResult> {
    let tries = 0;
    const { retries } = this.destination.limits;
    try {
      return await pRetry(
        async () => {
          tries++;
          const attempt = await this.attempt(batch);
          if (attempt.kind === 'retry') throw new Retryable(attempt);
          if (attempt.kind === 'done') return { outcomes: attempt.outcomes, tries };
          return { outcomes: failure(attempt), tries, stopped: attempt.reason };
        },
        {
          retries,
          minTimeout: this.backoff.minMs,
          maxTimeout: this.backoff.maxMs,
          randomize: true,
          signal: this.signal,
          onFailedAttempt: ({ error }) => {
            if (this.breaker.gaveUp !== undefined) throw error;
          },
        },
      );
    } catch (error) {
      this.signal.throwIfAborted();
      if (error instanceof Retryable) {
        // Nothing more is to be asked of it in this sync.
        const stopped = this.breaker.gaveUp;
        return { outcomes: failure(error.attempt), tries, ...(stopped === undefined ? {} : { stopped }) };
      }
      throw error;
    }
  }

  /** One attempt, once the destination may be asked. */
  private async attempt(batch: readonly OutboxMessage[]): Promise<Attempt> {
    for (;;) {
      await this.breaker.wait(this.signal);
      if (this.breaker.gaveUp !== undefined) return { kind: 'retry', reason: this.breaker.gaveUp };
      const made = await this.queue.add(
        () => (this.breaker.admit() ? this.attemptNow(batch) : Promise.resolve(undefined)),
        { signal: this.signal },
      );
      if (made !== undefined) return made;
    }
  }

  private async attemptNow(batch: readonly OutboxMessage[]): Promise<Attempt> {
    let attempt: Attempt;
    try {
      attempt = await this.destination.send(batch, this.signal);
    } catch (error) {
      this.signal.throwIfAborted();
      attempt = { kind: 'retry', reason: error instanceof Error ? error.message : String(error) };
    }
    // Too many requests is an answer: it is there, and says how long to wait.
    if (attempt.kind !== 'retry' || attempt.httpStatus === 429) this.breaker.answered();
    else this.breaker.failed(attempt.reason);
    if (attempt.kind === 'retry') this.heed(attempt);
    return attempt;
  }

  /** It is not asked before the time it says; where that is far off, those that wait for it already do so no longer. */
  private heed({ reason, retryAfterMs = 0 }: Extract<Attempt, { kind: 'retry' }>): void {
    if (retryAfterMs <= LONGEST_WAIT) this.breaker.pause(retryAfterMs);
    else this.breaker.giveUp(`${reason} (it asks to wait ${Math.ceil(retryAfterMs / 1000)} s)`);
  }
}

function failure(attempt: { readonly reason: string; readonly httpStatus?: number }): Outcome {
  const { reason, httpStatus } = attempt;
  return { status: 'failed', error: reason, ...(httpStatus === undefined ? {} : { httpStatus }) };
}

/** A window that slides where the rate is a whole number; else one attempt an interval. */
function pace({ requestsPerSecond: rate }: Limits): {
  interval?: number;
  intervalCap?: number;
  strict?: boolean;
} {
  if (rate === undefined) return {};
  if (Number.isInteger(rate)) return { interval: 1000, intervalCap: rate, strict: true };
  return { interval: Math.ceil(1000 / rate), intervalCap: 1, strict: true };
}

/** Of messages whose batches are not full yet so many are kept; then the batches go as they are. */
const MOST_KEPT = 20_000;

/**
 * Cuts a stream of messages into batches of at most so many messages and bytes, and of one group where the destination
 * wants that. With more than one attempt at a time, and with groups, a batch never spans two runs, so that runs can be sent one
 * after another. A message that is too large by itself is a batch of its own.
 */
export async function* batches(
  messages: AsyncIterable<readonly OutboxMessage[]>,
  { batchSize, maxPayloadBytes = Infinity, concurrency, groupBy }: Limits,
): AsyncGenerator<readonly OutboxMessage[]> {
  const open = new Map<string, { readonly messages: OutboxMessage[]; bytes: number }>();
  let run: number | undefined;
  let kept = 0;
  const all = function* () {
    for (const batch of open.values()) yield batch.messages;
    open.clear();
    kept = 0;
  };
  for await (const some of messages) {
    for (const message of some) {
      const otherRun = run !== message.runNo && (concurrency > 1 || groupBy !== undefined);
      if (otherRun || kept >= MOST_KEPT) yield* all();
      run = message.runNo;
      const size = maxPayloadBytes === Infinity ? 0 : sizeOf(message) + 1;
      const group = groupBy === undefined ? '' : JSON.stringify(groupBy.map((name) => message[name]));
      let batch = open.get(group);
      if (batch && (batch.messages.length >= batchSize || batch.bytes + size > maxPayloadBytes)) {
        open.delete(group);
        kept -= batch.messages.length;
        yield batch.messages;
        batch = undefined;
      }
      if (!batch) open.set(group, (batch = { messages: [], bytes: 0 }));
      batch.messages.push(message);
      batch.bytes += size;
      kept++;
    }
  }
  yield* all();
}
