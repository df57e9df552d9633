/** Messages that cross many at a time are those that cross one by one. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

import { Outbox } from '../../delivery/outbox.js';
import type { OutboxMessage } from '../../delivery/destination.js';
import { Stubs } from '../../delivery/records.js';
import { ALL_LANES, LANES, type Page } from '../../delivery/rows.js';
import { around, StatementError } from '../../dialects/warehouse.js';
import { destination, folder } from './support.js';
import { faultyServer, status } from './server.js';
import { sync, testWarehouse, type TestWarehouse } from './warehouse.js';

const HOSTILE = [
  '\u001e',
  'a"b\\',
  "o'neil;--",
  'line\r\nend\ttab',
  '{"x":[1]}',
  '日本 😀',
  ' ',
  '%s \u0001\u001f',
];

/** 600 messages of one run: several pages, where a page is 100. */
const many = (over = {}) =>
  Array.from({ length: 600 }, (_, n) => ({
    id: `m${n}`,
    user: `${HOSTILE[n % HOSTILE.length]}${n}`,
    value: [null, 'true', 'null', '"\\u001e"'][n % 4] ?? null,
    ...over,
  }));

const page = (over: Partial<Page>): Page => ({
  selection: { destination: 'crm' },
  fromRun: 1,
  toRun: 1,
  lanes: ALL_LANES,
  about: 600,
  sorted: false,
  fresh: false,
  ...over,
});

async function read(w: TestWarehouse, over: Partial<Page>): Promise<readonly string[]> {
  return told(new Outbox(w).read(page(over)));
}

/** The same by way of a file. */
async function readAside(w: TestWarehouse, over: Partial<Page>): Promise<readonly string[]> {
  const file = await new Outbox(w).aside(page(over));
  if (!file) throw new Error('no file');
  const found = await told(file.messages(1));
  await file.close();
  return found;
}

async function told(messages: AsyncIterable<readonly OutboxMessage[]>): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const some of messages)
    for (const m of some) {
      if (m.bytes) expect(m.bytes.toString()).toBe(m.payload);
      const { messageId, definition, runNo, type, identifierType, identifier, value, payload } = m;
      found.push(
        JSON.stringify([messageId, definition, runNo, type, identifierType, identifier, value, payload]),
      );
    }
  return found.sort();
}

test('whatever they hold', async () => {
  await using w = await testWarehouse();
  await w.queue(many());
  const one = await read(w, { sorted: true });
  expect(one).toHaveLength(600);
  expect(await read(w, {})).toEqual(one);
  expect(await readAside(w, {})).toEqual(one);
  const half = { from: 0, to: LANES / 2 };
  const other = { from: LANES / 2, to: LANES };
  const halves = [
    ...(await read(w, { lanes: half, about: 300 })),
    ...(await read(w, { lanes: other, about: 1 })),
  ];
  expect(halves.sort()).toEqual(one);
  const aside = [
    ...(await readAside(w, { lanes: half, about: 300 })),
    ...(await readAside(w, { lanes: other, about: 1 })),
  ];
  expect(aside.sort()).toEqual(one);
});

test('a payload of several lines is one line of the file', async () => {
  await using w = await testWarehouse();
  await w.queue(many().slice(0, 3));
  await w.rows(
    `UPDATE rollcall.outbox SET payload = replace(payload, ',', E',\\r\\n') WHERE message_id = 'm1'`,
  );
  const [aside, one] = [await readAside(w, {}), await read(w, {})];
  const compact = (text: string): unknown[] => {
    const all = JSON.parse(text) as string[];
    return [...all.slice(0, -1), JSON.parse(all.at(-1) ?? '')];
  };
  expect(aside.map(compact)).toEqual(one.map(compact));
});

test('messages longer than what is read at a time', async () => {
  await using w = await testWarehouse();
  await w.queue(many().slice(0, 8));
  await w.rows(
    `UPDATE rollcall.outbox SET payload = '{"said":"' || repeat('日', 700000) || message_id || '"}' WHERE message_id <> 'm2'`,
  );
  expect(await readAside(w, {})).toEqual(await read(w, {}));
});

test('ids are found again by where they stand in the file', async () => {
  await using w = await testWarehouse();
  await w.queue(many());
  const file = await new Outbox(w).aside(page({}));
  const all: OutboxMessage[] = [];
  for await (const some of file?.messages(1) ?? []) all.push(...some);
  const [whole, odd] = [new Stubs(), new Stubs()];
  whole.add(all);
  for (const message of all.filter((_, i) => i % 2 === 1)) odd.add([message]);
  const ids = all.map((m) => m.messageId);
  expect(whole.ids()).toEqual(ids);
  expect(odd.ids()).toEqual(ids.filter((_, i) => i % 2 === 1));
  await file?.close();
});

/** A warehouse that says where it was asked to write lines; one that does not work has written some when it fails. */
function writing(w: TestWarehouse, works: boolean) {
  const asked: string[] = [];
  const warehouse = around(w.warehouse, {
    writeLines: async (sql, to) => {
      asked.push(to);
      const written = await w.warehouse.writeLines?.(sql, to);
      if (works) return written ?? 0;
      throw new StatementError('no space left', sql);
    },
  });
  return { warehouse, asked };
}

