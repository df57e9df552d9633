/** What goes out about accounts, and what a warehouse keeps of them from run to run. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { forget, retire } from '../../runtime/index.js';
import { CRM, order, Shop, type Message } from './shop.js';

let shop: Shop;
beforeEach(async () => {
  shop = await Shop.create();
  await shop.write('destinations/crm.json', { ...CRM, send: undefined });
  await shop.land(
    joins('g1', 'ann', 'acme', { plan: 'pro' }),
    joins('g2', 'bob', 'acme'),
    joins('g3', 'ann', 'globex', { plan: 'free' }),
    order('o1', 'ann', '2025-01-01T10:00:00Z', 50),
    order('o2', 'bob', '2025-01-01T11:00:00Z', 50),
  );
});
afterEach(async () => shop.dispose());

const DAY1 = '2025-01-03T00:00:00Z';
const DAY2 = '2025-01-04T00:00:00Z';
const DAY3 = '2025-01-05T00:00:00Z';

const joins = (id: string, user: string, group: string, traits: object = {}, day = 1): Message => ({
  id,
  type: 'group',
  at: `2025-01-0${day}T09:00:00Z`,
  user,
  group,
  traits,
});

const PRO = { of: 'accounts', definition: { trait: 'plan', equals: 'pro' }, destinations: ['crm'] };
const ORDERS = {
  kind: 'trait',
  of: 'accounts',
  definition: { event: 'Order Completed', count: {} },
  destinations: ['crm'],
};

const queued = async (): Promise<readonly unknown[]> =>
  (
    await shop.query(
      `select r.as_of::date || ' ' || message_type || ' ' || identifier_type || ' ' || identifier || ' ' || value as m
       from rollcall.outbox join rollcall.runs r using (run_id) order by 1`,
    )
  ).map((row) => row['m']);

describe('an audience of accounts', () => {
  it('is told by a group call an account, unless its destination says otherwise', async () => {
    await shop.model('pro', PRO);
    await shop.run(DAY1);
    const [row] = await shop.query('select payload, profile_id from rollcall.outbox');
    expect(row?.['profile_id']).toBe('acme');
    expect(JSON.parse(String(row?.['payload']))).toEqual({
      type: 'group',
      groupId: 'acme',
      traits: { pro: true },
      messageId: expect.stringMatching(/^rc_[0-9a-f]{64}$/) as string,
      timestamp: '2025-01-03T00:00:00Z',
      context: {
        personas: {
          computation_class: 'audience',
          computation_key: 'pro',
          computation_id: expect.stringMatching(/^aud_/) as string,
          namespace: 'shop',
        },
      },
    });
  });

  it('tells its users where asked to: true while any account of theirs is in', async () => {
    await shop.model('pro', { ...PRO, destinations: [{ to: 'crm', send: ['group', 'identify', 'track'] }] });
    await shop.run(DAY1);
    // Another account of ann's enters, so that she stays when the first leaves.
    await shop.land(
      joins('g4', 'ann', 'globex', { plan: 'pro' }, 3),
      joins('g5', 'bob', 'acme', { plan: 'free' }, 3),
    );
    await shop.run(DAY2);
    await shop.land(joins('g6', 'cyd', 'globex', {}, 4), order('o3', 'cyd', '2025-01-04T10:00:00Z', 1));
    await shop.run(DAY3);
    expect(await queued()).toEqual([
      '2025-01-03 group group_id acme true',
      '2025-01-03 identify user_id ann true',
      '2025-01-03 identify user_id bob true',
      '2025-01-03 track user_id ann true',
      '2025-01-03 track user_id bob true',
      '2025-01-04 group group_id acme false',
      '2025-01-04 group group_id globex true',
      '2025-01-04 identify user_id bob false',
      '2025-01-04 track user_id bob false',
      '2025-01-05 identify user_id cyd true',
      '2025-01-05 track user_id cyd true',
    ]);
    await shop.run(DAY3);
    expect(await queued()).toHaveLength(11);
  });

  it('has a view, members and history under its group ids', async () => {
    await shop.model('pro', PRO);
    await shop.run(DAY1);
    await shop.land(joins('g4', 'ann', 'acme', { plan: 'free' }, 3));
    await shop.run(DAY2);
    expect(
      await shop.query('select profile_id, exited_at::text as x from rollcall.membership_history'),
    ).toEqual([{ profile_id: 'acme', x: '2025-01-04 00:00:00' }]);
    await shop.land(joins('g5', 'ann', 'globex', { plan: 'pro' }, 4));
    await shop.run(DAY3);
    expect(await shop.query('select * exclude entered_at from rollcall.audience_pro')).toEqual([
      { profile_id: 'globex', user_id: null, email: null, anonymous_id: null },
    ]);
  });

  it('keeps its number: an account is one from run to run, and a rerun changes nothing', async () => {
    await shop.model('pro', PRO);
    await shop.run(DAY1);
    const numbers = "select identifier, subject_no from rollcall.subjects where identifier_type = 'group_id'";
    const before = await shop.query(`${numbers} order by 1`);
    await shop.run(DAY1);
    await shop.land(joins('g9', 'dee', 'initech', {}, 2));
    await shop.run(DAY2);
    expect((await shop.query(`${numbers} order by 1`)).slice(0, 2)).toEqual(before);
    expect(await shop.query('select definition_key from rollcall.snapshots')).toHaveLength(2);
  });

  it('sends its exits when it is retired, to accounts and to users', async () => {
    await shop.model('pro', { ...PRO, destinations: [{ to: 'crm', send: ['group', 'identify'] }] });
    await shop.write('destinations/crm.json', { ...CRM, send: ['group', 'identify'] });
    await shop.run(DAY1);
    await shop.model('other', { definition: { event: 'Order Completed' } });
    await shop.remove('pro');
    await shop.run(DAY2);
    await retire({ ...(await shop.options()), key: 'pro', sendExits: true });
    expect((await queued()).slice(-3)).toEqual([
      '2025-01-04 group group_id acme false',
      '2025-01-04 identify user_id ann false',
      '2025-01-04 identify user_id bob false',
    ]);
  });

  it('sends exits by the types of messages that told, which its link said', async () => {
    await shop.model('pro', { ...PRO, destinations: [{ to: 'crm', send: ['identify'] }] });
    await shop.run(DAY1);
    await shop.model('other', { definition: { event: 'Order Completed' } });
    await shop.remove('pro');
    await shop.run(DAY2);
    await retire({ ...(await shop.options()), key: 'pro', sendExits: true });
    expect((await queued()).filter((line) => String(line).endsWith('false'))).toEqual([
      '2025-01-04 identify user_id ann false',
      '2025-01-04 identify user_id bob false',
    ]);
  });

  it('tells of who is forgotten after it was removed by the types of messages that told', async () => {
    await shop.model('pro', { ...PRO, destinations: [{ to: 'crm', send: ['identify'] }] });
    await shop.run(DAY1);
    expect(await shop.sync()).toMatchObject({ exit: 0 });
    await shop.model('other', { definition: { event: 'Order Completed' } });
    await shop.remove('pro');
    await shop.run(DAY2);
    await forget({ ...(await shop.options()), profiles: ['ann'] });
    expect((await queued()).filter((line) => String(line).endsWith('false'))).toEqual([
      expect.stringMatching(/ identify user_id ann false$/),
    ]);
  });

  it('may be the first definition to ask for accounts, and for their traits, in a warehouse that landed before', async () => {
    await shop.model('buyers', { definition: { event: 'Order Completed' } });
    await shop.run(DAY1);
    await shop.model('pro', PRO);
    await shop.run(DAY1);
    expect(await shop.query('select profile_id from rollcall.audience_pro')).toEqual([
      { profile_id: 'acme' },
    ]);
  });
});

describe('a trait of accounts', () => {
  it('is told by group calls, and by nothing else', async () => {
    await shop.model('orders', ORDERS);
    await shop.run(DAY1);
    expect(await queued()).toEqual([
      '2025-01-03 group group_id acme 2',
      '2025-01-03 group group_id globex 1',
    ]);
    expect(await shop.query('select profile_id, value from rollcall.trait_values order by 1')).toEqual([
      { profile_id: 'acme', value: '2' },
      { profile_id: 'globex', value: '1' },
    ]);
  });
});
