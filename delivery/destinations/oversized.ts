/** Messages that are too large by themselves: told of with their receivers, and no reason to hold back the others. */
import type { Attempt, Outcome, OutboxMessage } from '../destination.js';

/**
 * Sends those of a batch that are not too large, and answers for all: the others are rejected.
 *
 * @param most UTF-8 bytes of a message
 * @param added bytes that each message gets on its way
 * @param send makes one attempt of some messages
 */
export async function together(
  batch: readonly OutboxMessage[],
  most: number,
  added: number,
  send: (fitting: readonly OutboxMessage[]) => Promise<Attempt>,
): Promise<Attempt> {
  const sizes = batch.map(({ payload }) => Buffer.byteLength(payload) + added);
  const fits = sizes.map((size) => size <= most);
  if (fits.every(Boolean)) return send(batch);
  const fitting = batch.filter((_, i) => fits[i]);
  const attempt: Attempt = fitting.length === 0 ? { kind: 'done', outcomes: [] } : await send(fitting);
  if (attempt.kind !== 'done') return attempt; // all of it comes again
  let next = 0;
  const outcomeOf = (i: number): Outcome => {
    if (!fits[i]) return refusal(batch[i], sizes[i] ?? 0, most);
    const { outcomes } = attempt;
    if (!isList(outcomes)) return outcomes;
    return outcomes[next++] ?? { status: 'failed', error: 'the destination gave no outcome' };
  };
  return { kind: 'done', outcomes: batch.map((_, i) => outcomeOf(i)) };
}

function refusal(message: OutboxMessage | undefined, size: number, most: number): Outcome {
  const { identifierType = '', identifier = '', definition = '' } = message ?? {};
  const who = `${identifierType} ${JSON.stringify(identifier)}`;
  return {
    status: 'rejected',
    error: `the message of ${definition} for ${who} has ${size} bytes, more than the ${most} that are taken`,
  };
}

const isList = (outcomes: Outcome | readonly Outcome[]): outcomes is readonly Outcome[] =>
  Array.isArray(outcomes);
