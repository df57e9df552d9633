/** What becomes of a run whose statements have no known outcome, or are turned away for a while; and their labels. */
import { afterEach, expect, it } from 'vitest';
import { around, StatementError, type StatementLabels } from '../../dialects/warehouse.js';
import type { Dialect } from '../../dialects/dialect.js';
import type { RunResult } from '../../runtime/index.js';
import { dialectHere } from '../engines/duckdb-attached.js';
import { hooked, stutter, type Hook } from './faults.js';
import { BUYERS, REVENUE, SPENDERS, Shop, order } from './shop.js';

let shop: Shop;
afterEach(async () => shop.dispose());

const DAY1 = '2025-01-03T00:00:00Z';
const DAY2 = '2025-01-04T00:00:00Z';

async function started(): Promise<Shop> {
  const made = await Shop.create({ buyers: BUYERS, spenders: SPENDERS, revenue: REVENUE });
  await made.land(
    order('1', 'ann', '2025-01-01T10:00:00Z', 160),
    order('2', 'bob', '2025-01-02T11:00:00Z', 20),
  );
  return made;
}

const runWith = (hook: Hook, asOf = DAY1): Promise<RunResult> => shop.run(asOf, { dialectFor: hooked(hook) });
const retries = (): unknown[] => shop.events.filter((e) => e.event === 'retry');

it('waits longer where the engine is busy', async () => {
  shop = await started();
  expect(await runWith(stutter(/insert into "?rollcall_stage_/i, 2, 'busy'))).toMatchObject({ exit: 0 });
  expect(retries()).toMatchObject([
    { attempt: 1, delay_ms: 5_000 },
    { attempt: 2, delay_ms: 10_000 },
  ]);
});

it('clears what a statement without a known outcome may have staged, and computes it again', async () => {
  shop = await started();
  expect(await runWith(stutter(/insert into "?rollcall_stage_/i, 1, 'unknown'))).toMatchObject({ exit: 0 });
  expect(await shop.members('buyers')).toEqual(['ann', 'bob']);
  const cleared =
    "select count(*) > 0 as there from rollcall.run_steps where step like 'compute.%.clear' and status = 'succeeded'";
  expect(await shop.query(cleared)).toEqual([{ there: true }]);
});

it('begins a transaction again when the connection is lost in it', async () => {
  shop = await started();
  expect(await runWith(stutter(/into "?rollcall"?\."?snapshots/i, 1, 'unknown'))).toMatchObject({ exit: 0 });
  expect(await shop.members('buyers')).toEqual(['ann', 'bob']);
  expect(await shop.query('select count(*) as n from rollcall.snapshots')).toEqual([{ n: '3' }]);
});

/** Loses the connection at the nth commit of a run, before it is done or after. */
function lostAt(n: number, when: 'before' | 'after'): (type: string) => Promise<Dialect> {
  let seen = 0;
  const lose = (): void => {
    seen += 1;
    if (seen === n) throw new StatementError('connection lost', 'commit', { failure: 'unknown' });
  };
  return when === 'before'
    ? hooked((sql) => {
        if (sql === 'commit') lose();
      })
    : hooked(() => undefined, lose);
}

it.each([1, 2, 3, 4])('asks whether commit %i was done when the connection is lost', async (n) => {
  shop = await started();
  const clean = await Shop.create({ buyers: BUYERS, spenders: SPENDERS, revenue: REVENUE });
  try {
    await clean.land(
      order('1', 'ann', '2025-01-01T10:00:00Z', 160),
      order('2', 'bob', '2025-01-02T11:00:00Z', 20),
    );
    await clean.run(DAY1);
    // Done: nothing is done twice. Not done: it is done after all.
    expect(await shop.run(DAY1, { dialectFor: lostAt(n, 'after') })).toMatchObject({ status: 'succeeded' });
    expect(retries()).toEqual([]);
    expect(await shop.contents()).toEqual(await clean.contents());
    expect(await shop.run(DAY2, { dialectFor: lostAt(n, 'before') })).toMatchObject({ status: 'succeeded' });
    expect(retries()).toHaveLength(1);
    await clean.run(DAY2);
    expect(await shop.contents()).toEqual(await clean.contents());
  } finally {
    await clean.dispose();
  }
});

it('says so when nobody can be asked, and the next run goes on', async () => {
  shop = await started();
  await shop.run(DAY1);
  await shop.land(order('3', 'cid', '2025-01-03T10:00:00Z', 500));
  const lost = (): never => {
    throw new StatementError('connection lost', '', { failure: 'unknown' });
  };
  // The publishing transaction: the only one that stores snapshots.
  let [publishing, gone] = [false, false];
  const dialectFor = hooked(
    (sql) => {
      publishing ||= /into "?rollcall"?\."?snapshots/i.test(sql);
      if (gone) lost();
    },
    () => {
      gone = publishing;
      if (gone) lost();
    },
  );
  const result = await shop.run(DAY2, { dialectFor });
  expect(result).toMatchObject({ status: 'failed', exit: 4 });
  expect(result.diagnostics).toMatchObject([{ code: 'warehouse-unavailable' }]);
  // It had been done, and nobody says otherwise.
  expect(await shop.query('select status from rollcall.runs order by run_no')).toEqual([
    { status: 'succeeded' },
    { status: 'succeeded' },
  ]);
  expect(await shop.run(DAY2)).toMatchObject({ status: 'succeeded' });
  expect(await shop.members('buyers')).toEqual(['ann', 'bob', 'cid']);
});

it('says with every statement what it is for', async () => {
  shop = await started();
  const seen: StatementLabels[] = [];
  const watching = async (type: string): Promise<Dialect> => {
    const real = await dialectHere(type);
    return {
      ...real,
      open: async (options) => {
        const warehouse = await real.open(options);
        return around(warehouse, {
          execute: (sql, call) => {
            seen.push(call?.labels ?? {});
            return warehouse.execute(sql, call);
          },
        });
      },
    };
  };
  const { run_id } = await shop.run(DAY1, { dialectFor: watching, command: 'run' });
  expect(new Set(seen.map((labels) => labels.run_id))).toEqual(new Set([run_id]));
  expect(new Set(seen.map((labels) => labels.command))).toEqual(new Set(['run']));
  expect(seen.every(({ step }) => step !== undefined && step !== '')).toBe(true);
  const labels = { command: 'run', run_id };
  expect(seen).toContainEqual({ ...labels, step: 'compute.revenue', definition: 'revenue' });
  expect(seen).toContainEqual({ ...labels, step: 'compute.batch.1' });
});
