/** State that is not what the raw rows say: `run --reconcile` tells it and repairs it; a run as usual warns where it can tell. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Drift } from '../../runtime/reconcile.js';
import { BUYERS, CRM, order, REVENUE, Shop } from './shop.js';

const DAY3 = '2025-01-03T00:00:00Z';
const DAY4 = '2025-01-04T00:00:00Z';

let shop: Shop;
beforeEach(async () => {
  shop = await Shop.create({ buyers: { ...BUYERS, destinations: ['crm'] }, revenue: REVENUE });
  await shop.write('destinations/crm.json', { ...CRM, send: ['identify'] });
  await shop.land(
    order('o1', 'ann', '2025-01-01T10:00:00Z', 10),
    order('o2', 'bob', '2025-01-01T11:00:00Z', 20),
    order('o3', 'cid', '2025-01-02T10:00:00Z', 30),
  );
  await shop.run(DAY3);
});
afterEach(async () => shop.dispose());

const published = async (): Promise<unknown> => [
  await shop.members('buyers'),
  (await shop.query('select profile_id, value from rollcall.trait_values order by 1')).map(
    (row) => `${String(row['profile_id'])} ${String(row['value'])}`,
  ),
];

it('tells what had drifted, apart from what has come since, and repairs it', async () => {
  const [facts] = await shop.query(
    "select table_name as name from information_schema.tables where table_name like 'facts_raw_order%'",
  );
  await shop.sql(
    // By hand: a member, a value, a fact.
    "delete from rollcall.member_state where profile_no = (select subject_no from rollcall.subjects where identifier = 'bob')",
    "update rollcall.trait_state set value = '11', number_value = 11, text_value = '11' where value = '10'",
    `delete from rollcall."${String(facts?.['name'])}" where subject_no = (select subject_no from rollcall.subjects where identifier = 'cid')`,
    // In the raw table: corrected in place.
    `update raw.messages set properties = '{"revenue": 25}' where message_id = 'o2'`,
  );
  // Long after it should have: too old for a run as usual; and what a run as usual finds.
  await shop.land(
    { ...order('o4', 'dan', '2024-12-01T10:00:00Z', 40), received: '2024-12-01T10:00:00Z' },
    order('o5', 'eve', '2025-01-03T10:00:00Z', 50),
  );
  const result = await shop.run(DAY4, { reconcile: true });
  expect(result.reconciled).toEqual({
    ordinary_run_id: 'run_2',
    definitions: [
      {
        key: 'buyers',
        missing: 2,
        surplus: 0,
        changed: 0,
        sample: { missing: ['bob', 'dan'], surplus: [], changed: [] },
      },
      {
        key: 'revenue',
        missing: 1,
        surplus: 0,
        changed: 2,
        sample: { missing: ['dan'], surplus: [], changed: ['ann', 'bob'] },
      },
    ],
    facts: [{ source: 'raw', facts: 'Order Completed', before: 3, after: 5 }],
  });
  const everybody = ['ann', 'bob', 'cid', 'dan', 'eve'];
  expect(await published()).toEqual([everybody, ['ann 10', 'bob 25', 'cid 30', 'dan 40', 'eve 50']]);
  const snapshots = await shop.query(
    "select run_id, size, entered from rollcall.snapshots where definition_key = 'buyers' order by run_id",
  );
  expect(snapshots.map((row) => Object.values(row).map(String))).toEqual([
    ['run_1', '3', '3'],
    ['run_2', '3', '1'],
    ['run_3', '5', '2'],
  ]);
  const queued = await shop.query(
    'select identifier from rollcall.outbox where run_no > 1 order by identifier',
  );
  // Bob was told that he is in, and still is.
  expect(queued).toEqual([{ identifier: 'dan' }, { identifier: 'eve' }]);
  const { reconciled } = await shop.run(DAY4, { reconcile: true });
  expect(reconciled).toEqual({ ordinary_run_id: 'run_4', definitions: [], facts: [] });
});

it('finds a value that was corrected to an empty text', async () => {
  await shop.model('by_channel', {
    definition: { event: 'Order Completed', where: { property: 'channel', exists: true } },
  });
  await shop.run(DAY3);
  await shop.sql(
    `update raw.messages set properties = '{"revenue":10,"channel":""}' where message_id = 'o1'`,
  );
  const { reconciled } = await shop.run(DAY4, { reconcile: true });
  expect(reconciled?.facts).toEqual([{ source: 'raw', facts: 'Order Completed', before: 3, after: 3 }]);
});

it('tells of facts in one order, whichever the engine has its rows in', () => {
  const drift = new Drift();
  drift.factsAfter = ['identify', 'Order Completed', 'Added'].map((what) => ({
    source: 'raw',
    what,
    n: '1',
    digest: '7',
  }));
  expect(drift.found('run_1', [], new Map()).facts.map(({ facts }) => facts)).toEqual([
    'Added',
    'Order Completed',
    'identify',
  ]);
});

describe('a source that was truncated', () => {
  const warnings = async (asOf: string): Promise<readonly string[]> => {
    const { diagnostics, status } = await shop.run(asOf);
    expect(status).toBe('succeeded');
    return diagnostics.filter(({ code }) => code === 'source-reloaded').map(({ message }) => message);
  };
  const told = (what: string): string => `source "raw": ${what} gone: was it truncated, or loaded anew?`;

  it('is told, and what landed goes on to count until it is reconciled', async () => {
    await shop.sql('delete from raw.messages');
    expect(await warnings(DAY4)).toEqual([told('3 of the messages that landed last are')]);
    expect(await shop.members('buyers')).toEqual(['ann', 'bob', 'cid']);
    await shop.land(order('n1', 'ann', '2025-01-03T10:00:00Z', 10)); // with other ids
    expect(await warnings('2025-01-05T00:00:00Z')).toEqual([told('3 of the messages that landed last are')]);
    await shop.run('2025-01-05T00:00:00Z', { reconcile: true });
    expect(await shop.members('buyers')).toEqual(['ann']);
    expect(await warnings('2025-01-06T00:00:00Z')).toEqual([]);
  });

  it('is told of one message, and not of those older than the overlap', async () => {
    await shop.land({ ...order('o4', 'dan', '2025-02-01T10:00:00Z', 40), received: '2025-02-01T10:00:00Z' });
    await shop.land({ ...order('o5', 'eve', '2025-02-01T10:00:00Z', 40), received: '2025-02-01T10:00:00Z' });
    expect(await warnings('2025-02-02T00:00:00Z')).toEqual([]);
    await shop.sql("delete from raw.messages where message_id in ('o1', 'o2', 'o3')");
    expect(await warnings('2025-02-03T00:00:00Z')).toEqual([]);
    await shop.sql("delete from raw.messages where message_id = 'o4'");
    expect(await warnings('2025-02-04T00:00:00Z')).toEqual([told('1 of the messages that landed last is')]);
  });

  it('and loaded anew with the same messages is nothing to tell', async () => {
    await shop.sql(
      'create table raw.kept as from raw.messages',
      'delete from raw.messages',
      'insert into raw.messages select * replace (received_at + interval 3 days as received_at) from raw.kept',
      'drop table raw.kept',
    );
    expect(await warnings(DAY4)).toEqual([]);
    expect(await shop.members('buyers')).toEqual(['ann', 'bob', 'cid']);
  });
});

it('looks no further back for an id than the source promises', async () => {
  await shop.configure({
    sources: [
      {
        name: 'raw',
        layout: 'messages',
        table: 'raw.messages',
        overlap: '1 hour',
        redelivered_within: '1 day',
      },
    ],
  });
  const again = (id: string, user: string, received: string) => ({
    ...order(id, user, '2025-01-02T20:00:00Z', 100),
    received,
  });
  await shop.land(again('o9', 'eve', '2025-01-02T22:00:00Z'));
  await shop.run(DAY3);
  // Twice within the day, the second time far from the last landing; and o1 long after the promise was over.
  await shop.land(again('o9', 'eve', '2025-01-02T22:30:00Z'), again('o8', 'fay', '2025-01-03T12:00:00Z'));
  await shop.run(DAY4);
  await shop.land(again('o9', 'eve', '2025-01-03T13:00:00Z'), {
    ...order('o1', 'ann', '2025-01-01T10:00:00Z', 10),
    received: '2025-01-03T14:00:00Z',
  });
  await shop.run(DAY4);
  expect(await published()).toEqual([
    ['ann', 'bob', 'cid', 'eve', 'fay'],
    ['ann 20', 'bob 20', 'cid 30', 'eve 100', 'fay 100'],
  ]);
  const result = await shop.run(DAY4, { reconcile: true });
  expect(
    result.reconciled?.definitions.map(({ key, changed, sample }) => [key, changed, sample.changed]),
  ).toEqual([['revenue', 1, ['ann']]]);
});
