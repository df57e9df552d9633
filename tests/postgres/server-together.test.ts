/**
 * Several at once on a server: readers who look at any moment, a run and a delivery, a run whose session is ended while it is held
 * up. Needs a server (scripts/with-postgres.sh).
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { postgres } from '../../dialects/postgres/dialect.js';
import { UserError } from '../../compiler/diagnostics/index.js';
import { postgresDatabase as engine } from '../faults/engines.js';
import { BROKEN, invariants } from '../faults/invariants.js';
import { openHook, Place, type Hook } from '../faults/place.js';
import { visited, type Point } from '../faults/points.js';

let hook: Hook;
let place: Place;
beforeEach(async () => {
  hook = await openHook();
  place = await Place.create(engine, hook);
});
afterEach(async () => {
  await place.dispose();
  await hook[Symbol.asyncDispose]();
});

/** An engine that is held up before the first call that is meant; `reached` once it is there. */
function heldUp(meant: (point: Point) => boolean) {
  let go = (): void => undefined;
  const gone = new Promise<void>((resolve) => (go = resolve));
  let arrive = (): void => undefined;
  const reached = new Promise<void>((resolve) => (arrive = resolve));
  let met = false;
  const dialect = visited(postgres, {
    before: async (point) => {
      if (met || !meant(point)) return;
      met = true;
      arrive();
      await gone;
    },
  });
  return { dialect, reached, go: () => go() };
}

const exitOf = (work: Promise<{ readonly exit: number }>): Promise<number> =>
  work.then(
    ({ exit }) => exit,
    (error: unknown) => (error instanceof UserError ? error.exit : Promise.reject(error as Error)),
  );

it('readers never see a half', { timeout: 240_000 }, async () => {
  let reads = 0;
  let over = false;
  const broken: string[] = [];
  const seen = new Set<string>();
  const reading = async (): Promise<void> => {
    const settings = engine.target(place.dir);
    const reader = await postgres.open({ settings, projectDir: place.dir, mode: 'read' });
    try {
      while (!over) {
        broken.push(...(await invariants(reader)));
        for await (const { rows } of reader.read(
          "select to_regclass('rollcall.snapshots') is not null as there",
        ))
          if (rows[0]?.['there'] === true)
            for await (const found of reader.read('select count(*) as n from rollcall.snapshots'))
              seen.add(String(found.rows[0]?.['n']));
        reads += 1;
      }
    } finally {
      await reader.close();
    }
  };
  await place.land(1);
  const readers = [reading(), reading()];
  try {
    for (const day of [1, 2, 3]) {
      if (day > 1) await place.land(day);
      for (const command of ['run', 'sync', 'run'] as const)
        expect(await place.act({ day, command })).toBe(true);
    }
  } finally {
    over = true;
    await Promise.all(readers);
  }
  expect(broken).toEqual([]);
  expect(reads * Object.keys(BROKEN).length).toBeGreaterThan(100);
  // They looked before and after each day.
  expect(seen.size).toBeGreaterThanOrEqual(3);
});

describe('a second comer', () => {
  it('a run during a delivery, and a delivery during a run: exit 3, or it waits', async () => {
    await place.land(1);
    expect(await exitOf(place.run(1))).toBe(0);
    await place.land(2);

    // The delivery is held up between what it sent and the record of it.
    const sending = heldUp(({ call }) => call === 'begin');
    const sync = place.act({ day: 1, command: 'sync' }, sending.dialect);
    await sending.reached;
    const sent = place.taken.length;
    expect(sent).toBeGreaterThan(0);
    expect(await exitOf(place.run(2))).toBe(3);
    let told = 0;
    const waiting = place.run(2, undefined, {
      waitMs: 60_000,
      onWait: ({ code }) => void (told += code === 'locked' ? 1 : 0),
      sleep: async () => {
        sending.go();
        await new Promise((resolve) => setTimeout(resolve, 50));
      },
    });
    expect(await exitOf(waiting)).toBe(0);
    expect(told).toBe(1);
    expect(await sync).toBe(true);
    expect(await place.using(invariants)).toEqual([]);

    const computing = heldUp(({ step }) => step.startsWith('compute.'));
    const run = place.run(2, computing.dialect);
    await computing.reached;
    expect(await exitOf(place.sync(2))).toBe(3);
    computing.go();
    expect(await exitOf(run)).toBe(0);
    expect(await place.act({ day: 2, command: 'sync' })).toBe(true);
    // Nothing was sent twice.
    const ids = place.taken.map((text) => (JSON.parse(text) as { messageId: string }).messageId);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('a run whose session is ended while it is held up', () => {
  it.each([
    ['before it lands', ({ step }: Point) => step.startsWith('land.')],
    ['before it computes', ({ step }: Point) => step.startsWith('compute.batch')],
    ['in the transaction that publishes', ({ step }: Point) => step === 'publish.snapshots'],
  ])('%s writes nothing where another has come since', async (_, meant) => {
    await place.land(1);
    expect(await exitOf(place.run(1))).toBe(0);
    await place.land(2);
    const held = heldUp(meant);
    const paused = place.run(2, held.dialect);
    await held.reached;
    // Its server loses it, as after a pause that is too long.
    await engine.server?.cutOff(place.dir);
    await place.land(3);
    expect(await exitOf(place.run(3))).toBe(0);
    const after = await place.seen();
    held.go();
    expect(await exitOf(paused)).toBeOneOf([3, 4]);
    expect(await place.seen()).toEqual(after);
    const unfinished = await place.using(async (warehouse) => {
      const found: unknown[] = [];
      for await (const { rows } of warehouse.read(
        "select status from rollcall.runs where status <> 'succeeded'",
      ))
        found.push(...rows);
      return found;
    });
    expect(unfinished).toEqual([{ status: 'crashed' }]);
    expect(await exitOf(place.run(3))).toBe(0);
    expect(await place.seen()).toEqual(after);
  });
});
