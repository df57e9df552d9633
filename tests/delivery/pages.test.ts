import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';

import { Outbox } from '../../delivery/outbox.js';
import { pagesOf } from '../../delivery/pages.js';
import { ALL_LANES, LANES } from '../../delivery/rows.js';
import { testWarehouse } from './warehouse.js';

/** As runs make them. */
const messageId = (n: number): string => `rc_${createHash('sha256').update(String(n)).digest('hex')}`;

const selection = { destination: 'crm' };

test('a run larger than a page is cut into pages of about equal size, an identifier in one of them', async () => {
  await using w = await testWarehouse();
  const queued = Array.from({ length: 2000 }, (_, n) => ({
    id: messageId(n),
    run: n < 1700 ? 1 : 2,
    user: `u${n >> 1}`,
  }));
  await w.queue(queued);
  const outbox = new Outbox(w);
  const waiting = await outbox.waiting(selection);
  const pages = pagesOf(selection, waiting, { size: 400, longest: () => 400, lanes: ALL_LANES });
  const read: string[][] = [];
  const users: string[][] = [];
  for (const page of pages) {
    const ids: string[] = [];
    for await (const some of outbox.read(page)) {
      ids.push(...some.map((m) => m.messageId));
      users.push(some.map((m) => m.identifier));
    }
    read.push(ids);
  }
  expect(read).toHaveLength(6);
  for (const ids of read) {
    expect(ids.length).toBeGreaterThan(230);
    expect(ids.length).toBeLessThan(450);
  }
  expect(read.flat().sort()).toEqual(queued.map(({ id }) => id).sort());
  const ofFirstRun = users.slice(0, 5).map((names) => new Set(names));
  const together = new Set(ofFirstRun.flatMap((names) => [...names]));
  expect(ofFirstRun.reduce((sum, names) => sum + names.size, 0)).toBe(together.size);
});

test('runs that fit share a page; without a longest a large one stays whole', () => {
  const waiting = [3, 2, 9, 1].map((messages, i) => ({ run: i + 1, messages, fresh: i !== 1 }));
  const pages = [...pagesOf(selection, waiting, { size: 5, lanes: { from: 0, to: LANES } })];
  expect(
    pages.map(({ fromRun, toRun, about, sorted, fresh }) => [fromRun, toRun, about, sorted, fresh]),
  ).toEqual([
    [1, 2, 5, true, false],
    [3, 3, 9, false, true],
    [4, 4, 1, true, true],
  ]);
});
