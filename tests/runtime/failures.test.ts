/** What a run does when the engine does not play along. */
import { afterEach, describe, expect, it } from 'vitest';
import { hashedName } from '../../compiler/bind/paths.js';
import { UserError } from '../../compiler/diagnostics/index.js';
import { runProject, withSession, type RunResult } from '../../runtime/index.js';
import type { Dialect } from '../../dialects/dialect.js';
import { around, keptOpen } from '../../dialects/warehouse.js';
import { attachedDuckDB, dialectHere } from '../engines/duckdb-attached.js';
import { hooked, refuse, refuseMessages, stutter, type Hook } from './faults.js';
import { BUYERS, CRM, REVENUE, SPENDERS, Shop, order } from './shop.js';

let shop: Shop;
afterEach(async () => shop.dispose());

const DAY1 = '2025-01-03T00:00:00Z';
const DAY2 = '2025-01-04T00:00:00Z';

const MODELS = {
  buyers: BUYERS,
  spenders: SPENDERS,
  fans: { definition: { all: [{ audience: 'spenders' }, { audience: 'buyers' }] } },
  revenue: REVENUE,
};

async function started(): Promise<Shop> {
  const made = await Shop.create(MODELS);
  await made.land(
    order('1', 'ann', '2025-01-01T10:00:00Z', 160),
    order('2', 'bob', '2025-01-02T11:00:00Z', 20),
  );
  return made;
}

const runWith = (hook: Hook, asOf = DAY1): Promise<RunResult> => shop.run(asOf, { dialectFor: hooked(hook) });

const statuses = (result: RunResult): Record<string, string> =>
  Object.fromEntries(result.definitions.map((d) => [d.key, d.status]));

async function withDestination(key: keyof typeof MODELS): Promise<void> {
  await shop.write('destinations/crm.json', CRM);
  await shop.model(key, { ...MODELS[key], destinations: ['crm'] });
}

/** Numbers in the order of computing: what is referred to comes first. */
const NUMBERS = { buyers: 1, spenders: 2 };

/** The statement that fills the stage of a definition. */
const stageOf = (key: keyof typeof NUMBERS): RegExp =>
  new RegExp(`insert into "?rollcall_stage_[^]*select\\s+${NUMBERS[key]} as definition_no`, 'i');

describe('a definition that fails', () => {
  it('fails alone, with what depends on it', async () => {
    shop = await started();
    const result = await runWith(refuse(stageOf('spenders')));
    expect(result).toMatchObject({ status: 'partial', exit: 1 });
    expect(statuses(result)).toEqual({
      buyers: 'succeeded',
      spenders: 'failed',
      fans: 'upstream_failed',
      revenue: 'succeeded',
    });
    expect(result.diagnostics.map((d) => [d.code, d.definition])).toEqual([
      ['definition-failed', 'spenders'],
      ['upstream-failed', 'fans'],
    ]);
    expect(
      await shop.query('select key, status, error from rollcall.definitions order by key'),
    ).toMatchObject([
      { key: 'buyers', status: 'live', error: null },
      { key: 'fans', status: 'not_computing' },
      { key: 'revenue', status: 'live' },
      { key: 'spenders', status: 'failed', error: expect.stringContaining('Conversion Error') },
    ]);
    expect(await shop.query("select status from rollcall.run_steps where step = 'compute.spenders'")).toEqual(
      [{ status: 'failed' }],
    );
    expect(await shop.query('select status from rollcall.runs')).toEqual([{ status: 'partial' }]);
  });

  it('keeps its last good membership, and recovers', async () => {
    shop = await started();
    await shop.run(DAY1);
    await shop.land(order('3', 'cid', '2025-01-03T10:00:00Z', 500));
    await runWith(refuse(stageOf('spenders')), DAY2);
    expect(await shop.members('spenders')).toEqual(['ann']);
    expect(await shop.members('fans')).toEqual(['ann']);
    expect(await shop.members('buyers')).toEqual(['ann', 'bob', 'cid']);
    expect(await shop.run(DAY2)).toMatchObject({ status: 'succeeded' });
    expect(await shop.members('fans')).toEqual(['ann', 'cid']);
    expect(await shop.query('select distinct status from rollcall.definitions')).toEqual([
      { status: 'live' },
    ]);
  });

  it('while publishing is left out, and the rest published', async () => {
    shop = await started();
    for (const key of ['buyers', 'spenders', 'fans', 'revenue'] as const) await withDestination(key);
    const result = await runWith(refuseMessages('revenue'));
    expect(result).toMatchObject({ status: 'partial', exit: 1 });
    expect(statuses(result)).toMatchObject({ buyers: 'succeeded', fans: 'succeeded', revenue: 'failed' });
    expect(await shop.members('buyers')).toEqual(['ann', 'bob']);
    expect(await shop.query('select definition_key from rollcall.snapshots order by 1')).toEqual(
      ['buyers', 'fans', 'spenders'].map((definition_key) => ({ definition_key })),
    );
    const steps =
      "select attempt, status from rollcall.run_steps where step = 'publish.snapshots' order by 1";
    // All messages at once, then by halves, then its own.
    expect(await shop.query(steps)).toEqual([
      ...['1', '2', '3'].map((attempt) => ({ attempt, status: 'rolled_back' })),
      { attempt: '4', status: 'succeeded' },
    ]);
    const queued = 'select definition_key, count(*) as n from rollcall.outbox group by 1 order by 1';
    expect(await shop.query(queued)).toEqual([
      { definition_key: 'buyers', n: '4' },
      { definition_key: 'fans', n: '2' },
      { definition_key: 'spenders', n: '2' },
    ]);
    expect(await shop.query('select * from rollcall.trait_values')).toEqual([]);
  });

  it('takes what depends on it out of publishing too', async () => {
    shop = await started();
    await withDestination('spenders');
    const result = await runWith(refuseMessages('spenders'));
    expect(statuses(result)).toMatchObject({
      buyers: 'succeeded',
      spenders: 'failed',
      fans: 'upstream_failed',
    });
    expect(await shop.members('fans')).toEqual([]);
  });
});

