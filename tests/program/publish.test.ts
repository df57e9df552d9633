import { afterEach, beforeEach, expect, it } from 'vitest';
import { and, c, call, filter, int, param, pick } from '../../compiler/ir/build.js';
import { anyEvent, definition, needsOf, valuesOf, type Stage } from './given.js';
import { World, type RunResult } from './world.js';

let world: World;
beforeEach(async () => {
  world = await World.open();
  await world.messages(
    ['ann', 'bob', 'cat'].map((user_id, i) => ({
      message_id: `m${i}`,
      type: 'track',
      event: 'Order Completed',
      timestamp: `2024-01-0${i + 1}`,
      received_at: '2024-01-05',
      user_id,
      anonymous_id: `a-${user_id}`,
    })),
  );
});
afterEach(async () => world.close());

const asOf = (day: number): string => `2024-01-${String(day).padStart(2, '0')}T00:00:00Z`;

/** Profiles with an order in the last day. */
const lastDay: Stage = (facts) => {
  const orders = facts('Order Completed');
  const since = call('ts_add_micros', param('as_of', 'timestamp'), int(-86_400_000_000n));
  const recent = and(
    call('ge', c(orders, 'timestamp'), since),
    call('le', c(orders, 'timestamp'), param('as_of', 'timestamp')),
  );
  return pick(filter(orders, recent), ['profile_no'], { distinct: true });
};

const audience = (key: string, stage: Stage, day: number): Promise<RunResult> =>
  world.run({
    asOf: asOf(day),
    needs: needsOf({ 'Order Completed': [] }),
    definitions: [{ definition: definition({ key }), stage }],
  });

const trait = (key: string, held: Readonly<Record<string, string>>, day: number): Promise<RunResult> =>
  world.run({
    asOf: asOf(day),
    definitions: [
      {
        definition: definition({
          key,
          kind: 'trait',
          value: {
            kind: 'reduced',
            stream: { kind: 'event', event: 'Order Completed' },
            reducer: { fn: 'sum', property: 'x' },
          },
        }),
        stage: valuesOf(held),
      },
    ],
  });

it('publishes members, history and snapshots as they change', async () => {
  const counts = [];
  for (const day of [2, 3, 4, 4, 9]) counts.push((await audience('recent', lastDay, day)).counts['recent']);
  expect(counts).toEqual([
    { size: '2', entered: '2', exited: '0', changed: '2' },
    { size: '2', entered: '1', exited: '1', changed: '2' },
    { size: '1', entered: '0', exited: '1', changed: '1' },
    { size: '1', entered: '0', exited: '0', changed: '0' },
    { size: '0', entered: '0', exited: '1', changed: '1' },
  ]);
  expect(await world.query('select * from rollcall.memberships')).toEqual([]);
  expect(
    await world.query('select * from rollcall.membership_history order by entered_at, profile_id'),
  ).toEqual([
    { audience_key: 'recent', profile_id: 'ann', entered_at: asOf(2), exited_at: asOf(3) },
    { audience_key: 'recent', profile_id: 'bob', entered_at: asOf(2), exited_at: asOf(4) },
    { audience_key: 'recent', profile_id: 'cat', entered_at: asOf(3), exited_at: asOf(9) },
  ]);
  // The same run again left no second snapshot.
  expect(
    await world.query('select as_of, size, entered, exited, changed from rollcall.snapshots order by run_id'),
  ).toEqual([
    { as_of: asOf(2), size: '2', entered: '2', exited: '0', changed: '2' },
    { as_of: asOf(3), size: '2', entered: '1', exited: '1', changed: '2' },
    { as_of: asOf(4), size: '1', entered: '0', exited: '1', changed: '1' },
    { as_of: asOf(9), size: '0', entered: '0', exited: '1', changed: '1' },
  ]);
});

it('takes a snapshot of every as_of, changed or not', async () => {
  await audience('buyers', anyEvent('Order Completed'), 10);
  await audience('buyers', anyEvent('Order Completed'), 11);
  await audience('buyers', anyEvent('Order Completed'), 11);
  expect(await world.query('select run_id, changed from rollcall.snapshots order by run_id')).toEqual([
    { run_id: 'run_1', changed: '3' },
    { run_id: 'run_2', changed: '0' },
  ]);
});

it('leaves out what has nothing to do', async () => {
  const stepsOf = async (stage: Stage, day: number): Promise<readonly string[]> => {
    const found: string[] = [];
    world.onStep = ({ id }) => {
      if (id.startsWith('publish.')) found.push(id.replace('publish.', ''));
    };
    await audience('recent', stage, day);
    return found;
  };
  const diff = ['computed', 'standing', 'entered', 'exited', 'changed', 'vanished', 'counted'];
  const always = [...diff, 'snapshots', 'computations.new', 'computations.clear', 'computations'];
  expect(await stepsOf(lastDay, 2)).toEqual([...always, 'enter']);
  expect(await stepsOf(lastDay, 3)).toEqual([...always, 'history', 'leave', 'enter']);
  expect(await stepsOf(lastDay, 4)).toEqual([...always, 'history', 'leave']);
  expect(await stepsOf(lastDay, 4)).toEqual(always);
});

it('gives each audience a view with the first identifiers', async () => {
  await audience('buyers', anyEvent('Order Completed'), 1);
  expect(await world.query('select * from rollcall.audience_buyers')).toEqual([
    { profile_id: 'ann', entered_at: asOf(1), user_id: 'ann', email: null, anonymous_id: 'a-ann' },
  ]);
  expect(await world.query('select * from rollcall.memberships')).toEqual([
    { audience_key: 'buyers', profile_id: 'ann', entered_at: asOf(1), run_id: 'run_1' },
  ]);
});

it('stores the values that changed, and drops those that vanished', async () => {
  expect((await trait('total', { ann: '1', bob: '2' }, 10)).counts['total']).toEqual({
    size: '2',
    entered: '2',
    exited: '0',
    changed: '0',
  });
  expect((await trait('total', { ann: '1', bob: '3', cat: '"x"' }, 11)).counts['total']).toEqual({
    size: '3',
    entered: '1',
    exited: '0',
    changed: '1',
  });
  expect((await trait('total', { bob: '3' }, 12)).counts['total']).toEqual({
    size: '1',
    entered: '0',
    exited: '2',
    changed: '0',
  });
  expect(await world.query('select * from rollcall.trait_values')).toEqual([
    {
      trait_key: 'total',
      profile_id: 'bob',
      value: '3',
      number_value: '3',
      text_value: '3',
      updated_at: asOf(11),
      run_id: 'run_2',
    },
  ]);
});

it('empties what was removed and closes its history, once', async () => {
  await audience('buyers', anyEvent('Order Completed'), 10);
  await world.run({ asOf: asOf(11), removed: ['buyers'] });
  await world.run({ asOf: asOf(12), removed: ['buyers'] });
  expect(await world.query('select * from rollcall.memberships')).toEqual([]);
  expect(await world.query('select distinct exited_at from rollcall.membership_history')).toEqual([
    { exited_at: asOf(11) },
  ]);
  expect(await world.query('select * from rollcall.outbox')).toEqual([]);
});

it('creates nothing on a schema that has everything', async () => {
  await audience('buyers', anyEvent('Order Completed'), 10);
  expect((await audience('buyers', anyEvent('Order Completed'), 10)).program.ensure).toEqual([]);
});