test.each([
  ['aside', true],
  ['as rows, as no file could be written', false],
])('some are refused, and each is recorded as what became of it: read %s', async (_, writes) => {
  await using w = await testWarehouse();
  const { warehouse, asked } = writing(w, writes);
  const bad = new Set(['m3', 'm77', 'm599']);
  await using server = await faultyServer((_, { ids }) =>
    ids.some((id) => bad.has(id)) ? status(400, {}, 'no') : undefined,
  );
  await w.queue(many());
  const destinations = [destination('webhook', { url: server.url, batch_size: 90, retries: 0 })];
  const result = await sync(w, { warehouse, destinations, pageSize: 100 });
  expect(result.destinations[0]).toMatchObject({ delivered: 597, rejected: 3, waiting: 0 });
  const rejected = `SELECT message_id FROM rollcall.deliveries WHERE status = 'rejected' ORDER BY 1`;
  expect((await w.rows(rejected)).map((row) => row['message_id'])).toEqual([...bad].sort());
  expect(server.accepted).toHaveLength(597);
  expect(new Set(server.accepted).size).toBe(597);
  expect(asked.length).toBeGreaterThan(0);
  for (const path of asked) await expect(stat(dirname(path))).rejects.toThrow('ENOENT');
});

test('whoever asks to stop while they are written aside gets an end in order', async () => {
  await using w = await testWarehouse();
  await w.queue(many());
  const abort = new AbortController();
  const warehouse = around(w.warehouse, {
    writeLines: () => {
      abort.abort(new Error('interrupted'));
      return Promise.reject(abort.signal.reason as Error);
    },
  });
  const destinations = [destination('webhook', { url: 'http://127.0.0.1:9' })];
  const result = await sync(w, { warehouse, destinations, pageSize: 100, signal: abort.signal });
  expect(result).toMatchObject({ status: 'cancelled', destinations: [{ delivered: 0, waiting: 600 }] });
  expect(await w.rows('SELECT 1 FROM rollcall.deliveries')).toEqual([]);
});

test('what went out before they could not be read on is recorded, and not sent again', async () => {
  await using w = await testWarehouse();
  await using server = await faultyServer();
  await w.queue(many());
  let pages = 0;
  const warehouse = around(w.warehouse, {
    writeLines: (sql) => Promise.reject(new StatementError('no files here', sql)),
    read: async function* (sql, options) {
      let ofRecords = false;
      for await (const batch of w.warehouse.read(sql, options)) {
        ofRecords = batch.columns[0]?.name === 'record';
        yield batch;
      }
      if (ofRecords && ++pages === 3) throw new StatementError('the server is gone', sql);
    },
  });
  const wanted = {
    destinations: [destination('webhook', { url: server.url, batch_size: 10 })],
    pageSize: 100,
  };
  await expect(sync(w, { ...wanted, warehouse })).rejects.toThrow('the server is gone');
  const before = server.accepted.length;
  expect(before).toBeGreaterThan(200);
  expect(await w.rows('SELECT 1 FROM rollcall.deliveries')).toHaveLength(before);
  const { destinations } = await sync(w, wanted);
  expect(destinations).toMatchObject([{ delivered: 600 - before, waiting: 0 }]);
  expect(new Set(server.accepted).size).toBe(600);
  expect(server.accepted).toHaveLength(600);
});

test.each([
  ['has written', true],
  ['cannot write', false],
])('lines of a file that the engine %s', async (_, works) => {
  await using dir = await folder();
  await using w = await testWarehouse();
  const path = join(dir.path, 'out.jsonl');
  await writeFile(path, '{"messageId":"m_"}'); // somebody's line, left open
  await w.queue(many());
  await w.queue([{ id: 'later', run: 2, user: 'x' }]);
  await w.rows(
    `UPDATE rollcall.outbox SET payload = replace(payload, ',', E',\\r\\n') WHERE message_id = 'm5'`,
  );
  const { warehouse, asked } = writing(w, works);
  const destinations = [destination('file', { path })];
  const result = await sync(w, { warehouse, destinations, projectDir: dir.path, pageSize: 100 });
  expect(result.destinations[0]).toMatchObject({ status: 'succeeded', delivered: 601, waiting: 0 });
  expect(asked).toEqual([`${dir.path}/.out.jsonl.crm.jsonl.tmp.part`]);
  const lines = (await readFile(path, 'utf8')).split('\n');
  expect([lines[0], lines.at(-1)]).toEqual(['{"messageId":"m_"}', '']);
  const payloads = await w.rows('SELECT payload FROM rollcall.outbox WHERE run_no = 1');
  const compact = (all: readonly unknown[]) =>
    all.map((text) => JSON.stringify(JSON.parse(String(text)))).sort();
  expect(compact(lines.slice(1, -2))).toEqual(compact(payloads.map((row) => row['payload'])));
  expect(lines.at(-2)).toContain('"later"');
});
