/** The overview of deliveries, dead letters put back, old messages taken out. */
import { expect, test } from 'vitest';

import { deliveryReport, pruneDeliveries, putBackLetters } from '../../delivery/index.js';
import { destination } from './support.js';
import { faultyServer, status, type FaultyServer } from './server.js';
import { sync as syncFrom, testWarehouse, type TestWarehouse } from './warehouse.js';

const sync = (w: TestWarehouse, server: FaultyServer) =>
  syncFrom(w, { destinations: [destination('webhook', { url: server.url, batch_size: 4, retries: 0 })] });

const report = (w: TestWarehouse, since = '2024-12-01T00:00:00Z', until = '2025-02-01T00:00:00Z') =>
  deliveryReport({ ...w, rows: (query) => w.rows(w.dialect.select(query, {})) }, { since, until });

const TABLES = ['outbox', 'deliveries', 'sent', 'filtered', 'runs'] as const;

test('counts, percentages, reasons and samples of a range', async () => {
  await using w = await testWarehouse(TABLES);
  await using server = await faultyServer((_, { ids }) =>
    ids.includes('bad') ? status(400, {}, 'no such trait') : ids.includes('down') ? status(500) : undefined,
  );
  await w.queue([{ id: 'ok1' }, { id: 'ok2' }, { id: 'bad' }, { id: 'ok3' }, { id: 'down', run: 2 }]);
  await sync(w, server);
  await w.queue([{ id: 'new', run: 3 }]);
  await w.warehouse.execute(`INSERT INTO rollcall.filtered VALUES
    ('crm', 'buyers', 'p', 'user_id', 'u_x', 'true', 'no consent for ads', 'r', TIMESTAMP '2025-01-01', 1)`);
  const { ways } = await report(w);
  expect(ways).toHaveLength(1);
  const [way] = ways;
  expect(way).toMatchObject({
    definition: 'buyers',
    destination: 'crm',
    created: 7,
    delivered: 3,
    waiting: 1,
    pending_retry: 1,
    failed: 1,
    filtered: 1,
    superseded: 0,
    percent: { delivered: 42.9, failed: 14.3 },
  });
  expect(way?.groups.failed).toEqual([
    {
      reason: 'HTTP 400: no such trait',
      http_status: 400,
      messages: 1,
      samples: [
        {
          message_id: 'bad',
          identifier_type: 'user_id',
          identifier: 'u_bad',
          payload: { type: 'identify', userId: 'u_bad', messageId: 'bad' },
        },
      ],
    },
  ]);
  expect(way?.groups.pending_retry).toMatchObject([{ reason: 'HTTP 500', http_status: 500, messages: 1 }]);
  expect(way?.groups.filtered).toMatchObject([
    { reason: 'no consent for ads', samples: [{ identifier: 'u_x' }] },
  ]);
  expect((await report(w, '2025-01-02T00:00:00Z')).ways).toEqual([]);
});

test('dead letters are sent again, but none that is stale', async () => {
  await using w = await testWarehouse();
  let refuse = true;
  await using server = await faultyServer((_, { ids }) =>
    refuse && ids.some((id) => id.startsWith('enter')) ? status(422) : undefined,
  );
  await w.queue([
    { id: 'enter_a', user: 'a' },
    { id: 'enter_b', user: 'b' },
  ]);
  await sync(w, server);
  await w.queue([{ id: 'exit_a', run: 2, user: 'a', value: 'false' }]);
  await sync(w, server);
  refuse = false;
  expect(await putBackLetters(w, { definition: 'other' })).toEqual({ retried: 0, stale: 0 });
  expect(await putBackLetters(w, { destination: 'crm' })).toEqual({ retried: 1, stale: 1 });
  expect((await sync(w, server)).destinations[0]).toMatchObject({
    status: 'succeeded',
    delivered: 1,
    waiting: 0,
  });
  expect(server.accepted).toEqual(['exit_a', 'enter_b']);
  expect(await putBackLetters(w, {})).toEqual({ retried: 0, stale: 1 });
  expect(await w.rows('SELECT identifier, value FROM rollcall.sent ORDER BY ALL')).toEqual([
    { identifier: 'a', value: 'false' },
    { identifier: 'b', value: 'true' },
  ]);
});

test('takes out what is old, done with and needed for nothing', async () => {
  await using w = await testWarehouse(TABLES);
  await using server = await faultyServer((_, { ids }) => (ids.includes('waits') ? status(500) : undefined));
  await w.warehouse.execute(`INSERT INTO rollcall.runs (run_id, as_of, run_no) VALUES
    ('r1', TIMESTAMP '2025-01-01', 1), ('r2', TIMESTAMP '2025-01-02', 2), ('r3', TIMESTAMP '2025-01-02', 3)`);
  await w.queue([
    { id: 'old', run: 1, user: 'a' },
    { id: 'of the last as_of', run: 2, user: 'a', value: 'false' },
    { id: 'latest', run: 3, user: 'a' },
    { id: 'only', run: 1, user: 'b' },
  ]);
  await sync(w, server);
  await w.queue([
    { id: 'waits', run: 1, user: 'c' },
    { id: 'after', run: 3, user: 'c', value: 'false' },
  ]);
  await sync(w, server);
  expect(await pruneDeliveries(w, '2024-12-31T00:00:00Z')).toBe(0);
  expect(await pruneDeliveries(w, '2025-02-01T00:00:00Z')).toBe(1);
  expect(
    (await w.rows('SELECT message_id FROM rollcall.outbox ORDER BY 1')).map((row) => row['message_id']),
  ).toEqual(['after', 'latest', 'of the last as_of', 'only', 'waits']);
  expect(await w.rows("SELECT count(*) AS n FROM rollcall.deliveries WHERE message_id = 'old'")).toEqual([
    { n: '0' },
  ]);
});
