/** Random definitions over random histories: each standalone SELECT on DuckDB against the reference evaluator. */
import fc from 'fast-check';
import { it } from 'vitest';

import { customTraitsOf } from '../conformance/load.js';
import { AS_OF, definitionSet, history } from '../generators/index.js';
import type { Definition, Message } from '../reference/model.js';
import { World } from '../support/world.js';
import { MOST_DEFINITIONS, seedsFrom, tryPairs } from './pairs.js';
import { excluded, expectSame, LANGUAGE, referenceSays, sourcesOf } from './support.js';

it('a standalone SELECT gives what the reference gives', { timeout: 36_000_000 }, async () => {
  await tryPairs({
    name: 'standalone',
    arbitrary: fc.tuple(
      definitionSet({ ...LANGUAGE, maxDefinitions: MOST_DEFINITIONS }),
      history(),
      fc.nat(5),
    ),
    compare: bySelect,
    seeds: seedsFrom(1, 3),
    atLeast: 220,
    share: 0.4,
  });
});

async function bySelect([definitions, messages, excluding]: [
  Definition[],
  Message[],
  number,
]): Promise<number> {
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
  return definitions.length;
}
