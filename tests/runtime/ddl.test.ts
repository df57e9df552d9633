/** Engines that have no DDL in transactions come to the same, wherever they stop. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Dialect } from '../../dialects/dialect.js';
import { StatementError } from '../../dialects/warehouse.js';
import { retire, type RunOptions } from '../../runtime/index.js';
import { syncDestinations } from '../../delivery/index.js';
import { withSession } from '../../runtime/session.js';
import { hooked, refuseMessages, stutter, withoutDdl, type Hook } from './faults.js';
import { BUYERS, CRM, REVENUE, SPENDERS, Shop, order } from './shop.js';

const made: Shop[] = [];
afterEach(async () => {
  for (const shop of made.splice(0)) await shop.dispose();
});

type Engine = (type: string) => Promise<Dialect>;
const ENGINES: readonly (readonly [string, (hook?: Hook) => Engine])[] = [
  ['none at all', (hook) => withoutDdl(false, hook)],
  ['that of temporary tables only', (hook) => withoutDdl(true, hook)],
];

const MODELS = {
  buyers: { ...BUYERS, destinations: ['crm'] },
  spenders: SPENDERS,
  fans: { definition: { all: [{ audience: 'spenders' }, { audience: 'buyers' }] } },
  revenue: { ...REVENUE, destinations: ['crm'] },
  known: {
    definition: {
      any: [
        { trait: 'plan', equals: 'pro' },
        { event: 'Order Completed', where: { property: 'coupon', exists: true } },
      ],
    },
  },
  accounts: {
    of: 'accounts',
    definition: { users: 'any', match: { event: 'Order Completed', count: { at_least: 1 } } },
  },
  from_sql: {
    kind: 'trait',
    definition: {
      sql: 'select user_id, count(*) as value from raw.messages where user_id is not null group by 1',
    },
  },
};

const DAYS = ['2025-01-03', '2025-01-04', '2025-01-05', '2025-01-06', '2025-01-07'].map(
  (d) => `${d}T00:00:00Z`,
) as [string, string, string, string, string];

async function create(): Promise<Shop> {
  const shop = await Shop.create(MODELS);
  made.push(shop);
  await shop.write('destinations/crm.json', CRM);
  return shop;
}

/** Days in the life of a project: each lands something or changes a file, then runs. */
const LIFE: readonly ((shop: Shop) => Promise<void>)[] = [
  async (shop) => {
    await shop.land(
      order('1', 'ann', '2025-01-01T10:00:00Z', 160),
      order('2', 'bob', '2025-01-02T11:00:00Z', 20),
      { id: '3', type: 'identify', at: '2025-01-01T09:00:00Z', user: 'ann', traits: { plan: 'pro' } },
      { id: '4', type: 'group', at: '2025-01-01T09:00:00Z', user: 'ann', group: 'acme', traits: {} },
    );
  },
  // New rows, someone who changes hands.
  async (shop) =>
    shop.land(
      { id: '5', event: 'Order Completed', at: '2025-01-03T10:00:00Z', anonymous: 'x', properties: {} },
      { id: '6', type: 'identify', at: '2025-01-03T11:00:00Z', user: 'cid', anonymous: 'x', traits: {} },
    ),
  // An edit that needs another column; a message that landed before after all.
  async (shop) => {
    await shop.model('spenders', {
      definition: { event: 'Order Completed', where: { property: 'country', equals: 'DE' } },
    });
    await shop.land({
      ...order('2', 'bob', '2025-01-02T11:00:00Z', 21),
      received: '2025-01-02T10:00:00Z',
      properties: { revenue: 21, country: 'DE' },
    });
  },
  // Less is needed, a definition goes.
  async (shop) => {
    await shop.remove('fans');
    await shop.remove('revenue');
    await shop.land(order('7', 'dan', '2025-01-05T10:00:00Z', 500));
  },
  // Somebody dropped the facts of an event.
  async (shop) => {
    const [facts] = await shop.query(
      "select table_name as name from duckdb_tables() where table_name like 'facts_raw_order%'",
    );
    await shop.sql(`drop table rollcall.${String(facts?.['name'])}`);
    await shop.land(order('8', 'eve', '2025-01-06T10:00:00Z', 500));
  },
];

const run = (shop: Shop, day: number, engine: Engine): ReturnType<Shop['run']> =>
  shop.run(DAYS[day] as string, { dialectFor: engine });

