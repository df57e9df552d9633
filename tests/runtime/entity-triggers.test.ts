/** Rows of entities that enter and exit for members: what is kept of them, and what destinations are told. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { retire } from '../../runtime/index.js';
import { CRM, Shop, type Message } from './shop.js';

const ENTITIES = {
  orders: { table: 'shop.orders', id: 'id', profile: { user_id: 'who', anonymous_id: 'visitor' } },
  'cart "s"': { table: 'shop.carts', id: 'id', profile: { user_id: 'who', group_id: 'account' } },
};

const OPEN = { entity: 'orders', where: { property: 'state', equals: 'open' } };
const LINKED = [{ to: 'crm', entities: 'orders' }];

let shop: Shop;
beforeEach(async () => {
  shop = await Shop.create();
  const raw = { name: 'raw', layout: 'messages', table: 'raw.messages' };
  await shop.write('rollcall.json', {
    name: 'shop',
    target: 'dev',
    targets: { dev: { type: 'duckdb', path: 'warehouse.duckdb', schema: 'rollcall', threads: 1 } },
    sources: [raw],
    entities: ENTITIES,
  });
  await shop.sql(
    'create schema shop',
    'create table shop.orders (id bigint, who varchar, visitor varchar, state varchar)',
    'create table shop.carts (id varchar, who varchar, account varchar)',
  );
  await shop.write('destinations/crm.json', { ...CRM, send: ['track'] });
  await shop.land(see('m1', 'ann'), see('m2', 'bob'));
});
afterEach(async () => shop.dispose());

const see = (id: string, user: string | undefined, more: Partial<Message> = {}): Message => ({
  id,
  event: 'Seen',
  at: '2025-01-01T10:00:00Z',
  ...(user !== undefined && { user }),
  ...more,
});

/** The rows of orders become these: `id who`, closed with an `x`. */
async function orders(...rows: readonly string[]): Promise<void> {
  const values = rows.map((row) => {
    const [id = '', who = '', closed] = row.split(' ');
    const owner = who.startsWith('?') ? `null, '${who.slice(1)}'` : `'${who}', null`;
    return `(${id}, ${owner}, '${closed === 'x' ? 'closed' : 'open'}')`;
  });
  await shop.sql(
    'delete from shop.orders',
    ...(values.length > 0 ? [`insert into shop.orders values ${values.join(', ')}`] : []),
  );
}

let day = 0;
beforeEach(() => {
  day = 1;
});

interface Payload {
  readonly event?: string;
  readonly type: string;
  readonly properties?: Readonly<Record<string, unknown>>;
}

/** Runs a day later; `who event +entered -exited`, of the messages it queued. */
async function run(): Promise<readonly string[]> {
  day += 1;
  return again();
}

/** Runs the same day. */
async function again(): Promise<readonly string[]> {
  const result = await shop.run(`2025-02-${String(day).padStart(2, '0')}T00:00:00Z`);
  expect(result.exit).toBe(0);
  return lastQueued();
}

async function lastQueued(): Promise<readonly string[]> {
  const rows = await shop.query(
    'select identifier, payload from rollcall.outbox where run_no = (select max(run_no) from rollcall.runs)',
  );
  return rows
    .map(({ identifier, payload }) => told(String(identifier), JSON.parse(String(payload)) as Payload))
    .sort();
}

function told(identifier: string, { type, event, properties }: Payload): string {
  const lists = (properties?.['entities'] ?? {}) as Record<string, { entered: string[]; exited: string[] }>;
  const ids = Object.values(lists).flatMap(({ entered, exited }) => [
    ...entered.map((id) => `+${id}`),
    ...exited.map((id) => `-${id}`),
  ]);
  return [identifier, event ?? type, ...ids].join(' ');
}

/** `audience who entity id since`, of all that members have. */
const kept = async (): Promise<readonly unknown[]> =>
  (
    await shop.query(
      `select audience_key || ' ' || profile_id || ' ' || entity || ' ' || entity_id || ' ' || entered_at::date as m
       from rollcall.entity_memberships order by 1`,
    )
  ).map((row) => row['m']);

