/** Every function and aggregate on Snowflake's emulator, where one runs. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import * as ir from '../../../compiler/ir/build.js';
import type { Expr, FnName, Relation, ScalarType } from '../../../compiler/ir/types.js';
import { snowflake } from '../../../dialects/snowflake/dialect.js';
import type { Value, Warehouse } from '../../../dialects/warehouse.js';
import { given, rowsOf } from '../support/duckdb.js';
import { FUNCTION_CASES, type Arg } from '../support/function-cases.js';
import { openEmulated } from './emulated.js';

/** What the emulator does otherwise than Snowflake's documentation says, by function and expected value. */
const GAPS: Readonly<Record<string, string>> = {
  'json_object {"n":12345678901234567890.12}':
    'DuckDB reads such a number as a double when it makes an object',
};

let warehouse: Warehouse;
const rows = (relation: Relation): Promise<readonly Readonly<Record<string, Value>>[]> =>
  rowsOf(warehouse, snowflake.select(relation, {}));

/** The call's value, its arguments being columns of a row so that nothing is folded away early. */
async function evaluate(fn: FnName, args: readonly Arg[]): Promise<Value> {
  const row: [string, Expr][] = [['dummy', ir.int(0)]];
  const exprs = args.map((arg, i): Expr => {
    if (!Array.isArray(arg)) return arg as Expr;
    const [type, value] = arg as readonly [ScalarType, string | boolean | null];
    row.push([`c${i}`, given(type, value)]);
    return ir.col(`c${i}`, type);
  });
  const input = ir.oneRow(row.map(([name, expr]) => ir.as(name, expr)));
  const made = ir.call(fn, ...exprs);
  const call: Expr = args.length === 0 && fn === 'json_object' ? ({ ...made, type: 'json' } as Expr) : made;
  const [found] = await rows(ir.project(input, [ir.as('y', call)]));
  return found?.['y'] ?? null;
}

describe('on the emulator', () => {
  beforeAll(async () => {
    warehouse = await openEmulated();
  }, 60_000);
  afterAll(() => warehouse.close());

  const listed = (Object.keys(FUNCTION_CASES) as FnName[]).filter((fn) => FUNCTION_CASES[fn].length > 0);
  describe.each(listed)('%s', (fn) => {
    it.each(FUNCTION_CASES[fn].map(([args, expected], i) => [i, expected, args] as const))(
      'case %i gives %j',
      async (_, expected, args) => {
        if (GAPS[`${fn} ${String(expected)}`] !== undefined) return;
        expect(await evaluate(fn, args)).toBe(expected);
      },
    );
  });

  it('hash64 is a 64-bit integer that tells texts apart', async () => {
    const hashes: Value[] = [];
    for (const text of ['a', 'b', '']) hashes.push(await evaluate('hash64', [['text', text]]));
    expect(new Set(hashes).size).toBe(3);
    for (const hash of hashes) expect(BigInt.asIntN(64, BigInt(String(hash)))).toBe(BigInt(String(hash)));
  });

  it.each(['digest_high', 'digest_low'] as const)('%s is an integer that tells texts apart', async (fn) => {
    const digests: Value[] = [];
    for (const text of ['a', 'b', '', 'é', 'a']) digests.push(await evaluate(fn, [['text', text]]));
    expect(new Set(digests).size).toBe(4);
    for (const digest of digests) expect(String(digest)).toMatch(/^-?\d{12,19}$/);
    expect(await evaluate(fn, [['text', null]])).toBeNull();
  });

  const MAX = '99999999999999999999999999999.999999999';
  const HUGE = '60000000000000000000000000000';
  it.each<['sum' | 'avg', readonly (string | null)[], string | null]>([
    ['sum', [null], null],
    ['sum', ['0.1', '0.2', null], '0.3'],
    ['sum', [HUGE, HUGE], null],
    ['sum', [HUGE, HUGE, `-${HUGE}`], HUGE],
    ['sum', [MAX], MAX],
    ['sum', [MAX, '0.000000001'], null],
    ['sum', [MAX, '0.000000001', '-0.5'], '99999999999999999999999999999.5'],
    ['sum', ['1000000000000000000.5', '0.5', '-1000000000000000001'], '0'],
    ['avg', [null], null],
    ['avg', ['1', '2', '2'], '1.666666667'],
    ['avg', ['-1', '-2', '-2'], '-1.666666667'],
    ['avg', ['0', '0.000000001'], '0.000000001'],
    ['avg', ['0', '-0.000000001'], '-0.000000001'],
    ['avg', ['0', '0', '0.000000001'], '0'],
    ['avg', [HUGE, HUGE], HUGE],
    ['avg', ['90000000000000000000000000000', '1'], '45000000000000000000000000000.5'],
    ['avg', [MAX, MAX], MAX],
  ])('%s of %j is %j', async (fn, xs, expected) => {
    const input = ir.values(
      [{ name: 'x', type: 'number' }],
      // DuckDB has no decimal for a union of 29 digits before the point and of some after it.
      xs.map((x) => [{ kind: 'cast', expr: given('number', x), type: 'number' } as const]),
    );
    const [found] = await rows(ir.aggregate(input, [], [ir.as('y', ir.agg(fn, [ir.c(input, 'x')]))]));
    expect(found?.['y']).toBe(expected);
  });

  it('first and last go by all keys in turn, and skip nulls', async () => {
    const columns = [
      { name: 'x', type: 'text' as const },
      { name: 't', type: 'int' as const },
      { name: 'id', type: 'text' as const },
    ];
    const input = ir.values(
      columns,
      [
        ['a', -1, 'b'],
        ['b', -1, 'a'],
        ['c', 10, 'ab'],
        ['d', 10, 'a'],
        [null, 11, 'z'],
      ].map(([x, t, id]) => [given('text', x as string | null), ir.int(t as number), ir.text(id as string)]),
    );
    const orderBy = [ir.c(input, 't'), ir.c(input, 'id')];
    const of = (fn: 'first' | 'last'): Expr => ir.agg(fn, [ir.c(input, 'x')], { orderBy });
    expect(await rows(ir.aggregate(input, [], [ir.as('f', of('first')), ir.as('l', of('last'))]))).toEqual([
      { f: 'b', l: 'c' },
    ]);
  });
});
