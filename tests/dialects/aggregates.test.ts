import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AggName, Expr, ScalarType } from '../../compiler/ir/types.js';
import * as ir from '../../compiler/ir/build.js';
import type { Value, Warehouse } from '../../dialects/warehouse.js';
import { divideHalfAway, formatDecimal, inRange, parseDecimal } from '../reference/decimal.js';
import { given, openMemory, query } from './support/duckdb.js';

let warehouse: Warehouse;
beforeAll(async () => {
  warehouse = await openMemory();
});
afterAll(() => warehouse.close());

type In = string | boolean | null;

/** Aggregates rows `(x, t, id)`: t and id are for the order. */
async function over(
  type: ScalarType,
  xs: readonly In[],
  make: (x: Expr, t: Expr, id: Expr) => Expr,
): Promise<Value> {
  const columns = [
    { name: 'x', type },
    { name: 't', type: 'int' as const },
    { name: 'id', type: 'text' as const },
  ];
  const rows = xs.map((x, i) => [
    given(type, x),
    ir.int(Math.floor(i / 2)),
    ir.text(String.fromCharCode(122 - i)),
  ]);
  const input = ir.values(columns, rows);
  const [x, t, id] = [ir.c(input, 'x'), ir.c(input, 't'), ir.c(input, 'id')];
  const [row] = await query(warehouse, ir.aggregate(input, [], [ir.as('y', make(x, t, id))]));
  return row?.['y'] ?? null;
}

const plain = (fn: AggName, type: ScalarType, xs: readonly In[]): Promise<Value> =>
  over(type, xs, (x) => ir.agg(fn, [x]));

/** The same over a frame: of the rows twice, the later ones too far away. */
async function framed(fn: AggName, type: ScalarType, xs: readonly In[]): Promise<Value> {
  const columns = [
    { name: 'x', type },
    { name: 't', type: 'int' as const },
  ];
  const twice = xs.flatMap((x, i) => [1 + i, 100 + i].map((t) => [given(type, x), ir.int(t)]));
  const input = ir.values(columns, [[ir.nul(type), ir.int(0)], ...twice]);
  const made = ir.framed(input, {
    arg: ir.agg(fn, [ir.c(input, 'x')]),
    partitionBy: [],
    at: ir.c(input, 't'),
    frame: { from: 1n, to: 99n },
    as: 'y',
  });
  const [row] = await query(warehouse, ir.filter(made, ir.eq(ir.c(made, 't'), ir.int(0))));
  return row?.['y'] ?? null;
}

const MAX = '99999999999999999999999999999.999999999';
const NEGATIVE = '-60000000000000000000000000000';
const HUGE = '60000000000000000000000000000';

describe.each<[AggName, ScalarType, readonly (readonly [readonly In[], Value])[]]>([
  [
    'count',
    'text',
    [
      [[], '0'],
      [['a', null, 'a'], '2'],
    ],
  ],
  [
    'count_distinct',
    'text',
    [
      [[], '0'],
      [['a', null, 'a', 'A'], '2'],
    ],
  ],
  [
    'sum',
    'number',
    [
      [[], null],
      [[null], null],
      [['0.1', '0.2', null], '0.3'],
      [['-1', '1'], '0'],
      [[HUGE, HUGE], null],
      [[HUGE, HUGE, NEGATIVE], HUGE],
      [[NEGATIVE, NEGATIVE], null],
      [[MAX], MAX],
      [[MAX, '0.000000001'], null],
      [[MAX, '0.000000001', '-0.5'], '99999999999999999999999999999.5'],
      [[MAX, '-0.000000001'], '99999999999999999999999999999.999999998'],
      [['1000000000000000000.5', '0.5', '-1000000000000000001'], '0'],
      [['2000000000000000000.25', '0.5'], '2000000000000000000.75'],
    ],
  ],
  [
    'sum',
    'int',
    [
      [['9223372036854775807', '9223372036854775807'], '18446744073709551614'],
      [[null], null],
    ],
  ],
  [
    'avg',
    'number',
    [
      [[], null],
      [[null], null],
      [['1', '2', '2'], '1.666666667'],
      [['-1', '-2', '-2'], '-1.666666667'],
      [['0', '0.000000001'], '0.000000001'],
      [['0', '-0.000000001'], '-0.000000001'],
      [['0', '0', '0.000000001'], '0'],
      [['1', null, '2'], '1.5'],
      [[HUGE, HUGE], HUGE],
      [['90000000000000000000000000000', '1'], '45000000000000000000000000000.5'],
      [[MAX, MAX], MAX],
    ],
  ],
  [
    'min',
    'text',
    [
      [['b', 'B', 'é', null], 'B'],
      [['\uFFFD', '😀'], '\uFFFD'],
      [[], null],
    ],
  ],
  [
    'max',
    'text',
    [
      [['b', 'B', 'é', null], 'é'],
      [['\uFFFD', '😀'], '😀'],
    ],
  ],
  ['min', 'number', [[['10', '9', null], '9']]],
  ['max', 'timestamp', [[['0', '1'], '1970-01-01T00:00:00.000001Z']]],
  [
    'any_true',
    'bool',
    [
      [[], null],
      [[false, null], false],
      [[false, true], true],
    ],
  ],
])('%s of %s', (fn, type, cases) => {
  test.each(cases.map(([xs, expected]) => [JSON.stringify(xs), expected, xs] as const))(
    '%s is %j',
    async (_, expected, xs) => {
      expect(await plain(fn, type, xs)).toBe(expected);
      expect(await framed(fn, type, xs), 'as a window').toBe(expected);
    },
  );
});

