/** Random definitions over random histories: each standalone SELECT on DuckDB against the reference evaluator. */
import fc from 'fast-check';
import { it } from 'vitest';

import { customTraitsOf } from '../conformance/load.js';
import { AS_OF, definitionSet, history } from '../generators/index.js';
import { World } from '../support/world.js';
import { excluded, expectSame, referenceSays, sourcesOf, tries } from './support.js';

it('a standalone SELECT gives what the reference gives', { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      definitionSet({ funnels: true, elements: true, accounts: true, verbs: true }),
      history(),
      fc.nat(5),
      async (definitions, messages, excluding) => {
        const exclude = excluded(definitions, excluding);
        await using world = await World.create({
          definitions,
          sources: sourcesOf(messages),
          traits: customTraitsOf(definitions),
          exclude,
        });
        await world.land(messages);
        const firstRuns = Object.fromEntries(definitions.map((d) => [d.key, AS_OF]));
        expectSame(
          await world.standalone(AS_OF, firstRuns),
          referenceSays(messages, definitions, AS_OF, firstRuns, exclude),
        );
      },
    ),
    tries(80),
  );
});
