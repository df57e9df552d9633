/** Funnels: each as a definition, and in the ways an analyst would write it over what landed. */

export interface Funnel {
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
];
