/** Random scenarios: after every run the tables hold what one full evaluation holds (SEMANTICS §6, "always true"). */
import fc from 'fast-check';
import { it } from 'vitest';

import { customTraitsOf } from '../conformance/load.js';
import { scenario, type Scenario } from '../generators/index.js';
import type { ComputeSetting } from '../../models/definition.js';
import { COMPUTE_SETTINGS } from '../../models/schema/project.js';
import { World } from '../support/world.js';
import { MOST_DEFINITIONS, seedsFrom, tryPairs } from './pairs.js';
import { excluded, expectSame, LANGUAGE, referenceSays, sourcesOf } from './support.js';

it('incremental equals full, after any sequence of runs', { timeout: 36_000_000 }, async () => {
  await tryPairs({
    name: 'runs',
    arbitrary: fc.tuple(
      scenario({ ...LANGUAGE, maxDefinitions: MOST_DEFINITIONS }),
      fc.nat(5),
      fc.array(fc.nat(2 * MOST_DEFINITIONS), { maxLength: 4 }),
      fc.constantFrom(...COMPUTE_SETTINGS),
      // Of each run: what is refreshed in full; beyond the definitions everything, and beyond that nothing.
      fc.array(fc.nat(3 * MOST_DEFINITIONS), { maxLength: 4 }),
    ),
    compare: afterEachRun,
    seeds: seedsFrom(1, 2),
    atLeast: 300,
    share: 0.45,
  });
});

/** A pair is a definition over all that landed by a run. */
async function afterEachRun([{ definitions, steps }, excluding, alone, compute, refreshed]: [
  Scenario,
  number,
  number[],
  ComputeSetting,
  number[],
]): Promise<number> {
  const exclude = excluded(definitions, excluding);
  await using world = await World.create({
    definitions,
    sources: sourcesOf(steps.flatMap((s) => s.land)),
    traits: customTraitsOf(definitions),
    exclude,
    compute,
  });
  const firstRuns = Object.fromEntries(definitions.map((d) => [d.key, steps[0]?.asOf ?? '']));
  for (const [i, { land, landed, asOf }] of steps.entries()) {
    await world.land(land);
    // One that others read may be computed without them, and they without it.
    const only = definitions[alone[i] ?? definitions.length]?.key;
    if (i > 0 && only !== undefined) await world.run(asOf, { select: [only] });
    const refresh = refreshed[i] ?? Infinity;
    const named = definitions[refresh]?.key;
    const everything = refresh === definitions.length ? [] : undefined;
    const fullRefresh = named === undefined ? everything : [named];
    await world.run(asOf, fullRefresh ? { fullRefresh } : {});
    expectSame(await world.published(), referenceSays(landed, definitions, asOf, firstRuns, exclude));
  }
  return definitions.length * steps.length;
}
