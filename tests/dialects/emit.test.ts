/** The emitter's output, read by eye, and what must never happen to it on its way through knex. */
import { describe, expect, test } from 'vitest';
import * as ir from '../../compiler/ir/build.js';
import { CompilerBug, UserError } from '../../compiler/diagnostics/index.js';
import type { Expr, Relation } from '../../compiler/ir/types.js';
import type { Params } from '../../dialects/dialect.js';
import { emitSelect } from '../../dialects/emit/index.js';
import { DuckDBClient } from '../../dialects/duckdb/client.js';
import { duckdb } from './support/duckdb.js';

const sql = (relation: Relation, params: Params = {}): string => duckdb.select(relation, params);

const orders = ir.scan({ schema: 'shop', name: 'orders' }, [
  { name: 'user_id', type: 'text' },
  { name: 'amount', type: 'int' },
  { name: 'placed', type: 'timestamp' },
  { name: 'items', type: 'json' },
]);
const users = ir.scan({ schema: 'shop', name: 'users' }, [
  { name: 'user_id', type: 'text' },
  { name: 'email', type: 'text' },
]);
const user = ir.c(orders, 'user_id');
const amount = ir.c(orders, 'amount');
const asOf: Params = { as_of: { type: 'timestamp', value: '1704067200000000' } };

describe('one SELECT', () => {
  test('of scan, filter, group and having', () => {
    const recent = ir.filter(
      orders,
      ir.and(
        ir.call(
          'ge',
          ir.c(orders, 'placed'),
          ir.call('ts_add_micros', ir.param('as_of', 'timestamp'), ir.int(-86_400_000_000)),
        ),
        ir.or(ir.call('gt', amount, ir.int(10)), ir.call('is_null', amount)),
      ),
    );
    const counted = ir.aggregate(recent, [ir.as('user_id', user)], [ir.as('orders', ir.agg('count'))]);
    expect(sql(ir.filter(counted, ir.call('ge', ir.c(counted, 'orders'), ir.int(3))), asOf)).toBe(`select
  user_id,
  count(*) as orders
from shop.orders
where placed >= timestamp '2024-01-01 00:00:00' - interval '1 day'
  and (amount > 10 or amount is null)
group by 1
having count(*) >= 3`);
  });

  test('of projects over projects', () => {
    const once = ir.project(orders, [ir.as('who', user), ir.as('twice', ir.call('mul', amount, ir.int(2)))]);
    const again = ir.project(once, [
      ir.as('who', ir.c(once, 'who')),
      ir.as('more', ir.call('add', ir.c(once, 'twice'), ir.int(1))),
    ]);
    expect(sql(again)).toBe(`select
  user_id as who,
  amount * 2 + 1 as more
from shop.orders`);
  });

  test('of joins, each table under its initials', () => {
    const joined = ir.join('left', users, ir.pick(orders, ['user_id', 'amount']), ['user_id']);
    const known = ir.semiJoin(joined, ir.pick(orders, ['user_id']), [
      { left: 'user_id', right: 'user_id', nullSafe: true },
    ]);
    const bought = ir.filter(known, ir.call('is_not_null', ir.col('amount', 'int')));
    expect(sql(ir.pick(bought, ['email', 'amount']))).toBe(`select
  u.email,
  o.amount
from shop.users as u
left join shop.orders as o on u.user_id = o.user_id
semi join shop.orders as o2 on u.user_id is not distinct from o2.user_id
where o.amount is not null`);
  });
});

