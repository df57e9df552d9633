/**
 * The workload of the bytes benchmark: the grocer's year in two layouts, its 36 audiences and 64 more of their like, and
 * the least an analyst's query for one of them has to name.
 */
import type { Needs } from '../compiler/bind/types.js';
import type { ResolvedProject } from '../compiler/resolve/index.js';

export type Layout = 'messages' | 'segment';

export const TRAITS = [
  'age',
  'income',
  'home_ownership',
  'marital_status',
  'household_size',
  'household_comp',
  'kids_count',
] as const;

/** Properties by event, with those that are numbers. */
const EVENTS: Readonly<
  Record<string, { readonly numbers: readonly string[]; readonly texts: readonly string[] }>
> = {
  'Order Completed': {
    numbers: ['revenue', 'retail_discount', 'coupon_discount', 'discount', 'product_count'],
    texts: ['order_id', 'store_id', 'weekday', 'products'],
  },
  'Product Purchased': {
    numbers: ['quantity', 'price', 'revenue', 'retail_discount', 'coupon_discount'],
    texts: ['product_id', 'department', 'product_category', 'product_type', 'brand', 'order_id', 'store_id'],
  },
  'Campaign Received': { numbers: [], texts: ['campaign_id', 'campaign_type', 'start_date', 'end_date'] },
  'Coupon Redeemed': { numbers: [], texts: ['coupon_upc', 'campaign_id', 'campaign_type'] },
};

const slug = (event: string): string => event.toLowerCase().replaceAll(' ', '_');

/** Tables of layout `segment`, from those messages that have landed: numbers are doubles, lists are text. */
export function segmentTables(): readonly string[] {
  const own = `message_id as id, user_id, anonymous_id, "timestamp", received_at, context->>'$.app.name' as context_app_name`;
  const made = Object.entries(EVENTS).map(([event, { numbers, texts }]) => {
    const columns = [
      ...numbers.map((name) => `cast(properties->>'$.${name}' as double) as ${name}`),
      ...texts.map((name) => `properties->>'$.${name}' as ${name}`),
    ];
    return `create or replace table web.${slug(event)} as select ${own}, event, ${columns.join(', ')}
      from raw.messages where event = '${event}'`;
  });
  const traits = TRAITS.map((name) => `traits->>'$.${name}' as ${name}`).join(', ');
  return [
    'create schema if not exists web',
    ...made,
    `create or replace table web.tracks as select ${own}, event from raw.messages where type = 'track'`,
    `create or replace table web.identifies as select ${own}, ${traits} from raw.messages where type = 'identify'`,
  ];
}

const DAYS = [7, 14, 30, 60, 90, 180];
const pick = <T>(list: readonly T[], i: number): T => list[i % list.length] as T;

/** A condition of the kinds that the grocer's own audiences have. */
function condition(i: number): Record<string, unknown> {
  const within = `${pick(DAYS, i)} days`;
  const order = { event: 'Order Completed', within };
  const line = { event: 'Product Purchased', within };
  const departments = ['PRODUCE', 'MEAT', 'DELI', 'PASTRY', 'DRUG GM', 'SEAFOOD'];
  switch (i % 8) {
    case 0:
      return { ...order, count: { at_least: 1 + (i % 5) } };
    case 1:
      return { ...order, sum: { property: 'revenue', at_least: 20 + i } };
    case 2:
      return {
        ...line,
        where: { property: 'department', equals: pick(departments, i) },
        count: { at_least: 1 + (i % 3) },
      };
    case 3:
      return { event: 'Campaign Received', within, where: { property: 'campaign_type', equals: 'Type A' } };
    case 4:
      return {
        ...order,
        where: { property: 'coupon_discount', greater_than: 0 },
        count: { at_least: 1 + (i % 2) },
      };
    case 5:
      return { not: { event: 'Coupon Redeemed', within } };
    case 6:
      return { ...line, unique_count: { property: 'product_category', at_least: 2 + (i % 9) } };
    default:
      return {
        ...line,
        where: { property: 'brand', equals: 'Private' },
        sum: { property: 'revenue', at_least: i % 20 },
      };
  }
}

/** Audiences of two conditions each: three in four need both, the others either. */
export function variants(count: number): readonly Record<string, unknown>[] {
  return Array.from({ length: count }, (_, i) => ({
    kind: 'audience',
    key: `variant_${i}`,
    name: `Variant ${i}`,
    // 3 and 8 have no common divisor: all kinds come together with others.
    definition: { [i % 4 === 3 ? 'any' : 'all']: [condition(i), condition(3 * i + 1)] },
  }));
}

/** What a definition asks of the sources, with all that it refers to. */
function asked(resolved: ResolvedProject, key: string): readonly Needs[] {
  const found = resolved.byKey.get(key);
  if (!found) throw new Error(`no definition ${key}`);
  return [found.needs, ...[...found.upstream].flatMap((other) => asked(resolved, other))];
}

/**
 * The least that a query by hand names: the event, the user, the time, and the columns that its conditions are about. It
 * trusts each row to be there once (with `once` it asks for the id too) and each user to be who they are. What it
 * computes of these columns costs nothing, so it is not written out.
 */
export function byHand(
  resolved: ResolvedProject,
  key: string,
  layout: Layout,
  asOf: string,
  once: boolean,
): string {
  const needs = asked(resolved, key);
  const events = new Map<string, Set<string>>();
  const traits = new Set(needs.flatMap((need) => need.traits.map(({ path }) => path)));
  for (const { event, columns } of needs.flatMap((need) => need.events)) {
    const names = events.get(event) ?? new Set();
    columns.forEach(({ root, path }) => names.add(root === 'context' ? `context.${path}` : path));
    events.set(event, names);
  }
  const query = (table: string, id: string, columns: readonly string[], where = ''): string =>
    `select ${['user_id', ...(once ? [id] : []), ...columns].join(', ')} from ${table}
     where timestamp <= timestamp '${asOf}'${where}`;
  if (layout === 'segment') {
    const tables = [...events].map(([event, names]) =>
      query(
        `web.${slug(event)}`,
        'id',
        [...names].map((name) => name.replaceAll('.', '_')),
      ),
    );
    if (traits.size > 0) tables.push(query('web.identifies', 'id', [...traits]));
    return unioned(tables);
  }
  const names = [...events.values()].flatMap((own) => [...own]);
  const columns = [
    ...(names.some((name) => !name.startsWith('context.')) ? ['properties'] : []),
    ...(names.some((name) => name.startsWith('context.')) ? ['context'] : []),
    ...(traits.size > 0 ? ['traits'] : []),
  ];
  const list = [...events.keys()].map((event) => `'${event}'`).join(', ');
  const which =
    events.size === 0 ? '' : ` and (event in (${list})${traits.size > 0 ? ' or traits is not null' : ''})`;
  return query('raw.messages', 'message_id', columns, which);
}

/** Their columns differ, so each is counted and these counts are united: what is read stays the same. */
const unioned = (queries: readonly string[]): string =>
  queries.map((sql) => `select to_json_string(t) as row_text from (${sql}) as t`).join('\nunion all\n');
