/** Runs and deliveries together: what a destination ends up believing. */
import { afterEach, describe, expect, it } from 'vitest';
import { CRM, Shop, order } from './shop.js';

let shop: Shop;
afterEach(async () => shop.dispose());

const DAY1 = '2025-01-03T00:00:00Z';
const DAY2 = '2025-01-04T00:00:00Z';

const THRIFTY = {
  definition: { event: 'Order Completed', sum: { property: 'revenue', less_than: 100 } },
  destinations: ['crm'],
};

async function started(model: object = THRIFTY): Promise<void> {
  shop = await Shop.create({ thrifty: model });
  await shop.write('destinations/crm.json', CRM);
}

const sync = async (): Promise<void> => expect(await shop.sync()).toMatchObject({ exit: 0 });

/** What a receiver that drops repeated message ids took, as `user value`. */
async function received(): Promise<readonly string[]> {
  const seen = new Map((await shop.sent()).map((m) => [m.messageId, m]));
  return [...seen.values()]
    .filter(({ type }) => type === 'identify')
    .map(({ userId, traits }) => `${userId} ${String(traits['thrifty'])}`);
}

const ids = async (): Promise<readonly unknown[]> =>
  (await shop.query('select message_id from rollcall.outbox')).map((row) => row['message_id']);

describe('one as_of, computed again over late data that flips a member out and back in', () => {
  const flips = [50, 100, -100, 100] as const;

  it.each([
    ['after each run', true],
    ['after the last', false],
  ])('is told each time, delivered %s', async (_, eachTime) => {
    await started();
    for (const [i, revenue] of flips.entries()) {
      await shop.land(order(`o${i}`, 'ann', '2025-01-01T10:00:00Z', revenue));
      await shop.run(DAY1);
      if (eachTime) await sync();
    }
    await sync();
    expect(await received()).toEqual(['ann true', 'ann false', 'ann true', 'ann false']);
    expect(new Set(await ids()).size).toBe(8);
    expect(await shop.query('select value from rollcall.sent')).toEqual([{ value: 'false' }]);
    // Nothing moved: nothing is queued, and nothing goes out.
    await shop.run(DAY1);
    await sync();
    expect(await received()).toHaveLength(4);
  });

  it('gives the same ids in another warehouse', async () => {
    const found: (readonly unknown[])[] = [];
    for (let n = 0; n < 2; n++) {
      await started();
      for (const [i, revenue] of flips.entries()) {
        await shop.land(order(`o${i}`, 'ann', '2025-01-01T10:00:00Z', revenue));
        await shop.run(DAY1);
      }
      found.push([...(await ids())].sort());
      if (n === 0) await shop.dispose();
    }
    expect(found[1]).toEqual(found[0]);
  });
});

describe('a destination connected later', () => {
  const connected = async (history: boolean | string): Promise<readonly unknown[]> => {
    await started({ ...THRIFTY, history, destinations: [] });
    // Before the first run, and after it: only the latter counts for `history: false`.
    await shop.land(
      order('o1', 'ann', '2025-01-01T10:00:00Z', 50),
      order('o2', 'bob', '2025-01-03T10:00:00Z', 50),
    );
    await shop.run(DAY1);
    await shop.run(DAY2);
    await shop.model('thrifty', { ...THRIFTY, history });
    await shop.run(DAY2);
    const rows = await shop.query(
      "select identifier from rollcall.outbox where message_type = 'identify' order by 1",
    );
    return rows.map((row) => row['identifier']);
  };

  it.each([
    [true, ['ann', 'bob']],
    ['90 days', ['ann', 'bob']],
    [false, []],
  ] as const)('with history: %j', async (history, told) => {
    expect(await connected(history)).toEqual(told);
  });
});
