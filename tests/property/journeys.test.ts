/** Random journeys over time: where people stand after each run, against the reference evaluator. */
import { expect, it } from 'vitest';

import { journeyScenario, type JourneyScenario } from '../generators/journeys.js';
import { evaluate } from '../reference/evaluate.js';
import { profileName, type JourneyMemory } from '../reference/model.js';
import { World, type Published } from '../support/world.js';
import { seedsFrom, tryPairs } from './pairs.js';

it('runs and SELECTs leave people where the reference does', { timeout: 36_000_000 }, async () => {
  await tryPairs({
    name: 'journeys',
    arbitrary: journeyScenario(),
    compare: overTime,
    seeds: seedsFrom(1, 1),
    atLeast: 8,
    share: 0.02,
    tries: 2,
  });
});

/** A pair is a journey at a run. */
async function overTime({ definitions, steps }: JourneyScenario): Promise<number> {
  await using world = await World.create({ definitions, sources: ['raw'], traits: [] });
  const firstRuns = Object.fromEntries(definitions.map((d) => [d.key, steps[0]?.asOf ?? '']));
  let journeys: JourneyMemory | undefined;
  for (const { land, landed, asOf } of steps) {
    await world.land(land);
    const said = evaluate({ messages: landed, definitions, asOf, firstRuns, ...(journeys && { journeys }) });
    journeys = said.journeys;
    const expected = [...said.members].map(([key, found]) => [key, found.map(profileName).sort()] as const);
    const wanted = Object.fromEntries(expected);
    // SELECTs are many, and each makes all the steps before it: those of the last run have the most to remember.
    if (asOf === steps.at(-1)?.asOf) expect(plain(await world.standalone(asOf, firstRuns))).toEqual(wanted);
    await world.run(asOf);
    const published = await world.published();
    expect(plain(published)).toEqual(wanted);
    stackOnEachOther(world, published);
    await world.run(asOf);
    expect(plain(await world.published())).toEqual(wanted);
    await historyIsTheDifference(world, asOf, published);
  }
  return (definitions.length - 1) * steps.length;
}

const plain = ({ members }: Published): unknown => Object.fromEntries(members);

/** Whoever is at a step is at one of those before it. */
function stackOnEachOther(world: World, { members }: Published): void {
  for (const { before, key } of world.steps()) {
    const there = new Set(before.flatMap((one) => members.get(one) ?? []));
    expect([key, (members.get(key) ?? []).filter((name) => !there.has(name))]).toEqual([key, []]);
  }
}

/** Who was in at an instant by the history is who is in. */
async function historyIsTheDifference(world: World, asOf: string, { members }: Published): Promise<void> {
  const rows = await world.rows(
    `select audience_key, count(*) as n from rollcall.membership_history
     where entered_at <= timestamp '${asOf.replace('T', ' ').replace('Z', '')}' and exited_at is null group by audience_key`,
  );
  const open = new Map(rows.map((row) => [String(row['audience_key']), Number(row['n'])]));
  for (const [key, names] of members) expect([key, open.get(key) ?? 0]).toEqual([key, names.length]);
}
