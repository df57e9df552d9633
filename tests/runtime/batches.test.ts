/** Definitions that are computed by one statement, of what others staged before them. */
import { afterEach, expect, it } from 'vitest';
import { Shop } from './shop.js';

let shop: Shop;
afterEach(() => shop.dispose());

it('has each member once, where one of them reads the table they are put into', async () => {
  const event = 'Ordered';
  shop = await Shop.create({
    score: { kind: 'trait', definition: { event, count: {} } },
    vip: { definition: { event, count: { at_least: 2 } } },
    a: { definition: { trait: 'score', at_least: 1 } },
    b: { definition: { audience: 'vip' } },
  });
  const at = '2024-02-01T00:00:00Z';
  await shop.land(
    { id: '1', event, at, user: 'bob' },
    { id: '2', event, at, user: 'cyd' },
    { id: '3', event, at, user: 'cyd' },
  );
  await shop.run('2024-03-01T00:00:00Z');
  expect([await shop.members('a'), await shop.members('b')]).toEqual([['bob', 'cyd'], ['cyd']]);
});
