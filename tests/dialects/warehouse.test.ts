import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { UserError } from '../../compiler/diagnostics/index.js';
import { dialectFor } from '../../dialects/registry.js';
import { StatementError, type Batch, type Warehouse } from '../../dialects/warehouse.js';
import { duckdb, openMemory, rowsOf } from './support/duckdb.js';

describe('reading', () => {
  let warehouse: Warehouse;
  beforeAll(async () => {
    warehouse = await openMemory();
  });
  afterAll(() => warehouse.close());

  test('streams: batches are small, and the first comes before the last is made', async () => {
    let [rows, largest] = [0, 0];
    for await (const batch of warehouse.read('select range as n from range(100000)')) {
      rows += batch.rows.length;
      largest = Math.max(largest, batch.rows.length);
    }
    expect(rows).toBe(100_000);
    expect(largest).toBeLessThanOrEqual(10_000);

    // Whole, this would be far more than there is memory.
    for await (const batch of warehouse.read("select repeat('x', 1000) as s from range(1000000000000)")) {
      expect(batch.rows.length).toBeLessThanOrEqual(10_000);
      break;
    }
    expect(await rowsOf(warehouse, 'select 1 as one')).toEqual([{ one: '1' }]);
  });

  test.each([
    ['true', 'bool', true],
    ['7::tinyint', 'int', '7'],
    ['7::integer', 'int', '7'],
    ['(-9223372036854775808)::bigint', 'int', '-9223372036854775808'],
    ['18446744073709551615::ubigint', 'number', '18446744073709551615'],
    ['170141183460469231731687303715884105727::hugeint', 'number', '170141183460469231731687303715884105727'],
    ['1.50::decimal(4, 2)', 'number', '1.5'],
    ['100::decimal(9, 0)', 'number', '100'],
    ['-0.05::decimal(18, 2)', 'number', '-0.05'],
    ['-0.000000001::decimal(38, 9)', 'number', '-0.000000001'],
    ['0::decimal(38, 9)', 'number', '0'],
    ['0.1::double', 'number', '0.1'],
    ['1e22::double', 'number', '10000000000000000000000'],
    ['-1.5e-7::double', 'number', '-0.00000015'],
    ["'nan'::double", 'number', null],
    ['0.1::float', 'number', '0.10000000149011612'],
    ["'x'", 'text', 'x'],
    ["'{}'::json", 'json', '{}'],
    ["timestamp '2024-01-01 10:00:00'", 'timestamp', '2024-01-01T10:00:00Z'],
    ["timestamp '2024-01-01 10:00:00.00012'", 'timestamp', '2024-01-01T10:00:00.00012Z'],
    ["timestamp '1969-12-31 23:59:59.999999'", 'timestamp', '1969-12-31T23:59:59.999999Z'],
    ["timestamptz '2024-01-01 10:00:00+02'", 'timestamp', '2024-01-01T08:00:00Z'],
    ["date '2024-01-01'", 'text', '2024-01-01'],
    ["'4ac7a9e9-607c-4c8a-84f3-843f0191e3fd'::uuid", 'text', '4ac7a9e9-607c-4c8a-84f3-843f0191e3fd'],
    ["'b'::enum('a', 'b')", 'text', 'b'],
  ])('%s is a %s', async (sql, type, value) => {
    const batches: Batch[] = [];
    for await (const batch of warehouse.read(`select ${sql} as v union all select null`)) batches.push(batch);
    expect(batches[0]?.columns).toEqual([{ name: 'v', type }]);
    expect(new Set(batches.flatMap((b) => b.rows).map((row) => row['v']))).toEqual(new Set([value, null]));
  });

  test('one can write while reading, outside a transaction and inside', async () => {
    await warehouse.execute('create or replace table queue as select range as n from range(10000)');
    await warehouse.execute('create or replace table done (n bigint)');
    for (const inside of [false, true]) {
      if (inside) await warehouse.begin();
      let seen = 0;
      for await (const { rows } of warehouse.read('from queue')) {
        seen += rows.length;
        await warehouse.execute(`insert into done values (${rows.length})`);
      }
      if (inside) await warehouse.commit();
      expect(seen).toBe(10_000);
    }
    expect(await rowsOf(warehouse, 'select sum(n) as n from done')).toEqual([{ n: '20000' }]);
  });

  test('a transaction reads its own writes', async () => {
    await warehouse.begin();
    await warehouse.execute('create or replace table mine as select 1 as a');
    expect(await rowsOf(warehouse, 'from mine')).toEqual([{ a: '1' }]);
    await warehouse.rollback();
    await expect(rowsOf(warehouse, 'from mine')).rejects.toThrow(StatementError);
  });
});

