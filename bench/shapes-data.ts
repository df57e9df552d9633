/** The messages that shapes of audiences are measured on. */
const EVENTS = [
  'Product Viewed',
  'Product Added',
  'Order Completed',
  'Page Opened',
  'Email Opened',
  'Email Clicked',
  'Login',
  'Video Played',
];

export const AS_OF = '2026-01-01T00:00:00Z';
/** The same instant in SQL. */
export const NOW = `timestamp '2026-01-01'`;
/** A year of messages: one in six from an anonymous id, one in 200 landed twice, the second time with another price. */
export function messagesSql(events: number, users: number): readonly string[] {
  const list = EVENTS.map((e) => `'${e}'`).join(', ');
  return [
    'create schema raw',
    `create table raw.messages (message_id varchar, "type" varchar, "event" varchar, "name" varchar, "timestamp" timestamp,
       received_at timestamp, user_id varchar, anonymous_id varchar, group_id varchar, properties json, traits json,
       context json)`,
    // Everyone is identified when the year begins; one in five again, with another plan, some time later.
    `insert into raw.messages
     select 'i-' || md5(n || 'i' || i), 'identify', null, null, at_, at_ + interval 5 seconds, 'user-' || i, null, null, null,
       '{"plan":"' || (case (i + n) % 10 when 0 then 'business' when 1 then 'team' else 'free' end) || '","spending_limit":' || (100 + hash(i + n) % 900) || '}',
       null
     from (select i, n, timestamp '2025-01-01' + to_seconds(i % 3600 + n * (i % 300) * 86400) at_
       from range(${users}) t(i), range(2) u(n) where n = 0 or i % 5 = 0)`,
    `insert into raw.messages
     with e as (
       select i, hash(i) h, hash(i + 7) h2,
         timestamp '2025-01-01 00:01:00' + to_microseconds(cast(i * (31530000000000 / ${events}) as bigint)) at_
       from range(${events}) t(i)),
     who as (
       select *, cast(floor(pow((h2 % 1000003) / 1000003.0, 2) * ${users}) as bigint) u, (h2 >> 40) % 6 = 0 as hidden from e),
     who_ as (
       select substr(md5(cast(i as varchar)), 1, 8) || '-' || substr(md5(cast(i as varchar)), 9) as id,
         ([${list}])[1 + cast(h % ${EVENTS.length} as int)] as ev, at_,
         case when not hidden then 'user-' || u end as uid,
         case when hidden then 'anon-' || u || '-' || h2 % 2 end as aid,
         h, again
       from who, range(2) r(again) where again = 0 or i % 200 = 17)
     select id, 'track', ev, null, at_, at_ + interval 5 seconds + again * interval 1 day, uid, aid, null,
       '{"price":' || ((h >> (8 + 3 * again)) % 50000) / 100.0 || ',"quantity":' || (1 + (h >> 24) % 9) ||
         ',"category":"category ' || ((h >> 32) % 40) || '","channel":"' || (case (h >> 40) % 3 when 0 then 'web' when 1 then 'ios' else 'android' end) ||
         '","title":"The ' || (['red', 'green', 'blue', 'plain'])[1 + cast((h >> 44) % 4 as int)] || ' thing no. ' || (h >> 48) % 1000 || '"}',
       null, null
     from who_`,
    // Late in the year, four in five anonymous ids turn out to be someone; a few are seen with a second user after that.
    `insert into raw.messages
     select 'l-' || md5(u || '-' || k || '-' || n), 'identify', null, null, at_, at_ + interval 5 seconds,
       'user-' || (u + n) % ${users}, 'anon-' || u || '-' || k, null, null, null, null
     from (select u, k, n, timestamp '2025-12-01' + to_seconds(hash(u + k) % 2000000 + n * 3600) at_
       from range(${users}) t(u), range(2) s(k), range(2) r(n)
       where hash(u * 2 + k) % 5 > 0 and (n = 0 or u % 50 = 0))`,
  ];
}
