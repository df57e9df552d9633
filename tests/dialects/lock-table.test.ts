/** The lock of engines that many processes may use at once, on an engine whose clock and answers are ours. */
import { hostname } from 'node:os';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { UserError } from '../../compiler/diagnostics/index.js';
import { StateSchema } from '../../compiler/program/state.js';
import type { HoldSettings } from '../../dialects/holding.js';
import { acquireTableLock, tableLockHolder } from '../../dialects/lock-table.js';
import {
  around,
  keptOpen,
  StatementError,
  type LockOwner,
  type Warehouse,
} from '../../dialects/warehouse.js';
import { duckdb, openMemory, rowsOf } from './support/duckdb.js';

let warehouse: Warehouse;
let minutes = 0;
const state = new StateSchema('it"s; rollcall');

beforeEach(async () => {
  warehouse = await openMemory();
  minutes = 0;
});
afterEach(() => warehouse.close());

const clocked = (over: Partial<Warehouse> = {}): Warehouse =>
  around(keptOpen(warehouse), {
    now: () => Promise.resolve(new Date(Date.UTC(2025, 0, 1, 0, minutes)).toISOString()),
    ...over,
  });
const site = (over?: Partial<Warehouse>) => ({ warehouse: clocked(over), dialect: duckdb, state });

const owner = (run: string, over: Partial<LockOwner> = {}): LockOwner => ({
  run_id: run,
  pid: process.pid,
  host: hostname(),
  since: '2025-01-01T00:00:00Z',
  command: `rollcall run --select 'it''s; "x"'`,
  ...over,
});

const settings: Partial<HoldSettings> = { elapsed: () => minutes * 60_000, sleep: () => Promise.resolve() };

const take = (run: string, over: Partial<LockOwner> = {}) =>
  acquireTableLock(site(), owner(run, over), settings);

const locks = () => rowsOf(warehouse, `select run_id, status from "it""s; rollcall".locks order by run_id`);

it('refuses the second comer, and says who is in the way', async () => {
  const first = await take('one');
  expect(await locks()).toEqual([{ run_id: 'one', status: 'held' }]);
  expect(await tableLockHolder(site())).toMatchObject({ run_id: 'one', pid: process.pid });
  const error: unknown = await take('two').catch((e: unknown) => e);
  expect(error).toBeInstanceOf(UserError);
  expect(error).toMatchObject({ exit: 3, diagnostics: [{ code: 'locked' }] });
  expect(String(error)).toMatch(/rollcall run --select.*pid \d+ on .*, run one\) since 2025-01-01T00:00:00/);
  expect(await locks()).toHaveLength(1);
  await first.release();
  expect(await locks()).toEqual([]);
  expect(await tableLockHolder(site())).toBeUndefined();
  await (await take('two')).release();
});

it('lets one of many in who come at once', async () => {
  let inside = 0;
  const results = await Promise.allSettled(
    Array.from({ length: 6 }, async (_, i) => {
      const lock = await acquireTableLock(site(), owner(`run ${i}`), {
        ...settings,
        sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms / 20)),
      });
      inside += 1;
      return lock;
    }),
  );
  expect(inside).toBe(1);
  for (const result of results) {
    if (result.status === 'rejected') expect(result.reason).toMatchObject({ exit: 3 });
  }
  expect(await locks()).toMatchObject([{ status: 'held' }]);
});

it('frees itself when its holder on another machine gives no sign of life', async () => {
  const elsewhere = { host: 'another machine', pid: 1 };
  const lost = await take('one', elsewhere);
  minutes = 4;
  await expect(take('two', elsewhere)).rejects.toMatchObject({ exit: 3 });
  lost.check();
  minutes = 6;
  const second = await take('two', elsewhere);
  expect(await locks()).toEqual([{ run_id: 'two', status: 'held' }]);
  // The one that comes back from sleep writes nothing.
  expect(() => lost.check()).toThrow(expect.objectContaining({ exit: 3 }) as Error);
  await lost.release();
  expect(await locks()).toEqual([{ run_id: 'two', status: 'held' }]);
  await second.release();
});

it('is taken over at once from a process of this machine that is gone', async () => {
  await take('one', { pid: 2 ** 30 });
  await (await take('two')).release();
});

it('is kept by signs of life', async () => {
  const lock = await acquireTableLock(site(), owner('one', { host: 'elsewhere' }), {
    ...settings,
    everyMs: 5,
  });
  for (minutes = 1; minutes < 12; minutes += 2) {
    const until = `select expires_at > timestamp '2025-01-01' + interval ${minutes + 4} minutes as moved
      from "it""s; rollcall".locks`;
    await expect.poll(async () => (await rowsOf(warehouse, until))[0]?.['moved']).toBe(true);
    lock.check();
  }
  await lock.release();
});

it('is lost when it cannot be kept', async () => {
  let broken = false;
  const failing = site({
    execute: (sql, options) =>
      broken ? Promise.reject(new StatementError('gone', sql)) : warehouse.execute(sql, options),
  });
  const lock = await acquireTableLock(failing, owner('one'), { ...settings, everyMs: 5 });
  broken = true;
  minutes = 4;
  lock.check();
  minutes = 5;
  expect(() => lock.check()).toThrow(/could not keep its lock/);
  await lock.release().catch(() => undefined);
});

it('tries again where the engine says that it may go', async () => {
  let left = 3;
  const busy = site({
    execute: (sql, options) => {
      if (left-- > 0) throw new StatementError('could not serialize', sql, { transient: true });
      return warehouse.execute(sql, options);
    },
  });
  await (await acquireTableLock(busy, owner('one'), settings)).release();
  expect(await locks()).toEqual([]);
});

it('ends what a holder that is gone left open, before anything is done under the lock', async () => {
  await take('one', { pid: 2 ** 30 });
  const ended: string[] = [];
  const left = async (runId: string): Promise<void> => {
    ended.push(`${runId}, with ${JSON.stringify((await locks()).map((row) => row['run_id']))}`);
  };
  const lock = await acquireTableLock(site({ endSessionsOf: left }), owner('two'), settings);
  expect(ended).toEqual(['one, with ["one","two"]']);
  await lock.release();
  await (await acquireTableLock(site({ endSessionsOf: left }), owner('three'), settings)).release();
  expect(ended).toHaveLength(1);
});

it('is not held by who could not end what is in its way, and the next comer tries again', async () => {
  await take('one', { pid: 2 ** 30 });
  const failing = {
    endSessionsOf: () => Promise.reject(new StatementError('busy', '', { failure: 'busy' })),
  };
  await expect(acquireTableLock(site(failing), owner('two'), settings)).rejects.toThrow('busy');
  expect(await locks()).toEqual([{ run_id: 'one', status: 'held' }]);
  const ended: string[] = [];
  const willing = { endSessionsOf: (runId: string) => Promise.resolve(void ended.push(runId)) };
  await (await acquireTableLock(site(willing), owner('three'), settings)).release();
  expect(ended).toEqual(['one']);
});
