/** What is told of a statement that takes long. */
import type { RunEventBody } from './api.js';

/** A statement that is done sooner is not worth a word, and none is told of more often. */
const EVERY_MS = 1000;

/** Less of it done says nothing of what is left. */
const TELLING = 0.05;

/**
 * Makes events of how far statements are, about one a second.
 * @returns what is told a step, how much of its statement is done (0 to 1), and for how many milliseconds it has run
 */
export function stepProgress(
  emit: (event: RunEventBody) => void,
): (step: string, done: number, ranMs: number) => void {
  let last = { step: '', ranMs: 0 };
  return (step, done, ranMs) => {
    const sinceMs = step === last.step && ranMs >= last.ranMs ? ranMs - last.ranMs : ranMs;
    if (sinceMs < EVERY_MS) return;
    last = { step, ranMs };
    const left = done < TELLING ? null : Math.round((ranMs * (1 - done)) / done);
    emit({ event: 'step_progress', step, percent: Math.floor(done * 100), left_ms: left });
  };
}
