import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as ir from '../../compiler/ir/build.js';
import { CompilerBug } from '../../compiler/diagnostics/index.js';
import type { Column, Expr } from '../../compiler/ir/types.js';
import type { StepOp } from '../../compiler/program/types.js';
import type { Params } from '../../dialects/dialect.js';
import type { Row, Warehouse } from '../../dialects/warehouse.js';
import { duckdb, openMemory, rowsOf } from './support/duckdb.js';

const columns: readonly Column[] = [
  { name: 'key', type: 'text' },
  { name: 'n', type: 'int' },
  { name: 'v', type: 'number' },
];
const table = { schema: 'rollcall', name: 'sample' };
const spec = { table, columns };
const scan = ir.scan(table, columns);

let warehouse: Warehouse;
beforeEach(async () => {
  warehouse = await openMemory();
  await run({ op: 'ensure_schema', schema: 'rollcall' });
});
afterEach(() => warehouse.close());

async function run(op: StepOp, params: Params = {}): Promise<number | undefined> {
  let changed: number | undefined;
  for (const { sql } of duckdb.statements({ ...op, id: 'step', title: 'step' }, params)) {
    changed = (await warehouse.execute(sql)).rowsChanged;
  }
  return changed;
}

const all = (): Promise<Row[]> => rowsOf(warehouse, 'select key, n, v from rollcall.sample order by key, n');

type Given = readonly [key: string | null, n: number, v: string];
/** Rows in another column order than the table's. */
const given = (...rows: readonly Given[]): ReturnType<typeof ir.values> =>
  ir.values(
    [columns[2]!, columns[0]!, columns[1]!],
    rows.map(([key, n, v]): Expr[] => [
      ir.lit({ type: 'number', value: v }),
      key === null ? ir.nul('text') : ir.text(key),
      ir.int(n),
    ]),
  );
const row = (key: string | null, n: number, v: string): Row => ({ key, n: String(n), v });

describe('replace', () => {
  test('makes the table anew, its columns by name, with the types of the spec', async () => {
    await run({ op: 'replace', spec, query: given(['a', 1, '1']) });
    await run({ op: 'replace', spec, query: given(['b', 2, '2.5'], [null, 3, '0']) });
    expect(await all()).toEqual([row('b', 2, '2.5'), row(null, 3, '0')]);
    const described = await warehouse.describeTable(table);
    expect(described?.columns).toEqual([
      { name: 'key', nativeType: 'VARCHAR', kind: 'text' },
      { name: 'n', nativeType: 'BIGINT', kind: 'int' },
      { name: 'v', nativeType: 'DECIMAL(38,9)', kind: 'decimal' },
    ]);
  });

  test('by rows of the table itself', async () => {
    await run({ op: 'replace', spec, query: given(['a', 1, '1'], ['b', 2, '2']) });
    await run({ op: 'replace', spec, query: ir.filter(scan, ir.eq(ir.c(scan, 'n'), ir.int(2))) });
    expect(await all()).toEqual([row('b', 2, '2')]);
  });

  test('of every type, empty', async () => {
    const every = (['bool', 'int', 'number', 'text', 'timestamp', 'json'] as const).map((type) => ({
      name: type,
      type,
    }));
    await run({ op: 'replace', spec: { table, columns: every }, query: ir.values(every, []) });
    const described = await warehouse.describeTable(table);
    expect(described?.columns.map((c) => c.nativeType)).toEqual([
      'BOOLEAN', 'BIGINT', 'DECIMAL(38,9)', 'VARCHAR', 'TIMESTAMP', 'JSON',
    ]); // prettier-ignore
  });
});

test('ensure_table keeps what is there', async () => {
  await run({ op: 'ensure_table', spec });
  await run({ op: 'append', table, query: given(['a', 1, '1']) });
  await run({ op: 'ensure_table', spec });
  expect(await all()).toEqual([row('a', 1, '1')]);
});

test('ensure_table stores texts as what they are like says', async () => {
  await run({ op: 'ensure_table', spec: { ...spec, texts: { key: 'unique' } } });
  await run({ op: 'append', table, query: given(['a', 1, '1']) });
  expect(await all()).toEqual([row('a', 1, '1')]);
});

