import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';

import { Outbox } from '../../delivery/outbox.js';
import { pagesOf } from '../../delivery/pages.js';
import { testWarehouse } from './warehouse.js';

/** As runs make them. */
const messageId = (n: number): string => `rc_${createHash('sha256').update(String(n)).digest('hex')}`;

const selection = { destination: 'crm' };

test('a run larger than a page is cut into pages of about equal size', async () => {
  await using w = await testWarehouse();
  const queued = Array.from({ length: 2000 }, (_, n) => ({ id: messageId(n), run: n < 1700 ? 1 : 2 }));
  await w.queue(queued);
  const outbox = new Outbox(w);
  const pages = pagesOf(selection, await outbox.waiting(selection), { size: 400, split: true });
  const read: string[][] = [];
  for (const page of pages) {
    const ids: string[] = [];
    for await (const some of outbox.read(page)) ids.push(...some.map((m) => m.messageId));
    read.push(ids);
  }
  expect(read).toHaveLength(6);
  for (const ids of read) {
    expect(ids.length).toBeGreaterThan(250);
    expect(ids.length).toBeLessThan(450);
  }
  expect(read.flat().sort()).toEqual(queued.map(({ id }) => id).sort());
});

test('runs that fit share a page; without splitting a large one stays whole', () => {
  const waiting = new Map([
    [1, 3],
    [2, 2],
    [3, 9],
    [4, 1],
  ]);
  const pages = pagesOf(selection, waiting, { size: 5, split: false });
  expect(pages.map(({ fromRun, toRun, about, sorted }) => [fromRun, toRun, about, sorted])).toEqual([
    [1, 2, 5, true],
    [3, 3, 9, false],
    [4, 4, 1, true],
  ]);
});
