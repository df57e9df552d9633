/** Every statement that conformance cases and examples lead to is one that Snowflake takes. */
import { beforeAll, describe, expect, it } from 'vitest';

import { duckdbEngine } from '../../engines/duckdb.js';
import { loadCases } from '../../conformance/load.js';
import { meets, needsEarlierRun } from '../../conformance/on-engine.js';
import { ready, refusals } from './accepted.js';
import { alsoSnowflake } from './tee.js';

/** `npm test` has room for some of the cases; a step of CI has for all. */
const EVERY = Number(process.env['ROLLCALL_STATEMENTS_EVERY'] ?? 80);

beforeAll(ready);

describe('conformance cases', () => {
  const cases = loadCases().filter((_, i) => i % EVERY === 0);
  const seen = new Set<string>();
  it.each(cases.map((one) => [`${one.file}: ${one.name}`, one] as const))('%s', async (_, one) => {
    const statements = new Set<string>();
    const dialect = alsoSnowflake((sql) => statements.add(sql));
    await meets(
      { ...duckdbEngine, dialect },
      one,
      needsEarlierRun(one) ? ['standalone'] : ['standalone', 'run'],
    );
    const refused = [...statements]
      .filter((sql) => !seen.has(sql))
      .flatMap((sql) => refusals(sql).map((why) => `${why}\n${sql}`));
    statements.forEach((sql) => seen.add(sql));
    expect(statements.size).toBeGreaterThan(needsEarlierRun(one) ? 0 : 10);
    expect(refused).toEqual([]);
  });
});
