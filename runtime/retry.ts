/** Trying again after a failure that may pass: only what the engine called transient. */
import { setTimeout as wait } from 'node:timers/promises';
import { StatementError } from '../dialects/warehouse.js';

export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

export const MAX_RETRIES = 5;
const FIRST_DELAY_MS = 200;

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

/** Whether the engine said that trying again may help; looks through wrappers. */
export function isTransient(error: unknown): boolean {
  if (error instanceof StatementError) return error.transient;
  return error instanceof Error && error.cause !== undefined && isTransient(error.cause);
}

export interface RetryOptions {
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
      if (attempt > MAX_RETRIES || !isTransient(error) || options.signal?.aborted) throw error;
      const delayMs = FIRST_DELAY_MS * 2 ** (attempt - 1);
      options.onRetry({ attempt, delayMs, error: error as Error });
      await options.sleep(delayMs, options.signal).catch(() => {
        throw new Cancelled();
      });
    }
  }
}
