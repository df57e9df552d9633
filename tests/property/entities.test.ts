/** Random conditions on entities over random rows: runs and standalone SELECTs against the reference evaluator. */
import fc from 'fast-check';
import { it } from 'vitest';

import { customTraitsOf } from '../conformance/load.js';
import { ENTITIES, entityDefinitions, entityTables } from '../generators/entities.js';
import { AS_OF, history } from '../generators/index.js';
import { evaluate } from '../reference/evaluate.js';
import { profileName, type Definition, type Message } from '../reference/model.js';
import type { PlainTable } from '../support/land-tables.js';
import { World } from '../support/world.js';
import { seedsFrom, tryPairs } from './pairs.js';
import { expectSame, sourcesOf } from './support.js';

it('entities give what the reference gives, in runs and alone', { timeout: 36_000_000 }, async () => {
  await tryPairs({
    name: 'entities',
    arbitrary: fc.tuple(entityDefinitions(), entityTables(), history({ maxLength: 20 })),
    compare: bothWays,
    seeds: seedsFrom(1, 2),
    atLeast: 35,
    share: 0.05,
  });
});

async function bothWays([definitions, tables, messages]: [
  Definition[],
  Record<string, PlainTable>,
  Message[],
]): Promise<number> {
  await using world = await World.create({
    definitions,
    sources: sourcesOf(messages),
    traits: customTraitsOf(definitions),
    entities: ENTITIES,
  });
  await world.land(messages);
  await world.landTables(tables);
  const firstRuns = Object.fromEntries(definitions.map((d) => [d.key, AS_OF]));
  const said = evaluate({ messages, definitions, asOf: AS_OF, firstRuns, tables, entities: ENTITIES });
  const expected = {
    members: new Map([...said.members].map(([key, of]) => [key, of.map(profileName).sort()])),
    traits: said.traitTexts,
  };
  expectSame(await world.standalone(AS_OF, firstRuns), expected);
  await world.run(AS_OF);
  expectSame(await world.published(), expected);
  return definitions.length;
}
