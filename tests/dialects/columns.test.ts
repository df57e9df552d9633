/** Source columns of every native type, read as text, number, instant and JSON. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as ir from '../../compiler/ir/build.js';
import type { Expr } from '../../compiler/ir/types.js';
import type { Value, Warehouse } from '../../dialects/warehouse.js';
import { duckdb, mappedColumn, openMemory } from './support/duckdb.js';

type Reading = readonly [sql: string, text: Value, number: Value, instant: Value, json: Value];

const COLUMNS: readonly (readonly [nativeType: string, kind: string, readings: readonly Reading[]])[] = [
  [
    'integer',
    'int',
    [
      ['42', '42', '42', null, '42'],
      ['-7', '-7', '-7', null, '-7'],
      ['null', null, null, null, null],
    ],
  ],
  [
    'bigint',
    'int',
    [['-9223372036854775808', '-9223372036854775808', '-9223372036854775808', null, '-9223372036854775808']],
  ],
  [
    'ubigint',
    'decimal',
    [['18446744073709551615', '18446744073709551615', '18446744073709551615', null, '18446744073709551615']],
  ],
  [
    'decimal(18, 2)',
    'decimal',
    [
      ['1.50', '1.5', '1.5', null, '1.5'],
      ['-0.00', '0', '0', null, '0'],
    ],
  ],
  ['decimal(10, 0)', 'decimal', [['100', '100', '100', null, '100']]],
  ['decimal(38, 9)', 'decimal', [['0.000000001', '0.000000001', '0.000000001', null, '0.000000001']]],
  [
    'decimal(38, 20)',
    'wide_decimal',
    [
      ['0.0000000005', '0.000000001', '0.000000001', null, '0.000000001'],
      ['-1.99999999949', '-1.999999999', '-1.999999999', null, '-1.999999999'],
    ],
  ],
  [
    'hugeint',
    'wide_decimal',
    [
      [
        '170141183460469231731687303715884105727',
        '170141183460469231731687303715884105727',
        null,
        null,
        null,
      ],
      ['12', '12', '12', null, '12'],
    ],
  ],
  [
    'double',
    'float',
    [
      ['0.1', '0.1', '0.1', null, '0.1'],
      ['1e22', '10000000000000000000000', '10000000000000000000000', null, '10000000000000000000000'],
      ['5e-17', '0', '0', null, '0'],
      ['2.5e-9', '0.000000003', '0.000000003', null, '0.000000003'],
      ["'nan'", 'nan', null, null, null],
      ["'-infinity'", '-inf', null, null, null],
      ['1e300', '1e+300', null, null, null],
    ],
  ],
  ['float', 'float', [['0.1', '0.1', '0.1', null, '0.1']]],
  [
    'boolean',
    'bool',
    [
      ['true', 'true', null, null, 'true'],
      ['false', 'false', null, null, 'false'],
    ],
  ],
  [
    'varchar',
    'text',
    [
      ["' 1.0'", ' 1.0', null, null, '" 1.0"'],
      ["'1.0'", '1.0', '1', null, '"1.0"'],
      [
        "'2024-01-01T00:00:00+01:00'",
        '2024-01-01T00:00:00+01:00',
        null,
        '2023-12-31T23:00:00Z',
        '"2024-01-01T00:00:00+01:00"',
      ],
      [`'{"a": 1}'`, '{"a": 1}', null, null, '"{\\"a\\": 1}"'],
      ["''", '', null, null, '""'],
      ['null', null, null, null, null],
    ],
  ],
  [
    'timestamp',
    'timestamp',
    [
      [
        "'2024-01-01 10:00:00.5'",
        '2024-01-01T10:00:00.5Z',
        null,
        '2024-01-01T10:00:00.5Z',
        '"2024-01-01T10:00:00.5Z"',
      ],
    ],
  ],
  [
    'timestamptz',
    'timestamptz',
    [
      [
        "'2024-01-01 10:00:00+02'",
        '2024-01-01T08:00:00Z',
        null,
        '2024-01-01T08:00:00Z',
        '"2024-01-01T08:00:00Z"',
      ],
    ],
  ],
  [
    'timestamp_ns',
    'timestamptz',
    [
      [
        "'2024-01-01 10:00:00.123456789'",
        '2024-01-01T10:00:00.123456Z',
        null,
        '2024-01-01T10:00:00.123456Z',
        '"2024-01-01T10:00:00.123456Z"',
      ],
    ],
  ],
  [
    'timestamp_s',
    'timestamptz',
    [
      [
        "'2024-01-01 10:00:00'",
        '2024-01-01T10:00:00Z',
        null,
        '2024-01-01T10:00:00Z',
        '"2024-01-01T10:00:00Z"',
      ],
    ],
  ],
  ['date', 'date', [["'2024-02-29'", '2024-02-29', null, '2024-02-29T00:00:00Z', '"2024-02-29"']]],
  [
    'json',
    'json',
    [
      [`'1.50'`, '1.5', '1.5', null, '1.50'],
      [`'"2024-01-01"'`, '2024-01-01', null, '2024-01-01T00:00:00Z', '"2024-01-01"'],
      [`'[1, 2]'`, '[1,2]', null, null, '[1, 2]'],
      [`'"7"'`, '7', '7', null, '"7"'],
      [`'null'`, null, null, null, 'null'],
      ['null', null, null, null, null],
    ],
  ],
  ['integer[]', 'json', [['[1, 2]', '[1,2]', null, null, '[1,2]']]],
  [
    'struct(a integer, b varchar)',
    'json',
    [[`{'a': 1, 'b': 'x'}`, '{"a":1,"b":"x"}', null, null, '{"a":1,"b":"x"}']],
  ],
  ["enum('b', 'a')", 'other', [["'a'", 'a', null, null, '"a"']]],
  [
    'uuid',
    'other',
    [
      [
        "'4ac7a9e9-607c-4c8a-84f3-843f0191e3fd'",
        '4ac7a9e9-607c-4c8a-84f3-843f0191e3fd',
        null,
        null,
        '"4ac7a9e9-607c-4c8a-84f3-843f0191e3fd"',
      ],
    ],
  ],
  ['time', 'other', [["'10:00:00'", '10:00:00', null, null, '"10:00:00"']]],
];

let warehouse: Warehouse;
beforeAll(async () => {
  warehouse = await openMemory();
});
afterAll(() => warehouse.close());

describe.each(COLUMNS)('%s', (nativeType, kind, readings) => {
  const inputs = readings.map(([sql]) => sql);

  test('is of kind ' + kind, async () => {
    await mappedColumn(warehouse, nativeType, inputs, (x) => x);
    const table = await warehouse.describeTable({ name: 'sample' });
    expect(table?.columns[1]?.kind).toBe(kind);
  });

  test.each([
    ['column_text', 1],
    ['column_number', 2],
    ['column_instant', 3],
    ['column_json', 4],
  ] as const)('%s', async (fn, index) => {
    const got = await mappedColumn(warehouse, nativeType, inputs, (x, k) => ir.call(fn, x, k));
    expect(got).toEqual(readings.map((reading) => reading[index]));
  });
});

/** Each reading, a microsecond later, and whatever stands first of what the types hold. */
const INSTANTS = ['2023-12-31T22:00:00Z', ...COLUMNS.flatMap(([, , readings]) => readings.map((r) => r[3]))]
  .filter((text): text is string => typeof text === 'string')
  .map((text) => BigInt(Date.parse(text)) * 1000n)
  .flatMap((micros) => [micros, micros + 1n]);

