/** Guards: what moves too far is not published until someone accepts it, and nothing else waits for it. */
import { afterEach, describe, expect, it } from 'vitest';
import type { RunResult } from '../../runtime/index.js';
import { exceeds } from '../../runtime/guard.js';
import { BUYERS, CRM, REVENUE, Shop, order } from './shop.js';

let shop: Shop;
afterEach(async () => shop.dispose());

const day = (n: number): string => `2025-01-0${n + 2}T00:00:00Z`;

const WITHIN = {
  guard: { max_change_percent: 30 },
  destinations: ['crm'],
  definition: { event: 'Order Completed', within: '1 day' },
};

const MODELS = {
  fresh: WITHIN,
  of_fresh: { definition: { not: { audience: 'fresh' } } },
  buyers: BUYERS,
};

/** Four who ordered on the first day; one of them again on the second. */
async function started(models: Readonly<Record<string, unknown>> = MODELS): Promise<Shop> {
  const made = await Shop.create(models);
  await made.write('destinations/crm.json', CRM);
  await made.land(
    ...['ann', 'bob', 'cid', 'dan'].map((user, i) => order(`a${i}`, user, '2025-01-02T12:00:00Z', 10)),
    order('b1', 'ann', '2025-01-03T12:00:00Z', 10),
  );
  return made;
}

const told = (result: RunResult): Record<string, string> =>
  Object.fromEntries(result.definitions.map(({ key, status }) => [key, status]));

const messages = async (): Promise<number> => (await shop.query('select 1 from rollcall.outbox')).length;

