/** Entities from the command line: mistakes, each with its place and a hint, and rows in tests of definitions. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { CONFIG, emptyFolder, rollcall, type Shop } from './support.js';

const ENTITIES = {
  orders: {
    table: 'shop.orders',
    id: 'order_id',
    profile: { user_id: 'customer_id' },
    relations: { items: { order_id: 'order_id' } },
  },
  items: { table: 'shop.items', id: 'item_id' },
  stores: { table: 'shop.stores', id: 'store_id' },
};

async function entityShop(entities: unknown = ENTITIES): Promise<Shop> {
  const made = await emptyFolder();
  await made.write('rollcall.json', { ...CONFIG, entities });
  await made.execute(`create schema raw; create schema shop;
    create table raw.messages (message_id varchar, type varchar, event varchar, name varchar, "timestamp" timestamp,
      received_at timestamp, user_id varchar, anonymous_id varchar, group_id varchar, properties json, traits json, context json);
    create table shop.orders (order_id varchar, customer_id varchar, total double);
    create table shop.items (item_id integer, order_id varchar, price double);
    create table shop.stores (store_id varchar, city varchar);`);
  return made;
}

const file = (definition: unknown): Record<string, unknown> => ({ kind: 'audience', key: 'a', definition });

/** What is printed of problems: the line of each, the text over the carets, the hint. */
const problemsOf = (output: string): readonly string[] => {
  const lines = output.split('\n').map((line) => line.trimEnd());
  return lines.flatMap((line, i) => {
    if (!/^\S+\.json:\d+:\d+ /.test(line)) return [];
    const [code = '', carets = '', hint = ''] = lines.slice(i + 1, i + 4);
    const start = carets.indexOf('^');
    const marked = code.slice(start, start + carets.trim().length);
    return [
      [line, `    ${marked}`, ...(hint.trim().startsWith('hint:') ? [`    ${hint.trim()}`] : [])].join('\n'),
    ];
  });
};

describe('mistakes in definitions', () => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await entityShop();
  });
  afterAll(async () => {
    await shop[Symbol.asyncDispose]();
  });

  const orders = (where: unknown): unknown => ({ entity: 'orders', where });
  /** Entities inside one another, `orders` and `items` in turn. */
  const nested = (levels: number, entity = 'orders'): unknown => ({
    entity,
    ...(levels > 1 && { where: nested(levels - 1, entity === 'orders' ? 'items' : 'orders') }),
  });

  const MISTAKES: readonly (readonly [string, unknown])[] = [
    ['an unknown entity', { entity: 'order' }],
    ['an entity that nothing relates to profiles', { entity: 'items' }],
    ['an entity that nothing relates to anything', { entity: 'stores' }],
    ['an entity path with no relation', orders({ entity: 'stores' })],
    ['a missing column', orders({ property: 'totl', at_least: 1 })],
    ['a missing column of a reducer', { entity: 'orders', sum: { property: 'amount', at_least: 1 } }],
    [
      'a missing column of the parent',
      orders({ entity: 'items', where: { property: 'price', equals: { property: 'prize', of: 'parent' } } }),
    ],
    ['of parent at the top', orders({ property: 'total', equals: { property: 'total', of: 'parent' } })],
    ['the first of rows', { entity: 'orders', first: { property: 'total', equals: 1 } }],
    ['periods of rows', { entity: 'orders', periods: { every: '1 day', at_least: 1 } }],
    ['an event inside an entity', orders({ event: 'Order Completed' })],
    ['an entity inside an event', { event: 'Order Completed', where: { entity: 'orders' } }],
    ['a context of a row', orders({ context: 'page.url', contains: 'x' })],
    ['a window', { entity: 'orders', within: '7 days' }],
    ['sources', { entity: 'orders', sources: { exclude: ['x'] } }],
    ['in query text', { query: "entity('orders').where(entity('stores').count() >= 1).count() >= 1" }],
    ['seven levels', nested(7)],
    ['of users in a definition of accounts', { entity: 'orders' }],
  ];

  test('each has its place and says what to do', { timeout: 60_000 }, async () => {
    const said: string[] = [];
    for (const [name, definition] of MISTAKES) {
      const of = name.endsWith('of accounts') ? 'accounts' : 'users';
      await shop.write('models/a.json', { ...file(definition), of });
      const { exit, stderr } = await rollcall(shop.dir, ['validate']);
      said.push(`## ${name}`, String(exit), ...problemsOf(stderr));
    }
    await expect(`${said.join('\n')}\n`).toMatchFileSnapshot('entities.golden.txt');
  });

  test('six levels are no mistake', async () => {
    await shop.write('models/a.json', file(nested(6)));
    const { exit, stderr } = await rollcall(shop.dir, ['validate']);
    expect([exit, problemsOf(stderr)]).toEqual([0, []]);
  });
});

