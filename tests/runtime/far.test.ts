/** Timestamps that make no sense: none, out of every calendar, far ahead. */
import { afterEach, expect, it } from 'vitest';
import { order, Shop } from './shop.js';

let shop: Shop;
afterEach(() => shop.dispose());

it('rows without a usable timestamp are left out and told; those of the future count when their time has come', async () => {
  shop = await Shop.create({
    buyers: { definition: { event: 'Order Completed' } },
    recent: { definition: { event: 'Order Completed', within: '30 days' } },
  });
  await shop.land(
    order('1', 'ann', '2025-01-01T12:00:00Z', 1),
    { ...order('2', 'bob', '2025-01-01T12:00:00Z', 1), at: null, received: '2025-01-01T12:00:00Z' },
    { ...order('3', 'cid', '9999-12-31T23:59:59Z', 1), received: '2025-01-01T12:00:00Z' },
    { ...order('4', 'dee', '2025-01-05T12:00:00Z', 1), received: '2025-01-01T12:00:00Z' },
    order('5', 'eve', '9999-12-31T23:59:59Z', 1),
  );
  await shop.sql(
    "insert into raw.messages select '6', type, event, name, timestamp 'infinity', received_at, 'fay', anonymous_id, group_id, properties, traits, context from raw.messages where message_id = '1'",
    "insert into raw.messages select '7', type, event, name, timestamp '0044-03-15 (BC) 00:00:00', received_at, 'gus', anonymous_id, group_id, properties, traits, context from raw.messages where message_id = '1'",
    "insert into raw.messages select '8', type, event, name, timestamp, timestamp 'infinity', 'hal', anonymous_id, group_id, properties, traits, context from raw.messages where message_id = '1'",
  );
  const first = await shop.run('2025-01-03T00:00:00Z');
  expect(first.diagnostics).toMatchObject([
    { code: 'null-timestamps', message: 'source "raw": 1 row without a timestamp left out' },
  ]);
  expect([await shop.members('buyers'), await shop.members('recent')]).toEqual([
    ['ann', 'gus', 'hal'],
    ['ann', 'hal'],
  ]);
  // A row that says it was received at the end of time hides none that comes later.
  const [landing] = await shop.query('select cast(watermark as text) w from rollcall.landing');
  expect(landing).toEqual({ w: '2025-06-01 00:00:00' });
  const second = await shop.run('2025-01-06T00:00:00Z');
  expect(second.definitions.map(({ mode }) => mode)).toEqual(['incremental', 'incremental']);
  expect([await shop.members('buyers'), await shop.members('recent')]).toEqual([
    ['ann', 'dee', 'gus', 'hal'],
    ['ann', 'dee', 'hal'],
  ]);
  await shop.land({ ...order('9', 'ida', '2025-01-06T12:00:00Z', 1), received: '2025-05-31T00:00:00Z' });
  expect((await shop.run('2025-01-07T00:00:00Z')).diagnostics).toEqual([]);
  expect(await shop.members('recent')).toEqual(['ann', 'dee', 'hal', 'ida']);
});
