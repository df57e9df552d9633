/** A sync that could give no sign of life, so that another may be at its destination by now. */
import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';

import { Leases } from '../../dialects/leases.js';
import { around, keptOpen } from '../../dialects/warehouse.js';
import { destination, folder } from './support.js';
import { faultyServer } from './server.js';
import { sync, testWarehouse, type TestWarehouse } from './warehouse.js';

/** Leases whose claims are lost once so much time has passed. */
const TTL = 1000;
const leasesOf = (w: TestWarehouse, elapsed: () => number): Promise<Leases> => {
  const owner = { run_id: 'r1', pid: 1, host: 'elsewhere', since: '2025-01-01T00:00:00Z', command: 'sync' };
  const site = { ...w, warehouse: keptOpen(w.warehouse) };
  return Leases.open(site, owner, { elapsed, ttlMs: TTL, everyMs: 1e6 });
};

test('shows nothing of a file, and its messages wait', async () => {
  await using dir = await folder();
  await using w = await testWarehouse();
  let elapsed = 0;
  const leases = await leasesOf(w, () => elapsed);
  await w.queue([{ id: 'm1' }, { id: 'm2' }]);
  const again = {
    destinations: [destination('file', { path: 'a.jsonl' })],
    projectDir: dir.path,
    leases: () => Promise.resolve(leases),
  };
  const lost = await sync(w, {
    ...again,
    onEvent: ({ event }) => {
      if (event === 'destination_progress') elapsed = TTL;
    },
  });
  expect(lost.destinations).toMatchObject([
    { status: 'stopped', delivered: 0, waiting: 2, error: expect.stringContaining('another sync') },
  ]);
  expect(await readdir(dir.path)).toEqual([]);
  expect(await w.rows('SELECT 1 FROM rollcall.deliveries')).toEqual([]);
  expect((await sync(w, again)).destinations).toMatchObject([{ status: 'succeeded', delivered: 2 }]);
  await leases.close();
});

test('writes nothing to a table, and its messages wait', async () => {
  await using w = await testWarehouse();
  let elapsed = 0;
  const leases = await leasesOf(w, () => elapsed);
  await w.queue([{ id: 'm1' }, { id: 'm2' }]);
  const again = {
    destinations: [destination('table', { table: 'changes' })],
    leases: () => Promise.resolve(leases),
  };
  const begin = async (): Promise<void> => {
    await w.warehouse.begin();
    elapsed = TTL;
  };
  const lost = await sync(w, { ...again, warehouse: around(w.warehouse, { begin }) });
  expect(lost.destinations).toMatchObject([
    { status: 'stopped', delivered: 0, waiting: 2, error: expect.stringContaining('another sync') },
  ]);
  const rows = 'SELECT message_id FROM rollcall.changes UNION ALL SELECT message_id FROM rollcall.deliveries';
  expect(await w.rows(rows)).toEqual([]);
  expect((await sync(w, again)).destinations).toMatchObject([{ status: 'succeeded', delivered: 2 }]);
  await leases.close();
});

test('takes for delivered what it sent and nothing else, whenever it looks and finds its claim lost', async () => {
  const ended: number[] = [];
  for (let looks = 1; looks <= 20; looks++) {
    await using w = await testWarehouse();
    await using server = await faultyServer();
    let left = Infinity;
    const leases = await leasesOf(w, () => (left-- > 0 ? 0 : TTL));
    await w.queue([{ id: 'm1' }, { id: 'm2' }, { id: 'm3' }]);
    await sync(w, {
      destinations: [destination('webhook', { url: server.url, batch_size: 1 })],
      leases: () => Promise.resolve(leases),
      onEvent: ({ event }) => {
        if (event === 'destination_started') left = looks;
      },
    });
    const delivered = await w.rows('SELECT message_id FROM rollcall.deliveries ORDER BY 1');
    expect(delivered.map((row) => row['message_id'])).toEqual([...server.accepted].sort());
    ended.push(delivered.length);
    await leases.close();
  }
  expect(new Set(ended)).toEqual(new Set([0, 1, 2, 3]));
});
