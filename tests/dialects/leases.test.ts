/** Leases of ranges: nobody holds what another holds, and who gave no sign of life is taken over. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { StateSchema } from '../../compiler/program/state.js';
import type { HoldSettings } from '../../dialects/holding.js';
import { EVERYTHING, Leases, LEASES } from '../../dialects/leases.js';
import { goneRuns } from '../../dialects/left-behind.js';
import { firstGap, type Range } from '../../dialects/ranges.js';
import { around, keptOpen, StatementError, type Warehouse } from '../../dialects/warehouse.js';
import { duckdb, openMemory, rowsOf } from './support/duckdb.js';

const state = new StateSchema('rollcall');
const WHOLE: Range = { from: 0, to: 100 };
const half = (taken: readonly Range[]): Range | undefined => firstGap(WHOLE, taken, 50);
const whole = (taken: readonly Range[]): Range | undefined => (taken.length === 0 ? WHOLE : undefined);

let warehouse: Warehouse;
/** Milliseconds by the engine's clock, which goes when a test says so. */
let clock = Date.parse('2025-01-01T00:00:00Z');
beforeEach(async () => {
  warehouse = await openMemory();
});
afterEach(() => warehouse.close());

/** A process on some other machine. */
function open(over: Partial<HoldSettings> = {}, broken: Partial<Warehouse> = {}): Promise<Leases> {
  const owner = {
    run_id: 'r1',
    pid: 1,
    host: 'elsewhere',
    since: '2025-01-01T00:00:00Z',
    command: 'rollcall sync',
  };
  const site = around(keptOpen(warehouse), {
    now: () => Promise.resolve(new Date(clock).toISOString()),
    ...broken,
  });
  const began = clock;
  return Leases.open({ warehouse: site, dialect: duckdb, state }, owner, {
    elapsed: () => clock - began,
    sleep: () => Promise.resolve(),
    ...over,
  });
}

test('a range is one process’s until it is given back; the rest is free', async () => {
  const [a, b, c] = [await open(), await open(), await open()];
  const first = await a.claim('crm', half);
  const second = await b.claim('crm', half);
  expect([first?.range, second?.range]).toEqual([
    { from: 0, to: 50 },
    { from: 50, to: 100 },
  ]);
  expect(second?.others).toBe(1);
  expect(await c.claim('crm', half)).toBeUndefined();
  expect((await c.claim('other', half))?.range).toEqual({ from: 0, to: 50 });
  await first?.release();
  expect((await c.claim('crm', half))?.range).toEqual({ from: 0, to: 50 });
});

test('who has to be alone is', async () => {
  const [a, b] = [await open(), await open()];
  const part = await a.claim('crm', () => ({ from: 50, to: 60 }));
  const everything = (taken: readonly Range[]): Range | undefined =>
    taken.length === 0 ? { from: 0, to: 2 ** 31 } : undefined;
  expect(await b.claim(EVERYTHING, everything)).toBeUndefined();
  await part?.release();
  expect(await b.claim(EVERYTHING, everything)).toBeDefined();
  expect(await a.claim('crm', half)).toBeUndefined();
});

test('of many at once none holds what another holds', async () => {
  const all = await Promise.all(
    Array.from({ length: 6 }, () => open({ sleep: (ms) => new Promise((r) => setTimeout(r, ms / 20)) })),
  );
  let had = 0;
  for (let round = 0; round < 5; round++) {
    const leases = await Promise.all(all.map((one) => one.claim('crm', whole)));
    const got = leases.filter((lease) => lease !== undefined);
    expect(got.length).toBeLessThanOrEqual(1);
    had += got.length;
    await Promise.all(got.map((lease) => lease.release()));
  }
  expect(had).toBeGreaterThan(0);
});

test('who gives no sign of life loses it, and knows', async () => {
  const a = await open({ ttlMs: 40, everyMs: 1e6 });
  const lost = await a.claim('crm', whole);
  const b = await open();
  expect(await b.claim('crm', whole)).toBeUndefined();
  expect(lost?.lost()).toBe(false);
  clock += 41;
  expect(lost?.lost()).toBe(true);
  expect((await b.claim('crm', whole))?.range).toEqual(WHOLE);
});

