/** People who are forgotten: what is left of them, who is told, and that raw rows do not bring them back. */
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { forget, preview, type ForgetOptions, type ForgetResult } from '../../runtime/index.js';
import { StatementError, type Row } from '../../dialects/warehouse.js';
import { hooked, withoutDdl } from './faults.js';
import { CRM, order, Shop, type Message } from './shop.js';

/** A user id like any other. */
const ANN = `an"n'; drop table raw.messages; --\n%s\\ü`;

const day = (n: number): string => `2025-01-0${n}T00:00:00Z`;
const at = (n: number): string => `2025-01-0${n}T10:00:00Z`;

let shop: Shop;
let saved: string;
beforeAll(async () => {
  shop = await Shop.create({
    buyers: { include_anonymous: true, definition: { event: 'Order Completed' }, destinations: ['crm'] },
    revenue: {
      kind: 'trait',
      definition: { event: 'Order Completed', sum: { property: 'revenue' } },
      destinations: ['crm'],
    },
    busy: {
      of: 'accounts',
      definition: { event: 'Order Completed', count: { at_least: 2 } },
      destinations: [{ to: 'crm', send: ['group', 'identify'] }],
    },
    waiting: { definition: { entity: 'carts' }, destinations: [{ to: 'tracks', entities: 'carts' }] },
    trip: {
      kind: 'journey',
      definition: {
        entry: { event: 'Order Completed' },
        steps: [{ key: 'bought', when: { event: 'Order Completed', count: { at_least: 2 } } }],
      },
    },
  });
  await shop.write('rollcall.json', {
    name: 'shop',
    target: 'dev',
    targets: { dev: { type: 'duckdb', path: 'warehouse.duckdb', schema: 'rollcall', threads: 1 } },
    sources: [{ name: 'raw', layout: 'messages', table: 'raw.messages' }],
    entities: { carts: { table: 'raw.carts', id: 'id', profile: { user_id: 'who' } } },
  });
  await shop.write('destinations/crm.json', { ...CRM, send: ['identify', 'group'] });
  const tracks = { ...CRM, key: 'tracks', settings: { path: 'tracks.jsonl' }, send: ['track'] };
  await shop.write('destinations/tracks.json', tracks);
  const quoted = ANN.replaceAll("'", "''");
  await shop.sql(
    'create table raw.carts (id varchar, who varchar)',
    `insert into raw.carts values ('c1', '${quoted}'), ('c2', 'bob')`,
  );
  await shop.land(
    // Ann's device before it is known to be hers, another of hers, and one that she shares.
    { id: 'a1', event: 'Order Completed', at: at(1), anonymous: 'phone', properties: { revenue: 1 } },
    order('o1', 'bob', at(1), 10),
    { id: 'g1', type: 'group', at: at(1), user: 'bob', group: 'acme', traits: { plan: 'pro' } },
    { id: 'g2', type: 'group', at: at(1), user: ANN, group: 'acme', traits: { plan: 'free' } },
  );
  await shop.run(day(2));
  await sync();
  await shop.land(
    { ...order('o2', ANN, at(2), 20), anonymous: 'phone' },
    {
      id: 'i1',
      type: 'identify',
      at: at(2),
      user: ANN,
      anonymous: 'tablet',
      traits: { email: 'ann@example.com' },
    },
    { ...order('o3', 'bob', at(2), 30), anonymous: 'phone' },
  );
  await shop.run(day(3));
  await sync();
  saved = `${shop.dir}-saved`;
  await cp(shop.dir, saved, { recursive: true });
});
afterAll(async () => {
  await shop.dispose();
  await rm(saved, { recursive: true });
});
/** Each test begins with what happened so far. */
beforeEach(async () => {
  await rm(join(shop.dir, 'warehouse.duckdb.wal'), { force: true });
  await cp(saved, shop.dir, { recursive: true });
});

const sync = async (): Promise<void> => expect(await shop.sync()).toMatchObject({ exit: 0 });

let runs = 0;
async function forgetting(
  profiles: readonly string[],
  over: Partial<ForgetOptions> = {},
): Promise<ForgetResult> {
  const { project, spans, now } = await shop.options();
  return forget({
    project,
    spans,
    now,
    profiles,
    newRunId: () => `forget_${++runs}`,
    invocation: 'rollcall forget',
    sleep: async () => undefined,
    ...over,
  });
}

