/** Traits that go along with messages: what a project may say of them, and what runs make of it. */
import { afterEach, describe, expect, it } from 'vitest';
import { formatDiagnostic } from '../../compiler/diagnostics/print.js';
import { loadProject } from '../../models/index.js';
import { backfillProject, checkProject } from '../../runtime/index.js';
import { hooked, refuse } from './faults.js';
import { BUYERS, CRM, REVENUE, Shop, order } from './shop.js';

let shop: Shop;
afterEach(async () => shop.dispose());

const DAY = '2025-01-03T00:00:00Z';

const ORDERS = { kind: 'trait', definition: { event: 'Order Completed', count: {} } };

async function started(models: Readonly<Record<string, unknown>>, crm: object = {}): Promise<void> {
  shop = await Shop.create(models);
  await shop.write('destinations/crm.json', { ...CRM, send: ['identify'], ...crm });
  await shop.land(order('o1', 'ann', '2025-01-01T00:00:00Z', 60));
}

const buyers = (traits?: object): object => ({
  ...BUYERS,
  destinations: [{ to: 'crm', ...(traits && { traits }) }],
});

const said = async (): Promise<readonly unknown[]> =>
  (await shop.query('select payload from rollcall.outbox order by message_id')).map(
    (row) => (JSON.parse(String(row['payload'])) as { readonly traits: unknown }).traits,
  );

/** What `validate` prints. */
async function problems(): Promise<string> {
  const loaded = await loadProject({ dir: shop.dir, env: {} });
  if (loaded.diagnostics.length > 0) return loaded.diagnostics.map((d) => formatDiagnostic(d)).join('\n');
  const { diagnostics } = await checkProject(await shop.options());
  return diagnostics.map((d) => formatDiagnostic(d)).join('\n');
}

describe('what is wrong with them', () => {
  it('is told of every entry, where it stands', async () => {
    const active = { of: 'accounts', definition: { users: 'any', match: BUYERS.definition } };
    const groups = { ...CRM, key: 'groups', send: ['group'] };
    await started({ buyers: BUYERS, lifetime_value: REVENUE, active });
    await shop.land({
      id: 'g1',
      type: 'group',
      user: 'ann',
      group: 'acme',
      at: '2025-01-01T00:00:00Z',
      traits: { tier: 'gold' },
    });
    // Traits of messages are known once they have landed.
    expect(await shop.run(DAY)).toMatchObject({ exit: 0 });
    await shop.model('active', { ...active, destinations: ['groups'] });
    await shop.model('buyers', buyers({ lifetimevalue: 'a', 'items.$.id': 'b', tier: 'c' }));
    await shop.write('destinations/crm.json', { ...CRM, traits: { tiers: 'd' } });
    const traits = { lifetime_value: 'ltv', tier: 'tier' };
    await shop.write('destinations/groups.json', { ...groups, traits });
    expect(await problems()).toMatchInlineSnapshot(`
      "models/buyers.json:13:9 unknown-reference There is no trait "lifetimevalue"
                "lifetimevalue": "a",
                ^^^^^^^^^^^^^^^
        hint: did you mean "lifetime_value"?
      models/buyers.json:14:9 invalid-value "items.$.id" has many values, and one goes along
                "items.$.id": "b",
                ^^^^^^^^^^^^
        hint: send the list itself, or a SQL trait that makes one value of it
      models/buyers.json:15:9 misplaced-operand "tier" is a trait of accounts, and the messages are about users
                "tier": "c"
                ^^^^^^
        hint: name a trait of users, or take it out
      destinations/crm.json:13:5 unknown-reference There is no trait "tiers"
            "tiers": "d"
            ^^^^^^^
      destinations/groups.json:12:5 misplaced-operand "lifetime_value" is a trait of users, and the messages are about accounts
            "lifetime_value": "ltv",
            ^^^^^^^^^^^^^^^^
        hint: name a trait of accounts, or take it out"
    `);
  });

  it('is told of names that are taken', async () => {
    await started(
      {
        buyers: buyers({ revenue: 'buyers', orders: 'worth' }),
        revenue: { ...REVENUE, destinations: ['crm'] },
        orders: ORDERS,
      },
      {
        traits: { revenue: 'worth', plan: 'entities', level: 'external_id', revenues: 'revenue' },
        identifiers: { names: { user_id: 'external_id' } },
      },
    );
    await shop.write('destinations/members.json', {
      kind: 'destination',
      key: 'members',
      type: 'table',
      list: true,
      settings: { table: 'members' },
      traits: { revenue: 'a', orders: 'a' },
    });
    expect(await problems()).toMatchInlineSnapshot(`
      "destinations/crm.json:13:5 invalid-value "entities" is what messages say of themselves
            "plan": "entities",
            ^^^^^^
        hint: call it otherwise
      destinations/crm.json:14:5 invalid-value "external_id" is the name of an identifier ("identifiers" of the destination)
            "level": "external_id",
            ^^^^^^^
        hint: call it otherwise
      destinations/crm.json:15:5 invalid-value messages of "revenue" have that name for what they tell, and "revenues" cannot go along under it
            "revenues": "revenue"
            ^^^^^^^^^^
        hint: call it otherwise, here or in "traits" of the link
      destinations/members.json:10:5 not-supported "members" is a table of members, without messages that traits could go along with
            "revenue": "a",
            ^^^^^^^^^
        hint: take "traits" out, or "list"
      destinations/members.json:11:5 invalid-value "a" is what "revenue" goes along as
            "orders": "a"
            ^^^^^^^^
        hint: call it otherwise
      models/buyers.json:13:9 invalid-value messages of "buyers" have that name for what they tell, and "revenue" cannot go along under it
                "revenue": "buyers",
                ^^^^^^^^^
        hint: call it otherwise"
    `);
  });
});

