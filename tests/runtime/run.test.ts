import { afterEach, describe, expect, it } from 'vitest';
import { BUYERS, REVENUE, SPENDERS, Shop, order } from './shop.js';

let shop: Shop;
afterEach(async () => shop.dispose());

describe('a run', () => {
  it('lands, computes and publishes', async () => {
    shop = await Shop.create({ buyers: BUYERS, spenders: SPENDERS, revenue: REVENUE });
    await shop.land(order('1', 'ann', '2025-01-01T10:00:00Z', 60), order('2', 'ann', '2025-01-02T10:00:00Z', 50), order('3', 'bob', '2025-01-02T11:00:00Z', 20));
    const result = await shop.run('2025-01-03T00:00:00Z');
    expect(result).toMatchObject({ status: 'succeeded', exit: 0 });
    expect(await shop.members('buyers')).toEqual(['ann', 'bob']);
    expect(await shop.members('spenders')).toEqual(['ann']);
  });
});