test('append goes by name and leaves other columns null', async () => {
  await run({ op: 'ensure_table', spec });
  expect(await run({ op: 'append', table, query: given(['a', 1, '1.5'], ['b', 2, '2']) })).toBe(2);
  await run(
    { op: 'append', table, query: ir.oneRow([ir.as('n', ir.param('n', 'int'))]) },
    { n: { type: 'int', value: '9' } },
  );
  expect(await all()).toEqual([row('a', 1, '1.5'), row('b', 2, '2'), { key: null, n: '9', v: null }]);
});

describe('merge', () => {
  beforeEach(async () => {
    await run({ op: 'replace', spec, query: given(['a', 1, '1'], ['b', 2, '2'], [null, 3, '3']) });
  });

  test('overwrites what is there and inserts what is not', async () => {
    await run({
      op: 'merge',
      table,
      keys: ['key'],
      set: ['v'],
      insert: true,
      query: given(['a', 7, '10'], ['c', 8, '30']),
    });
    expect(await all()).toEqual([row('a', 1, '10'), row('b', 2, '2'), row('c', 8, '30'), row(null, 3, '3')]);
  });

  test('without insert only overwrites', async () => {
    await run({
      op: 'merge',
      table,
      keys: ['key', 'n'],
      set: ['v'],
      insert: false,
      query: given(['a', 1, '10'], ['a', 2, '5'], ['c', 8, '30']),
    });
    expect(await all()).toEqual([row('a', 1, '10'), row('b', 2, '2'), row(null, 3, '3')]);
  });

  test('without columns to set only inserts', async () => {
    await run({
      op: 'merge',
      table,
      keys: ['key'],
      set: [],
      insert: true,
      query: given(['a', 7, '10'], ['c', 8, '30']),
    });
    expect(await all()).toEqual([row('a', 1, '1'), row('b', 2, '2'), row('c', 8, '30'), row(null, 3, '3')]);
  });

  test('run again changes nothing more', async () => {
    const op: StepOp = {
      op: 'merge',
      table,
      keys: ['key'],
      set: ['v'],
      insert: true,
      query: given(['a', 7, '10'], ['c', 8, '30']),
    };
    await run(op);
    const once = await all();
    await run(op);
    expect(await all()).toEqual(once);
  });

  test('of nothing is a bug', () => {
    const op: StepOp = {
      op: 'merge',
      table,
      keys: ['key'],
      set: [],
      insert: false,
      query: given(['a', 1, '1']),
    };
    expect(() => duckdb.statements({ ...op, id: 'x', title: 'x' }, {})).toThrow(CompilerBug);
  });
});

describe('delete', () => {
  beforeEach(async () => {
    await run({
      op: 'replace',
      spec,
      query: given(['a', 1, '1'], ['a', 2, '2'], ['b', 1, '3'], [null, 3, '3']),
    });
  });

  test('of rows equal on the keys, once however often they are named', async () => {
    const query = ir.pick(given(['a', 1, '0'], ['a', 1, '1'], [null, 3, '0']), ['key', 'n']);
    expect(await run({ op: 'delete', table, keys: ['key', 'n'], query })).toBe(1);
    expect(await all()).toEqual([row('a', 2, '2'), row('b', 1, '3'), row(null, 3, '3')]);
  });

  test('by a query over the table itself', async () => {
    const query = ir.pick(ir.filter(scan, ir.eq(ir.c(scan, 'v'), ir.int(3))), ['key'], { distinct: true });
    await run({ op: 'delete', table, keys: ['key'], query });
    expect(await all()).toEqual([row('a', 1, '1'), row('a', 2, '2'), row(null, 3, '3')]);
  });

  test('of all rows', async () => {
    await run({ op: 'delete', table });
    expect(await all()).toEqual([]);
  });
});

