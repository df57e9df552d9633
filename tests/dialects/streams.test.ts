/** What is read of DuckDB batch by batch: beside statements, and where it does not come to its end. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Warehouse } from '../../dialects/warehouse.js';
import { openMemory, rowsOf } from './support/duckdb.js';

let warehouse: Warehouse;
beforeEach(async () => {
  warehouse = await openMemory();
});
afterEach(() => warehouse.close());

test('a statement may come while the next batch is being read', async () => {
  // Temporary tables tie what is read to the connection that writes.
  await warehouse.execute('create temp table mine as select range as n from range(200000)');
  await warehouse.execute('create table done (n bigint)');
  for (let time = 1; time <= 5; time++) {
    const batches = warehouse.read('from mine')[Symbol.asyncIterator]();
    let seen = 0;
    const readOn = async (): Promise<void> => {
      for (let next = await batches.next(); next.done !== true; next = await batches.next())
        seen += next.value.rows.length;
    };
    const write = (): Promise<unknown> => warehouse.execute('insert into done values (1)');
    const first = await batches.next();
    seen += first.value?.rows.length ?? 0;
    const others = Array.from({ length: 3 }, () => rowsOf(warehouse, 'select count(*) as n from mine'));
    await Promise.all([readOn(), write(), write(), ...others]);
    expect(seen).toBe(200_000);
    expect(await Promise.all(others)).toEqual(others.map(() => [{ n: '200000' }]));
  }
  expect(await rowsOf(warehouse, 'select count(*) as n from done')).toEqual([{ n: '10' }]);
});

test('what is read is not held in memory for temporary tables that are gone', async () => {
  await warehouse.execute('create temp table if not exists "mine" (n bigint)');
  await warehouse.execute('drop table if exists "mine"');
  await warehouse.execute('create or replace table done (n bigint)');
  const far = "select if(range < 5000000, range, error('read on')::bigint) as n from range(5000001)";
  for await (const { rows } of warehouse.read(far)) {
    await warehouse.execute(`insert into done values (${rows.length})`);
    break;
  }
  expect(await rowsOf(warehouse, 'select count(*) as n from done')).toEqual([{ n: '1' }]);
});

test.each(['alone', 'beside temporary tables', 'in a transaction'])(
  'one that fails after many batches says so, and does not end as if that were all: %s',
  async (where) => {
    if (where === 'beside temporary tables') await warehouse.execute('create temp table mine (n bigint)');
    if (where === 'in a transaction') await warehouse.begin();
    const far = "select if(range < 5000000, range, error('far')::bigint) as n from range(5000001)";
    let seen = 0;
    const read = async (): Promise<void> => {
      for await (const { rows } of warehouse.read(far)) seen += rows.length;
    };
    await expect(read()).rejects.toThrow('broke off');
    expect(seen).toBeGreaterThan(0);
  },
);

test('one that has given batches is cancelled as well, and does not just end', async () => {
  const controller = new AbortController();
  const reason = new Error('enough');
  let seen = 0;
  let timer: NodeJS.Timeout | undefined;
  const read = async (): Promise<void> => {
    const sql = 'select range as s from range(1000000000000) where range < 1000000';
    for await (const { rows } of warehouse.read(sql, { signal: controller.signal })) {
      seen += rows.length;
      clearTimeout(timer); // there are no more, and it looks for them for long
      timer = setTimeout(() => controller.abort(reason), 500);
    }
  };
  await expect(read()).rejects.toBe(reason);
  expect(seen).toBeGreaterThan(0);
});
