/** Messages that are too large by themselves: told of with their receivers, and no reason to hold back the others. */
import { sizeOf, type Attempt, type Outcome, type OutboxMessage } from '../destination.js';
import { sendRest } from '../outcomes.js';

/**
 * Sends those of a batch that are not too large, and answers for all: the others are rejected.
 *
 * @param most UTF-8 bytes of a message
 * @param added bytes that each message gets on its way
 * @param send makes one attempt of some messages
 */
export function sendFitting(
  batch: readonly OutboxMessage[],
  most: number,
  added: number,
  send: (fitting: readonly OutboxMessage[]) => Promise<Attempt>,
): Promise<Attempt> {
  if (batch.every((message) => sizeOf(message) + added <= most)) return send(batch);
  const fittingOrRefused = batch.map((message) => {
    const size = sizeOf(message) + added;
    return size <= most ? message : tooLarge(message, size, most);
  });
  return sendRest(fittingOrRefused, send);
}

/** The outcome of a message of more UTF-8 bytes than are taken. */
export function tooLarge(
  { identifierType, identifier, definition }: OutboxMessage,
  size: number,
  most: number,
): Outcome {
  const who = `${identifierType} ${JSON.stringify(identifier)}`;
  return {
    status: 'rejected',
    error: `the message of ${definition} for ${who} has ${size} bytes, more than the ${most} that are taken`,
  };
}