describe('an audience with a condition on an entity', () => {
  beforeEach(async () => {
    await shop.model('open', { definition: OPEN, destinations: LINKED });
    await orders('1 ann', '2 ann', '3 ann x');
    expect(await run()).toEqual(['ann Audience Entered +1 +2']);
  });

  it('tells with each message what entered and exited', async () => {
    await orders('2 ann', '5 bob');
    expect(await run()).toEqual(['ann Entity Exited -1', 'bob Audience Entered +5']);
    await orders('5 bob');
    expect(await run()).toEqual(['ann Audience Exited -2']);
    await orders('5 bob', '2 ann');
    expect(await run()).toEqual(['ann Audience Entered +2']);
  });

  it('tells a member of rows that enter and exit by messages of their own', async () => {
    await orders('1 ann x', '2 ann', '3 ann', '4 ann');
    expect(await run()).toEqual(['ann Entity Entered +3 +4', 'ann Entity Exited -1']);
    const rows = await shop.query(
      "select payload from rollcall.outbox where payload like '%Entity Entered%'",
    );
    expect(rows.map(({ payload }) => JSON.parse(String(payload)) as unknown)).toEqual([
      {
        type: 'track',
        event: 'Entity Entered',
        userId: 'ann',
        properties: {
          audience_key: 'open',
          open: true,
          entities: { orders: { entered: ['3', '4'], exited: [] } },
        },
        messageId: expect.stringMatching(/^rc_[0-9a-f]{64}$/) as string,
        timestamp: '2025-02-03T00:00:00Z',
        context: expect.anything() as unknown,
      },
    ]);
    expect(await kept()).toEqual([
      'open ann orders 2 2025-02-02',
      'open ann orders 3 2025-02-03',
      'open ann orders 4 2025-02-03',
    ]);
  });

  it('tells nothing twice, and of one as_of computed again all there is to tell, by ids of their own', async () => {
    expect(await again()).toEqual([]);
    await orders('1 ann');
    expect(await again()).toEqual(['ann Entity Exited -2']);
    await orders('1 ann', '2 ann');
    expect(await again()).toEqual(['ann Entity Entered +2']);
    await orders('1 ann');
    expect(await again()).toEqual(['ann Entity Exited -2']);
    expect(await again()).toEqual([]);
    const ids = await shop.query('select distinct message_id from rollcall.outbox');
    expect(ids).toHaveLength(4);
  });

  it('goes by the difference when it is edited, also of what a row has to be', async () => {
    const closed = { entity: 'orders', where: { property: 'state', equals: 'closed' } };
    await shop.model('open', { definition: { any: [OPEN, closed] }, destinations: LINKED });
    expect(await run()).toEqual(['ann Entity Entered +3']);
    await shop.model('open', { definition: closed, destinations: LINKED });
    expect(await run()).toEqual(['ann Entity Exited -1 -2']);
  });

  it('keeps what it has while it is disabled, and tells the difference after', async () => {
    await shop.model('open', { definition: OPEN, destinations: LINKED, enabled: false });
    await orders('2 ann', '4 ann');
    expect(await run()).toEqual([]);
    expect(await kept()).toHaveLength(2);
    await shop.model('open', { definition: OPEN, destinations: LINKED });
    expect(await run()).toEqual(['ann Entity Entered +4', 'ann Entity Exited -1']);
  });

  it('lets a destination that was paused catch up', async () => {
    await shop.write('destinations/crm.json', { ...CRM, send: ['track'], enabled: false });
    await orders('2 ann', '4 ann');
    expect(await run()).toEqual([]);
    expect(await kept()).toHaveLength(2);
    await orders('4 ann', '6 ann');
    await shop.write('destinations/crm.json', { ...CRM, send: ['track'] });
    expect(await run()).toEqual(['ann Entity Entered +4 +6', 'ann Entity Exited -1 -2']);
  });

  it('is emptied when it is removed, and tells of it only when asked to', async () => {
    await shop.model('other', { definition: { event: 'Seen' } });
    await shop.remove('open');
    expect(await run()).toEqual([]);
    expect(await kept()).toEqual([]);
    const options = await shop.options();
    await retire({ ...options, key: 'open', sendExits: true, release: true });
    expect(await lastQueued()).toEqual(['ann Audience Exited -1 -2']);
    await shop.model('open', { definition: OPEN, destinations: LINKED });
    expect(await run()).toEqual(['ann Audience Entered +1 +2']);
  });

  it('forgets what nobody asks for any more, and catches up when somebody does again', async () => {
    await shop.model('open', { definition: OPEN, destinations: ['crm'] });
    await orders('1 ann', '7 ann');
    expect(await run()).toEqual([]);
    expect(await kept()).toEqual([]);
    await shop.model('open', { definition: OPEN, destinations: LINKED });
    expect(await run()).toEqual(['ann Entity Entered +7', 'ann Entity Exited -2']);
  });
});

describe('a way that begins to ask', () => {
  const begun = async (history: boolean): Promise<void> => {
    await shop.model('open', { definition: OPEN, history, destinations: ['crm'] });
    await orders('1 ann');
    expect(await run()).toEqual(['ann Audience Entered']);
    await shop.model('open', { definition: OPEN, history, destinations: LINKED });
  };

  it('is told of all there are', async () => {
    await begun(true);
    expect(await run()).toEqual(['ann Entity Entered +1']);
    expect(await run()).toEqual([]);
  });

  it('with history: false, of what comes after, and of all that a new member has', async () => {
    await begun(false);
    await orders('1 ann', '2 bob');
    expect(await run()).toEqual(['bob Audience Entered +2']);
    await orders('3 ann', '2 bob');
    expect(await run()).toEqual(['ann Entity Entered +3', 'ann Entity Exited -1']);
  });
});

