/** Funnels: each as a definition, and in the ways an analyst would write it over what landed. */

interface Funnel {
  readonly key: string;
  readonly definition: Record<string, unknown>;
  /** Queries of profiles, by how they go about it; over views of the facts with the columns `profile_no`, `ts`, … */
  readonly byHand: Readonly<Record<string, string>>;
}

/** Who is known is asked last, of the fewest. */
const known = (sql: string): string =>
  `select profile_no from (${sql}) where profile_no in (select profile_no from rollcall.profiles where known)`;

/** Parents with the next child, by a join to the nearest. */
const asof = (a: string, b: string, where: string): string =>
  known(`select distinct a.profile_no from ${a} a asof left join ${b} b on a.profile_no = b.profile_no and a.ts < b.ts
  where ${where}`);

/** Parents with the next child, by one pass over both, the latest first. */
const union = (a: string, b: string, where: string): string =>
  known(`select distinct profile_no from (
  select *, min(case when not is_a then ts end) over (partition by profile_no order by ts desc, is_a desc
    rows between unbounded preceding and 1 preceding) as next
  from (select profile_no, ts, true as is_a from ${a} union all select profile_no, ts, false from ${b}))
  where is_a and ${where}`);

/** Parents and the n-th child after them. */
const nth = (a: string, b: string, n: number, within: string): string =>
  known(`select distinct a.profile_no from ${a} a asof join (
    select profile_no, ts, min(nth) as nth from (
      select profile_no, ts, lead(ts, ${n - 1}) over (partition by profile_no order by ts) as nth from ${b})
    group by 1, 2) b on a.profile_no = b.profile_no and a.ts < b.ts
  where nth <= a.ts + interval '${within}'`);

const ranged = (a: string, b: string, n: number, within: string): string =>
  known(`select distinct profile_no from (
  select profile_no, is_a, sum(case when is_a then 0 else 1 end) over (partition by profile_no order by ts
    range between interval 1 microsecond following and interval '${within}' following) as n
  from (select profile_no, ts, true as is_a from ${a} union all select profile_no, ts, false from ${b}))
  where is_a and n >= ${n}`);

/** Parents with what their later children come to, summed from the end. */
const sumAfter = (a: string, b: string, over: number): string =>
  known(`select distinct a.profile_no from ${a} a asof join (
    select profile_no, ts, sum(sum(price)) over (partition by profile_no order by ts desc rows unbounded preceding) as rest
    from ${b} group by 1, 2) b on a.profile_no = b.profile_no and a.ts < b.ts
  where rest > ${over}`);

/** Parents with an aggregate over their later children in time, by one pass over both. */
const framed = (a: string, b: string, fn: string, column: string, micros: number, where: string): string =>
  known(`select distinct profile_no from (
  select profile_no, is_a, ${fn} ${column}) over (partition by profile_no order by at_
    range between 1 following and ${micros} following) as v
  from (select profile_no, epoch_us(ts) as at_, true as is_a, null as ${column} from ${a}
    union all select profile_no, epoch_us(ts), false, ${column} from ${b}))
  where is_a and ${where}`);

/** The same by the sum so far at both ends. */
const sumBetween = (a: string, b: string, within: string, over: number): string =>
  known(`with so_far as (
    select profile_no, ts, sum(sum(price)) over (partition by profile_no order by ts rows unbounded preceding) as total
    from ${b} group by 1, 2),
  ends as (select a.profile_no, a.ts, e.total as until from ${a} a asof join so_far e
    on a.profile_no = e.profile_no and a.ts + interval '${within}' >= e.ts)
  select distinct a.profile_no from ends a asof left join so_far e on a.profile_no = e.profile_no and a.ts >= e.ts
  where until - coalesce(e.total, 0) > ${over}`);

/** All pairs: for few events a profile. */
const paired = (a: string, b: string, value: string, within: string, where: string): string =>
  known(`select distinct profile_no from (
  select a.profile_no, ${value} as v from (select *, row_number() over () as n from ${a}) a
  join ${b} b on a.profile_no = b.profile_no and b.ts > a.ts and b.ts <= a.ts + interval '${within}' group by a.profile_no, n)
  where ${where}`);

/** Parents with the next child, by its property. */
const nextIs = (a: string, b: string, product: string): string =>
  known(`select distinct a.profile_no from ${a} a asof join (
    select profile_no, ts, min(product) as product from ${b} where product is not null group by 1, 2) b
    on a.profile_no = b.profile_no and a.ts < b.ts where b.product = '${product}'`);

const DAY = 86_400_000_000;

const within = (a: string, b: string, days: string, rest: Record<string, unknown> = {}) => ({
  event: a,
  where: { event: b, within_parent: days, ...rest },
});