describe('statements', () => {
  let warehouse: Warehouse;
  beforeAll(async () => {
    warehouse = await openMemory();
  });
  afterAll(() => warehouse.close());

  test('that are refused say so in one line, with their SQL', async () => {
    const error = await warehouse.execute('select * from nowhere').catch((e: unknown) => e);
    expect(error).toBeInstanceOf(StatementError);
    expect((error as StatementError).message).toBe('Catalog Error: Table with name nowhere does not exist!');
    expect((error as StatementError).sql).toBe('select * from nowhere');
    expect((error as StatementError).transient).toBe(false);
  });

  test('that read refuse on the first batch', async () => {
    await expect(rowsOf(warehouse, 'selec')).rejects.toThrow(StatementError);
    await expect(rowsOf(warehouse, "select error('half way') from range(10)")).rejects.toThrow(/half way/);
  });

  test('after a failure the transaction can be rolled back and the connection used', async () => {
    await warehouse.begin();
    await expect(warehouse.execute('insert into nowhere values (1)')).rejects.toThrow(StatementError);
    await warehouse.rollback();
    expect(await rowsOf(warehouse, 'select 1 as a')).toEqual([{ a: '1' }]);
  });

  const endless = 'select sum(a.range * b.range) as s from range(10000000) a, range(10000000) b';

  test.each([
    [
      'execute',
      (signal: AbortSignal) => warehouse.execute(`create or replace table e as ${endless}`, { signal }),
    ],
    [
      'read',
      async (signal: AbortSignal) => {
        for await (const _ of warehouse.read(endless, { signal }));
      },
    ],
  ])('%s is cancelled by its signal', async (_, run) => {
    const controller = new AbortController();
    const reason = new Error('enough');
    setTimeout(() => controller.abort(reason), 100);
    await expect(run(controller.signal)).rejects.toBe(reason);
    expect(await rowsOf(warehouse, 'select 1 as a')).toEqual([{ a: '1' }]);
  });

  test('tell how far they are, for as long as they run', async () => {
    const controller = new AbortController();
    const reason = new Error('told');
    const told: number[] = [];
    const onProgress = (done: number): void => {
      told.push(done);
      if (told.length === 2) controller.abort(reason);
    };
    await warehouse.execute('create or replace table big as select i from range(5000000) t(i)');
    const long = "create or replace table long as select max(md5(i || repeat('x', 2000))) as most from big";
    await expect(warehouse.execute(long, { signal: controller.signal, onProgress })).rejects.toBe(reason);
    expect(told).toHaveLength(2);
    expect(told[0]).toBeGreaterThan(0);
    expect(told[1]).toBeGreaterThan(told[0] ?? 1);
    expect(told[1]).toBeLessThanOrEqual(1);
  });

  test('are not begun when the signal has been given already', async () => {
    const signal = AbortSignal.abort(new Error('before'));
    await expect(warehouse.execute('create table never (a int)', { signal })).rejects.toThrow('before');
    expect(await warehouse.describeTable({ name: 'never' })).toBeUndefined();
  });

  test('cannot reach for extensions on the network', async () => {
    const settings = await rowsOf(
      warehouse,
      "select name, value from duckdb_settings() where name in ('autoinstall_known_extensions', 'autoload_known_extensions') order by name",
    );
    expect(settings.map((s) => s['value'])).toEqual(['false', 'false']);
  });

  test('run in UTC, whatever the machine thinks', async () => {
    expect(await rowsOf(warehouse, "select current_setting('timezone') as z")).toEqual([{ z: 'UTC' }]);
    await warehouse.begin();
    expect(await rowsOf(warehouse, "select current_setting('timezone') as z")).toEqual([{ z: 'UTC' }]);
    await warehouse.rollback();
  });
});

