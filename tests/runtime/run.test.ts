/** Runs one after another: what each leaves, by SEMANTICS §3, §5, §6. */
import { afterEach, describe, expect, it } from 'vitest';
import { UserError } from '../../compiler/diagnostics/index.js';
import { retire } from '../../runtime/index.js';
import { hooked, refuse } from './faults.js';
import { BUYERS, REVENUE, SPENDERS, Shop, order } from './shop.js';

let shop: Shop;
afterEach(async () => shop.dispose());

const DAY1 = '2025-01-03T00:00:00Z';
const DAY2 = '2025-01-04T00:00:00Z';
const DAY3 = '2025-01-05T00:00:00Z';

const FIRST = [
  order('1', 'ann', '2025-01-01T10:00:00Z', 60),
  order('2', 'ann', '2025-01-02T10:00:00Z', 50),
  order('3', 'bob', '2025-01-02T11:00:00Z', 20),
];

async function started(models: Readonly<Record<string, unknown>>): Promise<Shop> {
  const made = await Shop.create(models);
  await made.land(...FIRST);
  return made;
}

const failure = async (work: Promise<unknown>): Promise<UserError> => {
  const error: unknown = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (error instanceof UserError) return error;
  throw new Error(`no user error: ${String(error)}`);
};

describe('a run', () => {
  it('lands, computes and publishes', async () => {
    shop = await started({ buyers: BUYERS, spenders: SPENDERS, revenue: REVENUE });
    const result = await shop.run(DAY1);
    expect(result).toMatchObject({
      run_id: 'run_1',
      as_of: DAY1,
      status: 'succeeded',
      exit: 0,
      diagnostics: [],
    });
    expect(result.landing).toMatchObject([{ source: 'raw', mode: 'full' }]);
    const spenders = result.definitions.find((d) => d.key === 'spenders');
    expect(spenders).toMatchObject({ status: 'succeeded', size: 1, entered: 1, exited: 0 });
    expect(await shop.members('buyers')).toEqual(['ann', 'bob']);
    expect(await shop.members('spenders')).toEqual(['ann']);
    expect(await shop.query('select status, first_run_at, last_run_id from rollcall.definitions')).toEqual(
      Array.from({ length: 3 }, () => ({ status: 'live', first_run_at: DAY1, last_run_id: 'run_1' })),
    );
    expect(await shop.query('select run_id, status, invocation from rollcall.runs')).toEqual([
      { run_id: 'run_1', status: 'succeeded', invocation: 'rollcall run' },
    ]);
  });

  it('tells its progress', async () => {
    shop = await started({ buyers: BUYERS });
    await shop.run(DAY1);
    expect(shop.events.map((e) => e.event)).toEqual([
      'run_started',
      'landing_started',
      'landing_finished',
      'profiles_started',
      'profiles_finished',
      'definition_started',
      'definition_finished',
      'publish_started',
      'publish_finished',
      'run_finished',
    ]);
    expect(shop.events.every((e) => e.run_id === 'run_1')).toBe(true);
  });

  it('records its steps', async () => {
    shop = await started({ buyers: BUYERS });
    await shop.run(DAY1);
    const steps = await shop.query("select * from rollcall.run_steps where definition_key = 'buyers'");
    expect(steps.find((s) => s['step'] === 'compute.buyers')).toMatchObject({
      run_id: 'run_1',
      attempt: '1',
      status: 'succeeded',
      error: null,
    });
    const all = await shop.query("select step from rollcall.run_steps where step like 'publish.%'");
    expect(all.map((s) => s['step'])).toContain('publish.enter');
  });

  it('of the same as_of again changes nothing but runs and run_steps', async () => {
    shop = await started({ buyers: BUYERS, revenue: REVENUE });
    await shop.run(DAY1);
    const before = await shop.contents();
    const result = await shop.run(DAY1);
    expect(result).toMatchObject({ run_id: 'run_2', status: 'succeeded' });
    expect(result.landing).toMatchObject([{ mode: 'incremental', new_rows: 0 }]);
    expect(await shop.contents()).toEqual(before);
    expect(await shop.query('select count(*) as n from rollcall.runs')).toEqual([{ n: '2' }]);
  });

  it('finds late data, and what time alone changes', async () => {
    const recent = { definition: { event: 'Order Completed', within: '2 days' } };
    shop = await started({ recent });
    await shop.run(DAY1);
    expect(await shop.members('recent')).toEqual(['ann', 'bob']);
    await shop.land({ ...order('4', 'cid', '2025-01-02T12:00:00Z', 5), received: '2025-01-04T09:00:00Z' });
    const result = await shop.run('2025-01-04T11:00:00Z');
    expect(result.landing).toMatchObject([{ mode: 'incremental', new_rows: 1 }]);
    expect(await shop.members('recent')).toEqual(['bob', 'cid']);
  });

  it('computes an edited definition anew and says what the edit changed', async () => {
    shop = await started({ big: SPENDERS });
    await shop.run(DAY1);
    await shop.model('big', {
      definition: { event: 'Order Completed', sum: { property: 'revenue', at_least: 20 } },
    });
    const result = await shop.run(DAY2);
    expect(result.definitions).toMatchObject([{ size: 2, entered: 1, exited: 0 }]);
    const [row] = await shop.query('select first_run_at, last_as_of from rollcall.definitions');
    expect(row).toEqual({ first_run_at: DAY1, last_as_of: DAY2 });
  });

  it('leaves a disabled definition as it is until it is enabled', async () => {
    shop = await started({ buyers: BUYERS });
    await shop.run(DAY1);
    await shop.model('buyers', { ...BUYERS, enabled: false });
    await shop.land(order('4', 'cid', '2025-01-03T12:00:00Z', 5));
    expect((await shop.run(DAY2)).definitions).toMatchObject([{ status: 'disabled', size: null }]);
    expect(await shop.members('buyers')).toEqual(['ann', 'bob']);
    expect(await shop.query('select status from rollcall.definitions')).toEqual([{ status: 'disabled' }]);
    await shop.model('buyers', BUYERS);
    expect((await shop.run(DAY3)).definitions).toMatchObject([{ status: 'succeeded', entered: 1 }]);
    expect(await shop.members('buyers')).toEqual(['ann', 'bob', 'cid']);
  });

  it('tells removed definitions in the order of their keys, whichever the warehouse has first', async () => {
    shop = await started({ zed: BUYERS, revenue: REVENUE });
    await shop.run(DAY1);
    await shop.model('buyers', BUYERS);
    await shop.run(DAY1);
    await shop.remove('zed');
    await shop.remove('buyers');
    const { definitions } = await shop.run(DAY2);
    const removed = definitions.filter((d) => d.status === 'removed');
    expect(removed.map((d) => d.key)).toEqual(['buyers', 'zed']);
  });

  it('empties a removed definition once, and keeps its key', async () => {
    shop = await started({ buyers: BUYERS, revenue: REVENUE });
    await shop.run(DAY1);
    await shop.remove('buyers');
    const result = await shop.run(DAY2);
    expect(result.definitions.find((d) => d.key === 'buyers')).toMatchObject({ status: 'removed' });
    expect(await shop.members('buyers')).toEqual([]);
    const closed = 'select distinct exited_at from rollcall.membership_history';
    expect(await shop.query(closed)).toEqual([{ exited_at: DAY2 }]);
    const row = "select status, retired_at from rollcall.definitions where key = 'buyers'";
    expect(await shop.query(row)).toEqual([{ status: 'removed', retired_at: DAY2 }]);
    await shop.run(DAY3);
    expect(await shop.query(row)).toEqual([{ status: 'removed', retired_at: DAY2 }]);
    await shop.model('buyers', BUYERS);
    const error = await failure(shop.run(DAY3));
    expect(error.exit).toBe(2);
    expect(error.diagnostics).toMatchObject([{ code: 'retired-key', definition: 'buyers' }]);
    expect(error.diagnostics[0]?.hint).toContain('rollcall retire buyers --release');
  });
});

