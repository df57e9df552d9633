/**
 * Twenty shapes of audiences: each as a definition, as SQL written by hand over what landed, and as SQL written by
 * hand over raw messages. The latter counts each message once (its first landing) and gives what an anonymous id did
 * to its first user, as an analyst would who knows this data: what landed twice differs in its properties and
 * `received_at`, never in its type, event, timestamp or identifiers.
 */
import type { ByHand } from './by-hand.js';
import { NOW } from './shapes-data.js';

/** Names of what landed. */
export interface Facts {
  table(event: string): string;
  column(start: string): string;
  /** A query: who is in another audience, by this run. */
  members(key: string): string;
}

interface Shape {
  readonly key: string;
  readonly definition: Record<string, unknown>;
  readonly extra?: Record<string, unknown>;
  readonly facts: (f: Facts) => string;
  readonly raw: (by: ByHand) => string;
}

/* By hand, over facts. */

const back = (days: number): string => `"timestamp" between ${NOW} - interval ${days} days and ${NOW}`;
const BETWEEN = `"timestamp" between ${NOW} - interval 90 days and ${NOW} - interval 30 days`;
const SINCE = `"timestamp" between timestamp '2025-06-01' and timestamp '2025-08-31 12:00:00'`;
const known = `profile_no in (select profile_no from rollcall.profiles where known)`;

/** Profiles by one event: its rows, then what holds of each profile's; who is known is asked last, of the fewest. */
const perProfile = (f: Facts, event: string, where: string, having = ''): string =>
  `select profile_no from (
     select profile_no from ${f.table(event)} where ${where} group by 1 ${having && `having ${having}`})
   where ${known}`;

/* By hand, over raw messages. */

const PRICE = `cast(properties->>'$.price' as decimal(18, 2))`;
const CATEGORY = `(properties->>'$.category')`;
const CHANNEL = `(properties->>'$.channel')`;
const TITLE = `(properties->>'$.title')`;

