/** What is tried again, what is given up, and what is never sent because it is stale. */
import { describe, expect, test } from 'vitest';

import { Breaker } from '../../delivery/breaker.js';
import type { SyncResult } from '../../delivery/index.js';
import { destination } from './support.js';
import { faultyServer, status, type FaultyServer, type Received } from './server.js';
import { sync as syncFrom, testWarehouse, type TestWarehouse } from './warehouse.js';

const sync = (w: TestWarehouse, server: FaultyServer, settings = {}): Promise<SyncResult> =>
  syncFrom(w, {
    destinations: [destination('webhook', { url: server.url, batch_size: 8, retries: 0, ...settings })],
  });

const statuses = async (w: TestWarehouse): Promise<Record<string, string>> =>
  Object.fromEntries(
    (await w.rows('SELECT message_id, status FROM rollcall.deliveries ORDER BY attempt, "at"')).map((row) => [
      String(row['message_id']),
      String(row['status']),
    ]),
  );
const some = (n: number) => Array.from({ length: n }, (_, i) => ({ id: `m${i + 1}` }));
const holds =
  (id: string) =>
  (_: number, { ids }: Received) =>
    ids.includes(id) ? status(400, {}, 'bad') : undefined;

describe('a batch that is refused for what it holds', () => {
  test.each([
    ['too large', 413],
    ['poisoned', 422],
  ])('%s: is halved until the message to blame is alone', async (_, code) => {
    await using w = await testWarehouse();
    await using server = await faultyServer((_n, { ids }) => (ids.includes('m5') ? status(code) : undefined));
    await w.queue(some(8));
    const result = await sync(w, server);
    expect(result.destinations[0]).toMatchObject({ status: 'failed', delivered: 7, rejected: 1, waiting: 0 });
    expect(server.requests.map(({ ids }) => ids.length)).toEqual([8, 4, 4, 2, 1, 1, 2]);
    expect([...server.accepted].sort()).toEqual(['m1', 'm2', 'm3', 'm4', 'm6', 'm7', 'm8']);
    expect((await statuses(w))['m5']).toBe('rejected');
  });

  test('too many that are all refused are not asked about one by one', async () => {
    await using w = await testWarehouse();
    await using server = await faultyServer(() => status(400));
    await w.queue(some(400));
    const result = await sync(w, server, { batch_size: 100 });
    expect(result.destinations[0]).toMatchObject({ rejected: 400, delivered: 0 });
    expect(server.requests.length).toBeLessThan(150);
  });

  test('404 is about the address, and not about the messages', async () => {
    await using w = await testWarehouse();
    await using server = await faultyServer(() => status(404));
    await w.queue(some(8));
    expect((await sync(w, server)).destinations[0]).toMatchObject({ rejected: 8 });
    expect(server.requests).toHaveLength(1);
  });
});

describe('stale messages', () => {
  test('what failed is not sent once something newer of it went out', async () => {
    await using w = await testWarehouse();
    let down = true;
    await using server = await faultyServer((_n, { ids }) =>
      down && ids.includes('enter_a') ? status(500) : undefined,
    );
    await w.queue([
      { id: 'enter_a', run: 1, user: 'a' },
      { id: 'enter_b', run: 1, user: 'b' },
    ]);
    await sync(w, server, { batch_size: 1 });
    await w.queue([{ id: 'exit_a', run: 2, user: 'a', value: 'false' }]);
    // As a sync of before would have left it that did not hold back later messages.
    await w.warehouse.execute(
      "INSERT INTO rollcall.deliveries VALUES ('exit_a', 'crm', 1, 'delivered', 200, NULL, TIMESTAMP '2025-03-01 12:00:00')",
    );
    down = false;
    expect((await sync(w, server)).destinations[0]).toMatchObject({ status: 'succeeded', waiting: 0 });
    expect(server.accepted).toEqual(['enter_b']);
    expect(await w.rows("SELECT message_id FROM rollcall.deliveries WHERE status = 'superseded'")).toEqual([
      { message_id: 'enter_a' },
    ]);
  });

  test('of another definition or identifier nothing is stale', async () => {
    await using w = await testWarehouse();
    let down = true;
    await using server = await faultyServer((_n, { ids }) =>
      down && ids.includes('m1') ? status(500) : undefined,
    );
    await w.queue([
      { id: 'm1', run: 1, user: 'a' },
      { id: 'm2', run: 2, user: 'a', definition: 'lapsed' },
      { id: 'm3', run: 2, user: 'b' },
    ]);
    await sync(w, server, { batch_size: 1 });
    down = false;
    await sync(w, server, { batch_size: 1 });
    expect(server.accepted).toEqual(['m3', 'm1', 'm2']);
  });
});