describe('a key', () => {
  it('keeps its kind once it is published', async () => {
    shop = await started({ buyers: BUYERS, spenders: SPENDERS });
    await shop.run(DAY1);
    await shop.model('buyers', REVENUE);
    const before = await shop.contents();
    const error = await failure(shop.run(DAY2));
    expect(error).toMatchObject({
      exit: 2,
      diagnostics: [
        {
          code: 'retired-key',
          message: 'the key "buyers" belongs to an audience, and cannot be a trait now',
          span: { file: 'models/buyers.json' },
        },
      ],
    });
    expect(await shop.contents()).toEqual(before);
    // The way the hint shows.
    await shop.remove('buyers');
    await shop.run(DAY2);
    await retire({ ...(await shop.options()), key: 'buyers', release: true });
    await shop.model('buyers', REVENUE);
    expect(await shop.run(DAY2)).toMatchObject({ status: 'succeeded' });
    expect(await shop.query('select distinct audience_key from rollcall.membership_history')).toEqual([
      { audience_key: 'spenders' },
    ]);
    expect(await shop.query('select distinct trait_key from rollcall.trait_values')).toEqual([
      { trait_key: 'buyers' },
    ]);
  });

  it('may change its kind before that', async () => {
    shop = await started({ buyers: BUYERS });
    const failing = { dialectFor: hooked(refuse(/insert into "?rollcall_stage_/i)) };
    expect(await shop.run(DAY1, failing)).toMatchObject({ status: 'failed' });
    await shop.model('buyers', REVENUE);
    expect(await shop.run(DAY1)).toMatchObject({ status: 'succeeded' });
    expect(await shop.query('select kind, status from rollcall.definitions')).toEqual([
      { kind: 'trait', status: 'live' },
    ]);
  });
});

describe('a selection', () => {
  const both = { buyers: BUYERS, ann: { definition: { audience: 'buyers' } } };

  it('computes only what it selects, and reads the rest as last published', async () => {
    shop = await started(both);
    await shop.run(DAY1);
    await shop.land(order('4', 'cid', '2025-01-03T12:00:00Z', 5));
    expect((await shop.run(DAY2, { select: ['ann'] })).definitions.map((d) => d.key)).toEqual(['ann']);
    expect(await shop.members('ann')).toEqual(['ann', 'bob']);
  });

  it('of what reads something never computed is an error that suggests +key', async () => {
    shop = await started(both);
    const error = await failure(shop.run(DAY1, { select: ['ann'] }));
    expect(error.exit).toBe(2);
    expect(error.diagnostics).toMatchObject([{ code: 'never-computed' }]);
    expect(error.diagnostics[0]?.hint).toContain('+ann');
    expect(
      await shop.query("select * from information_schema.tables where table_schema = 'rollcall'"),
    ).toEqual([]);
  });

  it('removes nothing', async () => {
    shop = await started(both);
    await shop.run(DAY1);
    await shop.remove('ann');
    await shop.run(DAY2, { select: ['buyers'] });
    expect(await shop.members('ann')).toEqual(['ann', 'bob']);
  });

  it('may be what changed since the last run', async () => {
    shop = await started(both);
    await shop.run(DAY1);
    expect((await shop.run(DAY2, { select: ['state:modified'] })).definitions).toEqual([]);
    await shop.model('buyers', SPENDERS);
    expect((await shop.run(DAY3, { select: ['state:modified'] })).definitions).toMatchObject([
      { key: 'buyers' },
    ]);
  });
});

describe('what cannot begin', () => {
  it('an as_of that is malformed, in the future, or behind', async () => {
    shop = await started({ buyers: BUYERS });
    for (const [asOf, words] of [
      ['yesterday', 'is not an instant'],
      ['2025-02-30', 'is not an instant'],
      ['2025-06-01T00:00:01Z', 'is in the future'],
    ] as const) {
      const error = await failure(shop.run(asOf));
      expect(error.exit).toBe(2);
      expect(error.diagnostics).toMatchObject([{ code: 'invalid-as-of' }]);
      expect(error.message).toContain(words);
    }
    await shop.run(DAY2);
    expect((await failure(shop.run(DAY1))).diagnostics[0]?.hint).toContain('--as-of-behind');
    expect(await shop.run(DAY1, { asOfBehind: true })).toMatchObject({ status: 'succeeded', as_of: DAY1 });
  });

  it('a source whose table or column is not there', async () => {
    shop = await started({ buyers: BUYERS });
    await shop.sql('alter table raw.messages rename to mesages');
    const error = await failure(shop.run(DAY1));
    expect(error.exit).toBe(2);
    expect(error.diagnostics).toMatchObject([{ code: 'missing-table' }]);
    expect(error.diagnostics[0]?.hint).toContain('mesages');
    await shop.sql(
      'alter table raw.mesages rename to messages',
      'alter table raw.messages drop column event',
    );
    expect((await failure(shop.run(DAY1))).diagnostics).toMatchObject([{ code: 'missing-column' }]);
  });

  it('a warehouse written by a newer version', async () => {
    shop = await started({ buyers: BUYERS });
    await shop.run(DAY1);
    await shop.sql("update rollcall.meta set value = '99' where name = 'layout_version'");
    const error = await failure(shop.run(DAY2));
    expect(error.exit).toBe(4);
    expect(error.diagnostics).toMatchObject([{ code: 'warehouse-newer' }]);
  });
});

it('warns of rows without a timestamp', async () => {
  shop = await started({ buyers: BUYERS });
  await shop.land({ ...order('9', 'dan', '', 1), at: null });
  const { diagnostics, exit } = await shop.run(DAY1);
  expect(exit).toBe(0);
  expect(diagnostics).toMatchObject([{ code: 'null-timestamps', severity: 'warning' }]);
});
