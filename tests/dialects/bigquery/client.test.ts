/** The warehouse through the official client, to an emulator (scripts/with-bigquery-emulator.sh). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { UserError } from '../../../compiler/diagnostics/index.js';
import { bigquery } from '../../../dialects/bigquery/dialect.js';
import { StatementError, type Row, type Warehouse } from '../../../dialects/warehouse.js';

const endpoint = process.env['BIGQUERY_EMULATOR'];

describe('BigQuery through its client', () => {
  let warehouse: Warehouse;
  beforeAll(async () => {
    warehouse = await opened();
    await warehouse.execute('drop schema if exists ds cascade');
    await warehouse.execute('create schema if not exists ds');
    await warehouse.execute(
      'create table if not exists ds.t (a int64, b string, timestamp timestamp)\npartition by timestamp_trunc(timestamp, month)\ncluster by a',
    );
    await warehouse.execute("insert into ds.t (a, b) select 1, 'x'");
  });
  afterAll(() => warehouse.close());

  test('values come out as text, exact', async () => {
    const sql =
      "select 9007199254740993 as i, numeric '12345678901234567890.50' as n, timestamp '0001-01-01 00:00:00.5+00' as t, true as b, cast(null as string) as z, 1.5e-7 as f";
    expect(await rowsOf(warehouse, sql)).toEqual([
      {
        i: '9007199254740993',
        n: '12345678901234567890.5',
        t: '0001-01-01T00:00:00.5Z',
        b: true,
        z: null,
        f: '0.00000015',
      },
    ]);
  });

  test('results are read a page at a time', async () => {
    const sizes: number[] = [];
    for await (const { rows } of warehouse.read('select x from unnest(generate_array(1, 25000)) as x'))
      sizes.push(rows.length);
    expect(sizes.reduce((a, b) => a + b, 0)).toBe(25_000);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(10_000);
  });

  test('a transaction over several jobs is rolled back, or committed', async () => {
    const count = async (): Promise<unknown> =>
      (await rowsOf(warehouse, 'select count(*) as n from ds.t'))[0]?.['n'];
    await warehouse.begin();
    await warehouse.execute("insert into ds.t (a, b) select 2, 'y'");
    await warehouse.rollback();
    expect(await count()).toBe('1');
    await warehouse.begin();
    await warehouse.execute("insert into ds.t (a, b) select 3, 'z'");
    await warehouse.commit();
    expect(await count()).toBe('2');
  });

  test('temporary tables are seen by later statements', async () => {
    await warehouse.execute('create or replace temp table rollcall_zz as select 1 as a');
    expect(await rowsOf(warehouse, 'select a from rollcall_zz')).toEqual([{ a: '1' }]);
  });

  test('merge and delete', async () => {
    await warehouse.execute("create or replace table ds.m as select 1 as a, 'x' as b");
    await warehouse.execute(
      "merge into ds.m as t using (select 1 as a, 'y' as b union all select 2, 'z') as s on t.a = s.a when matched then update set b = s.b when not matched then insert (a, b) values (s.a, s.b)",
    );
    await warehouse.execute(
      'delete from ds.m as t where exists (select 1 from (select 2 as a) as s where t.a = s.a)',
    );
    expect(await rowsOf(warehouse, 'select a, b from ds.m')).toEqual([{ a: '1', b: 'y' }]);
  });

  test('describes schemas, tables and queries; what there is not is empty', async () => {
    const columns = [
      { name: 'a', kind: 'int' },
      { name: 'b', kind: 'text' },
      { name: 'timestamp', kind: 'timestamp' },
    ];
    const [t] = (await warehouse.describeSchema('ds')).filter(({ table }) => table.name === 't');
    expect(t?.columns).toMatchObject(columns);
    expect((await warehouse.describeTable({ schema: 'ds', name: 't' }))?.columns).toMatchObject(columns);
    expect(await warehouse.describeQuery('select a, b from ds.t')).toMatchObject(columns.slice(0, 2));
    expect(await warehouse.describeSchema('none')).toEqual([]);
    expect(await warehouse.describeTable({ schema: 'ds', name: 'none' })).toBeUndefined();
  });

  test('a refused statement is one; what refuses us is exit code 4', async () => {
    await expect(rowsOf(warehouse, 'selec 1')).rejects.toMatchObject({ failure: 'refused' });
    await expect(rowsOf(warehouse, 'select * from ds.none')).rejects.toBeInstanceOf(StatementError);
    await expect(rowsOf(warehouse, 'select * from none.none')).rejects.toBeInstanceOf(UserError);
  });

  test('stops when told to', async () => {
    const stop = AbortSignal.abort();
    await expect(warehouse.execute('select 1', { signal: stop })).rejects.toThrow();
  });
});

const opened = (): Promise<Warehouse> =>
  bigquery.open({
    settings: { type: 'bigquery', project: 'test', location: 'US', api_endpoint: endpoint },
    projectDir: '/',
    mode: 'write',
  });

async function rowsOf(warehouse: Warehouse, sql: string): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const batch of warehouse.read(sql)) rows.push(...batch.rows);
  return rows;
}
