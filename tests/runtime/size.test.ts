/** Engines that admit statements of some length only come to the same, in more statements. */
import { afterEach, expect, it } from 'vitest';
import * as ir from '../../compiler/ir/build.js';
import type { Column } from '../../compiler/ir/types.js';
import type { Step } from '../../compiler/program/types.js';
import type { Capabilities, Dialect } from '../../dialects/dialect.js';
import { dialectFor } from '../../dialects/registry.js';
import { around } from '../../dialects/warehouse.js';
import { renderStep } from '../../runtime/render.js';
import { BUYERS, REVENUE, Shop, order } from './shop.js';

const made: Shop[] = [];
afterEach(async () => {
  for (const shop of made.splice(0)) await shop.dispose();
});

/** An engine with a limit, and what was said to it. */
const limited = (maxStatementBytes: number, said: string[] = []) =>
  which({ maxStatementBytes, batchBytes: Infinity }, said);

const which =
  (own: Partial<Capabilities>, said: string[]) =>
  async (type: string): Promise<Dialect> => {
    const real = await dialectFor(type);
    return {
      ...real,
      capabilities: { ...real.capabilities, ...own },
      open: async (options) => {
        const warehouse = await real.open(options);
        return around(warehouse, {
          execute: (sql, call) => {
            said.push(sql);
            return warehouse.execute(sql, call);
          },
        });
      },
    };
  };

async function create(definitions: number): Promise<Shop> {
  const many = Array.from({ length: definitions }, (_, i) => [`audience_number_${i}`, BUYERS] as const);
  const shop = await Shop.create({ ...Object.fromEntries(many), revenue: REVENUE });
  made.push(shop);
  await shop.land(
    order('1', 'ann', '2025-01-01T10:00:00Z', 160),
    order('2', 'bob', '2025-01-02T11:00:00Z', 20),
  );
  return shop;
}

const DAY = '2025-01-03T00:00:00Z';
/** More than the longest statement that does not grow with the number of definitions. */
const LIMIT = 12_000;

it('splits what grows with the number of definitions', { timeout: 60_000 }, async () => {
  const [one, other] = [await create(60), await create(60)];
  const [whole, split]: [string[], string[]] = [[], []];
  expect(await one.run(DAY, { dialectFor: limited(Infinity, whole) })).toMatchObject({ status: 'succeeded' });
  expect(await other.run(DAY, { dialectFor: limited(LIMIT, split) })).toMatchObject({ status: 'succeeded' });
  expect(Math.max(...whole.map((sql) => sql.length))).toBeGreaterThan(LIMIT);
  expect(Math.max(...split.map((sql) => Buffer.byteLength(sql)))).toBeLessThanOrEqual(LIMIT);
  expect(split.length).toBeGreaterThan(whole.length);
  expect(await other.contents()).toEqual(await one.contents());
});

it('computes as many definitions in a statement as it has room for', { timeout: 60_000 }, async () => {
  const COUNT = 130;
  const computing = async (batchBytes: number): Promise<readonly string[]> => {
    const said: string[] = [];
    const shop = await create(COUNT);
    await shop.run(DAY, { dialectFor: which({ batchBytes }, said) });
    return said.filter((sql) => /^insert into \S*rollcall_stage_members/.test(sql));
  };
  const [all, ...others] = await computing(Infinity);
  expect(others).toEqual([]);
  const room = Math.ceil(Buffer.byteLength(all ?? '') / 4);
  const batches = await computing(room);
  // What definitions share is in each: a statement or two more than quarters of the whole.
  expect(batches.length).toBeGreaterThanOrEqual(4);
  expect(batches.length).toBeLessThanOrEqual(6);
  for (const sql of batches) expect(Buffer.byteLength(sql)).toBeLessThanOrEqual(room);
});

it('makes the views of all audiences by one statement', { timeout: 60_000 }, async () => {
  const said: string[] = [];
  const shop = await create(40);
  await shop.run(DAY, { dialectFor: which({}, said) });
  expect(said.filter((sql) => sql.includes('create or replace view'))).toHaveLength(1);
  expect(await shop.query('from rollcall.audience_audience_number_39')).toHaveLength(2);
});

it('refuses what cannot be split, with the step and its size, before anything is written', async () => {
  const shop = await create(1);
  const list = Array.from({ length: 2_000 }, (_, i) => `product é ${i}`);
  await shop.model('vips', {
    definition: { event: 'Order Completed', where: { property: 'product', one_of: list } },
  });
  const error: unknown = await shop.run(DAY, { dialectFor: limited(LIMIT) }).catch((e: unknown) => e);
  expect(error).toMatchObject({
    exit: 2,
    diagnostics: [
      {
        code: 'statement-too-long',
        definition: 'vips',
        message: expect.stringMatching(
          /step compute\.vips of vips has \d\d,\d{3} bytes, and duckdb admits 12,000 bytes/,
        ),
        span: { file: 'models/vips.json' },
      },
    ],
  });
  expect(await shop.query("select * from duckdb_schemas() where schema_name = 'rollcall'")).toEqual([]);
});

const COLUMNS: readonly Column[] = [{ name: 'n', type: 'int' }];
const rows = (...ns: number[]) =>
  ir.values(
    COLUMNS,
    ns.map((n) => [ir.int(n)]),
  );

it.each([
  ['a list', rows(...Array.from({ length: 40 }, (_, i) => i))],
  ['a union of what is called otherwise', ir.union([rows(1), ir.pick(rows(2), ['n']), rows(3, 4, 5)])],
  ['what is left of a list', ir.antiJoin(rows(1, 2, 3, 4, 5, 6, 7, 8), rows(4), ['n'])],
  [
    'what is filtered of a union',
    ir.filter(ir.union([rows(1, 2), rows(3)]), ir.call('gt', ir.col('n', 'int'), ir.int(1))),
  ],
])('splits %s into parts that are the same rows', async (_, query) => {
  const dialect = await dialectFor('duckdb');
  const warehouse = await dialect.open({ settings: { path: ':memory:' }, projectDir: '/', mode: 'write' });
  const spec = { table: { name: 'rollcall_it' }, columns: COLUMNS, temporary: true };
  const step: Step = { op: 'replace', spec, query, id: 'it', title: 'it' };
  const all = async (most: number): Promise<[number, unknown[]]> => {
    const small = { ...dialect, capabilities: { ...dialect.capabilities, maxStatementBytes: most } };
    const { statements } = renderStep(small, step);
    for (const { sql } of statements) await warehouse.execute(sql);
    const found: unknown[] = [];
    for await (const batch of warehouse.read('select n from rollcall_it order by n'))
      found.push(...batch.rows);
    return [statements.length, found];
  };
  const [one, whole] = await all(Infinity);
  const length = Math.max(...renderStep(dialect, step).statements.map(({ sql }) => Buffer.byteLength(sql)));
  const [several, split] = await all(length - 1);
  expect(one).toBe(1);
  expect(several).toBeGreaterThan(1);
  expect(split).toEqual(whole);
  await warehouse.close();
});