test.each(COLUMNS)('%s is compared as it is read', async (nativeType, _, readings) => {
  const inputs = readings.map(([sql]) => sql);
  for (const micros of INSTANTS) {
    const at: Expr = { kind: 'lit', literal: { type: 'timestamp', value: String(micros) } };
    const since = await mappedColumn(warehouse, nativeType, inputs, (x, k) =>
      ir.call('coalesce', ir.call('column_since', x, k, at), ir.bool(false)),
    );
    const read = await mappedColumn(warehouse, nativeType, inputs, (x, k) =>
      ir.call('coalesce', ir.call('ge', ir.call('column_instant', x, k), at), ir.bool(false)),
    );
    expect(since).toEqual(read);
  }
  const missing = await mappedColumn(warehouse, nativeType, inputs, (x, k) =>
    ir.call('column_missing', x, k),
  );
  expect(missing).toEqual(readings.map((reading) => reading[3] === null));
});

test('kinds of types that no column above has', () => {
  expect(duckdb.columnKind('DECIMAL(38,0)')).toBe('wide_decimal');
  expect(duckdb.columnKind('DECIMAL(29,0)')).toBe('decimal');
  expect(duckdb.columnKind('MAP(VARCHAR, INTEGER)')).toBe('json');
  expect(duckdb.columnKind('BLOB')).toBe('other');
  expect(duckdb.columnKind('INTERVAL')).toBe('other');
});

test('integer and decimal columns are read without a cast', () => {
  const table = ir.scan({ name: 'orders' }, [{ name: 'amount', type: 'number' }]);
  const amount = ir.call('column_number', ir.c(table, 'amount'), ir.text('decimal'));
  expect(duckdb.select(ir.project(table, [ir.as('amount', amount)]), {})).toBe(
    'select\n  amount\nfrom orders',
  );
});