describe('what is listed', () => {
  const carts = { entity: 'cart "s"' };
  const bothLinked = [{ to: 'crm', entities: ['orders', 'cart "s"'] }];

  it('is what conditions ask for, by any of them, and of members only', async () => {
    await shop.model('some', {
      definition: {
        all: [
          { any: [OPEN, carts] },
          { not: { entity: 'orders', where: { property: 'state', equals: 'stolen' } } },
        ],
      },
      destinations: bothLinked,
    });
    await orders('1 ann', '2 ann x', '3 bob');
    await shop.sql(
      `insert into shop.carts values ('c''1; drop', 'ann', null), ('é"\\', 'ann', null), ('c2', 'cy', null)`,
    );
    expect(await run()).toEqual([`ann Audience Entered +1 +c'1; drop +é"\\`, 'bob Audience Entered +3']);
    await shop.sql("update shop.orders set state = 'stolen' where id = 3");
    expect(await run()).toEqual(['bob Audience Exited -3']);
  });

  it('is without a repeat where two conditions find one row, and as far as a count goes', async () => {
    const few = { ...OPEN, count: { at_most: 2 } };
    await shop.model('few', {
      definition: { all: [few, { entity: 'orders' }] },
      destinations: LINKED,
    });
    await orders('1 ann', '2 ann x', '3 bob', '4 bob', '5 bob');
    expect(await run()).toEqual(['ann Audience Entered +1 +2']);
    await orders('1 ann', '2 ann x', '3 bob', '4 bob', '5 bob x');
    expect(await run()).toEqual(['bob Audience Entered +3 +4 +5']);
  });

  it('stands in track messages only, beside identify messages', async () => {
    await shop.model('open', {
      definition: OPEN,
      destinations: [{ to: 'crm', send: ['identify', 'track'], entities: 'orders' }],
    });
    await orders('1 ann');
    expect(await run()).toEqual(['ann Audience Entered +1', 'ann identify']);
    await orders('1 ann', '2 ann');
    expect(await run()).toEqual(['ann Entity Entered +2']);
  });

  it('has names that a destination chooses', async () => {
    const events = { entity_entered: 'Order Opened', entity_exited: 'Order Closed' };
    await shop.write('destinations/crm.json', { ...CRM, send: ['track'], events });
    await shop.model('open', { definition: OPEN, destinations: LINKED });
    await orders('1 ann');
    await run();
    await orders('2 ann');
    expect(await run()).toEqual(['ann Order Closed -1', 'ann Order Opened +2']);
  });
});

describe('whom it goes to', () => {
  it('is not told again when an anonymous profile becomes part of a user, who is', async () => {
    await shop.model('open', { definition: OPEN, include_anonymous: true, destinations: LINKED });
    await shop.land(see('m3', undefined, { anonymous: 'a1' }));
    await orders('1 ?a1');
    expect(await run()).toEqual(['a1 Audience Entered +1']);
    await shop.land(see('m4', 'cy', { anonymous: 'a1' }));
    expect(await run()).toEqual(['cy Audience Entered +1']);
    await orders('1 ?a1', '2 cy');
    expect(await run()).toEqual(['cy Entity Entered +2']);
    // Who was told of a row is told of its end.
    await orders('2 cy');
    expect(await run()).toEqual(['a1 Entity Exited -1', 'cy Entity Exited -1']);
  });

  it('is, of accounts, their users', async () => {
    const joins = (id: string, user: string, group: string): Message => ({
      ...see(id, user),
      type: 'group',
      group,
      traits: {},
    });
    await shop.land(joins('g1', 'ann', 'acme'), joins('g2', 'bob', 'acme'), joins('g3', 'bob', 'globex'));
    await shop.model('carts', {
      of: 'accounts',
      definition: { entity: 'cart "s"' },
      destinations: [{ to: 'crm', send: ['group', 'track'], entities: 'cart "s"' }],
    });
    await shop.sql("insert into shop.carts values ('c1', null, 'acme'), ('c2', null, 'globex')");
    expect(await run()).toEqual([
      'acme group',
      'ann Audience Entered +c1',
      'bob Audience Entered +c1 +c2',
      'globex group',
    ]);
    await shop.sql(
      "insert into shop.carts values ('c3', null, 'globex')",
      "delete from shop.carts where id = 'c1'",
    );
    expect(await run()).toEqual([
      'acme group',
      'ann Audience Exited -c1',
      'bob Entity Entered +c3',
      'bob Entity Exited -c1',
    ]);
  });
});
