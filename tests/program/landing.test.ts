import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { valueColumn } from '../../compiler/bind/paths.js';
import { factsTable, identifyFacts } from '../../compiler/program/index.js';
import { ORDERED, needsOf, segmentSource, messagesSource, STATE_SCHEMA } from './given.js';
import { World } from './world.js';

const REVENUE = valueColumn('property', 'revenue', 'number');
const NEEDS = needsOf({ 'Order Completed': [REVENUE] }, ['plan']);
const FACTS = factsTable(STATE_SCHEMA, 'raw', 'Order Completed', [REVENUE]).table.name;
const AS_OF = '2024-03-01T00:00:00Z';

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(async () => world.close());

const order = (
  id: string,
  over: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> => ({
  message_id: id,
  type: 'track',
  event: 'Order Completed',
  timestamp: '2024-01-01 10:00:00',
  received_at: '2024-01-01 10:00:05',
  user_id: 'ann',
  properties: { revenue: 1 },
  ...over,
});

const facts = async (): Promise<readonly unknown[]> =>
  world.query(`select s.identifier, f.message_id, f.${REVENUE.name} as revenue
    from rollcall.${FACTS} f join rollcall.subjects s using (subject_no) order by all`);

/** Everything a landing leaves, without the numbers that depend on the order things came in. */
const state = async (): Promise<unknown> => ({
  facts: await facts(),
  landed: await world.query('select * from rollcall.landed order by all'),
  pairs: await world.query('select * from rollcall.identity_pairs order by all'),
  subjects:
    await world.query(`select s.* exclude (subject_no, profile_no, owner_no), p.identifier as profile, o.identifier as owner
    from rollcall.subjects s join rollcall.subjects p on p.subject_no = s.profile_no
    left join rollcall.subjects o on o.subject_no = s.owner_no order by all`),
  profiles: await world.query('select * exclude (profile_no, run_no) from rollcall.profiles order by all'),
  traits: await world.query(`select * exclude (run_no, subject_no, profile_no)
    from rollcall.${identifyFacts(STATE_SCHEMA, 'raw', []).table.name} order by all`),
});

/** Ways of engines to read; `npm test` has room for that of the one it has, CI (`ROLLCALL_LANDING=all`) for all. */
const WAYS = [
  ['as the engine reads', {}],
  ['where bytes are billed by column', { billedByColumn: true }],
  ['where alternatives are one scan', { prunesAlternatives: true }],
  ['where repeated ids are found by counting', { repeatsBySorting: false }],
] as const;

describe.each(process.env['ROLLCALL_LANDING'] === 'all' ? WAYS : WAYS.slice(0, 1))(
  '%s',
  (_, capabilities) => {
    beforeEach(() => {
      world.capabilities = capabilities;
    });

    describe('landing a message', () => {
      it('counts once, by the smallest received_at', async () => {
        await world.messages([
          order('m1', { received_at: '2024-01-03', properties: { revenue: 3 } }),
          order('m1', { received_at: '2024-01-02', properties: { revenue: 2 } }),
          order('m1', { received_at: null, properties: { revenue: 4 } }),
          order('m2', { properties: { revenue: 5 } }),
        ]);
        await world.run({ asOf: AS_OF, needs: NEEDS });
        expect(await facts()).toEqual([
          { identifier: 'ann', message_id: 'm1', revenue: '2' },
          { identifier: 'ann', message_id: 'm2', revenue: '5' },
        ]);
      });

      it('by the smallest timestamp where received_at is the same, and once where all is the same', async () => {
        await world.messages([
          order('m1', { timestamp: '2024-01-02', properties: { revenue: 3 } }),
          order('m1', { timestamp: '2024-01-01', properties: { revenue: 2 } }),
          order('m2'),
          order('m2'),
        ]);
        await world.run({ asOf: AS_OF, needs: NEEDS });
        expect(await facts()).toEqual([
          { identifier: 'ann', message_id: 'm1', revenue: '2' },
          { identifier: 'ann', message_id: 'm2', revenue: '1' },
        ]);
      });

      it('takes one id in two types as two messages', async () => {
        await world.messages([
          order('m1'),
          { ...order('m1'), type: 'identify', event: null, traits: { plan: 'pro' } },
        ]);
        await world.run({ asOf: AS_OF, needs: NEEDS });
        const [counted] = await world.query(
          'select count(*) as n, count(distinct digest_high) as high, count(distinct digest_low) as low from rollcall.landed',
        );
        expect(counted).toEqual({ n: '2', high: '2', low: '2' });
        expect(await facts()).toHaveLength(1);
      });

      it('leaves out and counts what has no id or no time; empty identifiers are none', async () => {
        await world.messages([
          order('m1', { timestamp: null }),
          order('m2', { message_id: null }),
          order('m3', { user_id: '', anonymous_id: 'a1' }),
          order('m4', { user_id: '', anonymous_id: '' }),
        ]);
        const { audits } = await world.run({ asOf: AS_OF, needs: NEEDS });
        expect(audits['raw']).toEqual({ rows_without_timestamp: '1', rows_without_id: '1' });
        expect(await facts()).toEqual([{ identifier: 'a1', message_id: 'm3', revenue: '1' }]);
        expect(await world.query('select profile_kind, profile_id from rollcall.profiles')).toEqual([
          { profile_kind: 'anonymous', profile_id: 'a1' },
        ]);
      });
    });

    describe('landing again', () => {
      it('reads what is new, late data too, and nothing twice', async () => {
        await world.messages([order('m1')]);
        expect((await world.run({ asOf: AS_OF, needs: NEEDS })).modes['raw']).toBe('full');
        await world.messages([
          order('m1', { received_at: '2024-01-02', properties: { revenue: 9 } }),
          order('m2', { received_at: '2024-01-02', timestamp: '2020-01-01' }),
          order('m3', { received_at: null }),
        ]);
        const second = await world.run({ asOf: AS_OF, needs: NEEDS });
        expect(second.modes['raw']).toBe('incremental');
        expect(second.checks['raw']).toEqual({ new_rows: '2', corrected: '0', gone: '0' });
        expect((await world.run({ asOf: AS_OF, needs: NEEDS })).checks['raw']).toEqual({
          new_rows: '0',
          corrected: '0',
          gone: '0',
        });
        expect(await facts()).toEqual([
          { identifier: 'ann', message_id: 'm1', revenue: '1' },
          { identifier: 'ann', message_id: 'm2', revenue: '1' },
          { identifier: 'ann', message_id: 'm3', revenue: '1' },
        ]);
      });

      it('lands in full when an id turns up with an earlier received_at', async () => {
        await world.messages([order('m1', { anonymous_id: 'a1' })]);
        await world.run({ asOf: AS_OF, needs: NEEDS });
        await world.messages([
          order('m1', { received_at: '2024-01-01 09:00:00', user_id: 'bob', properties: { revenue: 9 } }),
        ]);
        const { modes, checks } = await world.run({ asOf: AS_OF, needs: NEEDS });
        expect(checks['raw']).toEqual({ new_rows: '0', corrected: '1', gone: '0' });
        expect(modes['raw']).toBe('full');
        expect(await facts()).toEqual([{ identifier: 'bob', message_id: 'm1', revenue: '9' }]);
        // Ann keeps her number, but is nobody any more.
        expect(await world.query('select profile_id from rollcall.profiles')).toEqual([
          { profile_id: 'bob' },
        ]);
      });

      it('finds what turned up behind the overlap only when asked to reconcile', async () => {
        await world.messages([order('m1')]);
        await world.run({ asOf: AS_OF, needs: NEEDS });
        await world.messages([order('m2', { received_at: '2023-06-01' })]);
        expect((await world.run({ asOf: AS_OF, needs: NEEDS })).checks['raw']?.['new_rows']).toBe('0');
        const { modes } = await world.run({ asOf: AS_OF, needs: NEEDS, reconcile: true });
        expect(modes['raw']).toBe('full');
        expect(await facts()).toHaveLength(2);
      });

      it('lands in full when more is needed of the source, and when it has no received_at', async () => {
        await world.messages([order('m1')]);
        await world.run({ asOf: AS_OF, needs: NEEDS });
        const more = needsOf({ 'Order Completed': [REVENUE, valueColumn('property', 'revenue', 'text')] });
        expect((await world.run({ asOf: AS_OF, needs: more })).program.land[0]?.reason).toContain(
          'needed of it',
        );
        world.sources = [messagesSource({ columns: { received_at: null } })];
        expect((await world.run({ asOf: AS_OF, needs: more })).program.land[0]?.reason).toContain(
          'received_at',
        );
        expect(await world.query('select * from rollcall.landed')).toHaveLength(1);
      });

      it('does not let a row from the future move the watermark beyond the clock', async () => {
        await world.messages([order('m1', { received_at: '2999-01-01' })]);
        await world.run({ asOf: AS_OF, needs: NEEDS, startedAt: '2024-03-01T00:00:00Z' });
        expect(await world.query('select watermark from rollcall.landing')).toEqual([
          { watermark: '2024-03-01T00:00:00Z' },
        ]);
        await world.messages([order('m2', { received_at: '2024-03-02' })]);
        await world.run({ asOf: AS_OF, needs: NEEDS });
        expect(await facts()).toHaveLength(2);
      });

      it('forgets a source that is no longer configured', async () => {
        await world.messages([order('m1')]);
        await world.sql('create table raw.other as select * from raw.messages');
        await world.sql("update raw.other set message_id = 'o1', user_id = 'olga'");
        const [raw] = world.sources;
        world.sources = [raw!, messagesSource({ name: 'other', table: 'raw.other' })];
        await world.run({ asOf: AS_OF, needs: NEEDS });
        expect(await world.query('select profile_id from rollcall.profiles order by 1')).toHaveLength(2);
        world.sources = [raw!];
        await world.run({ asOf: AS_OF, needs: NEEDS });
        expect(await world.query('select profile_id from rollcall.profiles')).toEqual([
          { profile_id: 'ann' },
        ]);
        expect(await world.query('select source from rollcall.landing')).toEqual([{ source: 'raw' }]);
      });
    });

    describe('incremental equals full', () => {
      const batches = [
        [
          order('m1', { anonymous_id: 'a1' }),
          order('m2', { user_id: null, anonymous_id: 'a2', timestamp: '2024-01-02' }),
          order('m2', {
            user_id: null,
            anonymous_id: 'a9',
            timestamp: '2024-01-02',
            received_at: '2024-01-04',
          }),
          { ...order('m3', { traits: { email: 'ann@x.org', plan: 'pro' } }), type: 'identify' },
        ],
        [
          order('m4', { user_id: 'bob', anonymous_id: 'a2', received_at: '2024-01-05' }),
          order('m5', {
            user_id: 'cat',
            anonymous_id: 'a1',
            timestamp: '2023-12-01',
            received_at: '2024-01-05',
          }),
          { ...order('m6', { traits: { email: null }, received_at: '2024-01-06' }), type: 'identify' },
        ],
        [
          order('m1', { user_id: 'dan', received_at: '2024-01-07' }),
          order('m7', {
            user_id: 'dan',
            anonymous_id: 'a2',
            timestamp: '2023-11-01',
            received_at: '2024-01-07',
          }),
          {
            ...order('m8', {
              user_id: null,
              anonymous_id: 'a3',
              received_at: '2024-01-07',
              context: { device: { type: 'iOS', advertisingId: 'x' } },
            }),
          },
        ],
      ];

      it('whatever the batches and wherever as_of goes', async () => {
        for (const [i, batch] of batches.entries()) {
          await world.messages(batch);
          // Forth, back and forth again.
          const asOf = ['2024-03-01T00:00:00Z', '2023-11-15T00:00:00Z', '2024-03-02T00:00:00Z'][i]!;
          await world.run({ asOf, needs: NEEDS });
          const after = await state();
          // As the engine reads by itself, whatever this one does.
          const fresh = await World.open();
          await fresh.messages(batches.slice(0, i + 1).flat());
          await fresh.run({ asOf, needs: NEEDS });
          const other = world;
          world = fresh;
          expect(after).toEqual(await state());
          world = other;
          await fresh.close();
        }
      });
    });

    describe('the segment layout', () => {
      it('reads its tables, links users by them, and takes event tables for it where there is no tracks', async () => {
        await world.close();
        world = await World.open([segmentSource()]);
        world.capabilities = capabilities;
        await world.sql(`
      create table web.identifies (id text, received_at timestamptz, "timestamp" timestamptz, user_id text, anonymous_id text, email text, address_city text, plan text);
      create table web.pages (id text, received_at timestamptz, "timestamp" timestamptz, user_id text, anonymous_id text, name text, context_page_url text);
      create table web.order_completed (id text, received_at timestamptz, "timestamp" timestamptz, user_id text, anonymous_id text, event text, event_text text, revenue double, products text);
      create table web.cart_viewed (id text, received_at timestamptz, "timestamp" timestamptz, user_id text, anonymous_id text, event text);
      insert into web.identifies values ('i1', '2024-01-01', '2024-01-01', 'ann', 'a1', 'ann@x.org', 'Berlin', 'pro'), ('i2', '2024-01-02', '2024-01-02', 'ann', 'a1', null, null, null);
      insert into web.pages values ('p1', '2024-01-01', '2024-01-01 00:00:00+02', null, 'a1', 'Home', 'https://x.org/');
      insert into web.order_completed values ('o1', '2024-01-01', '2024-01-01', 'bob', null, 'order_completed', 'Order Completed', 12.50, '[{"id":1}]'), ('o1', '2024-01-01', '2024-01-01', 'bob', null, 'order_completed', 'Order Completed', 12.50, '[{"id":1}]');
      insert into web.cart_viewed values ('c1', '2024-01-01', '2024-01-01', 'cat', 'a3', 'cart_viewed')`);
        const columns = [REVENUE, valueColumn('property', 'products', 'text')];
        const url = valueColumn('context', 'page.url', 'text');
        const name = valueColumn('property', 'page_name', 'text');
        const needs = needsOf({ 'Order Completed': columns, 'Page Viewed': [url, name] }, [
          'address.city',
          'plan',
        ]);
        await world.run({ asOf: AS_OF, needs });
        expect(
          await world.query('select profile_id, known, email from rollcall.profiles order by 1'),
        ).toEqual([
          { profile_id: 'ann', known: true, email: 'ann@x.org' },
          { profile_id: 'bob', known: true, email: null },
          { profile_id: 'cat', known: true, email: null },
        ]);
        const orders = factsTable(STATE_SCHEMA, 'web', 'Order Completed', columns).table.name;
        expect(
          await world.query(`select * exclude (run_no, subject_no, profile_no) from rollcall.${orders}`),
        ).toEqual([
          {
            timestamp: '2024-01-01T00:00:00Z',
            message_id: 'o1',
            source_id: null,
            [REVENUE.name]: '12.5',
            [columns[1]!.name]: '[{"id":1}]',
            [ORDERED.name]: null,
          },
        ]);
        const pages = factsTable(STATE_SCHEMA, 'web', 'Page Viewed', [url, name]).table.name;
        expect(
          await world.query(
            `select "timestamp", ${url.name} as url, ${name.name} as name from rollcall.${pages}`,
          ),
        ).toEqual([{ timestamp: '2023-12-31T22:00:00Z', url: 'https://x.org/', name: 'Home' }]);
        // A NULL in a column layout mentions nothing: the latest plan is still there.
        const plan = valueColumn('trait', 'plan', 'mention').name;
        expect(await world.query(`select ${plan} as plan from rollcall.custom_traits`)).toEqual([
          { plan: '"pro"' },
        ]);
        await world.sql(
          "insert into web.order_completed values ('o2', '2024-01-03', '2024-01-03', 'eve', null, 'x', 'x', 'nan', null)",
        );
        const { checks } = await world.run({ asOf: AS_OF, needs });
        expect(checks['web']).toEqual({ new_rows: '1', corrected: '0', gone: '0' });
        // One event again, and one in two tables, which are two.
        await world.sql(`insert into web.order_completed values
      ('o2', '2024-01-04', '2024-01-03', 'eve', null, 'x', 'x', 7, null), ('i1', '2024-01-04', '2024-01-03', 'eve', null, 'x', 'x', 7, null)`);
        expect((await world.run({ asOf: AS_OF, needs })).checks['web']).toEqual({
          new_rows: '1',
          corrected: '0',
          gone: '0',
        });
      });
    });
  },
);

describe('the table layout, and names as they come', () => {
  it('reads any table as one event', async () => {
    await world.close();
    const { schema: _, ...rest } = segmentSource();
    const source = {
      ...rest,
      name: 'o\'brien "x"',
      layout: 'table' as const,
      table: 'raw."Or der.s"',
      event: 'Order "Completed"',
      columns: { id: 'Order Id', timestamp: 'created at', user_id: 'customer', anonymous_id: null },
    };
    world = await World.open([source]);
    await world.sql(`create table raw."Or der.s" ("Order Id" int, "created at" date, customer int, "total; drop" decimal(30, 15), meta struct(gift boolean));
      insert into raw."Or der.s" values (1, '2024-01-01', 7, 1.123456789999, {gift: true}), (1, '2024-01-01', 7, 1.123456789999, {gift: true})`);
    const total = valueColumn('property', 'total; drop', 'number');
    const gift = valueColumn('property', 'meta.gift', 'text');
    const needs = needsOf({ 'Order "Completed"': [total, gift] });
    await world.run({ asOf: AS_OF, needs });
    const name = factsTable(STATE_SCHEMA, source.name, source.event, []).table.name;
    expect(
      await world.query(
        `select message_id, ${total.name} as total, ${gift.name} as gift from rollcall.${name}`,
      ),
    ).toEqual([{ message_id: '1', total: '1.12345679', gift: 'true' }]);
    expect(await world.query('select profile_id from rollcall.profiles')).toEqual([{ profile_id: '7' }]);
  });
});
