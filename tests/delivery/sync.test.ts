import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';

import type { SyncEvent } from '../../delivery/index.js';
import { Leases } from '../../dialects/leases.js';
import { keptOpen } from '../../dialects/warehouse.js';
import { AT, destination, folder } from './support.js';
import { faultyServer, reset, status } from './server.js';
import { some, sync, testWarehouse, type TestWarehouse } from './warehouse.js';

const hook = (url: string, settings: Record<string, unknown> = {}) =>
  destination('webhook', { url, batch_size: 2, retries: 1, ...settings });

const deliveries = (w: TestWarehouse) =>
  w.rows('SELECT message_id, attempt, status, http_status, error FROM rollcall.deliveries ORDER BY ALL');
const sent = (w: TestWarehouse) => w.rows('SELECT * FROM rollcall.sent ORDER BY ALL');

describe('webhook', () => {
  test('delivers what waits once, in order, and remembers what it told', async () => {
    await using w = await testWarehouse();
    await using server = await faultyServer();
    await w.queue([
      { id: 'm3', run: 2, user: 'a', value: 'false' },
      { id: 'm1', run: 1, user: 'a' },
      { id: 'm2', run: 1, user: 'b' },
      { id: 'x1', destination: 'other' },
    ]);
    const first = await sync(w, { destinations: [hook(server.url)] });
    expect(first).toMatchObject({ status: 'succeeded', exit: 0, diagnostics: [] });
    expect(first.destinations).toEqual([
      expect.objectContaining({
        key: 'crm',
        status: 'succeeded',
        delivered: 3,
        waiting: 0,
        where: server.url,
      }),
    ]);
    expect(server.accepted).toEqual(['m1', 'm2', 'm3']);
    expect(await deliveries(w)).toEqual(
      ['m1', 'm2', 'm3'].map((id) => ({
        message_id: id,
        attempt: '1',
        status: 'delivered',
        http_status: '200',
        error: null,
      })),
    );
    expect(await sent(w)).toEqual([
      {
        destination_key: 'crm',
        definition_key: 'buyers',
        identifier_type: 'user_id',
        identifier: 'a',
        value: 'false',
        sent_at: expect.stringContaining('2025-03-01T12:00:00'),
      },
      {
        destination_key: 'crm',
        definition_key: 'buyers',
        identifier_type: 'user_id',
        identifier: 'b',
        value: 'true',
        sent_at: expect.any(String),
      },
    ]);

    const second = await sync(w, { destinations: [hook(server.url)] });
    expect(second).toMatchObject({ status: 'succeeded', exit: 0 });
    expect(server.requests).toHaveLength(2);

    await w.queue([{ id: 'm4', run: 3, user: 'a', value: null }]);
    await sync(w, { destinations: [hook(server.url)] });
    expect(server.accepted).toEqual(['m1', 'm2', 'm3', 'm4']);
    expect((await sent(w)).map((r) => r['value'])).toEqual([null, 'true']);
  });

  test('a batch refused for good is final, and the others go through', async () => {
    await using w = await testWarehouse();
    await using server = await faultyServer((_, { ids: some }) =>
      some.includes('m3') || some.includes('m4') ? status(400, {}, 'no') : undefined,
    );
    await w.queue(some(1, 6));
    const result = await sync(w, { destinations: [hook(server.url)] });
    expect(result).toMatchObject({ status: 'failed', exit: 1 });
    expect(result.destinations[0]).toMatchObject({ delivered: 4, rejected: 2, failed: 0, waiting: 0 });
    expect(result.diagnostics[0]).toMatchObject({
      code: 'delivery-failed',
      message: expect.stringContaining('HTTP 400: no'),
    });
    expect(await sent(w)).toHaveLength(4);
    expect((await deliveries(w)).filter((r) => r['status'] === 'rejected')).toEqual(
      ['m3', 'm4'].map((id) => ({
        message_id: id,
        attempt: '2',
        status: 'rejected',
        http_status: '400',
        error: 'HTTP 400: no',
      })),
    );
    expect((await sync(w, { destinations: [hook(server.url)] })).exit).toBe(0);
  });

  test('a failure waits for the next sync, and attempts add up', async () => {
    await using w = await testWarehouse();
    await using server = await faultyServer((n) => (n <= 2 ? reset : n === 3 ? status(503) : undefined));
    await w.queue(some(1, 2));
    const failed = await sync(w, { destinations: [hook(server.url)] });
    expect(failed.destinations[0]).toMatchObject({ status: 'failed', failed: 2, waiting: 2 });
    expect(failed.exit).toBe(1);
    expect((await sync(w, { destinations: [hook(server.url)] })).exit).toBe(0);
    expect((await deliveries(w)).map((r) => [r['message_id'], r['attempt'], r['status']])).toEqual([
      ['m1', '2', 'failed'],
      ['m1', '4', 'delivered'],
      ['m2', '2', 'failed'],
      ['m2', '4', 'delivered'],
    ]);
  });

  test('an exit never overtakes its entry', async () => {
    await using w = await testWarehouse();
    await using server = await faultyServer((n) => (n <= 2 ? status(500) : undefined));
    await w.queue([
      { id: 'enter_a', run: 1, user: 'a' },
      { id: 'enter_b', run: 1, user: 'b' },
      { id: 'exit_a', run: 2, user: 'a', value: 'false' },
      { id: 'enter_c', run: 2, user: 'c' },
      { id: 'enter_d', run: 2, user: 'd' },
    ]);
    const first = await sync(w, { destinations: [hook(server.url)] });
    expect(server.accepted).toEqual(['enter_c', 'enter_d']);
    expect(first.destinations[0]).toMatchObject({ delivered: 2, failed: 2, waiting: 3 });
    await sync(w, { destinations: [hook(server.url)] });
    expect(server.accepted).toEqual(['enter_c', 'enter_d', 'enter_a', 'enter_b', 'exit_a']);
    expect((await sent(w)).map((r) => [r['identifier'], r['value']])).toContainEqual(['a', 'false']);
  });

  test('a destination that is down is left alone after three batches', async () => {
    await using w = await testWarehouse();
    await using server = await faultyServer(() => status(500));
    await w.queue(some(1, 9));
    const result = await sync(w, { destinations: [hook(server.url, { retries: 0 })] });
    expect(result.destinations[0]).toMatchObject({
      status: 'stopped',
      failed: 6,
      waiting: 9,
      error: 'HTTP 500',
    });
    expect(server.requests).toHaveLength(3);
  });

  test('401 stops at once and keeps every message', async () => {
    await using w = await testWarehouse();
    await using server = await faultyServer((n) => (n === 2 ? status(401) : undefined));
    await w.queue(some(1, 8));
    const result = await sync(w, { destinations: [hook(server.url)] });
    expect(result.destinations[0]).toMatchObject({ status: 'stopped', delivered: 2, failed: 2, waiting: 6 });
    expect(server.requests).toHaveLength(2);
    expect((await sync(w, { destinations: [hook(server.url)] })).destinations[0]).toMatchObject({
      delivered: 6,
    });
  });

  test('one destination that fails does not hold up the next', async () => {
    await using w = await testWarehouse();
    await using bad = await faultyServer(() => status(403));
    await using good = await faultyServer();
    await w.queue([...some(1, 2), { id: 'x1', destination: 'other' }]);
    const result = await sync(w, { destinations: [hook(bad.url), { ...hook(good.url), key: 'other' }] });
    expect(result.exit).toBe(1);
    expect(result.destinations.map((d) => d.status)).toEqual(['stopped', 'succeeded']);
    expect(good.accepted).toEqual(['x1']);
  });

  test('a disabled one keeps its messages', async () => {
    await using w = await testWarehouse();
    await w.queue(some(1, 2));
    const result = await sync(w, { destinations: [{ ...hook('http://127.0.0.1:9'), enabled: false }] });
    expect(result.exit).toBe(0);
    expect(result.destinations[0]).toMatchObject({ status: 'disabled', waiting: 2, delivered: 0 });
  });

  test.each([1, 3])(
    'many pages, large runs and %i at a time: everything arrives once',
    async (concurrency) => {
      await using w = await testWarehouse();
      await using server = await faultyServer((n) => (n % 7 === 0 ? status(500) : undefined));
      const hash = (n: number) => ((n * 2654435761) >>> 0).toString(16).padStart(8, '0');
      const queued = Array.from({ length: 400 }, (_, i) => ({
        id: `rc_${hash(i)}`,
        run: i < 300 ? 1 : 2 + (i % 5),
      }));
      await w.queue(queued);
      const result = await sync(w, {
        destinations: [hook(server.url, { batch_size: 7, concurrency, retries: 4 })],
        pageSize: 50,
      });
      expect(result.destinations[0]).toMatchObject({ status: 'succeeded', delivered: 400, waiting: 0 });
      expect([...server.accepted].sort()).toEqual(queued.map((q) => q.id).sort());
      const runs = server.accepted.map((id) => queued.find((q) => q.id === id)!.run);
      expect(runs).toEqual([...runs].sort((a, b) => a - b));
      expect(
        await w.rows('SELECT count(*) AS n, count(DISTINCT message_id) AS d FROM rollcall.deliveries'),
      ).toEqual([{ n: '400', d: '400' }]);
      expect(await sent(w)).toHaveLength(400);
    },
  );

  test('tells how it goes', async () => {
    await using w = await testWarehouse();
    await using server = await faultyServer();
    await w.queue(some(1, 3));
    const events: SyncEvent[] = [];
    await sync(w, { destinations: [hook(server.url)], onEvent: (e) => events.push(e) });
    expect(events[0]).toEqual({
      at: AT,
      destination: 'crm',
      event: 'destination_started',
      type: 'webhook',
      where: server.url,
      waiting: 3,
    });
    expect(events.at(-1)).toMatchObject({ event: 'destination_finished', delivered: 3, waiting: 0 });
  });
});