test('count without an argument counts rows', async () => {
  expect(await over('text', ['a', null], () => ir.agg('count'))).toBe('2');
});

describe('first and last', () => {
  const first = (type: ScalarType, xs: readonly In[]): Promise<Value> =>
    over(type, xs, (x, t, id) => ir.agg('first', [x], { orderBy: [t, id] }));
  const last = (type: ScalarType, xs: readonly In[]): Promise<Value> =>
    over(type, xs, (x, t, id) => ir.agg('last', [x], { orderBy: [t, id] }));

  test('go by all keys in turn', async () => {
    // Two rows share each t; within them the later one has the smaller id.
    expect(await first('text', ['a', 'b', 'c', 'd'])).toBe('b');
    expect(await last('text', ['a', 'b', 'c', 'd'])).toBe('c');
  });

  test('skip nulls, and are null where there is nothing else', async () => {
    expect(await first('number', [null, null, '1.5', null])).toBe('1.5');
    expect(await last('json', ['{"a":1}', null, null, null])).toBe('{"a":1}');
    expect(await first('text', [null])).toBe(null);
    expect(await last('text', [])).toBe(null);
  });

  test('of one key', async () => {
    expect(await over('text', ['a', 'b', 'c'], (x, _t, id) => ir.agg('first', [x], { orderBy: [id] }))).toBe(
      'c',
    );
  });
});

test('json_text_array keeps duplicates, skips nulls and is ordered by code point', async () => {
  const array = (xs: readonly In[]): Promise<Value> =>
    over('text', xs, (x) => ir.agg('json_text_array', [x], { orderBy: [x] }));
  expect(await array(['b', null, 'a"', 'B', 'b'])).toBe('["B","a\\"","b","b"]');
  expect(await array([null])).toBe(null);
  expect(await array([])).toBe(null);
});

describe('filter', () => {
  const filtered = (fn: AggName, xs: readonly In[]): Promise<Value> =>
    over('number', xs, (x, t) =>
      ir.agg(fn, fn === 'count' ? [] : [x], {
        filter: ir.or(ir.call('gt', x, ir.int(1)), ir.eq(x, ir.int(-5))),
        ...(fn === 'first' || fn === 'last' ? { orderBy: [t] } : {}),
      }),
    );

  test.each<[AggName, readonly string[], Value]>([
    ['count', ['1', '2', '3'], '2'],
    ['count_distinct', ['2', '2', '1'], '1'],
    ['sum', ['1', '2', '3', '-5'], '0'],
    ['sum', ['1'], null],
    ['avg', ['1', '2', '4'], '3'],
    ['min', ['1', '2', '4'], '2'],
    ['max', ['1', '0'], null],
    ['first', ['1', '1', '4'], '4'],
    ['last', ['3', '1', '1', '1'], '3'],
  ])('%s of %j is %j', async (fn, xs, expected) => {
    expect(await filtered(fn, xs)).toBe(expected);
  });

  test('on an ordered array', async () => {
    const array = over('text', ['b', 'a', 'c'], (x) =>
      ir.agg('json_text_array', [x], { orderBy: [x], filter: ir.call('ne', x, ir.text('a')) }),
    );
    expect(await array).toBe('["b","c"]');
  });
});