export const funnels: readonly Funnel[] = [
  {
    key: 'no_within_day',
    definition: { event: 'Viewed', where: { not: { event: 'Ordered', within_parent: '1 day' } } },
    byHand: {
      asof: asof('Viewed', 'Ordered', `b.ts is null or b.ts > a.ts + interval '1 day'`),
      union: union('Viewed', 'Ordered', `(next is null or next > ts + interval '1 day')`),
    },
  },
  {
    key: 'within_day',
    definition: within('Viewed', 'Ordered', '1 day'),
    byHand: {
      asof: asof('Viewed', 'Ordered', `b.ts <= a.ts + interval '1 day'`),
      union: union('Viewed', 'Ordered', `next <= ts + interval '1 day'`),
    },
  },
  {
    key: 'three_steps',
    definition: { event: 'Viewed', where: { event: 'Ordered', where: { event: 'Returned' } } },
    byHand: {
      'latest of each': known(`with c as (select profile_no, max(ts) as last from Returned group by 1),
  b as (select profile_no, max(ts) as last from Ordered join c using (profile_no) where ts < c.last group by 1)
  select distinct profile_no from Viewed join b using (profile_no) where ts < b.last`),
    },
  },
  {
    key: 'three_within_day',
    definition: within('Viewed', 'Ordered', '1 day', { count: { at_least: 3 } }),
    byHand: {
      'third after': nth('Viewed', 'Ordered', 3, '1 day'),
      'range window': ranged('Viewed', 'Ordered', 3, '1 day'),
    },
  },
  {
    key: 'same_product',
    definition: {
      event: 'Viewed',
      where: {
        event: 'Ordered',
        where: { property: 'product', equals: { property: 'product', of: 'parent' } },
      },
    },
    byHand: {
      'latest of each': known(`select distinct profile_no from Viewed a join (
    select profile_no, product, max(ts) as last from Ordered group by 1, 2) b using (profile_no, product) where ts < last`),
    },
  },
  {
    key: 'sum_after',
    definition: {
      event: 'Viewed',
      where: { event: 'Ordered', sum: { property: 'price', greater_than: 100 } },
    },
    byHand: { 'sum from the end': sumAfter('Viewed', 'Ordered', 100) },
  },
  {
    key: 'dense_no_within_hour',
    definition: { event: 'Played', where: { not: { event: 'Liked', within_parent: '1 hour' } } },
    byHand: {
      asof: asof('Played', 'Liked', `b.ts is null or b.ts > a.ts + interval '1 hour'`),
      union: union('Played', 'Liked', `(next is null or next > ts + interval '1 hour')`),
    },
  },
  {
    key: 'dense_three_within_day',
    definition: within('Played', 'Liked', '1 day', { count: { at_least: 3 } }),
    byHand: {
      'third after': nth('Played', 'Liked', 3, '1 day'),
      'range window': ranged('Played', 'Liked', 3, '1 day'),
    },
  },
  {
    key: 'dense_sum_after',
    definition: { event: 'Played', where: { event: 'Liked', sum: { property: 'price', greater_than: 100 } } },
    byHand: { 'sum from the end': sumAfter('Played', 'Liked', 100) },
  },
  {
    key: 'sum_within_day',
    definition: within('Viewed', 'Ordered', '1 day', { sum: { property: 'price', greater_than: 100 } }),
    byHand: {
      'range window': framed('Viewed', 'Ordered', 'sum(', 'price', DAY, 'v > 100'),
      'sums so far': sumBetween('Viewed', 'Ordered', '1 day', 100),
    },
  },
  {
    key: 'avg_within_day',
    definition: within('Viewed', 'Ordered', '1 day', { avg: { property: 'price', greater_than: 40 } }),
    byHand: { 'range window': framed('Viewed', 'Ordered', 'avg(', 'price', DAY, 'v > 40') },
  },
  {
    key: 'max_within_day',
    definition: within('Viewed', 'Ordered', '1 day', { max: { property: 'price', greater_than: 49 } }),
    byHand: { 'range window': framed('Viewed', 'Ordered', 'max(', 'price', DAY, 'v > 49') },
  },
  {
    key: 'kinds_within_day',
    definition: within('Viewed', 'Ordered', '1 day', { unique_count: { property: 'product', at_least: 3 } }),
    byHand: { 'range window': framed('Viewed', 'Ordered', 'count(distinct', 'product', DAY, 'v >= 3') },
  },
  {
    key: 'first_after',
    definition: {
      event: 'Viewed',
      where: { event: 'Ordered', first: { property: 'product', equals: 'product 7' } },
    },
    byHand: { asof: nextIs('Viewed', 'Ordered', 'product 7') },
  },
  {
    key: 'dense_sum_within_hour',
    definition: within('Played', 'Liked', '1 hour', { sum: { property: 'price', greater_than: 100 } }),
    byHand: {
      'range window': framed('Played', 'Liked', 'sum(', 'price', DAY / 24, 'v > 100'),
      'all pairs': paired('Played', 'Liked', 'sum(b.price)', '1 hour', 'v > 100'),
    },
  },
];