describe('mistakes in links that ask for entities', () => {
  const orders = { entity: 'orders' };
  const inside = { entity: 'orders', where: { entity: 'items' } };
  const link = (entities: unknown, send = ['track']): unknown => [{ to: 'crm', send, entities }];
  const MISTAKES: readonly (readonly [string, object])[] = [
    ['an entity that no condition is on', { definition: orders, destinations: link('order') }],
    ['one of several', { definition: orders, destinations: link(['orders', 'stores']) }],
    ['none asked for', { definition: { event: 'Order Completed' }, destinations: link('orders') }],
    ['a condition under not', { definition: { not: orders }, destinations: link('orders') }],
    ['a count of none', { definition: { ...orders, count: { equals: 0 } }, destinations: link('orders') }],
    ['an entity inside another', { definition: inside, destinations: link('items') }],
    ['an entity twice', { definition: orders, destinations: link(['orders', 'orders']) }],
    ['no track messages', { definition: orders, destinations: link('orders', ['identify']) }],
    ['no entity', { definition: orders, destinations: link([]) }],
    ['not an entity', { definition: orders, destinations: link({ orders: true }) }],
    ['a trait', { kind: 'trait', definition: { ...orders, count: {} }, destinations: link('orders') }],
    [
      'a journey',
      {
        kind: 'journey',
        definition: { entry: orders, steps: [{ key: 'later', delay: '1 day' }] },
        destinations: link('orders'),
      },
    ],
  ];

  test('each has its place and says what to do', { timeout: 60_000 }, async () => {
    await using shop = await entityShop();
    const settings = { path: 'crm.jsonl' };
    await shop.write('destinations/crm.json', { kind: 'destination', key: 'crm', type: 'file', settings });
    const said: string[] = [];
    for (const [name, definition] of MISTAKES) {
      await shop.write('models/a.json', { kind: 'audience', key: 'a', ...definition });
      const { exit, stderr } = await rollcall(shop.dir, ['validate']);
      said.push(`## ${name}`, String(exit), ...problemsOf(stderr));
    }
    await expect(`${said.join('\n')}\n`).toMatchFileSnapshot('entity-links.golden.txt');
  });
});

describe('mistakes in rollcall.json', () => {
  const { orders, items } = ENTITIES;
  const MISTAKES: readonly (readonly [string, unknown])[] = [
    ['a cyclic data graph', { orders, items: { ...items, relations: { orders: { order_id: 'order_id' } } } }],
    ['an entity related to itself', { items: { ...items, relations: { items: { parent: 'item_id' } } } }],
    ['a relation to an entity that does not exist', { orders, item: items }],
    ['an identifier of another type', { items: { ...items, profile: { email: 'mail' } } }],
    ['a missing table', { items: { ...items, table: 'shop.item' } }],
    [
      'missing columns',
      {
        orders: {
          ...orders,
          id: 'id',
          profile: { user_id: 'customer' },
          relations: { items: { order: 'ordr_id' } },
          columns: { amount: 'amount' },
        },
        items,
      },
    ],
  ];

  test('each has its place and says what to do', { timeout: 60_000 }, async () => {
    const said: string[] = [];
    for (const [name, entities] of MISTAKES) {
      await using shop = await entityShop(entities);
      await shop.write('models/a.json', file({ event: 'Order Completed' }));
      const { exit, stderr } = await rollcall(shop.dir, ['validate']);
      said.push(`## ${name}`, String(exit), ...problemsOf(stderr));
    }
    await expect(`${said.join('\n')}\n`).toMatchFileSnapshot('entities-config.golden.txt');
  });
});

test('rows of entities in tests of definitions', async () => {
  await using shop = await entityShop();
  const spent = { entity: 'orders', where: { entity: 'items', where: { property: 'price', at_least: 5 } } };
  await shop.write('models/a.json', file(spent));
  const land = [
    { event: 'Seen', user_id: 'ann' },
    { event: 'Seen', user_id: 'bob' },
  ];
  const tables = {
    'shop.orders': [{ order_id: 1, customer_id: 'ann' }],
    'shop.items': [{ item_id: 1, order_id: 1, price: 7 }],
  };
  const steps = [
    { as_of: '2025-03-01', land, expect: { members: { a: [] } } },
    { as_of: '2025-03-02', tables, expect: { members: { a: ['ann'] } } },
    {
      as_of: '2025-03-03',
      tables: { 'shop.orders': [{ order_id: 1, customer_id: 'bob' }] },
      expect: { members: { a: ['bob'] } },
    },
    { as_of: '2025-03-04', tables: { 'shop.items': [] }, expect: { members: { a: [] } } },
  ];
  await shop.write('tests/a.json', { tests: [{ name: 'dear items', steps }] });
  const { exit, stdout, stderr } = await rollcall(shop.dir, ['test']);
  expect([exit, stdout, stderr]).toEqual([0, expect.stringContaining('1 passed'), '']);
});
