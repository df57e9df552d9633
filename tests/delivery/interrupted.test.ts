/** A sync that is stopped in mid-page: what went out is recorded, and nothing else. */
import { expect, test } from 'vitest';

import { AT, destination } from './support.js';
import { stoppingServer } from './server.js';
import { ids, some, sync, testWarehouse, type TestWarehouse } from './warehouse.js';

const hook = (url: string) => destination('webhook', { url, batch_size: 2, retries: 1 });
const deliveries = (w: TestWarehouse) => w.rows('SELECT message_id FROM rollcall.deliveries ORDER BY ALL');

test('aborting keeps what was delivered and sends the rest later', async () => {
  await using w = await testWarehouse();
  await using server = await stoppingServer(2);
  await w.queue(some(1, 6));
  const result = await sync(w, { destinations: [hook(server.url)], signal: server.signal });
  expect(result).toMatchObject({ status: 'cancelled', exit: 1 });
  expect((await deliveries(w)).map((r) => r['message_id'])).toEqual(['m1', 'm2']);
  await sync(w, { destinations: [hook(server.url)] });
  expect(server.accepted).toEqual(ids(1, 6));
});

test('what is written down while a page goes out is what went out of it', async () => {
  await using w = await testWarehouse();
  await using server = await stoppingServer(4);
  // It is time to write down when two batches went out.
  const slow = () => new Date(Date.parse(AT) + (server.accepted.length < 4 ? 0 : 60_000)).toISOString();
  await w.queue(some(1, 9));
  const result = await sync(w, { destinations: [hook(server.url)], signal: server.signal, now: slow });
  expect(result).toMatchObject({ status: 'cancelled', exit: 1 });
  expect((await deliveries(w)).map((r) => r['message_id'])).toEqual(ids(1, 6));
  await sync(w, { destinations: [hook(server.url)] });
  expect(server.accepted).toEqual(ids(1, 9));
});