describe('a message that never goes through', () => {
  test('is a dead letter after 25 attempts, if others do', async () => {
    await using w = await testWarehouse();
    await using server = await faultyServer((_n, { ids }) => (ids.includes('m1') ? status(500) : undefined));
    await w.queue([{ id: 'm1', user: 'a' }]);
    for (let n = 1; n <= 5; n++) {
      await w.queue([{ id: `ok${n}`, run: 1 + n }]);
      const { destinations } = await sync(w, server, { batch_size: 1, retries: 4 });
      expect(destinations[0]).toMatchObject({ delivered: 1, failed: 1, waiting: n < 5 ? 1 : 0 });
    }
    expect((await statuses(w))['m1']).toBe('dead');
    await w.queue([{ id: 'later', run: 9, user: 'a', value: 'false' }]);
    await sync(w, server, { batch_size: 1 });
    expect(server.accepted.at(-1)).toBe('later');
  });

  test('waits on, if the destination is down', async () => {
    await using w = await testWarehouse();
    await using server = await faultyServer(() => status(500));
    await w.queue(some(1));
    for (let n = 0; n < 8; n++) await sync(w, server, { batch_size: 1, retries: 4 });
    expect((await statuses(w))['m1']).toBe('failed');
  });
});

describe('the circuit breaker', () => {
  const settings = { failures: 2, coolMs: 100, openings: 2 };

  test('opens after failures in a row, lets one through when it is half open, and closes again', () => {
    let at = 0;
    const breaker = new Breaker(settings, () => at);
    breaker.failed('a');
    breaker.answered();
    breaker.failed('b');
    expect(breaker.admit()).toBe(true);
    breaker.failed('c');
    expect(breaker.admit()).toBe(false);
    at = 100;
    expect([breaker.admit(), breaker.admit()]).toEqual([true, false]);
    breaker.answered();
    expect([breaker.admit(), breaker.admit()]).toEqual([true, true]);
  });

  test('stays open twice as long when the one fails, then gives up', () => {
    let at = 0;
    const breaker = new Breaker({ ...settings, openings: 3 }, () => at);
    breaker.failed('a');
    breaker.failed('b');
    at = 100;
    expect(breaker.admit()).toBe(true);
    breaker.failed('c');
    at = 299;
    expect(breaker.admit()).toBe(false);
    at = 300;
    expect(breaker.admit()).toBe(true);
    expect(breaker.gaveUp).toBeUndefined();
    breaker.failed('d');
    expect(breaker.gaveUp).toBe('d');
  });

  test('a destination that comes back in time loses nothing', async () => {
    await using w = await testWarehouse();
    await using server = await faultyServer((n) => (n <= 6 ? status(503) : undefined));
    await w.queue(some(30));
    const result = await sync(w, server, { retries: 4 });
    expect(result.destinations[0]).toMatchObject({ delivered: 22, failed: 8, waiting: 8 });
    expect((await sync(w, server)).destinations[0]).toMatchObject({ delivered: 8, waiting: 0 });
  });

  test('one that asks to wait an hour is left alone, and keeps its messages', async () => {
    await using w = await testWarehouse();
    await using server = await faultyServer(() => status(429, { 'retry-after': '3600' }));
    await w.queue(some(30));
    const { destinations } = await sync(w, server, { retries: 4 });
    expect(destinations[0]).toMatchObject({ status: 'stopped', waiting: 30 });
    expect(destinations[0]?.error).toContain('asks to wait 3600 s');
    expect(server.requests).toHaveLength(1);
  });

  test('nor does what was on its way beside it wait for it', async () => {
    await using w = await testWarehouse();
    let [asked, answered] = [(): void => undefined, (): void => undefined];
    const secondAsked = new Promise<void>((done) => (asked = done));
    const firstAnswered = new Promise<void>((done) => (answered = done));
    await using server = await faultyServer((n) => (response) => {
      const [code, after] = n === 1 ? [429, secondAsked] : [500, firstAnswered];
      if (n === 2) asked();
      void after.then(() => {
        response.writeHead(code, n === 1 ? { 'retry-after': '3600' } : {}).end();
        response.on('close', answered);
      });
    });
    await w.queue(some(16));
    const { destinations } = await sync(w, server, { retries: 4, concurrency: 2 });
    expect(destinations[0]).toMatchObject({ status: 'stopped', waiting: 16 });
  });
});

test('a single message that is refused is a dead letter, and the rest of its batch goes out', async () => {
  await using w = await testWarehouse();
  await using server = await faultyServer(holds('m2'));
  await w.queue(some(3));
  await sync(w, server);
  expect(await statuses(w)).toEqual({ m1: 'delivered', m2: 'rejected', m3: 'delivered' });
});