it('go through hashes under their names, and not beside themselves', async () => {
  await started(
    { buyers: buyers({ phone: 'tel' }), revenue: { ...REVENUE, destinations: ['crm'] } },
    { traits: { revenue: 'revenue' }, hash: { tel: 'phone' }, list: false },
  );
  await shop.configure({
    sources: [{ name: 'raw', layout: 'messages', table: 'raw.messages', traits: ['phone'] }],
  });
  const identify = (id: string, user: string, phone: string) =>
    ({ id, type: 'identify', user, at: '2025-01-01T00:00:00Z', traits: { phone } }) as const;
  await shop.land(identify('i1', 'ann', '+49 30 123456'), identify('i2', 'bob', 'none'));
  await shop.land(order('o2', 'bob', '2025-01-01T00:00:00Z', 5));
  expect(await shop.run(DAY)).toMatchObject({ exit: 0 });
  await shop.sync();
  const sent = await shop.sent<{ userId: string; traits: unknown }>();
  const lines = sent.map(({ userId, traits }) => `${userId} ${JSON.stringify(traits)}`).sort();
  expect(lines).toEqual([
    'ann {"buyers":true,"revenue":60,"tel":"a909469fabf3f43d0b7b6c42a85a6e7e8ceb36c7a2f0f1b9c15b80dc16384cb7"}',
    'ann {"revenue":60}',
    'bob {"buyers":true,"revenue":5}',
    'bob {"revenue":5}',
  ]);
});

it('have to be computed at some time; + selects them, and they count as connected', async () => {
  await started({ buyers: buyers({ orders: 'orders' }), orders: ORDERS, idle: BUYERS });
  await shop.configure({ compute_unconnected: false });
  await expect(shop.run(DAY, { select: ['buyers'] })).rejects.toThrow(
    '"buyers" sends "orders" along, which was never computed and is not selected',
  );
  const link = (enabled: boolean) => ({ to: 'crm', traits: { orders: 'orders' }, enabled });
  // Where nothing is sent nothing goes along.
  await shop.model('buyers', { ...BUYERS, destinations: [link(false)] });
  expect(await shop.run('2025-01-02T00:00:00Z', { select: ['buyers'] })).toMatchObject({ exit: 0 });
  const backfill = {
    ...(await shop.options()),
    from: '2025-01-02T00:00:00Z',
    to: DAY,
    every: 86_400_000_000n,
  };
  await shop.model('buyers', { ...BUYERS, destinations: [link(true)] });
  expect(await backfillProject({ ...backfill, select: ['buyers'] })).toMatchObject({ status: 'succeeded' });
  const { definitions } = await shop.run('2025-01-03T12:00:00Z', { select: ['+buyers'] });
  expect(definitions.map(({ key }) => key).sort()).toEqual(['buyers', 'orders']);
  expect(await said()).toEqual([{ buyers: true, orders: 1 }]);
  const all = await shop.run('2025-01-04T00:00:00Z');
  expect(all.definitions.map(({ key, status }) => `${key} ${status}`).sort()).toEqual([
    'buyers succeeded',
    'idle not_computing',
    'orders succeeded',
  ]);
});

it('hold nothing up: one that fails when nobody has seen it is left out, and is no 0', async () => {
  await started({
    buyers: buyers({ orders: 'orders', revenue: 'ltv' }),
    orders: { ...ORDERS, guard: false },
    revenue: REVENUE,
  });
  const dialectFor = hooked(refuse(/count\(\*\)[^;]*Order/i));
  const ran = await shop.run(DAY, { dialectFor });
  expect(ran.definitions.map(({ key, status }) => `${key} ${status}`).sort()).toEqual([
    'buyers succeeded',
    'orders failed',
    'revenue succeeded',
  ]);
  expect(await said()).toEqual([{ buyers: true, ltv: 60 }]);
});
