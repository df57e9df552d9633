import type { OutboxMessage } from '../../delivery/destination.js';
import { message } from '../delivery/support.js';

/** Messages of an audience, as a run queues them. */
function said(n: number, type: string, value: boolean, definition: string, payload: object): OutboxMessage {
  const personas = {
    computation_class: 'audience',
    computation_key: definition,
    computation_id: `aud_${definition}`,
    namespace: 'shop',
  };
  const { context = {}, ...rest } = payload as { context?: object };
  const all = {
    type,
    userId: `u${n}`,
    ...rest,
    messageId: `m${n}`,
    timestamp: '2025-03-01T00:00:00Z',
    context: { ...context, personas },
  };
  return message(n, { type, definition, value: String(value), payload: JSON.stringify(all) });
}

export const identify = (n: number, value: boolean, definition = 'buyers'): OutboxMessage =>
  said(n, 'identify', value, definition, { traits: { [definition]: value, email: `u${n}@example.com` } });

export const track = (n: number, value: boolean, definition = 'buyers'): OutboxMessage =>
  said(n, 'track', value, definition, {
    event: value ? 'Audience Entered' : 'Audience Exited',
    properties: { audience_key: definition, [definition]: value },
    context: { traits: { email: `u${n}@example.com` } },
  });
