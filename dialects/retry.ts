/**
 * Trying again after a failure that may pass: what the engine said was not done, and what is not known to have been
 * done where doing it twice does no harm.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { StatementError, type Failure } from './warehouse.js';

export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

const MAX_RETRIES = 5;
/** Waits double from the first to the longest. Quotas and queues take their time, and so do networks. */
const DELAYS = {
  transient: { first: 200, longest: 10_000 },
  busy: { first: 5_000, longest: 60_000 },
  unknown: { first: 1_000, longest: 30_000 },
} as const;

/** Raised where a run notices that it was asked to stop. */
export class Cancelled extends Error {
  constructor() {
    super('cancelled');
    this.name = 'Cancelled';
  }
}

export const sleep: Sleep = async (ms, signal) => {
  await wait(ms, undefined, signal ? { signal } : {});
};

/** How a statement failed; looks through wrappers. Anything but a failed statement is not tried again. */
export function failureOf(error: unknown): Failure {
  if (error instanceof StatementError) return error.failure;
  return error instanceof Error && error.cause !== undefined ? failureOf(error.cause) : 'refused';
}

export interface RetryOptions {
  /** Whether doing it twice does no harm; else an unknown outcome is final. */
  readonly repeatable: boolean;
  readonly sleep: Sleep;
  readonly signal?: AbortSignal;
  readonly onRetry: (failure: { attempt: number; delayMs: number; error: Error }) => void;
}

/** Calls `work` until it succeeds, fails for good, or failed `MAX_RETRIES` times again; waits twice as long each time. */
export async function withRetry<T>(work: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt);
    } catch (error) {
      const failure = failureOf(error);
      if (failure === 'refused' || (failure === 'unknown' && !options.repeatable)) throw error;
      if (attempt > MAX_RETRIES || options.signal?.aborted) throw error;
      const { first, longest } = DELAYS[failure];
      const delayMs = Math.min(first * 2 ** (attempt - 1), longest);
      options.onRetry({ attempt, delayMs, error: error as Error });
      await options.sleep(delayMs, options.signal).catch(() => {
        throw new Cancelled();
      });
    }
  }
}
