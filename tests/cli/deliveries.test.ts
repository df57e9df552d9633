import { expect, test } from 'vitest';

import { documentOf, rollcall, shop } from './support.js';

test('deliveries shows, sends again and prunes', async () => {
  await using s = await shop();
  const before = await rollcall(s.dir, ['deliveries']);
  expect([before.exit, before.stdout]).toEqual([0, expect.stringContaining('no messages were made')]);
  await rollcall(s.dir, ['run']);
  await rollcall(s.dir, ['sync']);
  const { ways } = documentOf<{
    ways: { definition: string; created: number; delivered: number; percent: { delivered: number } }[];
  }>(await rollcall(s.dir, ['deliveries', '--since', '365d', '--json']));
  expect(ways.find((way) => way.definition === 'buyers')).toMatchObject({
    created: 4,
    delivered: 4,
    percent: { delivered: 100 },
  });
  const text = await rollcall(s.dir, ['deliveries', 'show']);
  expect(text.stdout).toMatch(/buyers +crm +4 +4 100 %/);
  expect(documentOf(await rollcall(s.dir, ['deliveries', 'retry', 'crm', '--json']))).toEqual({
    retried: 0,
    stale: 0,
    sync: null,
  });
  expect(
    documentOf(await rollcall(s.dir, ['deliveries', 'prune', '--older-than', '1d', '--json'])),
  ).toMatchObject({ pruned: 0 });
});

test.each([
  [['deliveries', 'shwo'], 'did you mean "show"?'],
  [['deliveries', 'retry', 'nobody'], 'there is no destination "nobody"'],
  [['deliveries', 'prune'], 'say how old'],
  [['deliveries', '--since', 'soon'], 'an instant'],
])('%j is refused', async (args, text) => {
  await using s = await shop();
  const { exit, stderr } = await rollcall(s.dir, args);
  expect([exit, stderr]).toEqual([2, expect.stringContaining(text)]);
});
