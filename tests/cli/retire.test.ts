import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { documentOf, rollcall, shop } from './support.js';

test('retire says how many messages it queued, two for each who was told', async () => {
  await using s = await shop();
  await rollcall(s.dir, ['run']);
  await rollcall(s.dir, ['sync']);
  await rm(join(s.dir, 'models/buyers.json'));
  await rollcall(s.dir, ['run']);
  const { exit, stdout } = await rollcall(s.dir, ['retire', 'buyers', '--send-exits']);
  expect(exit).toBe(0);
  expect(stdout).toContain('buyers: 4 messages in the outbox');
  const again = await rollcall(s.dir, ['retire', 'buyers', '--send-exits', '--release', '--json']);
  expect(documentOf(again)).toEqual({ key: 'buyers', released: true, messages: 0 });
});
