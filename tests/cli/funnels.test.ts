/** Mistakes in events inside the `where` of an event: each with its place, nothing written. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { attachedDuckDB } from '../engines/duckdb-attached.js';
import { CONFIG, emptyFolder, rollcall, type Shop } from './support.js';

const column = (name: string, type = 'varchar'): string => `"${name}" ${type}`;
const STANDARD = [
  ...['id', 'user_id', 'anonymous_id', 'event', 'event_text'].map((name) => column(name)),
  ...['received_at', 'timestamp'].map((name) => column(name, 'timestamp')),
];

/** A shop in Segment's layout: someone added a product, and ordered another. */
async function segmentShop(): Promise<Shop> {
  const made = await emptyFolder();
  await made.write('rollcall.json', {
    ...CONFIG,
    sources: [{ name: 'web', layout: 'segment', schema: 'web' }],
  });
  await made.write(
    'models/good.json',
    file('good', { event: 'Product Added', where: { event: 'Order Completed' } }),
  );
  const insert = (table: string, at: string): string =>
    `insert into web.${table} (id, user_id, "timestamp", received_at) values ('${table}', 'ann', '${at}', '${at}');`;
  await made.execute(`create schema web;
    create table web.tracks (${STANDARD.join(', ')});
    create table web.product_added (${STANDARD.join(', ')}, product_id varchar, price double);
    create table web.order_completed (${STANDARD.join(', ')}, product_id varchar, total double);
    ${insert('product_added', '2025-02-01')} ${insert('order_completed', '2025-02-02')}`);
  return made;
}

const file = (key: string, definition: unknown): Record<string, unknown> => ({
  kind: 'audience',
  key,
  name: key,
  definition,
});

