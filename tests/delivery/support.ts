import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Destination, OpenContext, OutboxMessage } from '../../delivery/destination.js';
import { batches, Sender, type BatchResult } from '../../delivery/send.js';
import type { Destination as DestinationDefinition } from '../../models/definition.js';

export const AT = '2025-03-01T12:00:00.000Z';

/** A clock that stands still. */
export const now = (): string => AT;

export const FAST = { minMs: 1, maxMs: 5 };

/** Of what nobody stops. */
export const never = new AbortController().signal;

/** A destination as the loader makes it. */
export function destination(
  type: string,
  settings: Record<string, unknown>,
  over: Partial<DestinationDefinition> = {},
): DestinationDefinition {
  return {
    key: 'crm',
    name: 'crm',
    type,
    enabled: true,
    settings,
    send: ['identify', 'track'],
    events: {
      audience_entered: 'Audience Entered',
      audience_exited: 'Audience Exited',
      trait_computed: 'Trait Computed',
      entity_entered: 'Entity Entered',
      entity_exited: 'Entity Exited',
    },
    identifiers: 'all',
    file: 'destinations/crm.json',
    ...over,
  };
}

export function context(definition: DestinationDefinition, projectDir = '/nowhere'): OpenContext {
  return { definition, projectDir, now };
}

/** Message `m1` of user `u1`, and so on. */
export function message(n: number, over: Partial<OutboxMessage> = {}): OutboxMessage {
  return {
    messageId: `m${n}`,
    definition: 'buyers',
    runNo: 1,
    type: 'identify',
    identifierType: 'user_id',
    identifier: `u${n}`,
    payload: JSON.stringify({ messageId: `m${n}`, userId: `u${n}`, traits: { buyers: true } }),
    ...over,
  };
}

export const messages = (count: number): OutboxMessage[] =>
  Array.from({ length: count }, (_, i) => message(i + 1));

/** Sends by an open destination, batch by batch as a sync does. */
export async function sendAll(target: Destination, all: readonly OutboxMessage[]): Promise<BatchResult[]> {
  const sender = new Sender(target, never, FAST);
  const results: BatchResult[] = [];
  for await (const batch of batches(pageOf(all), target.limits)) results.push(await sender.deliver(batch));
  return results;
}

async function* pageOf(all: readonly OutboxMessage[]): AsyncGenerator<readonly OutboxMessage[]> {
  yield await Promise.resolve(all);
}

/** A folder for one test, gone afterwards. */
export async function folder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'rollcall-delivery-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
