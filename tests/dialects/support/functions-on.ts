/** Every function of the IR on an engine: what it gives for the cases of `function-cases.ts`. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as ir from '../../../compiler/ir/build.js';
import type { Expr, FnName, ScalarType } from '../../../compiler/ir/types.js';
import type { Dialect } from '../../../dialects/dialect.js';
import type { Value, Warehouse } from '../../../dialects/warehouse.js';
import { given, rowsOf } from './duckdb.js';
import { FUNCTION_CASES, type Arg } from './function-cases.js';

/** What an engine gives instead, by `fn(args)` as the test is called; each says why. */
export type Instead = Readonly<Record<string, { readonly value: Value; readonly because: string }>>;

export function functionsOn(
  name: string,
  dialect: Dialect,
  open: () => Promise<Warehouse>,
  instead: Instead = {},
): void {
  describe(name, () => {
    let warehouse: Warehouse;
    beforeAll(async () => {
      warehouse = await open();
    });
    afterAll(() => warehouse.close());

    /** The call's value, its arguments being columns of a row so that nothing is folded away early. */
    const evaluate = async (fn: FnName, args: readonly Arg[]): Promise<Value> => {
      const row: [string, Expr][] = [['dummy', ir.int(0)]];
      const exprs = args.map((arg, i): Expr => {
        if (!Array.isArray(arg)) return arg as Expr;
        const [type, value] = arg as readonly [ScalarType, string | boolean | null];
        row.push([`c${i}`, given(type, value)]);
        return ir.col(`c${i}`, type);
      });
      const input = ir.oneRow(row.map(([column, expr]) => ir.as(column, expr)));
      const type = args.length === 0 && fn === 'json_object' ? 'json' : undefined;
      const call = type ? ({ ...ir.call(fn, ...exprs), type } as Expr) : ir.call(fn, ...exprs);
      const rows = await rowsOf(warehouse, dialect.select(ir.project(input, [ir.as('y', call)]), {}));
      return rows[0]?.['y'] ?? null;
    };

    const listed = (Object.keys(FUNCTION_CASES) as FnName[]).filter((fn) => FUNCTION_CASES[fn].length > 0);

    test('what differs is of cases that there are', () => {
      const titles = listed.flatMap((fn) => FUNCTION_CASES[fn].map(([args]) => `${fn}(${show(args)})`));
      expect(Object.keys(instead).filter((title) => !titles.includes(title))).toEqual([]);
    });

    describe.each(listed)('%s', (fn) => {
      test.each(FUNCTION_CASES[fn].map(([args, expected]) => [show(args), expected, args] as const))(
        '(%s) is %j',
        async (shown, expected, args) => {
          const other = instead[`${fn}(${shown})`];
          expect(await evaluate(fn, args)).toBe(other ? other.value : expected);
        },
      );
    });

    test('hash64 is a 64-bit integer that tells texts apart', async () => {
      const hashes = await Promise.all(['a', 'b', ''].map((text) => evaluate('hash64', [['text', text]])));
      expect(new Set(hashes).size).toBe(3);
      for (const hash of hashes) expect(BigInt.asIntN(64, BigInt(String(hash)))).toBe(BigInt(String(hash)));
    });

    test.each(['digest_high', 'digest_low'] as const)(
      '%s is an integer that tells texts apart',
      async (fn) => {
        const of = (text: string | null): Promise<unknown> => evaluate(fn, [['text', text]]);
        const digests = await Promise.all(['a', 'b', '', 'é', 'a'].map(of));
        expect(new Set(digests).size).toBe(4);
        for (const digest of digests) expect(String(digest)).toMatch(/^-?\d{12,20}$/);
        expect(await of(null)).toBeNull();
      },
    );

    test('the halves of a digest say different things', async () => {
      const [high, low] = await Promise.all(
        (['digest_high', 'digest_low'] as const).map((fn) => evaluate(fn, [['text', 'a']])),
      );
      expect(high).not.toBe(low);
    });
  });
}

function show(args: readonly Arg[]): string {
  return args
    .map((a) => JSON.stringify(Array.isArray(a) ? a[1] : (a as Expr)))
    .join(', ')
    .slice(0, 90);
}