test('view and drop', async () => {
  await run({ op: 'replace', spec, query: given(['a', 1, '1'], ['b', 2, '2']) });
  const view = { schema: 'rollcall', name: 'seen' };
  const query = ir.filter(scan, ir.eq(ir.c(scan, 'key'), ir.param('p', 'text')));
  await run({ op: 'views', views: [{ view, query }] }, { p: { type: 'text', value: "b'?" } });
  await run({ op: 'views', views: [{ view, query }] }, { p: { type: 'text', value: 'b' } });
  expect(await rowsOf(warehouse, 'from rollcall.seen')).toEqual([row('b', 2, '2')]);
  expect((await warehouse.describeTable(view))?.columns.map((c) => c.name)).toEqual(['key', 'n', 'v']);
  for (let i = 0; i < 2; i++) {
    await run({ op: 'drop', object: 'view', table: view });
    await run({ op: 'drop', object: 'table', table });
  }
  expect(await warehouse.describeSchema('rollcall')).toEqual([]);
});

test('numbers are kept unpacked, in a table made of a query as in one that rows are put into', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'rollcall-kept-'));
  const file = await duckdb.open({ settings: { path: 'kept.duckdb' }, projectDir: dir, mode: 'write' });
  try {
    const made = async (op: StepOp): Promise<void> => {
      for (const { sql } of duckdb.statements({ ...op, id: 'x', title: 'x' }, {})) await file.execute(sql);
    };
    const on = (name: string) => ({ table: { schema: 'rollcall', name }, columns });
    await made({ op: 'ensure_schema', schema: 'rollcall' });
    await made({ op: 'replace', spec: on('replaced'), query: given(['a', 1, '1'], ['b', 2, '7.25']) });
    await made({ op: 'ensure_table', spec: on('appended') });
    await made({ op: 'append', table: on('appended').table, query: given(['a', 1, '1'], ['b', 2, '7.25']) });
    const more = "select 'c' as key, i as n, i + 0.25 as v from range(200000) t(i)";
    for (const name of ['replaced', 'appended']) {
      await file.execute(`insert into rollcall.${name} ${more}`);
      await file.execute('checkpoint');
      const kept = `select distinct compression as it from pragma_storage_info('rollcall.${name}')
        where column_name = 'v' and segment_type <> 'VALIDITY' and compression <> 'Constant'`;
      expect(await rowsOf(file, kept)).toEqual([{ it: 'Uncompressed' }]);
    }
  } finally {
    await file.close();
    await rm(dir, { recursive: true, force: true });
  }
});

test('temporary tables are of the connection, and have no schema', async () => {
  const mine = { table: { name: 'mine' }, columns, temporary: true };
  await run({ op: 'replace', spec: mine, query: given(['a', 1, '1']) });
  await run({ op: 'ensure_table', spec: mine });
  expect(await rowsOf(warehouse, 'select key from mine')).toEqual([{ key: 'a' }]);
  expect((await warehouse.describeTable({ name: 'mine' }))?.columns).toHaveLength(3);
  const step = { op: 'ensure_table', spec: { ...spec, temporary: true }, id: 'x', title: 'x' } as const;
  expect(() => duckdb.statements(step, {})).toThrow(CompilerBug);
});

test('everything rolls back', async () => {
  await run({ op: 'replace', spec, query: given(['a', 1, '1']) });
  await warehouse.begin();
  await run({ op: 'replace', spec, query: given(['b', 1, '1']) });
  await run({ op: 'delete', table });
  await run({ op: 'drop', object: 'table', table });
  await warehouse.rollback();
  await warehouse.rollback();
  expect(await all()).toEqual([row('a', 1, '1')]);
});

test('only an append is unsafe to repeat', () => {
  const query = given(['a', 1, '1']);
  const ops: readonly StepOp[] = [
    { op: 'ensure_table', spec }, { op: 'ensure_schema', schema: 's' }, { op: 'replace', spec, query },
    { op: 'append', table, query }, { op: 'merge', table, query, keys: ['key'], set: ['v'], insert: true },
    { op: 'delete', table }, { op: 'views', views: [{ view: table, query }] }, { op: 'drop', table, object: 'table' }, { op: 'read', query },
  ]; // prettier-ignore
  const unsafe = ops.filter((op) =>
    duckdb.statements({ ...op, id: 'x', title: 'x' }, {}).some((s) => s.retry === 'unsafe'),
  );
  expect(unsafe.map((op) => op.op)).toEqual(['append']);
});