export const shapes: readonly Shape[] = [
  {
    key: 'count',
    definition: { event: 'Order Completed', within: '90 days', count: { at_least: 2 } },
    facts: (f) => perProfile(f, 'Order Completed', back(90), 'count(*) >= 2'),
    raw: (by) => by.perProfile(['Order Completed'], back(90), '1', { having: 'count(*) >= 2' }),
  },
  {
    key: 'count_where',
    definition: {
      event: 'Order Completed',
      within: '180 days',
      where: {
        all: [
          { property: 'price', at_least: 300 },
          { property: 'channel', equals: 'ios' },
        ],
      },
      count: { at_least: 1 },
    },
    facts: (f) =>
      perProfile(
        f,
        'Order Completed',
        `${back(180)} and ${f.column('price_number')} >= 300 and ${f.column('channel_text')} = 'ios'`,
      ),
    raw: (by) =>
      by.perProfile(['Order Completed'], back(180), 'properties', {
        where: `${PRICE} >= 300 and ${CHANNEL} = 'ios'`,
      }),
  },
  {
    key: 'sum',
    definition: {
      event: 'Order Completed',
      within: '90 days',
      sum: { property: 'price', greater_than: 600 },
    },
    facts: (f) => perProfile(f, 'Order Completed', back(90), `sum(${f.column('price_number')}) > 600`),
    raw: (by) =>
      by.perProfile(['Order Completed'], back(90), 'properties', { having: `sum(${PRICE}) > 600` }),
  },
  {
    key: 'avg',
    definition: { event: 'Product Viewed', within: '365 days', avg: { property: 'price', at_least: 300 } },
    facts: (f) => perProfile(f, 'Product Viewed', back(365), `avg(${f.column('price_number')}) >= 300`),
    raw: (by) =>
      by.perProfile(['Product Viewed'], back(365), 'properties', { having: `avg(${PRICE}) >= 300` }),
  },
  {
    key: 'min_max',
    definition: {
      all: [
        { event: 'Order Completed', within: '180 days', min: { property: 'price', at_most: 50 } },
        { event: 'Order Completed', within: '180 days', max: { property: 'price', at_least: 400 } },
      ],
    },
    facts: (f) => {
      const price = f.column('price_number');
      return perProfile(f, 'Order Completed', back(180), `min(${price}) <= 50 and max(${price}) >= 400`);
    },
    raw: (by) =>
      by.perProfile(['Order Completed'], back(180), `${PRICE} as price`, {
        having: 'min(price) <= 50 and max(price) >= 400',
      }),
  },
  {
    key: 'first_last',
    definition: {
      all: [
        {
          event: 'Product Added',
          within: '365 days',
          first: { property: 'category', one_of: ['category 3', 'category 4', 'category 5'] },
        },
        { event: 'Product Added', within: '365 days', last: { property: 'price', at_least: 250 } },
      ],
    },
    facts: (f) => {
      const [at, category, price] = [
        'row("timestamp", message_id)',
        f.column('category_json'),
        f.column('price_json'),
      ];
      return perProfile(
        f,
        'Product Added',
        back(365),
        `arg_min(${category}, ${at}) in ('"category 3"', '"category 4"', '"category 5"')
           and cast(arg_max(${price}, ${at}) as decimal(38, 9)) >= 250`,
      );
    },
    raw: (by) =>
      by.perProfile(['Product Added'], back(365), '"timestamp", properties', {
        having: `arg_min(${CATEGORY}, row("timestamp", message_id)) in ('category 3', 'category 4', 'category 5')
        and arg_max(${PRICE}, row("timestamp", message_id)) >= 250`,
      }),
  },
  {
    key: 'mode',
    definition: { event: 'Product Viewed', within: '365 days', mode: { property: 'channel', equals: 'ios' } },
    facts: (f) =>
      `select profile_no from (
         select profile_no, ${f.column('channel_text')} as v, count(*) as n from ${f.table('Product Viewed')}
         where ${back(365)} and v is not null group by 1, 2 having count(*) >= 2)
       where ${known} group by 1 having arg_min(v, row(-n, v)) = 'ios'`,
    raw: (by) => `with ${by.linked},
${by.events(['Product Viewed'], back(365), `${CHANNEL} as v`)},
counted as (select profile_id, v, count(*) as n from e where v is not null group by 1, 2 having count(*) >= 2)
select profile_id from counted group by 1 having arg_min(v, row(-n, v)) = 'ios'`,
  },
  {
    key: 'unique_count',
    definition: {
      event: 'Product Viewed',
      within: '180 days',
      unique_count: { property: 'category', at_least: 3 },
    },
    facts: (f) =>
      perProfile(f, 'Product Viewed', back(180), `count(distinct ${f.column('category_text')}) >= 3`),
    raw: (by) =>
      by.perProfile(['Product Viewed'], back(180), `${CATEGORY} as v`, {
        having: 'count(distinct v) >= 3',
      }),
  },
  {
    key: 'two_windows',
    definition: {
      all: [
        { event: 'Login', within: '30 days', count: { at_most: 0 } },
        { event: 'Login', between: ['30 days', '90 days'], count: { at_least: 1 } },
      ],
    },
    facts: (f) =>
      perProfile(
        f,
        'Login',
        back(90),
        `count(*) filter (where ${BETWEEN}) >= 1 and count(*) filter (where ${back(30)}) = 0`,
      ),
    raw: (by) =>
      by.perProfile(['Login'], back(90), '"timestamp"', {
        having: `count(*) filter (where ${BETWEEN}) >= 1 and count(*) filter (where ${back(30)}) = 0`,
      }),
  },
  {
    key: 'all_of',
    definition: {
      all: [
        { event: 'Product Added', within: '90 days', count: { at_least: 1 } },
        { event: 'Email Opened', within: '180 days', count: { at_least: 2 } },
      ],
    },
    facts: (f) =>
      `select profile_no from (
         select profile_no from ${f.table('Email Opened')} where ${back(180)} group by 1 having count(*) >= 2)
       where ${known} and profile_no in (select profile_no from ${f.table('Product Added')} where ${back(90)})`,
    raw: (by) =>
      by.perProfile(['Product Added', 'Email Opened'], back(180), '"event", "timestamp"', {
        having: `count(*) filter (where "event" = 'Email Opened') >= 2
        and count(*) filter (where "event" = 'Product Added' and ${back(90)}) >= 1`,
      }),
  },
  {
    key: 'any_of',
    definition: {
      any: [
        { event: 'Product Added', within: '30 days', count: { at_least: 1 } },
        { event: 'Email Clicked', within: '180 days', count: { at_least: 4 } },
      ],
    },
    facts: (f) =>
      `select profile_no from (
         select profile_no from ${f.table('Product Added')} where ${back(30)} group by 1
         union select profile_no from ${f.table('Email Clicked')} where ${back(180)} group by 1 having count(*) >= 4)
       where ${known}`,
    raw: (by) =>
      by.perProfile(['Product Added', 'Email Clicked'], back(180), '"event", "timestamp"', {
        having: `count(*) filter (where "event" = 'Email Clicked') >= 4
        or count(*) filter (where "event" = 'Product Added' and ${back(30)}) >= 1`,
      }),
  },
  {
    key: 'not_event',
    definition: {
      all: [
        { event: 'Product Added', within: '60 days', count: { at_least: 1 } },
        { not: { event: 'Order Completed', within: '90 days', count: { at_least: 1 } } },
      ],
    },
    facts: (f) =>
      `select profile_no from (select distinct profile_no from ${f.table('Product Added')} where ${back(60)})
       anti join (select profile_no from ${f.table('Order Completed')} where ${back(90)}) using (profile_no)
       where ${known}`,
    raw: (by) =>
      by.perProfile(['Product Added', 'Order Completed'], back(90), '"event", "timestamp"', {
        having: `count(*) filter (where "event" = 'Order Completed') = 0
        and count(*) filter (where "event" = 'Product Added' and ${back(60)}) >= 1`,
      }),
  },
  {
    key: 'since',
    definition: {
      event: 'Video Played',
      since: '2025-06-01T00:00:00Z',
      until: '2025-08-31T12:00:00Z',
      count: { at_least: 2 },
    },
    facts: (f) => perProfile(f, 'Video Played', SINCE, 'count(*) >= 2'),
    raw: (by) => by.perProfile(['Video Played'], SINCE, '1', { having: 'count(*) >= 2' }),
  },
  {
    key: 'trait',
    definition: {
      all: [
        { trait: 'plan', one_of: ['business', 'team'] },
        { event: 'Login', within: '90 days', count: { at_least: 1 } },
      ],
    },
    facts: (f) =>
      `select profile_no from (select distinct profile_no from ${f.table('Login')} where ${back(90)})
       where ${known} and profile_no in (
         select profile_no from rollcall.custom_traits where ${f.column('plan_mention')} in ('"business"', '"team"'))`,
    raw: (by) => `with ${by.linked},
${by.latest('plan')},
${by.events(['Login'], back(90), '1')}
select distinct profile_id from e where profile_id in (select profile_id from t where plan in ('business', 'team'))`,
  },
  {
    key: 'trait_reference',
    definition: {
      event: 'Order Completed',
      within: '180 days',
      where: { property: 'price', greater_than: { trait: 'spending_limit' } },
      count: { at_least: 1 },
    },
    facts: (f) =>
      `select profile_no from (
         select distinct profile_no from ${f.table('Order Completed')}
         join (
           select profile_no, cast(cast(${f.column('spending_limit_mention')} as varchar) as decimal(18, 2)) as spending_limit
           from rollcall.custom_traits) using (profile_no)
         where ${back(180)} and ${f.column('price_number')} > spending_limit)
       where ${known}`,
    raw: (by) => `with ${by.linked},
${by.latest('spending_limit')},
${by.events(['Order Completed'], back(180), `${PRICE} as price`)}
select distinct profile_id from e join t using (profile_id) where price > cast(spending_limit as decimal(18, 2))`,
  },
  {
    key: 'audience',
    definition: {
      all: [{ audience: 'sum' }, { event: 'Email Opened', within: '60 days', count: { at_least: 1 } }],
    },
    facts: (f) =>
      `select distinct profile_no from ${f.table('Email Opened')}
       where ${back(60)} and profile_no in (${f.members('sum')})`,
    raw: (by) =>
      by.perProfile(
        ['Order Completed', 'Email Opened'],
        `"timestamp" between ${NOW} - interval (case "event" when 'Email Opened' then 60 else 90 end) days and ${NOW}`,
        `"event", case "event" when 'Order Completed' then ${PRICE} end as price`,
        { having: `sum(price) > 600 and count(*) filter (where "event" = 'Email Opened') >= 1` },
      ),
  },
  {
    key: 'negative',
    definition: { not: { event: 'Product Viewed', within: '90 days', count: { at_least: 1 } } },
    facts: (f) =>
      `select p.profile_no from rollcall.profiles p
       anti join (select profile_no from ${f.table('Product Viewed')} where ${back(90)}) e on p.profile_no = e.profile_no
       where p.known`,
    raw: (by) => `with ${by.linked},
${by.everyone},
${by.events(['Product Viewed'], back(90), '1')}
select profile_id from everyone anti join e using (profile_id)`,
  },
  {
    key: 'history',
    definition: { event: 'Video Played', count: { at_least: 3 } },
    extra: { history: '120 days' },
    facts: (f) => perProfile(f, 'Video Played', back(120), 'count(*) >= 3'),
    raw: (by) => by.perProfile(['Video Played'], back(120), '1', { having: 'count(*) >= 3' }),
  },
  {
    key: 'one_of',
    definition: {
      event: 'Product Viewed',
      within: '90 days',
      where: { property: 'category', one_of: ['category 1', 'category 2', 'category 11', 'category 30'] },
      count: { at_least: 1 },
    },
    facts: (f) =>
      perProfile(
        f,
        'Product Viewed',
        `${back(90)} and ${f.column('category_text')} in ('category 1', 'category 2', 'category 11', 'category 30')`,
      ),
    raw: (by) =>
      by.perProfile(['Product Viewed'], back(90), 'properties', {
        where: `${CATEGORY} in ('category 1', 'category 2', 'category 11', 'category 30')`,
      }),
  },
  {
    key: 'contains',
    definition: {
      event: 'Product Added',
      within: '180 days',
      where: { property: 'title', contains: ['red thing', 'blue thing'] },
      count: { at_least: 2 },
    },
    facts: (f) =>
      perProfile(
        f,
        'Product Added',
        `${back(180)} and (contains(${f.column('title_text')}, 'red thing') or contains(${f.column('title_text')}, 'blue thing'))`,
        'count(*) >= 2',
      ),
    raw: (by) =>
      by.perProfile(['Product Added'], back(180), `${TITLE} as title`, {
        where: `contains(title, 'red thing') or contains(title, 'blue thing')`,
        having: 'count(*) >= 2',
      }),
  },
];
