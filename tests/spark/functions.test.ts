/** Every function and the exact aggregates on Spark, many calls a statement. */
import { beforeAll, describe, expect, it, vi } from 'vitest';

import * as ir from '../../compiler/ir/build.js';
import type { Expr, FnName, ScalarType } from '../../compiler/ir/types.js';
import { spark } from '../../dialects/spark/dialect.js';
import type { Value, Warehouse } from '../../dialects/warehouse.js';
import { given, rowsOf } from '../dialects/support/duckdb.js';
import { FUNCTION_CASES, type Arg } from '../dialects/support/function-cases.js';
import { sparkEngine } from '../engines/spark.js';

vi.setConfig({ testTimeout: 3_600_000, hookTimeout: 3_600_000 }); // a cluster beside other work takes its time

/** As on PostgreSQL: a JSON number keeps its digits, where DuckDB reads a double. */
const DIGITS = '123456789012345.67';

interface Call {
  readonly fn: FnName;
  readonly args: readonly Arg[];
  readonly expected: Value;
  readonly title: string;
}

const CALLS: readonly Call[] = (Object.keys(FUNCTION_CASES) as FnName[]).flatMap((fn) =>
  FUNCTION_CASES[fn].map(([args, expected], i) => ({
    fn,
    args,
    expected: expected === DIGITS ? `${DIGITS}8` : expected,
    title: `${fn}, case ${i}: ${String(expected)}`,
  })),
);

let warehouse: Warehouse;
const found = new Map<Call, Value | Error>();

/** The calls' values; of calls that fail together each half is asked alone, down to those that do. */
async function evaluate(calls: readonly Call[]): Promise<void> {
  const row = [ir.as('dummy', ir.int(0))];
  const column = (arg: Arg): Expr => {
    if (!Array.isArray(arg)) return arg as Expr;
    const [type, value] = arg as readonly [ScalarType, string | boolean | null];
    row.push(ir.as(`c${row.length}`, given(type, value)));
    return ir.col(`c${row.length - 1}`, type);
  };
  const made = calls.map(({ fn, args }, i) => {
    const call = ir.call(fn, ...args.map(column));
    return ir.as(
      `y${i}`,
      args.length === 0 && fn === 'json_object' ? ({ ...call, type: 'json' } as Expr) : call,
    );
  });
  try {
    const [values] = await rowsOf(warehouse, spark.select(ir.project(ir.oneRow(row), made), {}));
    calls.forEach((call, i) => found.set(call, values?.[`y${i}`] ?? null));
  } catch (error) {
    if (calls.length === 1) calls.forEach((call) => found.set(call, error as Error));
    else {
      const half = Math.ceil(calls.length / 2);
      await evaluate(calls.slice(0, half));
      await evaluate(calls.slice(half));
    }
  }
}

beforeAll(async () => {
  ({ warehouse } = await sparkEngine.open());
  for (let i = 0; i < CALLS.length; i += 100) await evaluate(CALLS.slice(i, i + 100));
});

describe('functions', () => {
  it.each(CALLS.map((call) => [call.title, call] as const))('%s', (_, call) => {
    expect(found.get(call)).toEqual(call.expected);
  });
});

const MAX = '99999999999999999999999999999.999999999';
const HUGE = '60000000000000000000000000000';
const SUMS: readonly (readonly ['sum' | 'avg', readonly (string | null)[], string | null])[] = [
  ['sum', [null], null],
  ['sum', ['0.1', '0.2', null], '0.3'],
  ['sum', [HUGE, HUGE], null],
  ['sum', [MAX], MAX],
  ['sum', [MAX, '0.000000001'], null],
  ['avg', [null], null],
  ['avg', ['1', '2', '2'], '1.666666667'],
  ['avg', ['-1', '-2', '-2'], '-1.666666667'],
  ['avg', ['0', '0.000000001'], '0.000000001'],
  ['avg', ['0', '-0.000000001'], '-0.000000001'],
  ['avg', ['0', '0', '0.000000001'], '0'],
  ['avg', ['90000000000000000000000000000', '1'], '45000000000000000000000000000.5'],
  ['avg', [MAX], MAX],
];

it('what looks like a variable is text', async () => {
  const rows = ['${env:HOME}', '${spark.app.name}'].map((text) => [ir.text(text)]);
  const all = await rowsOf(warehouse, spark.select(ir.values([{ name: 'x', type: 'text' }], rows), {}));
  expect(all.map(({ x }) => x).sort()).toEqual(['${env:HOME}', '${spark.app.name}']);
});

it('sums and averages are exact', async () => {
  const rows = SUMS.flatMap(([, xs], i) => xs.map((x) => [ir.int(i), given('number', x)]));
  const columns = [{ name: 'i', type: 'int' as const }, { name: 'x', type: 'number' as const }]; // prettier-ignore
  const input = ir.values(columns, rows);
  const aggregates = (['sum', 'avg'] as const).map((fn) => ir.as(fn, ir.agg(fn, [ir.c(input, 'x')])));
  const all = await rowsOf(
    warehouse,
    spark.select(ir.aggregate(input, [ir.as('i', ir.c(input, 'i'))], aggregates), {}),
  );
  const by = new Map(all.map((row) => [Number(row['i']), row]));
  expect(SUMS.map(([fn, xs], i) => [fn, xs, by.get(i)?.[fn]])).toEqual(SUMS);
});
