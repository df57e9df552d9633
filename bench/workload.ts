/**
 * The workload of the run benchmark: a year of messages of a shop, and audiences over them, each also as the
 * one-pass query a careful analyst would write by hand.
 */

import { modelFiles } from './files.js';

export const EVENTS = [
  'Product Viewed',
  'Product Searched',
  'Product Added',
  'Page Opened',
  'Email Opened',
  'Email Clicked',
  'Video Played',
  'Article Read',
  'Cart Viewed',
  'Checkout Started',
  'Order Completed',
  'Order Refunded',
  'Coupon Applied',
  'Review Written',
  'Wishlist Added',
  'Support Asked',
  'Login',
  'App Opened',
  'Push Opened',
  'Survey Answered',
] as const;

/** Instant the workload is computed for; the data spans the year before it. */
export const AS_OF = '2026-01-01T00:00:00Z';

/**
 * SQL that makes `raw.messages`. Users are heavy-tailed (the square of a uniform number), ids look like UUIDs,
 * rows land in order of time. One row in a million users' identifies comes first.
 */
export function messagesSql(events: number, users: number): readonly string[] {
  const list = EVENTS.map((e) => `'${e}'`).join(', ');
  return [
    'create schema raw',
    `create table raw.messages (message_id varchar, type varchar, event varchar, name varchar, "timestamp" timestamp,
       received_at timestamp, user_id varchar, anonymous_id varchar, group_id varchar, properties varchar, traits varchar,
       context varchar, source_id varchar)`,
    `insert into raw.messages
     select 'i-' || md5('i' || i), 'identify', null, null, timestamp '2025-01-01', timestamp '2025-01-01 00:00:05',
       'user-' || i, null, null, null,
       '{"plan":"' || (case i % 10 when 0 then 'business' when 1 then 'team' else 'free' end) || '","city":"city ' || (i % 50) || '"}',
       null, null
     from range(${users}) t(i)`,
    `insert into raw.messages
     with e as (
       select i, hash(i) h, hash(i + 7) h2,
         timestamp '2025-01-01 00:01:00' + to_microseconds(cast(i * (31530000000000 / ${events}) as bigint)) at_
       from range(${events}) t(i))
     select substr(md5(cast(i as varchar)), 1, 8) || '-' || substr(md5(cast(i as varchar)), 9), 'track',
       ([${list}])[1 + cast(h % 20 as int)], null, at_, at_ + interval 5 seconds,
       'user-' || cast(floor(pow((h2 % 1000003) / 1000003.0, 2) * ${users}) as bigint), null, null,
       '{"price":' || ((h >> 8) % 50000) / 100.0 || ',"quantity":' || (1 + (h >> 24) % 9) ||
         ',"category":"category ' || ((h >> 32) % 40) || '","channel":"' || (case (h >> 40) % 3 when 0 then 'web' when 1 then 'ios' else 'android' end) || '"}',
       null, null, null
     from e`,
  ];
}

interface Condition {
  readonly json: Record<string, unknown>;
  /** The event, days back, and the aggregate test over rows already cut to event and window. */
  readonly event: string;
  readonly days: number;
  readonly having: (filter: string) => string;
  readonly where: string;
}

const number = (path: string): string => `cast((properties->>'$.${path}') as decimal(18, 2))`;
const text = (path: string): string => `(properties->>'$.${path}')`;
const DAYS = [1, 3, 7, 14, 30, 60, 90, 180, 365];

