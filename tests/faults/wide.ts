/**
 * A small project that has something of everything, and a life of three days, so that every kind of step of a program is
 * run: sources of two layouts, audiences, traits, funnels, a ranking, a journey, accounts, entities and what members have of
 * them, a SQL trait, destinations that take messages one by one and as a file; late data, identities that merge, a message
 * that landed before after all, an edit, a removal, definitions and destinations that come later.
 */
import { posix } from 'node:path';
import type { RawColumns, RawRow, RawTables } from '../engines/engine.js';
import { MESSAGE_COLUMNS } from '../support/land-messages.js';

type File = readonly [path: string, content: unknown];

const VISITS: RawColumns = { id: 'text', at: 'timestamp', landed: 'timestamp', who: 'text', channel: 'text' };
const ORDERS: RawColumns = { id: 'text', who: 'text', state: 'text', total: 'decimal' };

const ordered = { event: 'Order Completed' };
const audience = (key: string, definition: unknown, more: object = {}): File => [
  `models/${key}.json`,
  { kind: 'audience', key, name: key, of: 'users', definition, ...more },
];
const trait = (key: string, definition: unknown, more: object = {}): File => [
  `models/${key}.json`,
  { kind: 'trait', key, name: key, of: 'users', definition, ...more },
];
const both = { destinations: ['hook', 'list'] };

const FIRST: readonly File[] = [
  audience('buyers', ordered, both),
  audience('recent', { ...ordered, within: '2 days' }, { destinations: ['hook'] }),
  audience('spenders', { ...ordered, sum: { property: 'revenue', greater_than: 100 } }),
  audience('vips', { all: [{ audience: 'spenders' }, { trait: 'revenue', at_least: 120 }] }, both),
  audience('pros', { trait: 'plan', equals: 'pro' }, { include_anonymous: true }),
  audience('carts', {
    event: 'Added',
    where: { not: { event: 'Order Completed', within_parent: '1 day' } },
  }),
  audience('best', { rank: { by: { trait: 'revenue' }, top: 2 } }),
  audience('visitors', { event: 'Visited', count: { at_least: 1 } }),
  audience(
    'waiting',
    { entity: 'orders', where: { property: 'state', equals: 'open' } },
    { destinations: [{ to: 'hook', entities: 'orders' }] },
  ),
  audience('teams', { users: 'any', match: ordered }, { of: 'accounts', destinations: ['hook'] }),
  trait('team_orders', { ...ordered, count: {} }, { of: 'accounts' }),
  trait('revenue', { ...ordered, sum: { property: 'revenue' } }, both),
  trait('last_item', { ...ordered, last: { property: 'item' } }),
  trait('from_sql', { sql: 'select who as user_id, count(*) as visits, max(channel) as channel from {{source "shop.visits"}} group by 1' }), // prettier-ignore
  [
    'models/welcome.json',
    {
      kind: 'journey',
      key: 'welcome',
      name: 'welcome',
      of: 'users',
      destinations: ['hook'],
      definition: {
        entry: { event: 'Added' },
        steps: [
          { key: 'bought', when: ordered },
          { key: 'later', delay: '1 day' },
        ],
      },
    },
  ],
];

/** The third day: an edit, something new, a destination for what went nowhere, a removal. */
const THIRD: readonly File[] = [
  audience('spenders', { ...ordered, where: { property: 'country', equals: 'DE' } }, both),
  audience('newcomers', { event: 'Added', within: '3 days' }, { history: '10 days', destinations: ['hook'] }),
  audience('pros', { trait: 'plan', equals: 'pro' }, { include_anonymous: true, history: false, destinations: ['list'] }), // prettier-ignore
];
const REMOVED: ReadonlySet<string> = new Set(['models/carts.json']);

/** Files of the project on a day; `target` is where it runs, `hook` the address of its webhook. */
export function filesOn(day: number, target: unknown, hook: string): ReadonlyMap<string, unknown> {
  const config = {
    name: 'wide',
    target: 'it',
    targets: { it: target },
    sources: [
      { name: 'raw', layout: 'messages', table: 'raw.messages' },
      {
        name: 'visits',
        layout: 'table',
        table: 'shop.visits',
        event: 'Visited',
        columns: { id: 'id', timestamp: 'at', received_at: 'landed', user_id: 'who' },
      },
    ],
    entities: { orders: { table: 'shop.orders', id: 'id', profile: { user_id: 'who' } } },
  };
  const send = ['identify', 'track'];
  const files: readonly File[] = [
    ['rollcall.json', config],
    ['destinations/hook.json', { kind: 'destination', key: 'hook', type: 'webhook', settings: { url: hook, batch_size: 7 }, send }], // prettier-ignore
    ['destinations/list.json', { kind: 'destination', key: 'list', type: 'file', settings: { path: 'list.jsonl' }, send }], // prettier-ignore
    ...FIRST,
    ...(day < 3 ? [] : THIRD),
  ];
  const kept = files.filter(([path]) => day < 3 || !REMOVED.has(path));
  return new Map(kept.map(([path, content]) => [posix.join('/wide', path), content]));
}