/** Everything in the warehouse, as text. */
async function contents(s: Shop): Promise<string> {
  const settings = { type: 'duckdb', path: 'warehouse.duckdb' };
  const warehouse = await attachedDuckDB.open({ settings, projectDir: s.dir, mode: 'read' });
  const rows = async (sql: string): Promise<unknown[]> => {
    const all: unknown[] = [];
    for await (const batch of warehouse.read(sql)) all.push(...batch.rows);
    return all;
  };
  try {
    const tables = await rows(
      `select table_schema || '.' || table_name as t from information_schema.tables order by 1`,
    );
    const parts: unknown[] = [];
    for (const row of tables as { t: string }[]) parts.push(row.t, await rows(`from ${row.t} order by all`));
    return JSON.stringify(parts, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  } finally {
    await warehouse.close();
  }
}

/** What `run` prints of a definition: where, what, the text over the carets, and the hint. */
interface Mistake {
  readonly name: string;
  readonly definition: unknown;
  readonly line: string;
  readonly marked: string;
  readonly hint?: string;
}

const child = (rest: Record<string, unknown>): unknown => ({
  event: 'Product Added',
  where: { event: 'Order Completed', ...rest },
});
const text = (query: string): unknown => ({ query });
const sameAs = (of: Record<string, unknown>): Record<string, unknown> => ({
  where: { property: 'product_id', equals: of },
});
const NO_PARENT = 'leave out "of", or put the event into the "where" of the one that comes before it';
const NO_END = '"settled" waits until the time after the parent has passed, and here it has no end';
const HOW_LONG = 'say how long with "within_parent" or "between_parent"';
const COLUMNS = 'Columns: product_id, price';

const MISTAKES: readonly Mistake[] = [
  {
    name: 'of the parent of an event that stands in no other',
    definition: { event: 'Order Completed', ...sameAs({ property: 'product_id', of: 'parent' }) },
    line: '10:21 misplaced-operand "Order Completed" stands in no other event, so there is no parent to read "product_id" of',
    marked: '"product_id"',
    hint: NO_PARENT,
  },
  {
    name: 'the same on the left side',
    definition: {
      event: 'Order Completed',
      where: { property: 'product_id', of: 'parent', equals: '7' },
    },
    line: '8:19 misplaced-operand "Order Completed" stands in no other event, so there is no parent to read "product_id" of',
    marked: '"product_id"',
    hint: NO_PARENT,
  },
  {
    name: 'the same in query text',
    definition: text(
      "event('Order Completed').where(property('product_id') = property(parent: 'product_id')).count() >= 1",
    ),
    line: '6:88 misplaced-operand "Order Completed" stands in no other event, so there is no parent to read "product_id" of',
    marked: "'product_id'",
    hint: NO_PARENT,
  },
  {
    name: 'a count of children compared with the parent of the outermost event',
    definition: child({ count: { at_least: { property: 'price', of: 'parent' } } }),
    line: '11:23 misplaced-operand "Product Added" stands in no other event, so there is no parent to read "price" of',
    marked: '"price"',
    hint: NO_PARENT,
  },
  {
    name: 'settled without a window after the parent',
    definition: child({ settled: true }),
    line: `8:16 misplaced-operand ${NO_END}`,
    marked: '"Order Completed"',
    hint: HOW_LONG,
  },
  {
    name: 'settled with a window before as_of only',
    definition: child({ within: '1 day', settled: true }),
    line: `8:16 misplaced-operand ${NO_END}`,
    marked: '"Order Completed"',
    hint: HOW_LONG,
  },
  {
    name: 'the same in query text',
    definition: text(
      "event('Product Added').where(event('Order Completed').settled().count() >= 1).count() >= 1",
    ),
    line: `6:50 misplaced-operand ${NO_END}`,
    marked: "'Order Completed'",
    hint: HOW_LONG,
  },
  ...['within_parent', 'between_parent', 'settled'].map((key) => ({
    name: `${key} outside of a where`,
    definition: {
      event: 'Order Completed',
      [key]: { within_parent: '1 day', between_parent: ['1 hour', '1 day'], settled: true }[key],
    },
    line: `7:5 unknown-key unknown key "${key}"`,
    marked: `"${key}"`,
    hint: `"${key}" is for an event inside the "where" of another event`,
  })),
  {
    name: 'a window after the parent outside of a where, in query text',
    definition: text("event('Order Completed').within(parent: 1 day).count() >= 1"),
    line: '6:40 misplaced-operand .within(parent: …) is for an event inside the where(…) of another event',
    marked: 'within',
    hint: 'there is no enclosing event here',
  },
  {
    name: 'between_parent the wrong way round',
    definition: child({ between_parent: ['1 day', '1 hour'] }),
    line: '9:25 invalid-value the first duration must be the shorter',
    marked: '[',
    hint: 'exchange the two: ["1 hour", "1 day"]',
  },
  {
    name: 'between_parent of no length',
    definition: child({ between_parent: ['24 hours', '1 day'] }),
    line: '9:25 invalid-value the first duration must be the shorter',
    marked: '[',
    hint: 'both are of the same length',
  },
  {
    name: 'between_parent from nothing',
    definition: child({ between_parent: ['0 days', '1 day'] }),
    line: '10:9 invalid-duration "0 days" is not a positive duration',
    marked: '"0 days"',
    hint: '"1 day" is the shortest in days',
  },
  {
    name: 'the wrong way round in query text',
    definition: text(
      "event('Product Added').where(event('Order Completed').between(parent: 1 day, 1 hour).count() >= 1).count() >= 1",
    ),
    line: '6:85 invalid-value the first duration must be the shorter',
    marked: '1 day, 1 hour',
    hint: 'exchange the two',
  },
  {
    name: 'two windows after the parent',
    definition: child({ within_parent: '1 day', between_parent: ['1 hour', '1 day'] }),
    line: '10:7 ambiguous-form "within_parent" and "between_parent" at once',
    marked: '"between_parent"',
    hint: 'keep within_parent or between_parent',
  },
  {
    name: 'a misspelt window',
    definition: child({ within_paernt: '1 day' }),
    line: '9:7 unknown-key unknown key "within_paernt"',
    marked: '"within_paernt"',
    hint: 'did you mean "within_parent"?',
  },
  {
    name: 'a property that the parent has not',
    definition: child(sameAs({ property: 'prodcut_id', of: 'parent' })),
    line: `12:23 missing-column Source web: table web.product_added has no column for the property "prodcut_id" of "Product Added". ${COLUMNS}`,
    marked: '"prodcut_id"',
    hint: 'did you mean "product_id"?',
  },
  {
    name: 'a property that only the child has',
    definition: child(sameAs({ property: 'total', of: 'parent' })),
    line: `12:23 missing-column Source web: table web.product_added has no column for the property "total" of "Product Added". ${COLUMNS}`,
    marked: '"total"',
  },
  {
    name: 'at the third level the parent is the second',
    definition: { event: 'Order Completed', where: child(sameAs({ property: 'total', of: 'parent' })) },
    line: `14:25 missing-column Source web: table web.product_added has no column for the property "total" of "Product Added". ${COLUMNS}`,
    marked: '"total"',
  },
  {
    name: 'a property that the child has not',
    definition: child({ sum: { property: 'totl', at_least: 1 } }),
    line: '9:7 missing-column Source web: table web.order_completed has no column for the property "totl" of "Order Completed". Columns: product_id, total',
    marked: '"sum"',
    hint: 'did you mean "total"?',
  },
  {
    name: 'a misspelt event',
    definition: { event: 'Product Added', where: { not: { event: 'Order Compelted' } } },
    line: '9:18 missing-table No source has the event "Order Compelted" (table order_compelted). Events there are: order_completed, product_added',
    marked: '"Order Compelted"',
    hint: 'did you mean "order_completed"?',
  },
  {
    name: 'a misspelt event in query text',
    definition: text("event('Product Added').where(NOT event('Order Compelted').count() >= 1).count() >= 1"),
    line: '6:54 missing-table No source has the event "Order Compelted" (table order_compelted). Events there are: order_completed, product_added',
    marked: "'Order Compelted'",
    hint: 'did you mean "order_completed"?',
  },
  {
    name: 'of something else than the parent',
    definition: child(sameAs({ property: 'product_id', of: 'child' })),
    line: '13:17 invalid-value "child" is not allowed here',
    marked: '"child"',
    hint: 'write "parent"',
  },
];

describe('mistakes in a funnel', () => {
  let shop: Shop;
  let before: string;
  beforeAll(async () => {
    shop = await segmentShop();
    expect((await rollcall(shop.dir, ['run'])).exit).toBe(0);
    before = await contents(shop);
    expect(before).toContain('"rollcall.member_state",[{');
  });
  afterAll(() => shop[Symbol.asyncDispose]());

  test.each(MISTAKES)('$name: $line', async ({ definition, line, marked, hint }) => {
    await shop.write('models/bad.json', file('bad', definition));
    for (const command of ['validate', 'run']) {
      const { exit, stderr } = await rollcall(shop.dir, [command]);
      const [first, source = '', carets = '', last] = stderr.split('\n');
      const [start, end] = [carets.indexOf('^'), carets.lastIndexOf('^') + 1];
      expect([command, exit, first, source.slice(start, end)]).toEqual([
        command,
        2,
        `models/bad.json:${line}`,
        marked,
      ]);
      if (hint !== undefined) expect(last).toBe(`  hint: ${hint}`);
    }
    expect(await contents(shop)).toBe(before);
  });

  test('all of them are printed at once', async () => {
    await shop.write('models/bad.json', file('bad', MISTAKES[0]?.definition));
    await shop.write('models/worse.json', file('worse', child({ settled: true })));
    const { exit, stderr } = await rollcall(shop.dir, ['run']);
    expect(exit).toBe(2);
    expect(stderr).toMatch(/^models\/bad\.json:10:21 misplaced-operand/m);
    expect(stderr).toMatch(/^models\/worse\.json:8:16 misplaced-operand/m);
  });
});
