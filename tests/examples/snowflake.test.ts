/** Every statement of the examples' projects, read by a parser of Snowflake's SQL and checked against what Snowflake refuses. */
import { beforeAll, expect, it } from 'vitest';
import { ready, refusals } from '../dialects/snowflake/accepted.js';
import { alsoSnowflake } from '../dialects/snowflake/tee.js';
import { duckdbEngine } from '../engines/duckdb.js';
import { EXAMPLES, live } from './lived.js';

beforeAll(ready);

it.each(EXAMPLES)('%s', { timeout: 600_000 }, async (example) => {
  const statements = new Set<string>();
  await live(example, { ...duckdbEngine, dialect: alsoSnowflake((sql) => statements.add(sql)) });
  expect(statements.size).toBeGreaterThan(200);
  expect([...statements].flatMap((sql) => refusals(sql).map((why) => `${why}\n${sql}`))).toEqual([]);
});