describe('file', () => {
  const lines = async (path: string): Promise<string[]> =>
    (await readFile(path, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((l) => (JSON.parse(l) as { messageId: string }).messageId);

  test('a sync is in the file whole, in order, and recorded', async () => {
    await using w = await testWarehouse();
    await using dir = await folder();
    const crm = destination('file', { path: 'out/crm.jsonl' });
    await w.queue([{ id: 'm3', run: 2, user: 'a', value: 'false' }, { id: 'm1', user: 'a' }, { id: 'm2' }]);
    const result = await sync(w, { destinations: [crm], projectDir: dir.path });
    expect(result.destinations[0]).toMatchObject({
      status: 'succeeded',
      delivered: 3,
      where: 'out/crm.jsonl',
    });
    expect(await lines(join(dir.path, 'out/crm.jsonl'))).toEqual(['m1', 'm2', 'm3']);
    await sync(w, { destinations: [crm], projectDir: dir.path });
    expect(await lines(join(dir.path, 'out/crm.jsonl'))).toHaveLength(3);
    expect(await deliveries(w)).toHaveLength(3);
    expect((await sent(w)).map((r) => r['value'])).toEqual(['false', 'true']);
  });

  test('runs larger than a page stay in the order of runs', async () => {
    await using w = await testWarehouse();
    await using dir = await folder();
    const queued = Array.from({ length: 30 }, (_, i) => ({ id: `m${i}`, run: i < 20 ? 1 : i - 18 }));
    await w.queue(queued.reverse());
    const crm = destination('file', { path: 'crm.jsonl' });
    await sync(w, { destinations: [crm], projectDir: dir.path, pageSize: 4 });
    const order = (await lines(join(dir.path, 'crm.jsonl'))).map(
      (id) => queued.find((q) => q.id === id)!.run,
    );
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(order).toHaveLength(30);
  });

  test('killed between the file and its record, a sync repeats the same message ids', async () => {
    await using w = await testWarehouse();
    await using dir = await folder();
    const crm = destination('file', { path: 'crm.jsonl' });
    await w.queue(some(1, 2));
    vi.spyOn(w.warehouse, 'begin').mockRejectedValueOnce(new Error('killed'));
    await expect(sync(w, { destinations: [crm], projectDir: dir.path })).rejects.toThrow('killed');
    expect(await deliveries(w)).toEqual([]);
    await sync(w, { destinations: [crm], projectDir: dir.path });
    expect(await lines(join(dir.path, 'crm.jsonl'))).toEqual(['m1', 'm2', 'm1', 'm2']);
    expect(await deliveries(w)).toHaveLength(2);
  });

  test('aborting before the end shows nothing and records nothing', async () => {
    await using w = await testWarehouse();
    await using dir = await folder();
    await w.queue(some(1, 3));
    const abort = new AbortController();
    const result = await sync(w, {
      destinations: [destination('file', { path: 'crm.jsonl' })],
      projectDir: dir.path,
      signal: abort.signal,
      onEvent: () => abort.abort(new Error('interrupted')),
    });
    expect(result.status).toBe('cancelled');
    expect(await readdir(dir.path)).toEqual([]);
    expect(await deliveries(w)).toEqual([]);
  });

  test('a file that cannot be written leaves everything waiting', async () => {
    await using w = await testWarehouse();
    await using dir = await folder();
    await writeFile(join(dir.path, 'out'), '');
    const crm = destination('file', { path: 'out/crm.jsonl' });
    await w.queue(some(1, 3));
    const result = await sync(w, { destinations: [crm], projectDir: dir.path });
    expect(result).toMatchObject({ exit: 1, destinations: [{ status: 'stopped', failed: 3, waiting: 3 }] });
    expect(await sent(w)).toEqual([]);
    await rm(join(dir.path, 'out'));
    expect((await sync(w, { destinations: [crm], projectDir: dir.path })).exit).toBe(0);
    expect((await deliveries(w)).map((r) => r['status']).sort()).toEqual([
      'delivered',
      'delivered',
      'delivered',
      'failed',
      'failed',
      'failed',
    ]);
  });
});

test('only what is selected goes out', async () => {
  await using w = await testWarehouse();
  await using server = await faultyServer();
  await w.queue([{ id: 'm1' }, { id: 'm2', definition: 'lapsed' }, { id: 'm3', destination: 'other' }]);
  const destinations = [hook(server.url), { ...hook(server.url), key: 'other' }];
  await sync(w, { destinations, select: { definitions: new Set(['lapsed']) } });
  expect(server.accepted).toEqual(['m2']);
  await sync(w, { destinations, select: { destinations: new Set(['other']) } });
  expect(server.accepted).toEqual(['m2', 'm3']);
  await sync(w, { destinations, select: { definitions: new Set() } });
  expect(server.accepted).toEqual(['m2', 'm3']);
});

test('before the first run there is nothing to send', async () => {
  await using w = await testWarehouse([]);
  const result = await sync(w, { destinations: [hook('http://127.0.0.1:9')] });
  expect(result).toMatchObject({ status: 'succeeded', exit: 0, destinations: [{ waiting: 0 }] });
});

test('settings that cannot be used are told before anything is sent', async () => {
  await using w = await testWarehouse();
  const bad = destination('webhook', { url: 'nonsense' });
  await expect(sync(w, { destinations: [bad] })).rejects.toMatchObject({
    exit: 2,
    diagnostics: [
      { code: 'destination-settings', message: 'destination "crm": settings.url is not an address' },
    ],
  });
});

test('a destination that another sync is at is waited for as long as is said', async () => {
  await using w = await testWarehouse();
  await using server = await faultyServer();
  await w.queue(some(1, 2));
  const host = { run_id: 'r', pid: 1, host: 'elsewhere', since: AT, command: 'rollcall sync' };
  const open = (): Promise<Leases> =>
    Leases.open({ ...w, warehouse: keptOpen(w.warehouse) }, host, { sleep: () => Promise.resolve() });
  const other = await open();
  const held = await other.claim('destination crm', () => ({ from: 0, to: 2 ** 31 }));
  expect(held).toBeDefined();
  const told: string[] = [];
  const waits: number[] = [];
  const waiting = (ms: number) => ({
    destinations: [hook(server.url)],
    leases: open,
    wait: { ms, onWait: (key: string) => told.push(key) },
    sleep: async (step: number) => {
      waits.push(step);
      if (waits.length === 4) await held?.release();
    },
  });
  expect(await sync(w, waiting(5000))).toMatchObject({ destinations: [{ status: 'busy', waiting: 2 }] });
  expect([waits, told, server.accepted]).toEqual([[2000, 2000, 1000], ['crm'], []]);
  expect(await sync(w, waiting(60_000))).toMatchObject({
    destinations: [{ status: 'succeeded', delivered: 2, waiting: 0 }],
  });
  expect([waits.length, server.accepted]).toEqual([4, ['m1', 'm2']]);
  await other.close();
});