describe('descriptions', () => {
  let warehouse: Warehouse;
  beforeAll(async () => {
    warehouse = await openMemory();
    await warehouse.execute('create schema "Web?"');
    await warehouse.execute(
      `create table "Web?"."Order Completed" ("Total_%" decimal(10, 2), "é" varchar, b boolean)`,
    );
    await warehouse.execute('create view "Web?".seen as select 1::bigint as one');
    await warehouse.execute('create table plain (a timestamp)');
  });
  afterAll(() => warehouse.close());

  test('of a schema list tables and views, columns in order', async () => {
    expect(await warehouse.describeSchema('Web?')).toEqual([
      {
        table: { schema: 'Web?', name: 'Order Completed' },
        columns: [
          { name: 'Total_%', nativeType: 'DECIMAL(10,2)', kind: 'decimal' },
          { name: 'é', nativeType: 'VARCHAR', kind: 'text' },
          { name: 'b', nativeType: 'BOOLEAN', kind: 'bool' },
        ],
      },
      {
        table: { schema: 'Web?', name: 'seen' },
        columns: [{ name: 'one', nativeType: 'BIGINT', kind: 'int' }],
      },
    ]);
    expect(await warehouse.describeSchema(undefined)).toEqual([
      { table: { name: 'plain' }, columns: [{ name: 'a', nativeType: 'TIMESTAMP', kind: 'timestamp' }] },
    ]);
  });

  test('of what is not there are empty', async () => {
    expect(await warehouse.describeSchema('nowhere')).toEqual([]);
    expect(await warehouse.describeSchema("we'b\\%_")).toEqual([]);
    expect(await warehouse.describeTable({ schema: 'Web?', name: 'nothing' })).toBeUndefined();
    expect(await warehouse.describeTable({ name: 'Order Completed' })).toBeUndefined();
  });

  test('find names as the engine does, whatever their case', async () => {
    const found = await warehouse.describeTable({ schema: 'web?', name: 'ORDER completed' });
    expect(found?.table).toEqual({ schema: 'Web?', name: 'Order Completed' });
    expect(
      (await warehouse.describeTable({ catalog: 'memory', schema: 'main', name: 'plain' }))?.columns,
    ).toHaveLength(1);
  });

  test('of a plan are text', async () => {
    const { text } = await warehouse.estimate('select count(*) from plain');
    expect(text).toMatch(/plain/);
  });
});