test('signs of life keep it', async () => {
  const a = await open({ ttlMs: 200, everyMs: 1 });
  const kept = await a.claim('crm', whole);
  for (let n = 0; n < 4; n++) {
    clock += 100;
    await vi.waitFor(async () => {
      const until = await rowsOf(
        warehouse,
        `select epoch_ms(max(expires_at))::bigint as ms from rollcall.${LEASES}`,
      );
      expect(Number(until[0]?.['ms'])).toBe(clock + 200);
    }, 60_000);
  }
  expect(kept?.lost()).toBe(false);
  expect(await (await open()).claim('crm', whole)).toBeUndefined();
  await a.close();
});

test('giving back never fails: what cannot be said expires', async () => {
  let down = false;
  const a = await open(
    { ttlMs: 40 },
    {
      now: () =>
        down
          ? Promise.reject(new StatementError('gone', 'now'))
          : Promise.resolve(new Date(clock).toISOString()),
    },
  );
  const lease = await a.claim('crm', whole);
  down = true;
  await expect(lease?.release()).resolves.toBeUndefined();
  const b = await open();
  expect(await b.claim('crm', whole)).toBeUndefined();
  clock += 41;
  expect((await b.claim('crm', whole))?.range).toEqual(WHOLE);
});

test('where its table cannot be made its connection is closed', async () => {
  let closed = 0;
  const refused = open(
    {},
    {
      execute: (sql) => Promise.reject(new StatementError('permission denied', sql)),
      close: () => Promise.resolve(void closed++),
    },
  );
  await expect(refused).rejects.toThrow('permission denied');
  expect(closed).toBe(1);
});

test('what ended long ago is swept away', async () => {
  for (let n = 0; n < 2; n++) {
    const process = await open({ ttlMs: 1 });
    await process.claim('crm', whole);
    await process.close();
    clock += 30;
  }
  // That of the second process.
  expect(await rowsOf(warehouse, `select distinct token from rollcall.${LEASES}`)).toHaveLength(1);
});

describe('the first gap', () => {
  test.each<[readonly Range[], Range | undefined]>([
    [[], { from: 0, to: 30 }],
    [[{ from: 0, to: 30 }], { from: 30, to: 60 }],
    [[{ from: 10, to: 20 }], { from: 0, to: 10 }],
    [
      [
        { from: 20, to: 90 },
        { from: 0, to: 25 },
      ],
      { from: 90, to: 100 },
    ],
    [[{ from: 0, to: 100 }], undefined],
  ])('beside %j', (taken, gap) => {
    expect(firstGap(WHOLE, taken, 30)).toEqual(gap);
  });
});

describe('where a session outlives its process', () => {
  const named = (runId: string, ended: string[]): Promise<Leases> => {
    const site = around(keptOpen(warehouse), {
      now: () => Promise.resolve(new Date(clock).toISOString()),
      endSessionsOf: (gone) => Promise.resolve(void ended.push(gone)),
    });
    const owner = {
      run_id: runId,
      pid: 1,
      host: 'elsewhere',
      since: '2025-01-01T00:00:00Z',
      command: 'sync',
    };
    const began = clock;
    const settings = { elapsed: () => clock - began, sleep: () => Promise.resolve() };
    return Leases.open({ warehouse: site, dialect: duckdb, state }, owner, settings);
  };

  test('that of a run that is gone is ended, once; those of others are not', async () => {
    const ended: string[] = [];
    const [killed, done] = [await named('killed', ended), await named('done', ended)];
    await killed.claim('crm', half);
    await (await done.claim('crm', half))?.release();
    const next = await named('next', ended);
    await next.claim('mail', half);
    expect(ended).toEqual([]);
    clock += 3 * 60_000;
    const later = await named('later', ended);
    expect((await later.claim('crm', half))?.range).toEqual({ from: 0, to: 50 });
    await later.claim('crm', half);
    expect(ended.sort()).toEqual(['killed', 'next']);
  });

  test('who keeps one lease and lost another is not gone', () => {
    const row = (token: string, over: object) => ({
      token,
      runId: 'one',
      released: false,
      alive: false,
      ...over,
    });
    expect([...goneRuns([row('a', {}), row('b', { alive: true })])]).toEqual([]);
    expect([...goneRuns([row('a', {}), row('b', { alive: true }), row('b', { released: true })])]).toEqual([
      'one',
    ]);
    expect([...goneRuns([row('a', {}), row('a', { released: true })])]).toEqual([]);
  });
});