/** Which run it was is another thing: one that stopped counts too. */
const withoutRuns = (contents: Contents | undefined): unknown =>
  Object.entries(contents ?? {}).map(([table, rows]) => [
    table,
    rows.map((row) => row.replace(/"(last_)?run_(id|no)":"(run_)?\d+"/g, '')).sort(),
  ]);

const plain = hooked(() => undefined);

async function retired(shop: Shop, dialectFor: Engine): Promise<unknown> {
  const base = { ...(await shop.options()), dialectFor, invocation: 'rollcall retire' };
  return retire({ ...base, newRunId: () => 'retired', key: 'revenue', sendExits: true, release: true });
}

type Contents = Awaited<ReturnType<Shop['contents']>>;

/** What any engine leaves after each day, and after `revenue` is retired. */
async function wholeLife(): Promise<readonly Contents[]> {
  const shop = await create();
  const found: Contents[] = [];
  for (const [day, change] of LIFE.entries()) {
    await change(shop);
    await run(shop, day, plain);
    found.push(await shop.contents());
  }
  await retired(shop, plain);
  return [...found, await shop.contents()];
}

let life: Promise<readonly Contents[]>;
beforeAll(async () => {
  life = wholeLife();
  await life;
});

describe.each(ENGINES)('an engine whose transactions have %s', (_, engine) => {
  it('leaves what any engine leaves, day after day', async () => {
    const expected = await life;
    const shop = await create();
    for (const [day, change] of LIFE.entries()) {
      await change(shop);
      expect(await run(shop, day, engine())).toMatchObject({ status: 'succeeded' });
      expect(await shop.contents()).toEqual(expected[day]);
    }
    expect(await retired(shop, engine())).toEqual({ key: 'revenue', released: true, messages: 4 });
    expect(await shop.contents()).toEqual(expected.at(-1));
    const views = "select * from duckdb_views() where view_name = 'audience_revenue'";
    expect(await shop.query(views)).toEqual([]);
  });

  it('begins a transaction again from empty tables', async () => {
    const shop = await create();
    await LIFE[0]?.(shop);
    const failing = stutter(/into "?rollcall"?\."?(snapshots|identity_pairs)/i, 3);
    expect(await run(shop, 0, engine(failing))).toMatchObject({ status: 'succeeded' });
    expect(await shop.contents()).toEqual((await life)[0]);
  });

  it('leaves out a definition whose messages fail', async () => {
    const shop = await create();
    await LIFE[0]?.(shop);
    expect(await run(shop, 0, engine(refuseMessages('revenue')))).toMatchObject({ status: 'partial' });
    expect(await shop.members('buyers')).toEqual(['ann', 'bob']);
    expect(await shop.query('select distinct definition_key as key from rollcall.outbox')).toEqual([
      { key: 'buyers' },
    ]);
  });

  it('can stop before any statement of a day, and goes on', async () => {
    let total = 0;
    const shop = await create();
    await LIFE[0]?.(shop);
    await run(shop, 0, engine());
    await LIFE[1]?.(shop);
    await run(shop, 1, engine());
    await LIFE[2]?.(shop);
    // Every start goes a few statements further than the one before.
    for (let reach = 3; ; reach += 17) {
      let seen = 0;
      const result = await run(
        shop,
        2,
        engine((sql) => {
          if (++seen > reach) throw new StatementError('killed', sql);
        }),
      ).catch(() => undefined);
      total += 1;
      if (result?.status === 'succeeded') break;
    }
    expect(total).toBeGreaterThan(5);
    expect(withoutRuns(await shop.contents())).toEqual(withoutRuns((await life)[2]));
  });
});

it('records deliveries in transactions without DDL', async () => {
  const shop = await create();
  await LIFE[0]?.(shop);
  await run(shop, 0, withoutDdl(false));
  const options: RunOptions = { ...(await shop.options()), dialectFor: withoutDdl(false) };
  const { destinations } = await withSession(options, { mode: 'write' }, ({ warehouse, dialect, state }) =>
    syncDestinations({
      warehouse,
      dialect,
      state,
      destinations: options.project.destinations,
      projectDir: shop.dir,
      spans: options.spans,
      select: {},
      now: options.now,
    }),
  );
  expect(destinations).toMatchObject([{ status: 'succeeded', failed: 0 }]);
});
