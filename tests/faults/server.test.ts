/**
 * Faults at calls that runs and deliveries make of PostgreSQL, as `duckdb.test.ts` has them: a process that ends is its connections
 * ended, an answer that is lost the connection lost. A sample of `ROLLCALL_FAULTS` (40), at other places each time.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { postgresDatabase } from './engines.js';
import { ACTS, FAULTS, Lives } from './lives.js';
import { openHook, type Hook } from './place.js';
import { sampleOf } from './sample.js';

let hook: Hook;
let lives: Lives;
beforeAll(async () => {
  hook = await openHook();
  lives = await Lives.play(postgresDatabase, hook);
});
afterAll(async () => {
  await lives.dispose();
  await hook[Symbol.asyncDispose]();
});

it.each(FAULTS)('%s', { timeout: 600_000 }, async (fault) => {
  const sample = Math.ceil(Number(process.env['ROLLCALL_FAULTS'] ?? 40) / FAULTS.length);
  const all = ACTS.flatMap((act) => Array.from({ length: lives.calls(act) }, (_, i) => ({ act, n: i + 1 })));
  await sampleOf(all, sample, async ({ act, n }) => {
    expect(await lives.break(act, fault, (at) => at === n)).toBe(1);
  });
});
