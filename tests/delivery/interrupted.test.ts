/** A sync that is stopped in mid-page: what went out is recorded, and nothing else. */
import { expect, test } from 'vitest';

import { AT, destination } from './support.js';
import { faultyServer, silent } from './server.js';
import { sync, testWarehouse, type TestWarehouse } from './warehouse.js';

const hook = (url: string) => destination('webhook', { url, batch_size: 2, retries: 1 });
const deliveries = (w: TestWarehouse) => w.rows('SELECT message_id FROM rollcall.deliveries ORDER BY ALL');
const ids = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => `m${from + i}`);
const some = (from: number, to: number) => ids(from, to).map((id) => ({ id }));

test('aborting keeps what was delivered and sends the rest later', async () => {
  await using w = await testWarehouse();
  const abort = new AbortController();
  await using server = await faultyServer((n) => {
    if (n !== 2) return undefined;
    setTimeout(() => abort.abort(new Error('interrupted')), 30);
    return silent;
  });
  await w.queue(some(1, 6));
  const result = await sync(w, { destinations: [hook(server.url)], signal: abort.signal });
  expect(result).toMatchObject({ status: 'cancelled', exit: 1 });
  expect((await deliveries(w)).map((r) => r['message_id'])).toEqual(['m1', 'm2']);
  await sync(w, { destinations: [hook(server.url)] });
  expect(server.accepted).toEqual(ids(1, 6));
});

test('what is written down while a page goes out is what went out of it', async () => {
  await using w = await testWarehouse();
  const abort = new AbortController();
  await using server = await faultyServer((n) => {
    if (n !== 4) return undefined;
    setTimeout(() => abort.abort(new Error('interrupted')), 30);
    return silent;
  });
  // It is time to write down when two batches went out.
  const slow = () => new Date(Date.parse(AT) + (server.accepted.length < 4 ? 0 : 60_000)).toISOString();
  await w.queue(some(1, 9));
  const result = await sync(w, { destinations: [hook(server.url)], signal: abort.signal, now: slow });
  expect(result).toMatchObject({ status: 'cancelled', exit: 1 });
  expect((await deliveries(w)).map((r) => r['message_id'])).toEqual(ids(1, 6));
  await sync(w, { destinations: [hook(server.url)] });
  expect(server.accepted).toEqual(ids(1, 9));
});
