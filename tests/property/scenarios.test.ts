/** Random scenarios: after every run the tables hold what one full evaluation holds (SEMANTICS §6, "always true"). */
import fc from 'fast-check';
import { it } from 'vitest';

import { customTraitsOf } from '../conformance/load.js';
import { scenario } from '../generators/index.js';
import { World } from '../support/world.js';
import { excluded, expectSame, referenceSays, sourcesOf, tries } from './support.js';

it('incremental equals full, after any sequence of runs', { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      scenario({ funnels: true, elements: true, accounts: true, verbs: true }),
      fc.nat(5),
      async ({ definitions, steps }, excluding) => {
        const exclude = excluded(definitions, excluding);
        await using world = await World.create({
          definitions,
          sources: sourcesOf(steps.flatMap((s) => s.land)),
          traits: customTraitsOf(definitions),
          exclude,
        });
        const firstRuns = Object.fromEntries(definitions.map((d) => [d.key, steps[0]?.asOf ?? '']));
        for (const { land, landed, asOf } of steps) {
          await world.land(land);
          await world.run(asOf);
          expectSame(await world.published(), referenceSays(landed, definitions, asOf, firstRuns, exclude));
        }
      },
    ),
    tries(50),
  );
});