describe('a definition that moves too far', () => {
  it('keeps what was published and stops what reads it alone, until it is accepted', async () => {
    shop = await started();
    // The first run of a definition is free.
    expect(await shop.run(day(1))).toMatchObject({ exit: 0 });
    const before = await messages();
    const held = await shop.run(day(2));
    expect(held).toMatchObject({ status: 'partial', exit: 1 });
    expect(told(held)).toEqual({ fresh: 'held', of_fresh: 'upstream_failed', buyers: 'succeeded' });
    expect(held.definitions.find(({ key }) => key === 'fresh')).toMatchObject({
      size: null,
      guard: { before: 4, after: 1, change_percent: 75, max_change_percent: 30 },
      error: {
        code: 'guard-stopped',
        message:
          'fresh keeps its 4 members: this run came to 1 (75 % fewer), and its guard stops changes of more than 30 %',
      },
    });
    expect(held.definitions.find(({ key }) => key === 'of_fresh')?.error?.message).toBe(
      'of_fresh was not published: fresh, which it refers to, is held by its guard',
    );
    expect(await shop.members('fresh')).toEqual(['ann', 'bob', 'cid', 'dan']);
    expect(await shop.members('of_fresh')).toEqual([]);
    expect(await messages()).toBe(before);
    const statuses = await shop.query(`select key, status from rollcall.definitions order by key`);
    expect(statuses).toEqual([
      { key: 'buyers', status: 'live' },
      { key: 'fresh', status: 'failed' },
      { key: 'of_fresh', status: 'not_computing' },
    ]);
    // Held again, and by a name that is another's.
    expect(told(await shop.run(day(2), { accept: ['buyers'] }))).toMatchObject({ fresh: 'held' });
    expect(await shop.run(day(2), { accept: ['fresh'] })).toMatchObject({ exit: 0 });
    expect(await shop.members('fresh')).toEqual(['ann']);
    expect(await shop.members('of_fresh')).toEqual(['bob', 'cid', 'dan']);
    expect(await messages()).toBe(before + 6);
    // From 1 to none is as much; accepting without a name is accepting all.
    expect(told(await shop.run(day(3)))).toMatchObject({ fresh: 'held' });
    expect(await shop.run(day(3), { accept: [] })).toMatchObject({ exit: 0 });
    // Where it was empty there is no percentage.
    await shop.land(order('c1', 'eve', '2025-01-05T12:00:00Z', 10));
    expect(await shop.run(day(4))).toMatchObject({ exit: 0 });
    expect(await shop.members('fresh')).toEqual(['eve']);
  });

  it('goes on by itself once it is within bounds again', async () => {
    shop = await started();
    await shop.run(day(1));
    await shop.run(day(2));
    await shop.land(...['bob', 'cid'].map((user, i) => order(`d${i}`, user, '2025-01-03T12:00:00Z', 10)));
    expect(await shop.run(day(2))).toMatchObject({ exit: 0 });
    expect(await shop.members('fresh')).toEqual(['ann', 'bob', 'cid']);
    expect(await shop.members('of_fresh')).toEqual(['dan']);
  });

  it('is held after an edit, and in a run that computes in full', async () => {
    shop = await started();
    await shop.run(day(1));
    const edited = { ...WITHIN, definition: { event: 'Order Completed', within: '1 hour' } };
    await shop.model('fresh', edited);
    expect(told(await shop.run(day(1), { fullRefresh: [] }))).toMatchObject({ fresh: 'held' });
    expect(told(await shop.run(day(1), { reconcile: true }))).toMatchObject({ fresh: 'held' });
    expect(await shop.members('fresh')).toHaveLength(4);
  });

  it('counts the values of a trait, and a size the guard does not look at is free', async () => {
    const spent = { ...REVENUE, guard: { max_change_percent: 100 } };
    const small = { ...WITHIN, guard: { max_change_percent: 30, min_size: 5 } };
    shop = await started({ spent, small, own: { ...BUYERS, guard: false } });
    await shop.configure({ guard: { max_change_percent: 10 } });
    await shop.run(day(1));
    await shop.land(
      ...['eve', 'fay', 'gus', 'hal', 'ida'].map((user, i) =>
        order(`e${i}`, user, '2025-01-03T12:00:00Z', 10),
      ),
    );
    const result = await shop.run(day(2));
    expect(told(result)).toEqual({ spent: 'held', small: 'held', own: 'succeeded' });
    expect(result.definitions.find(({ key }) => key === 'spent')?.error?.message).toBe(
      'spent keeps its 4 values: this run came to 9 (125 % more), and its guard stops changes of more than 100 %',
    );
    expect(await shop.query('select count(*)::int as n from rollcall.trait_values')).toEqual([{ n: '4' }]);
    await shop.run(day(2), { accept: [] });
    expect(told(await shop.run(day(3), { accept: ['spent'] }))).toMatchObject({ small: 'held' });
  });

  it('holds a journey with its steps', async () => {
    const journey = {
      kind: 'journey',
      guard: { max_change_percent: 30 },
      definition: {
        entry: { event: 'Order Completed' },
        exit: { not: { event: 'Order Completed', within: '1 day' } },
        steps: [{ key: 'came', when: { event: 'Order Completed' } }],
      },
    };
    shop = await started({ trip: journey });
    await shop.run(day(1));
    expect(told(await shop.run(day(2)))).toEqual({ trip: 'held', trip_came: 'held' });
    expect(await shop.members('trip_came')).toHaveLength(4);
    expect(await shop.run(day(2), { accept: ['trip'] })).toMatchObject({ exit: 0 });
    expect(await shop.members('trip_came')).toEqual(['ann']);
  });
});

describe('what a guard allows', () => {
  it.each([
    [30, undefined, 100, 130, false],
    [30, undefined, 100, 131, true],
    [30, undefined, 100, 70, false],
    [30, undefined, 100, 69, true],
    [0.5, undefined, 1000, 1005, false],
    [0.5, undefined, 1000, 1006, true],
    [30, undefined, 0, 5, false],
    [30, 5, 0, 5, true],
    [30, 5, 4, 1, false],
    [30, 5, 4, 5, false],
    [30, 5, 4, 50, true],
    [30, 5, 50, 1, true],
    [100, undefined, 50, 0, false],
  ])('%j', (maxChangePercent, minSize, before, after, stopped) => {
    const guard = { maxChangePercent, ...(minSize !== undefined && { minSize }) };
    expect(exceeds(guard, before, after)).toBe(stopped);
  });
});
