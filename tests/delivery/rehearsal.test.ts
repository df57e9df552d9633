/** `sync --dry-run`: says what a sync would send, and sends nothing. */
import { expect, test } from 'vitest';

import { rehearse, syncDestinations } from '../../delivery/index.js';
import { destination } from './support.js';
import { faultyServer } from './server.js';
import { syncOptions, testWarehouse } from './warehouse.js';

test('says what a sync then sends, how often it asks, and how long the rate makes it take', async () => {
  await using w = await testWarehouse();
  await using server = await faultyServer();
  await w.queue([
    ...[1, 2, 3, 4, 5].map((n) => ({ id: `m${n}`, user: `u${n}` })),
    { id: 'l1', definition: 'lapsed', user: 'u1' },
    { id: 'd1', destination: 'off', user: 'u1' },
  ]);
  const hook = { url: server.url, batch_size: 2, requests_per_second: 4 };
  const options = syncOptions(w, {
    destinations: [
      destination('webhook', hook, { hash: { userId: { as: 'text' } } }),
      destination('webhook', hook, { key: 'off', enabled: false }),
      destination('file', { path: 'x.jsonl' }, { key: 'idle' }),
    ],
  });
  const { destinations, diagnostics } = await rehearse(options);
  expect(diagnostics).toEqual([]);
  expect(destinations.map(({ messages, ...rest }) => [rest, messages.map((m) => m.messages)])).toEqual([
    [
      { key: 'crm', type: 'webhook', status: 'succeeded', where: server.url, waiting: 6, requests: 3, seconds: 0.5 },
      [5, 1],
    ],
    [{ key: 'off', type: 'webhook', status: 'disabled', where: null, waiting: 1, requests: 0, seconds: null }, [1]],
    [{ key: 'idle', type: 'file', status: 'succeeded', where: null, waiting: 0, requests: 0, seconds: null }, []],
  ]); // prettier-ignore
  expect(server.accepted).toEqual([]);
  expect(await w.rows('select 1 from rollcall.deliveries')).toEqual([]);

  const [crm] = destinations;
  const samples = crm?.messages.flatMap(({ sample }) => sample) as { messageId: string; userId: string }[];
  expect(samples.map(({ messageId }) => messageId)).toEqual(['m1', 'm2', 'm3', 'l1']);
  expect(samples.every(({ userId }) => /^[0-9a-f]{64}$/.test(userId))).toBe(true);
  await syncDestinations({ ...options, select: { destinations: new Set(['crm']) } });
  expect(server.accepted.toSorted()).toEqual(['l1', 'm1', 'm2', 'm3', 'm4', 'm5']);
  expect((await rehearse(options)).destinations[0]).toMatchObject({ waiting: 0, requests: 0 });
});
