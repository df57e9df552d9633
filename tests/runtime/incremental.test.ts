/** Computing for affected profiles: when it is done, when it cannot be, and that what it leaves is what a whole run leaves. */
import { afterEach, describe, expect, it } from 'vitest';
import { Shop, type Message } from './shop.js';

const [DAY1, DAY2, DAY3] = ['2025-01-03T00:00:00Z', '2025-01-04T00:00:00Z', '2025-01-05T00:00:00Z'];

const order = (id: string, user: string, at: string, revenue = 10): Message => ({
  id,
  event: 'Order Completed',
  at,
  user,
  properties: { revenue },
});
const identify = (id: string, user: string, at: string, traits: unknown): Message => ({
  id,
  type: 'identify',
  at,
  user,
  traits,
});

const RECENT = { definition: { event: 'Order Completed', within: '1 day' } };
const NEVER = { definition: { not: { event: 'Order Completed' } } };
const PAYING = { definition: { trait: 'plan', equals: 'paid' } };
const BOTH = { definition: { all: [{ audience: 'recent' }, { audience: 'paying' }] } };
const TOP = {
  definition: { rank: { by: { event: 'Order Completed', sum: { property: 'revenue' } }, top: 1 } },
};

let shop: Shop;
afterEach(() => shop.dispose());

async function started(models: Readonly<Record<string, unknown>>): Promise<void> {
  shop = await Shop.create(models);
  await shop.land(
    order('1', 'ann', '2025-01-02T12:00:00Z'),
    order('2', 'bob', '2025-01-01T12:00:00Z'),
    identify('3', 'cid', '2025-01-01T00:00:00Z', { plan: 'paid' }),
    identify('4', 'ann', '2025-01-01T00:00:00Z', { plan: 'free' }),
  );
}

/** By definition, how it was computed. */
async function modes(asOf: string, select?: readonly string[]): Promise<Record<string, unknown>> {
  const { definitions, exit } = await shop.run(asOf, select ? { select } : {});
  expect(exit).toBe(0);
  return Object.fromEntries(definitions.map(({ key, mode }) => [key, mode]));
}

const members = async (...keys: readonly string[]): Promise<Record<string, string[]>> =>
  Object.fromEntries(await Promise.all(keys.map(async (key) => [key, await shop.members(key)] as const)));

describe('a definition is computed for affected profiles only', () => {
  it('from its second run on', async () => {
    await started({ recent: RECENT, never: NEVER, paying: PAYING, both: BOTH });
    const all = { recent: 'full', never: 'full', paying: 'full', both: 'full' };
    expect(await modes(DAY1)).toEqual(all);
    expect(await members('recent', 'never', 'paying', 'both')).toEqual({
      recent: ['ann'],
      never: ['cid'],
      paying: ['cid'],
      both: [],
    });
    await shop.land(
      order('5', 'cid', '2025-01-03T12:00:00Z'),
      identify('6', 'dee', '2025-01-03T13:00:00Z', { plan: 'paid' }),
    );
    const some = { recent: 'incremental', never: 'incremental', paying: 'incremental', both: 'incremental' };
    expect(await modes(DAY2)).toEqual(some);
    expect(await members('recent', 'never', 'paying', 'both')).toEqual({
      recent: ['cid'],
      never: ['dee'],
      paying: ['cid', 'dee'],
      both: ['cid'],
    });
    expect(await modes(DAY3)).toEqual(some);
    expect(await members('recent', 'both')).toEqual({ recent: [], both: [] });
    const [size] = await shop.query(
      "select size, entered, exited from rollcall.snapshots where definition_key = 'paying' order by as_of desc limit 1",
    );
    expect(size).toEqual({ size: '2', entered: '0', exited: '0' });
  });

  it('of what it was not computed for, after runs of others alone', async () => {
    await started({ recent: RECENT, paying: PAYING, both: BOTH });
    await modes(DAY1);
    await shop.land(
      order('5', 'cid', '2025-01-03T12:00:00Z'),
      identify('6', 'dee', '2025-01-03T13:00:00Z', { plan: 'paid' }),
    );
    expect(await modes(DAY2, ['recent'])).toEqual({ recent: 'incremental' });
    await shop.land(order('7', 'dee', '2025-01-03T14:00:00Z'));
    expect(await modes(DAY2)).toEqual({ recent: 'incremental', paying: 'incremental', both: 'full' });
    expect(await members('recent', 'paying', 'both')).toEqual({
      recent: ['cid', 'dee'],
      paying: ['cid', 'dee'],
      both: ['cid', 'dee'],
    });
  });

  it('also where an anonymous profile becomes part of another', async () => {
    await started({ recent: { ...RECENT, include_anonymous: true }, never: NEVER });
    await shop.land({ id: '5', event: 'Order Completed', at: '2025-01-02T13:00:00Z', anonymous: 'x' });
    await modes(DAY1);
    expect(await members('recent', 'never')).toEqual({ recent: ['ann', 'x'], never: ['cid'] });
    await shop.land({ ...identify('6', 'cid', '2025-01-02T14:00:00Z', {}), anonymous: 'x', received: DAY1 });
    expect(await modes('2025-01-03T06:00:00Z')).toEqual({ recent: 'incremental', never: 'incremental' });
    expect(await members('recent', 'never')).toEqual({ recent: ['ann', 'cid'], never: [] });
  });
});

describe('a definition is computed whole', () => {
  it('when it is edited, or what it reads means something else, and only then', async () => {
    await started({ recent: RECENT, paying: PAYING });
    await modes(DAY1);
    await shop.model('recent', { definition: { event: 'Order Completed', within: '2 days' } });
    expect(await modes(DAY2)).toEqual({ recent: 'full', paying: 'incremental' });
    expect(await members('recent')).toEqual({ recent: ['ann'] });
    // A computed trait takes the place of the custom one, though the audience's file is as it was.
    await shop.model('plan', { kind: 'trait', definition: { event: 'Order Completed', count: {} } });
    expect(await modes(DAY3)).toMatchObject({ paying: 'full' });
    expect(await members('paying')).toEqual({ paying: [] });
  });

  it('when profiles are compared with each other', async () => {
    await started({ top: TOP });
    await modes(DAY1);
    const { definitions } = await shop.run(DAY2);
    expect(definitions).toMatchObject([{ mode: 'full', reason: 'ranks profiles among each other' }]);
  });

  it('when a source is read anew, and for an earlier instant', async () => {
    await started({ recent: RECENT });
    await modes(DAY2);
    expect(await members('recent')).toEqual({ recent: [] });
    const anew = await shop.run(DAY3, { reconcile: true });
    const reason = 'facts of a source were made anew in this run';
    expect(anew.definitions).toMatchObject([{ mode: 'full', reason }]);
    const behind = await shop.run(DAY1, { asOfBehind: true });
    expect(behind.definitions).toMatchObject([
      { mode: 'full', reason: 'it was computed for a later instant' },
    ]);
    expect(await members('recent')).toEqual({ recent: ['ann'] });
  });
});
