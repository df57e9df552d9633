/**
 * Everything that may go wrong at every call that runs and deliveries make of DuckDB (SEMANTICS §6, 2): each is put in the
 * way alone, the command is given again, and what is left is what an unbroken life leaves. A sample here, at other places each
 * time; `ROLLCALL_SEED` says at which. `npm run test:nightly -- faults` tries all of them.
 */
import { appendFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { duckdbFile } from './engines.js';
import { ACTS, FAULTS, Lives, nameOf } from './lives.js';
import { openHook, type Hook } from './place.js';
import { sampleOf } from './sample.js';

const ALL = process.env['ROLLCALL_FAULTS'] === 'all';
/** Of all faults at all calls, as many as are tried where not all are. */
const SAMPLE = 8;

let hook: Hook;
let lives: Lives;
beforeAll(async () => {
  hook = await openHook();
  lives = await Lives.play(duckdbFile, hook);
});
afterAll(async () => {
  await lives.dispose();
  await hook[Symbol.asyncDispose]();
});

if (ALL) {
  describe.each(ACTS.map((act) => [nameOf(act), act] as const))('%s', (_, act) => {
    it.each(FAULTS)('%s', { timeout: 3_600_000 }, async (fault) => {
      const report = process.env['ROLLCALL_REPORT'];
      const tried = await lives.break(
        act,
        fault,
        () => true,
        (calls, failed) => {
          const told = { act: nameOf(act), fault, calls, ...(failed > 0 && { failed }) };
          if (report !== undefined) appendFileSync(report, `${JSON.stringify(told)}\n`);
        },
      );
      expect(tried).toBeGreaterThanOrEqual(lives.calls(act));
    });
  });
} else {
  it('a sample of all', async () => {
    const all = ACTS.flatMap((act) =>
      FAULTS.flatMap((fault) =>
        Array.from({ length: lives.calls(act) }, (_, i) => ({ act, fault, n: i + 1 })),
      ),
    );
    await sampleOf(all, SAMPLE, async ({ act, fault, n }) => {
      await lives.break(act, fault, (at) => at === n);
    });
  });
}
