/** What the emitter writes for engines that lack what DuckDB has. */
import { describe, expect, test } from 'vitest';
import * as ir from '../../compiler/ir/build.js';
import { emitSelect } from '../../dialects/emit/index.js';
import { DuckDBClient } from '../../dialects/duckdb/client.js';
import { duckdb, given, openMemory, query, rowsOf } from './support/duckdb.js';

const orders = ir.scan({ schema: 'shop', name: 'orders' }, [
  { name: 'user_id', type: 'text' },
  { name: 'amount', type: 'int' },
  { name: 'placed', type: 'timestamp' },
  { name: 'items', type: 'json' },
]);
const user = ir.c(orders, 'user_id');
const amount = ir.c(orders, 'amount');

describe('the nearest row', () => {
  const later = ir.pick(orders, ['user_id', ['placed', 'next']]);
  const by = { time: ir.c(orders, 'placed'), rightTime: 'next', match: 'after' } as const;
  const lacking = {
    ...duckdb,
    client: new DuckDBClient(),
    capabilities: { ...duckdb.capabilities, asofJoin: false },
    unnest: { elements: (s: string) => s, keys: (s: string) => s },
    some: () => 'false',
  };

  test('is found by an ASOF join', () => {
    expect(duckdb.select(ir.nearest(orders, later, ['user_id'], by), {})).toContain('asof left join');
  });

  test('is found by a window without one, and needs no join where only its time is asked for', () => {
    const found = ir.nearest(ir.pick(orders, ['user_id', 'placed']), later, ['user_id'], by);
    expect(emitSelect(lacking, found, {})).toBe(`with orders_together as (
  select
    user_id,
    placed,
    placed as at_time,
    1 as is_left,
    cast(null as timestamp) as seen_at
  from shop.orders
  union all
  select
    o.user_id,
    cast(null as timestamp) as placed,
    o.placed as at_time,
    0 as is_left,
    o.placed as seen_at
  from shop.orders as o
  where o.placed is not null
    and o.user_id is not null
),
orders_numbered as (
  select
    user_id,
    placed,
    at_time,
    is_left,
    seen_at,
    min(seen_at) over (partition by user_id order by at_time desc, is_left desc rows unbounded preceding) as nearest_at
  from orders_together
)
select
  user_id,
  placed,
  case when at_time is not null then nearest_at end as next
from orders_numbered
where is_left = 1`);
  });

  test('is joined by its time where more of it is asked for, once made unique', () => {
    const whole = ir.pick(orders, ['user_id', ['placed', 'next'], ['amount', 'spent']]);
    const found = ir.nearest(ir.pick(orders, ['user_id', 'placed']), whole, ['user_id'], by);
    const written = emitSelect(lacking, found, {});
    expect(written).toContain('row_number() over');
    expect(written).toMatch(/left join .* on ov\.user_id = .*\n +and ov\.nearest_at = ov2\.next/);
  });
});

test('elements stand in FROM where an engine wants them there', () => {
  const engine = {
    ...duckdb,
    client: new DuckDBClient(),
    unnest: {
      from: {
        elements: (value: string, alias: string, column: string) =>
          `cross join lateral f(${value}) as ${alias}(${column})`,
        keys: (value: string, alias: string) => `cross join lateral k(${value}) as ${alias}`,
      },
    },
    some: () => 'false',
  };
  const each = ir.unnest(
    ir.filter(orders, ir.call('gt', amount, ir.int(1))),
    ir.c(orders, 'items'),
    'elements',
    'item',
  );
  const counted = ir.aggregate(
    ir.filter(each, ir.call('is_not_null', ir.col('item', 'json'))),
    [ir.as('user_id', user)],
    [ir.as('n', ir.agg('count'))],
  );
  expect(emitSelect(engine, counted, {})).toBe(`select
  o.user_id,
  count(*) as n
from shop.orders as o
cross join lateral f(o.items) as i(item)
where o.amount > 1
  and i.item is not null
group by 1`);
});

test('constant rows are SELECTs where an engine has no VALUES, and UNION DISTINCT is said where it must be', () => {
  class Wordy extends DuckDBClient {
    override readonly distinctUnion = 'union distinct';
  }
  const engine = {
    ...duckdb,
    client: new Wordy(),
    capabilities: { ...duckdb.capabilities, valuesTable: false },
    unnest: { elements: (s: string) => s, keys: (s: string) => s },
    some: () => 'false',
  };
  const columns = [{ name: 'n', type: 'int' as const }];
  const rows = ir.values(columns, [[ir.int(1)], [ir.int(2)]]);
  const amounts = ir.pick(orders, [['amount', 'n']]);
  expect(emitSelect(engine, ir.union([rows, amounts], false), {})).toBe(`with given_given as (
  select
    1 as n
  union all
  select
    2 as n
)
select
  n
from given_given
union distinct
select
  amount as n
from shop.orders`);
  expect(emitSelect(engine, ir.values(columns, []), {})).toBe(`select
  cast(null as bigint) as n
from (select 1 as one) as o
where false`);
});

test('distinct values of a frame are joined by what the frame depends on: rows of one instant are interchangeable', async () => {
  const engine = {
    ...duckdb,
    client: new DuckDBClient(),
    capabilities: { ...duckdb.capabilities, distinctFrames: false },
    unnest: { elements: (s: string) => s, keys: (s: string) => s },
    some: () => 'false',
  };
  const cells = [
    ['a', 1, 'x'],
    ['a', 1, 'y'],
    ['b', 1, 'x'],
    ['b', 1, 'x'],
    ['a', 2, null],
    ['b', 2, 'z'],
    ['a', 3, 'x'],
    ['b', 9, 'x'],
  ] as const;
  const input = ir.values(
    [
      { name: 'who', type: 'text' },
      { name: 'at', type: 'int' },
      { name: 'what', type: 'text' },
    ],
    cells.map(([who, at, what]) => [ir.text(who), ir.int(at), given('text', what)]),
  );
  const counted = ir.framed(input, {
    arg: ir.agg('count_distinct', [ir.c(input, 'what')]),
    partitionBy: [ir.c(input, 'who')],
    at: ir.c(input, 'at'),
    frame: { from: 0n, to: 2n },
    as: 'n',
  });
  const joined = emitSelect(engine, counted, {});
  expect(joined).not.toMatch(/row_number|over \(/);
  const warehouse = await openMemory();
  const sorted = (rows: readonly object[]): string[] => rows.map((row) => JSON.stringify(row)).sort();
  expect(sorted(await rowsOf(warehouse, joined))).toEqual(sorted(await query(warehouse, counted)));
  await warehouse.close();
});