describe('CTEs', () => {
  test('are named by labels, kept apart, and used again where shared', () => {
    const big = ir.label(ir.filter(orders, ir.call('gt', amount, ir.int(100))), 'big orders!');
    const totals = ir.aggregate(big, [ir.as('user_id', ir.c(big, 'user_id'))], [ir.as('n', ir.agg('count'))]);
    const both = ir.join(
      'inner',
      ir.label(totals, 'big_orders'),
      ir.pick(big, ['user_id', 'placed'], { distinct: true }),
      ['user_id'],
    );
    expect(sql(both)).toBe(`with big_orders as (
  select
    user_id,
    amount,
    placed,
    items
  from shop.orders
  where amount > 100
),
big_orders_2 as (
  select
    user_id,
    count(*) as n
  from big_orders
  group by 1
),
big_orders_values as (
  select distinct
    user_id,
    placed
  from big_orders
)
select
  bo.user_id,
  bo.n,
  bov.placed
from big_orders_2 as bo
join big_orders_values as bov on bo.user_id = bov.user_id`);
  });

  test('never take the name of a table', () => {
    const plain = ir.scan({ name: 'orders' }, orders.columns);
    const labelled = ir.label(ir.project(plain, [ir.as('user_id', user)], { distinct: true }), 'Orders');
    expect(sql(ir.filter(labelled, ir.eq(user, ir.text('a'))))).toContain('with Orders_2 as (');
  });

  test('hold a computation that would be printed twice', () => {
    const read = ir.project(orders, [
      ir.as('user_id', user),
      ir.as('big', ir.call('json_number', ir.c(orders, 'items'), ir.path(['n']))),
    ]);
    const kept = ir.filter(read, ir.call('gt', ir.c(read, 'big'), ir.int(5)));
    expect(sql(kept)).toMatch(
      /^with orders_values as \([\s\S]*\)\nselect\n {2}user_id,\n {2}big\nfrom orders_values\nwhere big > 5$/,
    );
  });

  test('come between a window and what reads it', () => {
    const numbered = ir.rowNumber(orders, {
      partitionBy: [user],
      orderBy: [{ expr: ir.c(orders, 'placed'), desc: true, nulls: 'last' }],
      as: 'n',
    });
    expect(sql(ir.pick(ir.filter(numbered, ir.eq(ir.col('n', 'int'), ir.int(1))), ['user_id'])))
      .toBe(`with orders_numbered as (
  select
    user_id,
    amount,
    placed,
    items,
    row_number() over (partition by user_id order by placed desc nulls last) as n
  from shop.orders
)
select
  user_id
from orders_numbered
where n = 1`);
  });
});

describe('set operations', () => {
  const a = ir.pick(users, ['user_id']);
  const b = ir.pick(orders, ['user_id']);

  test('of one kind are a list', () => {
    expect(sql(ir.union([a, b, ir.filter(b, ir.eq(user, ir.text('x')))]))).toBe(`select
  user_id
from shop.users
union all
select
  user_id
from shop.orders
union all
select
  user_id
from shop.orders
where user_id = 'x'`);
  });

  test('of several kinds are CTEs, as they would need parentheses', () => {
    expect(sql(ir.union([ir.union([a, b]), b], false))).toBe(`with users_together as (
  select
    user_id
  from shop.users
  union all
  select
    user_id
  from shop.orders
)
select
  user_id
from users_together
union
select
  user_id
from shop.orders`);
  });

  test('go by position, under the names of the first', () => {
    const renamed = ir.pick(orders, [['user_id', 'who']]);
    const union: Relation = { kind: 'union', inputs: [a, renamed], all: true, columns: a.columns };
    expect(sql(union)).toContain('select\n  user_id\nfrom shop.orders');
  });
});

describe('parentheses stand where they are needed', () => {
  const [x, y] = [ir.call('gt', amount, ir.int(1)), ir.call('is_null', user)];
  const z = ir.eq(user, ir.text('z'));
  test.each<[Expr, string]>([
    [ir.and(x, ir.or(y, z)), "amount > 1 and (user_id is null or user_id = 'z')"],
    [ir.or(ir.and(x, y), z), "(amount > 1 and user_id is null) or user_id = 'z'"],
    [ir.not(x), 'not (amount > 1)'],
    [ir.not(ir.call('contains', user, ir.text('a'))), "not contains(user_id, 'a')"],
    [ir.eq(x, y), '(amount > 1) = (user_id is null)'],
    [ir.call('is_null', x), '(amount > 1) is null'],
    [ir.call('sub', amount, ir.call('sub', amount, ir.int(1))), 'amount - (amount - 1)'],
    [ir.call('sub', ir.call('sub', amount, ir.int(2)), ir.int(-1)), 'amount - 2 - -1'],
    [ir.call('neg', ir.int(-1)), '-(-1)'],
    [ir.call('mul', ir.call('add', amount, ir.int(1)), ir.int(2)), '(amount + 1) * 2'],
    [ir.call('coalesce', x, ir.bool(false)), 'coalesce(amount > 1, false)'],
    [{ kind: 'call', fn: 'and', args: [z], type: 'bool' }, "user_id = 'z'"],
  ])('%#', (expr, expected) => {
    expect(sql(ir.project(orders, [ir.as('v', expr)]))).toBe(`select\n  ${expected} as v\nfrom shop.orders`);
  });
});