function condition(i: number): Condition {
  const event = EVENTS[(i * 7) % EVENTS.length] as string;
  const days = DAYS[i % DAYS.length] as number;
  const base = { event, within: `${days} days` };
  const n = 1 + (i % 3);
  switch (i % 6) {
    case 0:
      return {
        json: { ...base, count: { at_least: n } },
        event,
        days,
        where: 'true',
        having: (f) => `count(*) filter (where ${f}) >= ${n}`,
      };
    case 1:
      return {
        json: { ...base, where: { property: 'price', at_least: 100 + i }, count: { at_least: 1 } },
        event,
        days,
        where: `${number('price')} >= ${100 + i}`,
        having: (f) => `count(*) filter (where ${f}) >= 1`,
      };
    case 2:
      return {
        json: { ...base, sum: { property: 'price', greater_than: 200 + i } },
        event,
        days,
        where: 'true',
        having: (f) => `sum(${number('price')}) filter (where ${f}) > ${200 + i}`,
      };
    case 3:
      return {
        json: {
          ...base,
          where: { property: 'category', one_of: [`category ${i % 40}`, `category ${(i + 9) % 40}`] },
          count: { at_least: 1 },
        },
        event,
        days,
        where: `${text('category')} in ('category ${i % 40}', 'category ${(i + 9) % 40}')`,
        having: (f) => `count(*) filter (where ${f}) >= 1`,
      };
    case 4:
      return {
        json: { ...base, unique_count: { property: 'channel', at_least: 2 } },
        event,
        days,
        where: 'true',
        having: (f) => `count(distinct ${text('channel')}) filter (where ${f}) >= 2`,
      };
    default:
      return {
        json: {
          ...base,
          where: { property: 'channel', equals: 'ios' },
          max: { property: 'price', at_least: 300 },
        },
        event,
        days,
        where: `${text('channel')} = 'ios'`,
        having: (f) => `max(${number('price')}) filter (where ${f}) >= 300`,
      };
  }
}

export interface WorkloadAudience {
  readonly key: string;
  readonly file: Record<string, unknown>;
  /** The hand-written one-pass query: user ids. */
  readonly sql: string;
  /** The same over a table an event, as `stagedEvent` makes them. */
  readonly staged: (table: (event: string) => string, asOf: string) => string;
}

/**
 * What a table of one event holds: the columns that audiences ask for, taken out of JSON. Without its last line of SQL.
 *
 * @param more columns of a message that it has beside them, a comma after each
 */
export const stagedEvent = (event: string, more = ''): string =>
  `select ${more}user_id, "timestamp" as ts, received_at, ${number('price')} as price, ${text('category')} as category,
  ${text('channel')} as channel
from raw.messages
where type = 'track' and event = '${event}'`;

/** An expression over JSON as one over the columns of `stagedEvent`. */
const overStaged = (sql: string): string =>
  sql
    .replaceAll(number('price'), 'price')
    .replaceAll(/\(properties->>'\$\.(\w+)'\)/g, '$1')
    .replaceAll(' filter (where true)', '');

/** Audiences of two event conditions each: three in four need both, the others either. */
export function audiences(count: number): readonly WorkloadAudience[] {
  return Array.from({ length: count }, (_, i) => {
    const [a, b] = [condition(2 * i), condition(2 * i + 1)];
    const both = i % 4 !== 3;
    const own = (c: Condition): string =>
      `event = '${c.event}' and "timestamp" >= asof - interval ${c.days} days${c.where === 'true' ? '' : ` and ${c.where}`}`;
    const sql = `select user_id from raw.messages
      where type = 'track' and event in ('${a.event}', '${b.event}')
        and "timestamp" between asof - interval ${Math.max(a.days, b.days)} days and asof
      group by user_id
      having ${a.having(own(a))} ${both ? 'and' : 'or'} ${b.having(own(b))}`;
    const key = `audience_${i}`;
    const staged: WorkloadAudience['staged'] = (table, asOf) => {
      const part = (c: Condition): string =>
        `select user_id from ${table(c.event)}
where ts >= ${asOf} - interval ${c.days} days and ts <= ${asOf} and ${overStaged(c.where)}
group by user_id having ${overStaged(c.having('true'))}`;
      return both
        ? `select user_id from (${part(a)}) join (${part(b)}) using (user_id)`
        : `${part(a)}\nunion\n${part(b)}`;
    };
    return {
      key,
      file: {
        kind: 'audience',
        key,
        name: `Audience ${i}`,
        definition: { [both ? 'all' : 'any']: [a.json, b.json] },
      },
      sql: sql.replaceAll('asof', `timestamp '${AS_OF.slice(0, 10)}'`),
      staged,
    };
  });
}

/** The files of these audiences. */
export const audienceFiles = (count: number): Readonly<Record<string, unknown>> =>
  modelFiles(audiences(count).map(({ key, file }) => ({ ...file, key })));
