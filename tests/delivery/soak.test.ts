import { expect, test } from 'vitest';

import { soak } from './soak.js';

/** A small one; CI (`ROLLCALL_UNTRUSTED`) has a connection first that cannot be trusted, `npm run test:nightly -- delivery` a million. */
test('nothing is lost, and nobody’s messages arrive out of order', { timeout: 120_000 }, async () => {
  const report = await soak({
    profiles: 1500,
    seed: 1,
    killAfterMs: 2000,
    kills: 1,
    serverKillAfterMs: 2500,
    serverKills: 1,
    untrusted: process.env['ROLLCALL_UNTRUSTED'] === 'yes',
  });
  expect(report).toMatchObject({ lost: 0, unexpected: 0, profilesOutOfOrder: 0, recordedTwice: 0 });
  expect(report.arrivals).toBeGreaterThanOrEqual(report.messages);
});