/** Tables of the schema in which one of the texts is found. */
const naming = (...texts: readonly string[]): Promise<readonly string[]> =>
  shop.open('read', async (warehouse) => {
    const all = async (sql: string): Promise<readonly Row[]> => {
      const rows: Row[] = [];
      for await (const batch of warehouse.read(sql)) rows.push(...batch.rows);
      return rows;
    };
    const inside = (text: string): string => JSON.stringify(text).slice(1, -1);
    const escaped = texts.flatMap((text) => [inside(text), inside(inside(text))]);
    const found: string[] = [];
    const tables = await all(
      "select table_name from information_schema.tables where table_schema = 'rollcall' order by 1",
    );
    for (const { table_name: name } of tables) {
      const rows = JSON.stringify(await all(`select * from rollcall."${String(name)}"`));
      if (escaped.some((text) => rows.includes(text))) found.push(String(name));
    }
    return found;
  });

const ANNS = [ANN, 'phone', 'tablet', 'ann@example.com'];

interface Line {
  readonly userId?: string;
  readonly anonymousId?: string;
  readonly event?: string;
  readonly traits?: Readonly<Record<string, unknown>>;
  readonly properties?: { readonly entities?: unknown };
}

/** What a destination was told, but for the first so many messages. */
const lines = async (path: string, from: number): Promise<readonly Line[]> =>
  (await shop.sent<Line>(path)).slice(from);