describe('names', () => {
  test('an output that hides a column makes the source speak for itself', () => {
    const shouted = ir.project(ir.filter(orders, ir.call('gt', amount, ir.int(1))), [
      ir.as('amount', ir.call('neg', amount)),
    ]);
    expect(sql(shouted)).toBe('select\n  -o.amount as amount\nfrom shop.orders as o\nwhere o.amount > 1');
  });

  test('an alias is never a keyword', () => {
    const left = ir.scan({ name: 'active_sessions' }, users.columns);
    expect(sql(ir.join('inner', left, ir.pick(users, ['user_id']), ['user_id']))).toContain(
      'from active_sessions as as2',
    );
  });

  test('group keys go by position; a constant one cannot be mistaken for a position', () => {
    const grouped = ir.aggregate(
      orders,
      [ir.as('one', ir.int(7)), ir.as('user_id', user)],
      [ir.as('n', ir.agg('count'))],
    );
    expect(sql(ir.pick(grouped, ['n', 'user_id']))).toBe(
      'select\n  count(*) as n,\n  user_id\nfrom shop.orders\ngroup by cast(7 as bigint), 2',
    );
  });
});

describe('what knex would do to strings', () => {
  const hostile = `a.b as c ? ?? :x \\ ' " {0}`;

  test('happens neither to text nor to names', () => {
    const row = ir.scan({ schema: 's.t as u', name: 'x?' }, [{ name: hostile, type: 'text' }]);
    const grouped = ir.aggregate(
      ir.filter(row, ir.eq(ir.c(row, hostile), ir.text(hostile))),
      [ir.as(hostile, ir.c(row, hostile))],
      [],
    );
    const name = '"a.b as c ? ?? :x \\ \' "" {0}"';
    expect(sql(grouped)).toBe(
      `select\n  ${name}\nfrom "s.t as u"."x?"\nwhere ${name} = 'a.b as c ? ?? :x \\ '' " {0}'\ngroup by 1`,
    );
  });

  test('line breaks in text stay where they are', () => {
    const text = 'one\n  two\n\nwith x as (\nselect ';
    const inner = ir.project(orders, [ir.as('t', ir.text(text))], { distinct: true });
    expect(sql(ir.filter(inner, ir.eq(ir.c(inner, 't'), ir.text(text)))).split(`'${text}'`)).toHaveLength(3);
  });
});

describe('engines that lack something', () => {
  const lacking = (
    capabilities: Partial<typeof duckdb.capabilities>,
  ): typeof duckdb & { client: DuckDBClient } => ({
    ...duckdb,
    client: new DuckDBClient(),
    capabilities: { ...duckdb.capabilities, ...capabilities },
  });
  const rules = {
    unnest: { elements: (s: string) => s, keys: (s: string) => s },
    some: (array: string, element: string, test: string) =>
      `exists (select 1 from unnest(${array}) as ${element} where ${test})`,
  };
  const emit = (relation: Relation, capabilities: Partial<typeof duckdb.capabilities>): string =>
    emitSelect({ ...lacking(capabilities), ...rules }, relation, {});

  test('use EXISTS for semi and anti joins', () => {
    const gone = ir.antiJoin(
      ir.filter(
        users,
        ir.or(ir.eq(ir.c(users, 'email'), ir.text('a')), ir.eq(ir.c(users, 'email'), ir.text('b'))),
      ),
      orders,
      ['user_id'],
    );
    expect(emit(gone, { semiJoin: false })).toBe(`select
  u.user_id,
  u.email
from shop.users as u
where (u.email = 'a' or u.email = 'b')
  and not exists (
    select 1
    from shop.orders as o
    where u.user_id = o.user_id
  )`);
  });

  test('wrap aggregated values in CASE for FILTER', () => {
    const counted = ir.aggregate(
      orders,
      [],
      [ir.as('n', ir.agg('count', [], { filter: ir.eq(user, ir.text('a')) }))],
    );
    expect(emit(counted, { aggregateFilter: false })).toBe(
      "select\n  count(case when user_id = 'a' then 1 end) as n\nfrom shop.orders",
    );
  });

  test('spell null-safe equality out', () => {
    const same = ir.join('inner', users, ir.pick(orders, ['user_id']), [
      { left: 'user_id', right: 'user_id', nullSafe: true },
    ]);
    expect(emit(same, { nullSafeEquals: false })).toContain(
      'on u.user_id = o.user_id or (u.user_id is null and o.user_id is null)',
    );
  });

  test('are named in the diagnostic', () => {
    const engine = {
      ...lacking({}),
      ...rules,
      functions: { ...duckdb.functions, lower: { unsupported: 'no such thing' } },
    };
    const lowered = ir.project(users, [ir.as('e', ir.call('lower', ir.c(users, 'email')))]);
    expect(() => emitSelect(engine, lowered, {})).toThrow(UserError);
    expect(() => emitSelect(engine, lowered, {})).toThrow(/duckdb cannot do lower: no such thing/);
  });
});

test('a parameter without a value is a bug', () => {
  expect(() => sql(ir.filter(orders, ir.eq(user, ir.param('nobody', 'text'))))).toThrow(CompilerBug);
});