describe('opening', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rollcall-open-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const open = (settings: Record<string, unknown>, mode: 'read' | 'write'): Promise<Warehouse> =>
    duckdb.open({ settings, projectDir: folder, mode });

  async function refusal(settings: Record<string, unknown>, mode: 'read' | 'write'): Promise<UserError> {
    const error = await open(settings, mode).then(
      (warehouse) => warehouse.close().then(() => undefined),
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(UserError);
    return error as UserError;
  }

  test('creates the file, relative to the project', async () => {
    mkdirSync(join(folder, 'data/new'), { recursive: true });
    const warehouse = await open({ path: 'data/new/w.duckdb' }, 'write');
    await warehouse.execute('create table t as select 42 as a');
    await warehouse.close();
    expect(existsSync(join(folder, 'data/new/w.duckdb'))).toBe(true);

    const reader = await open({ path: './data/new/w.duckdb' }, 'read');
    expect(await rowsOf(reader, 'from t')).toEqual([{ a: '42' }]);
    await expect(reader.execute('insert into t values (1)')).rejects.toThrow(/read-only/);
    await reader.close();
  });

  test.each([
    ['alone', []],
    ['beside temporary tables', ['create temporary table x as select 1 as one']],
    ['in a transaction', ['begin']],
  ])(
    'lets go of the file when it is closed, though a result was not read to its end: %s',
    async (_, before) => {
      const open = (): Promise<Warehouse> =>
        duckdb.open({ settings: { path: 'left.duckdb' }, projectDir: folder, mode: 'write' });
      const warehouse = await open();
      await warehouse.execute('create table t as select range as n from range(200000)');
      for (const sql of before) await (sql === 'begin' ? warehouse.begin() : warehouse.execute(sql));
      for await (const { rows } of warehouse.read('select n from t')) {
        expect(rows.length).toBeGreaterThan(0);
        break;
      }
      if (before.includes('begin')) {
        await warehouse.execute('insert into t values (-1)');
        await warehouse.commit();
      }
      await warehouse.close();
      const elsewhere = `const { DuckDBInstance } = await import('@duckdb/node-api');
      await (await DuckDBInstance.create(process.argv[1])).connect();`;
      const child = spawnSync(process.execPath, [
        '--input-type=module',
        '-e',
        elsewhere,
        join(folder, 'left.duckdb'),
      ]);
      expect([child.status, child.stderr.toString()]).toEqual([0, '']);
    },
  );

  test.each(['read', 'write'] as const)(
    'to %s in no folder fails with 4 and creates nothing',
    async (mode) => {
      const error = await refusal({ path: 'none/w.duckdb' }, mode);
      expect(error.exit).toBe(4);
      expect(error.diagnostics[0]).toMatchObject({
        code: 'warehouse-unavailable',
        hint: expect.stringContaining('rollcall.json'),
      });
      expect(existsSync(join(folder, 'none'))).toBe(false);
    },
  );

  test('what is no DuckDB file fails with 4', async () => {
    writeFileSync(join(folder, 'text.duckdb'), 'not a database, only some text '.repeat(400));
    for (const mode of ['read', 'write'] as const) {
      const error = await refusal({ path: 'text.duckdb' }, mode);
      expect([error.exit, error.diagnostics[0]?.code]).toEqual([4, 'warehouse-unavailable']);
      expect(error.message).toContain('is not a DuckDB file');
    }
  });

  test('a folder, or a file in place of a folder, fails with 4', async () => {
    mkdirSync(join(folder, 'sub'));
    writeFileSync(join(folder, 'file'), '');
    expect((await refusal({ path: 'sub' }, 'write')).exit).toBe(4);
    expect((await refusal({ path: 'file/w.duckdb' }, 'write')).exit).toBe(4);
  });

  test('what a newer DuckDB wrote fails with a code of its own', async () => {
    const path = join(folder, 'w.duckdb');
    await (await open({ path }, 'write')).close();
    const bytes = readFileSync(path);
    bytes.writeBigUInt64LE(9999n, 12);
    bytes.writeBigUInt64LE(checksum(bytes.subarray(8, 4096)), 0);
    writeFileSync(path, bytes);
    const error = await refusal({ path }, 'read');
    expect([error.exit, error.diagnostics[0]?.code]).toEqual([4, 'warehouse-newer']);
  });

  test.each([
    [{}, 'path'],
    [{ path: '' }, 'path'],
    [{ path: 7 }, 'path'],
    [{ path: ':memory:', threads: 0 }, 'threads'],
    [{ path: ':memory:', threads: '2' }, 'threads'],
    [{ path: ':memory:', memory_limit: 'lots' }, 'memory_limit'],
  ])('with %j is refused for its %s', async (settings, name) => {
    const error = await refusal(settings, 'write');
    expect([error.exit, error.diagnostics[0]?.code]).toEqual([2, 'invalid-value']);
    expect(error.message).toContain(`"${name}"`);
  });

  test('takes threads and memory from the settings, and has its own limits', async () => {
    const limits =
      "select value as v from duckdb_settings() where name in ('memory_limit', 'threads') order by name";
    const given = await open({ path: ':memory:', threads: 3, memory_limit: '400MiB' }, 'write');
    // Three quarters of what the process is to keep to.
    expect((await rowsOf(given, limits)).map((r) => r['v'])).toEqual(['300.0 MiB', '3']);
    await given.close();
  });

  test('an engine there is not names those there are', async () => {
    expect((await dialectFor('duckdb')).name).toBe('duckdb');
    for (const type of ['oracle', 'toString', '']) {
      const error = await dialectFor(type).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(UserError);
      expect((error as UserError).diagnostics[0]).toMatchObject({
        code: 'not-supported',
        hint: expect.stringContaining('duckdb') as string,
      });
    }
  });
});

/** DuckDB's checksum of a block, so that a header can be changed. */
function checksum(block: Uint8Array): bigint {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  const mask = (1n << 64n) - 1n;
  let result = 5381n;
  for (let offset = 0; offset + 8 <= block.byteLength; offset += 8) {
    result ^= (view.getBigUint64(offset, true) * 0xbf58476d1ce4e5b9n) & mask;
  }
  return result;
}

test('says what is at both ends of the connection, and what time it is there', async () => {
  const warehouse = await openMemory();
  const { engine, driver } = await warehouse.version();
  expect(engine).toMatch(/^DuckDB v\d+\.\d+/);
  expect(driver).toMatch(/^@duckdb\/node-api \d+\.\d+/);
  const now = await warehouse.now();
  expect(now).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
  expect(Math.abs(Date.parse(now) - Date.now())).toBeLessThan(60_000);
  await warehouse.close();
});
