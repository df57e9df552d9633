/** Random histories backfilled: as of each step, the history holds what one full evaluation as of it holds. */
import fc from 'fast-check';
import { expect, it } from 'vitest';

import { customTraitsOf } from '../conformance/load.js';
import { AS_OF } from '../generators/domain.js';
import { scenario, type Scenario } from '../generators/index.js';
import { formatInstant, parseDuration, requireInstant } from '../reference/time.js';
import { World } from '../support/world.js';
import { MOST_DEFINITIONS, tryPairs } from './pairs.js';
import { expectSame, LANGUAGE, referenceSays, sourcesOf } from './support.js';

const STEPS = 5;

it('a backfill leaves the history of what each step computes', { timeout: 36_000_000 }, async () => {
  await tryPairs({
    name: 'backfill',
    arbitrary: fc.tuple(
      scenario({ ...LANGUAGE, maxDefinitions: MOST_DEFINITIONS, maxSteps: 1 }),
      fc.constantFrom('1 hour', '1 day', '7 days'),
    ),
    compare: asOfEachStep,
    seeds: [1],
    tries: 2,
    atLeast: 30,
    share: 0.05,
  });
});

/** A pair is a definition as of a step. */
async function asOfEachStep([{ definitions, steps }, pause]: [Scenario, string]): Promise<number> {
  const messages = steps.flatMap((s) => s.land);
  await using world = await World.create({
    definitions,
    sources: sourcesOf(messages),
    traits: customTraitsOf(definitions),
  });
  await world.land(messages);
  const every = parseDuration(pause);
  const instants = Array.from({ length: STEPS }, (_, i) =>
    formatInstant(requireInstant(AS_OF) - BigInt(STEPS - 1 - i) * every),
  );
  const [first = '', last = ''] = [instants[0], instants.at(-1)];
  await world.backfill(first, last, every);
  const firstRuns = Object.fromEntries(definitions.map((d) => [d.key, first]));
  const says = (asOf: string) => referenceSays(messages, definitions, asOf, firstRuns);
  const sorted = (members: ReadonlyMap<string, readonly string[]>) =>
    Object.fromEntries([...members].map(([key, names]) => [key, [...names].sort()]));
  for (const asOf of instants)
    expect(sorted(await world.membersAt(asOf))).toEqual(sorted(says(asOf).members));
  expectSame(await world.published(), says(last));
  return definitions.length * STEPS;
}