/** Those that the guilty one leaves alone in their statements. */
const ALONE: ReadonlySet<string> = new Set(['a6', 'a7']);

describe('one of seven that are computed together', () => {
  it('fails alone, and the others are computed and published', async () => {
    const of = (event: string): object => ({ definition: { event, within: '10 days' } });
    const many = Object.fromEntries(
      KEYS.map((key) => [key, of(key === 'a5' ? 'Cart Viewed' : 'Order Completed')]),
    );
    shop = await Shop.create({ ...many, of_a5: { definition: { audience: 'a5' } } });
    await shop.land(order('1', 'ann', '2025-01-01T10:00:00Z', 160), {
      ...order('2', 'bob', '2025-01-02T11:00:00Z', 20),
      event: 'Cart Viewed',
    });
    expect(await shop.run(DAY1)).toMatchObject({ status: 'succeeded' });
    await shop.land(order('3', 'cid', '2025-01-03T10:00:00Z', 500));
    const result = await shop.run(DAY2, {
      dialectFor: losing(`facts_${hashedName('raw_Cart Viewed', 'raw', 'Cart Viewed')}`),
    });
    expect(result).toMatchObject({ status: 'partial', exit: 1 });
    const others = KEYS.filter((key) => key !== 'a5');
    expect(statuses(result)).toEqual({
      ...Object.fromEntries(others.map((key) => [key, 'succeeded'])),
      a5: 'failed',
      of_a5: 'upstream_failed',
    });
    expect(result.diagnostics).toMatchObject([
      { code: 'definition-failed', definition: 'a5', message: expect.stringContaining('does not exist') },
      { code: 'upstream-failed', definition: 'of_a5' },
    ]);
    for (const key of others) expect(await shop.members(key)).toEqual(['ann', 'cid']);
    expect(await shop.members('a5')).toEqual(['bob']);
    const recorded = `select step, definition_key, status, rows_changed from rollcall.run_steps
      where run_id = '${result.run_id}' and step like 'compute.%a%'
      and (step not like '%.affected' or status = 'failed') and step not like '%.again' order by step`;
    const failed = { status: 'failed', rows_changed: null };
    expect(await shop.query(recorded)).toEqual(
      [
        ...KEYS.map((key) => ({
          step: key === 'a5' ? 'compute.a5.affected' : `compute.${key}`,
          definition_key: key,
          ...(key === 'a5' ? failed : { status: 'succeeded', rows_changed: ALONE.has(key) ? '1' : null }),
        })),
        { step: 'compute.batch.1', definition_key: null, ...failed },
        { step: 'compute.batch.1.1', definition_key: null, status: 'succeeded', rows_changed: '4' },
        { step: 'compute.batch.1.2.affected', definition_key: null, ...failed },
        { step: 'compute.batch.1.2.1.affected', definition_key: null, ...failed },
      ].sort((a, b) => (a.step < b.step ? -1 : 1)),
    );
    const states = 'select key, status from rollcall.definitions order by key';
    expect(await shop.query(states)).toEqual([
      ...KEYS.map((key) => ({ key, status: key === 'a5' ? 'failed' : 'live' })),
      { key: 'of_a5', status: 'not_computing' },
    ]);
    expect(await shop.run(DAY2)).toMatchObject({ status: 'succeeded' });
  });
});