let made = 0;
const message = (at: string, more: Readonly<Record<string, unknown>>): RawRow => ({
  message_id: `m${++made}`,
  type: 'track',
  timestamp: at,
  received_at: at,
  ...more,
});
const order = (at: string, who: object, revenue: number, more: object = {}): RawRow =>
  message(at, {
    event: 'Order Completed',
    ...who,
    properties: { revenue, item: `it's "${revenue}"`, country: revenue > 90 ? 'DE' : 'FR' },
    ...more,
  });
const added = (at: string, who: object): RawRow => message(at, { event: 'Added', ...who, properties: {} });
const user = (user_id: string): object => ({ user_id });
const someone = (anonymous_id: string): object => ({ anonymous_id });

/** What is in the raw tables from a day on; the entities' table is replaced. */
export async function landOn(day: number, raw: RawTables): Promise<void> {
  made = day * 100;
  await raw.append({ schema: 'raw', name: 'messages' }, MESSAGE_COLUMNS, LANDS[day]?.() ?? []);
  const visited = `2025-01-0${day}T07:00:00Z`;
  await raw.append({ schema: 'shop', name: 'visits' }, VISITS, [
    { id: `v${day}`, at: visited, landed: visited, who: 'ann', channel: `c${day}` },
  ]);
  await raw.replace({ schema: 'shop', name: 'orders' }, ORDERS, [
    { id: '1', who: 'ann', state: day < 3 ? 'open' : 'closed', total: 5 },
    { id: '2', who: 'bob', state: day < 2 ? 'closed' : 'open', total: 6.5 },
    { id: `${day + 10}`, who: 'ann', state: 'open', total: day },
  ]);
}

const LANDS: Readonly<Record<number, () => readonly RawRow[]>> = {
  1: () => [
    order('2025-01-01T08:00:00Z', user('ann'), 80),
    order('2025-01-01T09:00:00Z', someone('visitor'), 70),
    order('2025-01-01T10:00:00Z', user('bob'), 95),
    added('2025-01-01T08:30:00Z', user('bob')),
    added('2025-01-01T11:00:00Z', user('ann')),
    added('2025-01-01T11:30:00Z', someone('stray')),
    message('2025-01-01T07:00:00Z', {
      type: 'identify',
      user_id: 'ann',
      traits: { plan: 'pro', email: 'ann@x' },
    }),
    message('2025-01-01T07:00:00Z', { type: 'group', user_id: 'ann', group_id: 'acme', traits: { size: 3 } }),
    message('2025-01-01T07:30:00Z', { type: 'group', user_id: 'cid', group_id: 'blue', traits: {} }),
  ],
  // Late events, events that landed already, and two visitors who turn out to be known users.
  2: () => [
    order('2025-01-01T06:00:00Z', user('cid'), 130, { received_at: '2025-01-02T12:00:00Z' }),
    order('2025-01-02T10:00:00Z', user('ann'), 20),
    {
      ...order('2025-01-01T10:00:00Z', user('bob'), 95),
      message_id: 'm103',
      received_at: '2025-01-02T13:00:00Z',
    },
    message('2025-01-02T11:00:00Z', {
      type: 'identify',
      user_id: 'ann',
      anonymous_id: 'visitor',
      traits: { plan: 'free' },
    }),
    message('2025-01-02T11:10:00Z', {
      type: 'identify',
      user_id: 'dan',
      anonymous_id: 'stray',
      traits: { plan: 'pro' },
    }),
    added('2025-01-02T12:30:00Z', user('dan')),
    message('2025-01-02T12:40:00Z', { type: 'group', user_id: 'dan', group_id: 'blue', traits: {} }),
  ],
  // What landed as m202 did so before after all, and said something else.
  3: () => [
    order('2025-01-03T10:00:00Z', user('dan'), 99),
    {
      ...order('2025-01-02T10:00:00Z', user('ann'), 21),
      message_id: 'm202',
      received_at: '2025-01-02T09:00:00Z',
    },
  ],
};

/** When each day's run is, and what is done after it. */
export const AS_OF = (day: number): string => `2025-01-0${day + 1}T00:00:00Z`;
export const DAYS = [1, 2, 3] as const;
