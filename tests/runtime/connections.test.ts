/** Connections over time: what a destination was told against what it should know. */
import { afterEach, describe, expect, it } from 'vitest';
import { pausedWays } from '../../models/definition.js';
import type { RunOptions } from '../../runtime/index.js';
import { BUYERS, CRM, NOW, REVENUE, SPENDERS, Shop, order, toldOf } from './shop.js';

let shop: Shop;
afterEach(async () => shop.dispose());

const day = (n: number): string => `2025-01-${String(n).padStart(2, '0')}T00:00:00Z`;

/** A buyer a day, from the first on: the nth is in as of day n + 1. */
const buy = (n: number, user: string, revenue = 10): ReturnType<typeof order> =>
  order(`${user}${n}`, user, `2025-01-${String(n).padStart(2, '0')}T12:00:00Z`, revenue);

const IDENTIFY = { ...CRM, send: ['identify'] };

async function sync(now = NOW): Promise<readonly string[]> {
  const { project } = await shop.options();
  const { destinations } = await shop.sync({ now: () => now, paused: pausedWays(project) });
  return destinations.map(({ status, delivered, waiting }) => `${status} ${delivered} ${waiting}`);
}

/** What it was told, in order: `user key value`. */
const told = async (): Promise<readonly string[]> => (await shop.sent()).map(toldOf);

/** What it believes of whom by then: of each the last. */
async function known(): Promise<readonly string[]> {
  const last = new Map((await told()).map((line) => [line.split(' ').slice(0, 2).join(' '), line]));
  return [...last.values()].filter((line) => !line.endsWith('false')).sort();
}

const run = async (n: number, more: Partial<RunOptions> = {}): Promise<void> => {
  expect(await shop.run(day(n), more)).toMatchObject({ exit: 0 });
};

async function started(models: Readonly<Record<string, unknown>>, crm: object = IDENTIFY): Promise<void> {
  shop = await Shop.create(models);
  await shop.write('destinations/crm.json', crm);
  await shop.land(buy(1, 'ann'), buy(2, 'bob'));
}

const to = (...destinations: readonly unknown[]): object => ({ ...BUYERS, destinations });

describe('a way to a destination', () => {
  it('that is paused keeps what waits, and catches up with the difference; removed and back likewise', async () => {
    await started({ buyers: to('crm'), spenders: { ...SPENDERS, destinations: ['crm'] } });
    await run(2);
    // The message to ann waits when the way is paused.
    await shop.model('buyers', to({ to: 'crm', enabled: false }));
    expect(await sync()).toEqual(['succeeded 0 0']);
    await shop.land(buy(3, 'bob', 200));
    await run(4);
    expect(await sync()).toEqual(['succeeded 1 0']);
    expect(await told()).toEqual(['bob spenders true']);
    // Nobody is told of cid, who came and went meanwhile.
    await shop.land(buy(4, 'cid'));
    await run(5);
    await shop.sql(`delete from raw.messages where user_id = 'cid'`);
    await run(6, { fullRefresh: [] });
    await shop.model('buyers', to('crm'));
    await run(7);
    expect(await sync()).toEqual(['succeeded 2 0']);
    expect(await told()).toEqual(['bob spenders true', 'ann buyers true', 'bob buyers true']);
    await shop.model('buyers', to());
    await shop.land(buy(7, 'dan'));
    await run(8);
    await shop.sql(`delete from raw.messages where user_id = 'ann'`);
    await shop.model('buyers', to('crm'));
    await run(9, { fullRefresh: [] });
    await sync();
    expect((await told()).slice(3).sort()).toEqual(['ann buyers false', 'dan buyers true']);
    expect(await known()).toEqual(['bob buyers true', 'bob spenders true', 'dan buyers true']);
  });

  it('of a definition that is disabled says nothing, and the difference afterwards', async () => {
    await started({ buyers: to('crm') });
    await run(2);
    await shop.model('buyers', { ...to('crm'), enabled: false });
    await run(3);
    await sync();
    expect(await told()).toEqual(['ann buyers true']);
    await shop.model('buyers', to('crm'));
    await run(3);
    await sync();
    expect(await known()).toEqual(['ann buyers true', 'bob buyers true']);
  });
});

