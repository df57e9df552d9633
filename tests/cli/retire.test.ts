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

test('forget prints whom it forgot and who is still to be told, and refuses whom it does not know', async () => {
  await using s = await shop();
  await rollcall(s.dir, ['run']);
  await rollcall(s.dir, ['sync']);
  const { exit, stdout } = await rollcall(s.dir, ['forget', '--profile', 'a']);
  expect([exit, stdout]).toEqual([0, expect.stringContaining('1 profile forgotten, with 1 identifier')]);
  expect(stdout).toContain('2 messages in the outbox; rollcall sync delivers them, and erases them then');
  expect(documentOf(await rollcall(s.dir, ['forget', '--profile=a', '--no-exits', '--json']))).toEqual({
    run_id: null,
    profiles: [{ profile_id: 'a', status: 'already_forgotten' }],
    identifiers: 0,
    messages: [],
    untold: [],
  });
  const unknown = await rollcall(s.dir, ['forget', '--profile', 'b', '--profile', 'nobody']);
  expect([unknown.exit, unknown.stdout]).toEqual([2, '']);
  expect(unknown.stderr).toContain('unknown-profile there is no profile "nobody"');
  expect((await rollcall(s.dir, ['forget'])).exit).toBe(2);
});
