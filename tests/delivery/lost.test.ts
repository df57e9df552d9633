/** A sync that could give no sign of life, so that another may be at its destination by now. */
import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';

import { Leases } from '../../dialects/leases.js';
import { keptOpen } from '../../dialects/warehouse.js';
import { destination, folder } from './support.js';
import { sync, testWarehouse } from './warehouse.js';

test('shows nothing of a file, and its messages wait', async () => {
  await using dir = await folder();
  await using w = await testWarehouse();
  let elapsed = 0;
  const owner = { run_id: 'r1', pid: 1, host: 'elsewhere', since: '2025-01-01T00:00:00Z', command: 'sync' };
  const leases = await Leases.open({ ...w, warehouse: keptOpen(w.warehouse) }, owner, {
    elapsed: () => elapsed,
    ttlMs: 1000,
    everyMs: 1e6,
  });
  await w.queue([{ id: 'm1' }, { id: 'm2' }]);
  const again = {
    destinations: [destination('file', { path: 'a.jsonl' })],
    projectDir: dir.path,
    leases: () => Promise.resolve(leases),
  };
  const lost = await sync(w, {
    ...again,
    onEvent: ({ event }) => {
      if (event === 'destination_progress') elapsed = 1001;
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