describe('what is computed again, after another failed with it', () => {
  it('has each member once, of whom only their absence is told', async () => {
    const not = (event: string): object => ({ definition: { not: { event } } });
    shop = await Shop.create({
      broken: { definition: { event: 'Cart Viewed', within: '10 days' } },
      idle: not('Order Completed'),
      quiet: not('Page Opened'),
    });
    await shop.land(order('1', 'ann', '2025-01-01T10:00:00Z', 160), {
      ...order('2', 'bob', '2025-01-02T11:00:00Z', 20),
      event: 'Cart Viewed',
    });
    await shop.run(DAY1);
    await shop.land({ ...order('3', 'cid', '2025-01-03T10:00:00Z', 500), event: 'Cart Viewed' });
    const result = await shop.run(DAY2, {
      dialectFor: losing(`facts_${hashedName('raw_Cart Viewed', 'raw', 'Cart Viewed')}`),
    });
    expect(statuses(result)).toEqual({ broken: 'failed', idle: 'succeeded', quiet: 'succeeded' });
    const rows = 'select definition_no, count(*) as n from rollcall.member_state group by 1 order by 1';
    expect(await shop.query(rows)).toEqual([
      { definition_no: '1', n: '1' },
      { definition_no: '2', n: '2' },
      { definition_no: '3', n: '3' },
    ]);
  });
});

/** An engine that loses a table once definitions are computed. */
function losing(table: string): (type: string) => Promise<Dialect> {
  let lost = false;
  return async (type) => {
    const real = await dialectHere(type);
    return {
      ...real,
      open: async (options) => {
        const warehouse = await real.open(options);
        return around(warehouse, {
          execute: async (sql, call) => {
            if (!lost && /insert into "?rollcall_stage_/i.test(sql)) {
              lost = true;
              await warehouse.execute(`drop table rollcall.${table}`);
            }
            return warehouse.execute(sql, call);
          },
        });
      },
    };
  };
}