describe('forget', () => {
  it('erases whoever is called so, tells destinations, and erases that too once it is delivered', async () => {
    expect(await shop.members('buyers')).toEqual([ANN, 'bob']);
    const [crm, tracks] = [(await lines('crm.jsonl', 0)).length, (await lines('tracks.jsonl', 0)).length];
    const result = await forgetting([ANN]);
    expect(result).toMatchObject({
      profiles: [{ profile_id: ANN, status: 'forgotten' }],
      identifiers: 3,
      messages: [
        { destination: 'crm', enabled: true },
        { destination: 'tracks', enabled: true },
      ],
      untold: [],
    });
    expect(await naming(...ANNS)).toEqual(['outbox']);
    await sync();
    expect(await naming(...ANNS)).toEqual([]);
    const told = (await lines('crm.jsonl', crm)).map(
      ({ userId, anonymousId, traits = {} }) =>
        `${userId === ANN ? 'ann' : `${userId ?? ''}${anonymousId ?? ''}`} ${JSON.stringify({ ...traits, email: undefined })}`,
    );
    expect(told.sort()).toEqual([
      'ann {"busy":false}',
      'ann {"buyers":false}',
      'ann {"revenue":null}',
      'phone {"buyers":false}',
    ]);
    expect(
      (await lines('tracks.jsonl', tracks)).map(({ userId, event, properties }) => [
        userId,
        event,
        properties?.entities,
      ]),
    ).toEqual([[ANN, 'Audience Exited', { carts: { entered: [], exited: ['c1'] } }]]);
    expect(
      await shop.query("select invocation, status from rollcall.runs where run_id like 'forget%'"),
    ).toEqual([{ invocation: 'rollcall forget', status: 'succeeded' }]);
    const steps = await shop.query("select count(*) n from rollcall.run_steps where run_id like 'forget%'");
    expect(Number(steps[0]?.['n'])).toBeGreaterThan(10);
  });

  it('lets no raw row bring them back, and leaves everybody else as they were', async () => {
    await forgetting([ANN]);
    await sync();
    const others: readonly Message[] = [
      order('o4', ANN, at(3), 40),
      { ...order('o5', ANN, at(3), 50), anonymous: 'laptop' },
      { id: 'a2', event: 'Order Completed', at: at(3), anonymous: 'phone', properties: { revenue: 7 } },
      { ...order('o6', 'bob', at(3), 60), anonymous: 'tablet' },
      { id: 'g3', type: 'group', at: at(3), user: ANN, group: 'globex', traits: { plan: 'pro' } },
    ];
    await shop.land(...others);
    await shop.run(day(4));
    const published = async (): Promise<unknown> => [
      await shop.members('buyers'),
      await shop.members('trip'),
      await shop.members('busy'),
      await shop.members('waiting'),
      await shop.query('select profile_id, value from rollcall.trait_values'),
      await shop.query(
        "select identifier_type, identifier from rollcall.subjects where identifier <> '' order by all",
      ),
    ];
    const expected = [
      ['bob'],
      ['bob'],
      ['acme'],
      ['bob'],
      [{ profile_id: 'bob', value: '100' }],
      [
        { identifier_type: 'group_id', identifier: 'acme' },
        { identifier_type: 'group_id', identifier: 'globex' },
        { identifier_type: 'user_id', identifier: 'bob' },
      ],
    ];
    expect(await published()).toEqual(expected);
    expect(await naming(...ANNS, 'laptop')).toEqual([]);
    // Landed anew, and by a SELECT over the raw rows alone.
    await shop.run(day(4), { reconcile: true });
    expect(await published()).toEqual(expected);
    await shop.sql('delete from rollcall.landing');
    await shop.run(day(5));
    expect(await published()).toEqual(expected);
    expect(await naming(...ANNS, 'laptop')).toEqual([]);
    const { project, spans, now } = await shop.options();
    for (const key of ['buyers', 'revenue', 'busy', 'waiting']) {
      const { sample } = await preview({ project, spans, now, key, asOf: day(5) });
      const whose = key === 'busy' ? 'acme' : 'bob';
      expect(sample.map((row) => row['profile_id'])).toEqual([whose]);
    }
  });

  it('is told of who was forgotten before, and does nothing then', async () => {
    await forgetting([ANN]);
    const before = await shop.contents();
    const again = await forgetting([ANN, 'phone', ANN]);
    expect(again).toEqual({
      run_id: null,
      profiles: [
        { profile_id: ANN, status: 'already_forgotten' },
        { profile_id: 'phone', status: 'already_forgotten' },
      ],
      identifiers: 0,
      messages: [],
      untold: [],
    });
    expect(await shop.contents()).toEqual(before);
    // Exits that wait for a destination which never takes them.
    await forgetting([ANN], { exits: false });
    expect(await naming(...ANNS)).toEqual([]);
  });

  it('withdraws what nobody was told yet, and with --no-exits tells nobody at all', async () => {
    await shop.land(order('o9', 'zoe', at(3), 1));
    await shop.run(day(4));
    expect(await forgetting(['zoe'])).toMatchObject({ messages: [], untold: [] });
    expect(await naming('zoe')).toEqual([]);
    expect(await forgetting([ANN], { exits: false })).toMatchObject({
      messages: [],
      untold: ['crm', 'tracks'],
    });
    expect(await naming(...ANNS)).toEqual([]);
  });

  it('refuses what is no profile of a person, and then forgets nobody', async () => {
    const before = await shop.contents();
    const refused = (profile: string): Promise<unknown> => forgetting([ANN, profile]);
    await expect(refused('nobody')).rejects.toThrow('there is no profile "nobody"');
    await expect(refused('phone')).rejects.toThrow('is no profile of its own: it belongs to');
    await expect(refused('acme')).rejects.toThrow('"acme" is an account');
    await expect(refused('')).rejects.toThrow('an empty id is nobody');
    await expect(forgetting([])).rejects.toThrow('say whom');
    expect(await shop.contents()).toEqual(before);
  });

  it('erases all or nothing, whichever statement fails, and names nobody in any', async () => {
    const before = await shop.contents();
    let asked = Infinity;
    for (let fails = 2; fails <= asked; fails += 6) {
      let n = 0;
      const broken = hooked((sql) => {
        expect(sql).not.toContain('tablet');
        if (++n === fails) throw new StatementError('Conversion Error: no', sql);
      });
      const done = await forgetting([ANN], { dialectFor: broken }).then(
        () => true,
        () => false,
      );
      if (done) asked = n;
      else expect(await shop.contents(), `statement ${fails}`).toEqual(before);
    }
    expect(await naming(...ANNS)).toEqual(['outbox']);
  });

  it('does the same where transactions hold no DDL', async () => {
    await forgetting([ANN], { dialectFor: withoutDdl(false) });
    await sync();
    expect(await naming(...ANNS)).toEqual([]);
    await shop.run(day(4));
    expect(await shop.members('buyers')).toEqual(['bob']);
  });
});