describe('a destination', () => {
  it('without a past is told of what changes after it was connected alone', async () => {
    await started(
      { buyers: to('crm'), revenue: { ...REVENUE, destinations: ['crm'] } },
      { ...IDENTIFY, backfill: false },
    );
    await run(3);
    expect(await sync()).toEqual(['succeeded 0 0']);
    await shop.land(buy(3, 'bob'), buy(3, 'cid'));
    await run(4);
    await sync();
    expect([...(await told())].sort()).toEqual(['bob revenue 20', 'cid buyers true', 'cid revenue 10']);
    // One connected to what was there already.
    await shop.model('spenders', SPENDERS);
    await shop.land(buy(4, 'dan', 500));
    await run(5);
    await shop.model('spenders', { ...SPENDERS, destinations: ['crm'] });
    await shop.land(buy(5, 'eve', 500));
    await run(6);
    await shop.sql(`delete from raw.messages where user_id = 'dan'`);
    await run(7, { fullRefresh: [] });
    await sync();
    expect((await told()).filter((line) => line.includes('spenders')).sort()).toEqual([
      'dan spenders false',
      'eve spenders true',
    ]);
  });

  it('that takes messages every so often waits in between', async () => {
    await started({ buyers: to('crm') }, { ...IDENTIFY, every: '6 hours' });
    await run(2);
    expect(await sync('2025-01-10T00:00:00Z')).toEqual(['succeeded 1 0']);
    await run(3);
    expect(await sync('2025-01-10T05:59:59Z')).toEqual(['not_due 0 1']);
    expect(await told()).toHaveLength(1);
    expect(await sync('2025-01-10T06:00:00Z')).toEqual(['succeeded 1 0']);
    expect(await known()).toEqual(['ann buyers true', 'bob buyers true']);
  });

  it('is told again what is true, as new messages after those that wait', async () => {
    await started({ buyers: to('crm'), revenue: { ...REVENUE, destinations: ['crm'] } });
    await run(2);
    await sync();
    await run(3);
    await run(3, { resend: 'crm', select: ['buyers'] });
    await run(3, { resend: 'crm', select: ['buyers'] });
    await sync();
    const all = await told();
    expect(all.filter((line) => line === 'ann buyers true')).toHaveLength(3);
    expect(all.filter((line) => line === 'bob buyers true')).toHaveLength(3);
    expect(all.filter((line) => line.includes('revenue'))).toHaveLength(2);
    const ids = await shop.query(
      'select count(distinct message_id) as ids, count(*) as n from rollcall.outbox',
    );
    expect(ids).toEqual([{ ids: '8', n: '8' }]);
    // And nothing more afterwards.
    await run(4);
    expect(await sync()).toEqual(['succeeded 0 0']);
  });
});

describe('a project that computes only what goes somewhere', () => {
  it('says so of the others, and computes what these read', async () => {
    await started({
      buyers: BUYERS,
      fans: { definition: { audience: 'buyers' }, destinations: ['crm'] },
      spenders: SPENDERS,
    });
    await shop.configure({ compute_unconnected: false });
    const { definitions } = await shop.run(day(3));
    expect(Object.fromEntries(definitions.map(({ key, status }) => [key, status]))).toEqual({
      buyers: 'succeeded',
      fans: 'succeeded',
      spenders: 'not_computing',
    });
    const statuses = await shop.query('select key, status from rollcall.definitions order by key');
    expect(statuses.map(({ status }) => status)).toEqual(['live', 'live', 'not_computing']);
    await shop.model('spenders', { ...SPENDERS, destinations: ['crm'] });
    await shop.land(buy(3, 'cid', 500));
    await run(4);
    expect(await shop.members('spenders')).toEqual(['cid']);
  });
});
