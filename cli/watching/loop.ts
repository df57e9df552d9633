/** Ticks at a distance: one after the other, until asked to stop; those that fail wait longer each time. */
import { setTimeout as wait } from 'node:timers/promises';

export interface LoopOptions {
  readonly everyMs: number;
  /** Asked to stop: heard between two ticks, and while waiting for one. */
  readonly signal?: AbortSignal;
  readonly sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
  readonly clock?: () => number;
}

/** What came of a tick. `failed`: the next waits longer; `busy`: another run has the lock, and the next comes as always. */
export type Outcome = 'done' | 'failed' | 'busy';

/** The longest wait after failures, where ticks are not farther apart anyway. */
const LONGEST_MS = 60_000;

/** How long to wait after so many failures in a row. */
export const backoff = (everyMs: number, failures: number): number =>
  Math.min(everyMs * 2 ** Math.min(failures, 20), Math.max(everyMs, LONGEST_MS));

/**
 * Ticks until asked to stop. Ticks begin `everyMs` apart; after one that took longer a tenth of that passes, so that
 * others come to what a tick holds. What `tick` throws ends it.
 */
export async function loop(
  tick: (failures: number) => Promise<Outcome>,
  options: LoopOptions,
): Promise<void> {
  const { everyMs, signal, sleep = sleeping, clock = () => performance.now() } = options;
  let failures = 0;
  const stopped = (): boolean => signal?.aborted ?? false;
  while (!stopped()) {
    const startedAt = clock();
    const outcome = await tick(failures);
    failures = outcome === 'failed' ? failures + 1 : 0;
    const took = clock() - startedAt;
    const pause = failures > 0 ? backoff(everyMs, failures) : Math.max(everyMs - took, everyMs / 10);
    if (!stopped()) await sleep(pause, signal);
  }
}

const sleeping = (ms: number, signal?: AbortSignal): Promise<void> =>
  wait(ms, undefined, signal ? { signal } : {}).catch(() => undefined);
