/** What an attempt came to, message by message. */
import type { Attempt, Outcome, OutboxMessage } from './destination.js';

/** Whether each message has an outcome of its own: `Array.isArray` that knows a read-only list. */
export const isList = (outcomes: Outcome | readonly Outcome[]): outcomes is readonly Outcome[] =>
  Array.isArray(outcomes);

/** The outcome of the message at a place in its batch. */
export function outcomeAt(outcomes: Outcome | readonly Outcome[], index: number): Outcome {
  if (!isList(outcomes)) return outcomes;
  return outcomes[index] ?? { status: 'failed', error: 'the destination gave no outcome' };
}

/**
 * Makes an attempt of what is left of a batch, and answers for all of it.
 *
 * @param batch messages, and in the place of those that are not to be sent what becomes of them
 * @param send makes one attempt of some messages
 */
export async function sendRest(
  batch: readonly (OutboxMessage | Outcome)[],
  send: (rest: readonly OutboxMessage[]) => Promise<Attempt>,
): Promise<Attempt> {
  const rest = batch.filter(isMessage);
  const attempt: Attempt = rest.length === 0 ? { kind: 'done', outcomes: [] } : await send(rest);
  if (attempt.kind !== 'done' || rest.length === batch.length) return attempt; // all of it has one answer
  let next = 0;
  return {
    kind: 'done',
    outcomes: batch.map((one) => (isMessage(one) ? outcomeAt(attempt.outcomes, next++) : one)),
  };
}

const isMessage = (one: OutboxMessage | Outcome): one is OutboxMessage => !('status' in one);
