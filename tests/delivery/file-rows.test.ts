/** CSV and Parquet, as an engine reads them again. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import type { OutboxMessage } from '../../delivery/destination.js';
import { file } from '../../delivery/destinations/file.js';
import { writeRowFile } from '../../dialects/duckdb/row-files.js';
import { context, destination, folder, message, never } from './support.js';
import { testWarehouse } from './warehouse.js';

/** Where Linux says which files this process has open. */
const OPEN_FILES = '/proc/self/fd';

/** One sync of messages to a file. */
async function sync(
  dir: string,
  settings: Record<string, unknown>,
  all: readonly OutboxMessage[],
  commit = true,
) {
  const definition = destination('file', settings);
  const target = await file.open({ ...context(definition, dir), writeRows: writeRowFile });
  for (const one of all) expect(await target.send([one], never)).toMatchObject({ kind: 'done' });
  if (commit) await target.commit!();
  await target.close();
}

const personas = { computation_key: 'big', computation_class: 'audience' };
const HOSTILE = `ann "q", ;'\n=1+1 ü\\`;
const said = (n: number, payload: object) =>
  message(n, {
    payload: JSON.stringify({ ...payload, messageId: `m${n}`, timestamp: '2025-03-01T09:30:00.123456Z' }),
  });
const ALL = [
  said(1, { type: 'identify', userId: HOSTILE, traits: { big: true, email: '' }, context: { personas } }),
  said(2, {
    type: 'track',
    event: 'Audience Exited',
    anonymousId: 'v1',
    properties: { big: false },
    context: { personas },
  }),
];
const EXPECTED = [
  { message_id: 'm1', type: 'identify', event: null, user_id: HOSTILE, anonymous_id: null, value: 'true' },
  {
    message_id: 'm2',
    type: 'track',
    event: 'Audience Exited',
    user_id: null,
    anonymous_id: 'v1',
    value: 'false',
  },
];

test.each([
  ['rows.csv', {}, 'read_csv', '2025-03-01T09:30:00.123456Z'],
  ['rows.parquet', {}, 'read_parquet', '2025-03-01 09:30:00.123456+00'],
  ['rows', { format: 'parquet' }, 'read_parquet', '2025-03-01 09:30:00.123456+00'],
])('%s %j: a sync after another, and rows are what was said', async (path, settings, read, at) => {
  await using dir = await folder();
  await using w = await testWarehouse([]);
  const from = `${read}('${join(dir.path, path)}'${read === 'read_csv' ? ', all_varchar = true' : ''})`;
  await sync(dir.path, { path, ...settings }, ALL.slice(0, 1));
  await sync(dir.path, { path, ...settings }, ALL.slice(1), false); // given up: nothing of it
  await sync(dir.path, { path, ...settings }, ALL.slice(1));
  expect(
    await w.rows(
      `SELECT message_id, type, event, user_id, anonymous_id, value::VARCHAR AS value FROM ${from}`,
    ),
  ).toEqual(EXPECTED);
  await w.rows("SET TimeZone = 'UTC'");
  const [first] = await w.rows(
    `SELECT definition_key, "timestamp"::VARCHAR AS at, traits::VARCHAR AS traits, properties FROM ${from} LIMIT 1`,
  );
  expect(first).toEqual({
    definition_key: 'big',
    at,
    traits: JSON.stringify({ big: true, email: '' }),
    properties: null,
  });
  expect(await readdir(dir.path)).toEqual([path]); // no drafts
});

test('a Parquet file of instants without a zone grows: they are in UTC', async () => {
  await using dir = await folder();
  await using w = await testWarehouse([]);
  const file = join(dir.path, 'rows.parquet');
  await sync(dir.path, { path: 'rows.parquet' }, ALL.slice(0, 1));
  const before = `SELECT * REPLACE ("timestamp" AT TIME ZONE 'UTC' AS "timestamp") FROM read_parquet('${file}')`;
  await w.rows("SET TimeZone = 'UTC'");
  await w.rows(`CREATE TABLE before AS ${before}`);
  await w.rows(`COPY before TO '${file}' (FORMAT parquet)`);
  await sync(dir.path, { path: 'rows.parquet' }, ALL.slice(1));
  expect(
    await w.rows(
      `SELECT DISTINCT typeof("timestamp") AS type, "timestamp"::VARCHAR AS at FROM read_parquet('${file}')`,
    ),
  ).toEqual([{ type: 'TIMESTAMP WITH TIME ZONE', at: '2025-03-01 09:30:00.123456+00' }]);
});

test('a CSV file a sync in a folder, each with the names of its columns', async () => {
  await using dir = await folder();
  for (const one of ALL) await sync(dir.path, { path: 'out/', format: 'csv' }, [one]);
  const names = (await readdir(join(dir.path, 'out'))).sort();
  expect(names).toEqual(['crm-20250301T120000000Z-2.csv', 'crm-20250301T120000000Z.csv']);
  for (const name of names) {
    expect(await readFile(join(dir.path, 'out', name), 'utf8')).toMatch(/^message_id,timestamp,type,event,/);
  }
});

test('a file that is no Parquet stays as it is, and the sync says so', async () => {
  await using dir = await folder();
  const path = join(dir.path, 'rows.parquet');
  await writeFile(path, 'mine');
  await expect(sync(dir.path, { path: 'rows.parquet' }, ALL)).rejects.toThrow(/parquet/i);
  expect(await readFile(path, 'utf8')).toBe('mine');
});

test.skipIf(!existsSync(OPEN_FILES))('a sync that cannot be finished keeps no file open', async () => {
  await using dir = await folder();
  await writeFile(join(dir.path, 'rows.csv'), 'a\n');
  const writeRows = async ({ to }: { readonly to: string }): Promise<void> => void (await mkdir(to));
  const target = await file.open({
    ...context(destination('file', { path: 'rows.csv' }), dir.path),
    writeRows,
  });
  await target.send([message(1)], never);
  await expect(target.commit!()).rejects.toThrow();
  await target.close();
  const open = await readdir(OPEN_FILES);
  const paths = await Promise.all(open.map((one) => readlink(join(OPEN_FILES, one)).catch(() => '')));
  expect(paths.filter((path) => path.startsWith(dir.path))).toEqual([]);
});

test('lists: a line says which, and what is to be done', async () => {
  await using dir = await folder();
  const definition = destination('file', { path: 'l.jsonl' }, { list: true });
  const target = await file.open(context(definition, dir.path));
  await target.send([message(1, { value: 'true' }), message(2, { value: 'false' })], never);
  await target.commit!();
  const lines = (await readFile(join(dir.path, 'l.jsonl'), 'utf8')).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { list: 'buyers', operation: 'add', messageId: 'm1', userId: 'u1' },
    { list: 'buyers', operation: 'remove', messageId: 'm2', userId: 'u2' },
  ]);
});
