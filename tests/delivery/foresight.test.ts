/** What is written down while it goes out, as if all of a page were to end as it began, counts only if it does. */
import { expect, test } from 'vitest';

import { around, StatementError } from '../../dialects/warehouse.js';
import { faultyServer, status, stoppingServer } from './server.js';
import { AT, destination } from './support.js';
import { ids, some, sync, testWarehouse, type TestWarehouse } from './warehouse.js';

/** Messages of one run: a file, where a page is not as long. */
const many = () => some(1, 600);

/** A warehouse that tells what it is asked, and of what is sent in the meantime. */
function telling(w: TestWarehouse) {
  const asked: string[] = [];
  const tell = (name: 'begin' | 'commit' | 'rollback') => (): Promise<void> => {
    asked.push(name);
    return w.warehouse[name]();
  };
  const warehouse = around(w.warehouse, {
    begin: tell('begin'),
    commit: tell('commit'),
    rollback: tell('rollback'),
  });
  return { warehouse, asked };
}

test('what all of a page will have come to is written down while it goes out', async () => {
  await using w = await testWarehouse();
  const { warehouse, asked } = telling(w);
  await using server = await faultyServer(() => {
    asked.push('request');
    return undefined;
  });
  await w.queue(many());
  const destinations = [destination('webhook', { url: server.url, batch_size: 90, retries: 0 })];
  const result = await sync(w, { warehouse, destinations, pageSize: 300 });
  expect(result.destinations[0]).toMatchObject({ delivered: 600, waiting: 0 });
  const page = ['request', 'begin', 'request', 'request', 'request', 'commit'];
  expect(asked).toEqual([...page, ...page]);
  const counted =
    'SELECT count(*) AS n, count(DISTINCT message_id) AS ids, any_value(http_status) AS http FROM rollcall.deliveries';
  expect(await w.rows(counted)).toEqual([{ n: '600', ids: '600', http: '200' }]);
  expect(await w.rows('SELECT count(*) AS n FROM rollcall.sent')).toEqual([{ n: '600' }]);
});

test.each([
  ['another answer', () => status(202)],
  ['a failure', () => status(500)],
])('and not as it was foreseen where %s came', async (_, answer) => {
  await using w = await testWarehouse();
  const { warehouse, asked } = telling(w);
  await using server = await faultyServer((n) => (n === 3 ? answer() : undefined));
  await w.queue(many());
  const destinations = [destination('webhook', { url: server.url, batch_size: 90, retries: 0 })];
  const result = await sync(w, { warehouse, destinations, pageSize: 300 });
  expect(asked).toContain('rollback');
  const { delivered = 0, waiting = 0 } = result.destinations[0] ?? {};
  expect(delivered + waiting).toBe(600);
  const told = `SELECT status, count(*) AS n, count(DISTINCT message_id) AS ids FROM rollcall.deliveries WHERE status = 'delivered' GROUP BY 1`;
  expect(await w.rows(told)).toEqual([{ status: 'delivered', n: String(delivered), ids: String(delivered) }]);
  const rest = await sync(w, { destinations });
  expect(rest.destinations[0]).toMatchObject({ delivered: waiting, waiting: 0 });
  expect([...server.accepted].sort()).toEqual([...ids(1, 600)].sort());
});

test('and as it came where the engine did not take it', async () => {
  await using w = await testWarehouse();
  let commits = 0;
  const warehouse = around(w.warehouse, {
    // It was done, and nobody heard of it.
    commit: async () => {
      await w.warehouse.commit();
      if (commits++ === 0) throw new StatementError('the connection is gone', 'commit');
    },
  });
  await using server = await faultyServer();
  await w.queue(many());
  const destinations = [destination('webhook', { url: server.url, batch_size: 90, retries: 0 })];
  const result = await sync(w, { warehouse, destinations, pageSize: 599 });
  expect(result.destinations[0]).toMatchObject({ delivered: 600, waiting: 0 });
  const counted = 'SELECT count(*) AS n, count(DISTINCT message_id) AS ids FROM rollcall.deliveries';
  expect(await w.rows(counted)).toEqual([{ n: '600', ids: '600' }]);
});

test('and not where it is time to write down what went out by then', async () => {
  await using w = await testWarehouse();
  await using server = await stoppingServer(5);
  const slow = () => new Date(Date.parse(AT) + (server.accepted.length < 20 ? 0 : 60_000)).toISOString();
  await w.queue(many());
  const destinations = [destination('webhook', { url: server.url, batch_size: 10, retries: 0 })];
  const options = { destinations, pageSize: 599 };
  await sync(w, { ...options, signal: server.signal, now: slow });
  const recorded = await w.rows('SELECT message_id FROM rollcall.deliveries ORDER BY 1');
  expect(recorded.map((row) => row['message_id'])).toEqual([...server.accepted].sort());
  expect(recorded).toHaveLength(40);
  await sync(w, options);
  expect(new Set(server.accepted).size).toBe(600);
  expect(server.accepted).toHaveLength(600);
});
