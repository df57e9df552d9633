/** Random definitions over random histories: each standalone SELECT on GoogleSQL's evaluator against the reference. */
import fc from 'fast-check';
import { afterAll, it } from 'vitest';

import { customTraitsOf } from '../conformance/load.js';
import { bigqueryEvaluator, startedServer } from '../engines/bigquery-evaluator.js';
import { AS_OF, definitionSet, history } from '../generators/index.js';
import type { Definition, Message } from '../reference/model.js';
import { World } from '../support/world.js';
import { tryPairs } from './pairs.js';
import { expectSame, LANGUAGE, referenceSays, sourcesOf } from './support.js';

const server = await startedServer();
afterAll(() => server[Symbol.asyncDispose]());

/** How many pairs; a few hundred in CI, 2,000 in the nightly run, and else as many as cost a second. */
const wanted = Number(process.env['ROLLCALL_GOOGLESQL_PAIRS'] ?? 0);

it('a standalone SELECT gives what the reference gives', { timeout: 36_000_000 }, async () => {
  await tryPairs({
    name: 'googlesql',
    arbitrary: fc.tuple(definitionSet({ ...LANGUAGE, maxDefinitions: 20 }), history()),
    compare: bySelect,
    seeds: [7001],
    tries: wanted === 0 ? 2 : 10,
    atLeast: 10,
    share: 0,
    pairs: wanted,
  });
});

async function bySelect([definitions, messages]: [Definition[], Message[]]): Promise<number> {
  await using world = await World.create(
    { definitions, sources: sourcesOf(messages), traits: customTraitsOf(definitions) },
    bigqueryEvaluator(server, ['standalone']),
  );
  await world.land(messages);
  const firstRuns = Object.fromEntries(definitions.map((d) => [d.key, AS_OF]));
  expectSame(
    await world.standalone(AS_OF, firstRuns),
    referenceSays(messages, definitions, AS_OF, firstRuns),
  );
  return definitions.length;
}
