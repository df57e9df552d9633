/** Every statement of the examples' projects, analysed and evaluated by GoogleSQL, and what comes out compared with DuckDB's. */
import { afterAll, expect, it } from 'vitest';
import { bigqueryEvaluator, startedServer } from '../engines/bigquery-evaluator.js';
import { duckdbEngine } from '../engines/duckdb.js';
import { EXAMPLES, live } from './lived.js';

const server = await startedServer();
afterAll(() => server[Symbol.asyncDispose]());

it.each(EXAMPLES)('%s', { timeout: 1_200_000 }, async (example) => {
  const expected = await live(example, duckdbEngine);
  const found = expected[0]?.published;
  expect([...(found?.members.values() ?? [])].filter((members) => members.length > 0).length).toBeGreaterThan(
    9,
  );
  expect(await live(example, bigqueryEvaluator(server, ['standalone', 'run']))).toEqual(expected);
});