describe('sum and avg against exact arithmetic', () => {
  const number = fc
    .tuple(
      fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }),
      fc.constantFrom(0n, 9n, 15n, 20n, 29n, 36n),
      fc.boolean(),
    )
    .map(([scaled, shrink, whole]) => {
      const small = scaled / 10n ** shrink;
      return formatDecimal(whole ? small - (small % 10n ** 9n) : small);
    });

  test('for any numbers', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(number, { minLength: 1, maxLength: 8 }), async (xs) => {
        const total = xs.reduce((sum, x) => sum + (parseDecimal(x) ?? 0n), 0n);
        const text = (scaled: bigint): string | null => {
          const fits = inRange(scaled);
          return fits === undefined ? null : formatDecimal(fits);
        };
        expect(await plain('sum', 'number', xs)).toBe(text(total));
        expect(await plain('avg', 'number', xs)).toBe(text(divideHalfAway(total, BigInt(xs.length))));
      }),
      { numRuns: 150 },
    );
  });
});

describe('avg_at_least', () => {
  const atLeast = (bound: string, xs: readonly In[], filter?: (x: Expr) => Expr): Promise<Value> =>
    over('number', xs, (x) =>
      ir.agg(
        'avg_at_least',
        [x, ir.lit({ type: 'number', value: bound })],
        filter ? { filter: filter(x) } : {},
      ),
    );

  test.each<[string, readonly In[], Value]>([
    ['0', [], null],
    ['0', [null], null],
    ['1.5', ['1', null, '2'], true],
    ['1.500000001', ['1', null, '2'], false],
    // Halves are rounded away from zero.
    ['0.000000001', ['0', '0.000000001'], true],
    ['0', ['0', '-0.000000001'], false],
    ['-0.000000001', ['0', '-0.000000001'], true],
    ['-0.000000001', ['-0.000000001', '-0.000000002'], false],
    ['0', ['0', '0', '-0.000000001'], true],
    ['-1.666666667', ['-1', '-2', '-2'], true],
    ['-1.666666666', ['-1', '-2', '-2'], false],
    ['999999999999999.999999999', [MAX, MAX], true],
    ['-999999999999999.999999999', [HUGE, NEGATIVE, '-2000000000000000'], true],
    ['-666666666666666.666666667', [HUGE, NEGATIVE, '-2000000000000000'], true],
    ['-666666666666666.666666666', [HUGE, NEGATIVE, '-2000000000000000'], false],
    ['0.000000001', [HUGE, NEGATIVE, '0.000000001'], false],
    ['0.000000001', [HUGE, NEGATIVE, '0.000000001', '0.000000001'], true],
  ])('%s of %j is %j', async (bound, xs, expected) => {
    expect(await atLeast(bound, xs)).toBe(expected);
  });

  test('of some rows', async () => {
    expect(await atLeast('3', ['1', '2', '4'], (x) => ir.call('gt', x, ir.int(1)))).toBe(true);
    expect(await atLeast('3', ['1', HUGE, '4'], (x) => ir.call('lt', x, ir.int(10)))).toBe(false);
  });

  test('agrees with avg', async () => {
    const units = fc.oneof(
      fc.bigInt({ min: -9n, max: 9n }),
      fc.bigInt({ min: -(10n ** 23n), max: 10n ** 23n }),
    );
    const case_ = fc.tuple(
      fc.array(units, { minLength: 1, maxLength: 7 }),
      fc.bigInt({ min: -2n, max: 2n }),
      fc.bigInt({ min: 0n, max: 10n ** 37n }),
    );
    await fc.assert(
      fc.asyncProperty(case_, fc.boolean(), async ([xs, off, large], withLarge) => {
        const all = withLarge ? [...xs, large, -large] : xs;
        const average = divideHalfAway(
          all.reduce((a, b) => a + b, 0n),
          BigInt(all.length),
        );
        const expected = off <= 0n;
        expect(await atLeast(formatDecimal(average + off), all.map(formatDecimal))).toBe(expected);
      }),
      { numRuns: 200 },
    );
  });
});

test('sums of integer columns need no guard', async () => {
  await warehouse.execute('create or replace table points as select unnest([1, 2, null])::integer as p');
  const table = ir.scan({ name: 'points' }, [{ name: 'p', type: 'number' }]);
  const p = ir.call('column_number', ir.c(table, 'p'), ir.text('int'));
  const relation = ir.aggregate(table, [], [ir.as('s', ir.agg('sum', [p])), ir.as('a', ir.agg('avg', [p]))]);
  expect(await query(warehouse, relation)).toEqual([{ s: '3', a: '1.5' }]);
});