describe('a run that fails as a whole', () => {
  it('changes nothing when landing fails', async () => {
    shop = await started();
    await shop.run(DAY1);
    const before = await shop.contents();
    await shop.land(order('3', 'cid', '2025-01-03T10:00:00Z', 500));
    const result = await runWith(refuse(/into "?rollcall"?\."?identity_pairs/i), DAY2);
    expect(result).toMatchObject({ status: 'failed', exit: 1 });
    expect(result.diagnostics).toMatchObject([
      { code: 'statement-failed', message: expect.stringContaining('land.raw.') },
    ]);
    expect(await shop.contents()).toEqual(before);
    const runs = 'select status, error from rollcall.runs order by run_no';
    expect(await shop.query(runs)).toMatchObject([
      { status: 'succeeded', error: null },
      { status: 'failed', error: expect.stringContaining('Conversion Error') },
    ]);
    expect(
      await shop.query("select count(*) > 0 as any_failed from rollcall.run_steps where status = 'failed'"),
    ).toEqual([{ any_failed: true }]);
    expect(await shop.run(DAY2)).toMatchObject({ status: 'succeeded' });
    expect(await shop.members('spenders')).toEqual(['ann', 'cid']);
  });

  it('says that the warehouse refused us where nothing could be begun', async () => {
    shop = await started();
    const error: unknown = await runWith(refuse(/create schema/i)).catch((e: unknown) => e);
    expect(error).toMatchObject({ exit: 4, diagnostics: [{ code: 'warehouse-unavailable' }] });
  });

  it('publishes nothing when it is cancelled', async () => {
    shop = await started();
    const stop = new AbortController();
    const options = await shop.options({
      asOf: DAY1,
      signal: stop.signal,
      onEvent: (event) => {
        if (event.event === 'definition_started' && event.index === 2) stop.abort();
      },
    });
    const result = await runProject(options);
    expect(result.status).toBe('cancelled');
    expect(new Set(Object.values(statuses(result)))).toEqual(new Set(['cancelled']));
    expect(await shop.query('select status from rollcall.runs')).toEqual([{ status: 'cancelled' }]);
    expect(await shop.query('select * from rollcall.snapshots')).toEqual([]);
    expect(await shop.run(DAY1)).toMatchObject({ status: 'succeeded' });
  });
});

describe('a failure that passes', () => {
  it('is tried again, and recorded as an attempt', async () => {
    shop = await started();
    const result = await runWith(stutter(stageOf('spenders'), 3));
    expect(result).toMatchObject({ status: 'succeeded', exit: 0 });
    const attempts = (step: string): Promise<unknown> =>
      shop.query(`select attempt, status from rollcall.run_steps where step = '${step}' order by 1`);
    expect(await attempts('compute.batch.1')).toEqual([
      ...['1', '2', '3'].map((attempt) => ({ attempt, status: 'failed' })),
      { attempt: '4', status: 'succeeded' },
    ]);
    expect(await attempts('compute.spenders')).toEqual([{ attempt: '1', status: 'succeeded' }]);
    expect(shop.events.filter((e) => e.event === 'retry')).toMatchObject([
      { step: 'compute.batch.1', attempt: 1, delay_ms: 200 },
      { attempt: 2, delay_ms: 400 },
      { attempt: 3, delay_ms: 800 },
    ]);
  });

  it('inside a transaction starts the transaction again', async () => {
    shop = await started();
    expect(await runWith(stutter(/^commit$/, 2))).toMatchObject({ status: 'succeeded' });
    expect(await runWith(stutter(/into "?rollcall"?\."?snapshots/i, 1), DAY2)).toMatchObject({
      status: 'succeeded',
    });
    expect(await shop.query('select count(*) as n from rollcall.snapshots')).toEqual([{ n: '8' }]);
  });

  it('fails for good after five more, with others and alone', async () => {
    shop = await started();
    const result = await runWith(stutter(stageOf('spenders'), 12));
    expect(statuses(result)).toMatchObject({ buyers: 'succeeded', spenders: 'failed' });
    expect(shop.events.filter((e) => e.event === 'retry')).toHaveLength(10);
  });

  it('is nobody’s where neither half of a batch passes', async () => {
    const many = Object.fromEntries(KEYS.map((key) => [key, BUYERS]));
    shop = await Shop.create({ ...many, revenue: REVENUE });
    await shop.land(order('1', 'ann', '2025-01-01T10:00:00Z', 160));
    const result = await runWith(stutter(/insert into "?rollcall_stage_members/i, Infinity));
    expect(result).toMatchObject({ status: 'partial', exit: 1 });
    expect(statuses(result)).toEqual({
      ...Object.fromEntries(KEYS.map((key) => [key, 'failed'])),
      revenue: 'succeeded',
    });
    expect(shop.events.filter((e) => e.event === 'retry')).toHaveLength(15);
    const failed =
      "select step from rollcall.run_steps where status = 'failed' and definition_key is not null";
    expect((await shop.query(failed)).map((row) => row['step']).sort()).toEqual(
      KEYS.map((key) => `compute.${key}`),
    );
  });
});

const KEYS = ['a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7'];

it('refuses a second run while one holds the lock', async () => {
  shop = await started();
  const options = await shop.options();
  const owner = { runId: 'the_first', command: 'rollcall run --select tag:daily' };
  await withSession(options, { mode: 'write', owner }, async () => {
    const error: unknown = await shop.run(DAY1).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({ exit: 3, diagnostics: [{ code: 'locked' }] });
    expect(String(error)).toContain('the_first');
  });
  expect(await shop.run(DAY1)).toMatchObject({ status: 'succeeded' });
});

it('refuses it on an engine that has no lock of its own, and frees the lock after', async () => {
  shop = await started();
  const real = attachedDuckDB;
  const warehouse = await real.open({
    settings: { path: 'warehouse.duckdb' },
    projectDir: shop.dir,
    mode: 'write',
  });
  const open = () => Promise.resolve(keptOpen(warehouse));
  const many = { ...real, capabilities: { ...real.capabilities, lock: 'table' as const }, open };
  const over = { dialectFor: () => Promise.resolve(many) };
  const owner = { runId: 'the_first', command: 'rollcall run' };
  await withSession({ ...(await shop.options()), ...over }, { mode: 'write', owner }, async () => {
    const error: unknown = await shop.run(DAY1, over).catch((e: unknown) => e);
    expect(error).toMatchObject({ exit: 3, diagnostics: [{ code: 'locked' }] });
    expect(String(error)).toContain('the_first');
  });
  expect(await shop.run(DAY1, over)).toMatchObject({ status: 'succeeded' });
  await warehouse.close();
  expect(await shop.query('select * from rollcall.locks')).toEqual([]);
});
