/** Random expression trees mean in SQL what they mean as trees: no parenthesis is missing. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as ir from '../../compiler/ir/build.js';
import type { Expr, FnName } from '../../compiler/ir/types.js';
import type { Warehouse } from '../../dialects/warehouse.js';
import { openMemory, query } from './support/duckdb.js';

let warehouse: Warehouse;
beforeAll(async () => {
  warehouse = await openMemory();
});
afterAll(() => warehouse.close());

type Tree =
  { readonly fn: FnName; readonly args: readonly Tree[] } | { readonly leaf: number | boolean | null };
type Answer = number | boolean | null;

const number: fc.Arbitrary<Tree> = fc.letrec<{ n: Tree }>((tie) => ({
  n: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<Answer>(-2, -1, 0, 1, 2, null).map((leaf): Tree => ({ leaf })),
    fc
      .tuple(fc.constantFrom<FnName>('add', 'sub', 'mul'), tie('n'), tie('n'))
      .map(([fn, a, b]): Tree => ({ fn, args: [a, b] })),
    tie('n').map((a): Tree => ({ fn: 'neg', args: [a] })),
  ),
})).n;

const boolean: fc.Arbitrary<Tree> = fc.letrec<{ b: Tree }>((tie) => ({
  b: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<Answer>(true, false, null).map((leaf): Tree => ({ leaf })),
    fc
      .tuple(
        fc.constantFrom<FnName>('eq', 'ne', 'lt', 'le', 'gt', 'ge', 'is_distinct'),
        fc.oneof(fc.tuple(number, number), fc.tuple(tie('b'), tie('b'))),
      )
      .map(([fn, args]): Tree => ({ fn, args })),
    fc
      .tuple(fc.constantFrom<FnName>('and', 'or'), fc.array(tie('b'), { maxLength: 3 }))
      .map(([fn, args]): Tree => ({ fn, args })),
    tie('b').map((a): Tree => ({ fn: 'not', args: [a] })),
    fc
      .tuple(fc.constantFrom<FnName>('is_null', 'is_not_null'), fc.oneof(number, tie('b')))
      .map(([fn, a]): Tree => ({ fn, args: [a] })),
    fc.array(tie('b'), { minLength: 1, maxLength: 3 }).map((args): Tree => ({ fn: 'coalesce', args })),
  ),
})).b;

const isNumber = (t: Tree): boolean =>
  'leaf' in t ? typeof t.leaf === 'number' : ['add', 'sub', 'mul', 'neg'].includes(t.fn);

/** Leaves are columns where there is one, so that nothing is folded away; the rest are literals. */
function toExpr(t: Tree, numeric = isNumber(t)): Expr {
  if ('leaf' in t) {
    if (t.leaf === null) return ir.col(numeric ? 'null_int' : 'null_bool', numeric ? 'int' : 'bool');
    if (t.leaf === true) return ir.col('yes', 'bool');
    return typeof t.leaf === 'number' ? ir.int(t.leaf) : ir.bool(t.leaf);
  }
  const operandsNumeric = t.args.some(isNumber) || numeric;
  const args = t.args.map((a) => toExpr(a, operandsNumeric));
  return { kind: 'call', fn: t.fn, args, type: numeric ? 'int' : 'bool' };
}

const lift =
  (f: (a: number, b: number) => Answer) =>
  (args: readonly Answer[]): Answer =>
    args.includes(null) ? null : f(Number(args[0]), Number(args[1]));

const MEANING: Partial<Record<FnName, (args: readonly Answer[]) => Answer>> = {
  add: lift((a, b) => a + b),
  sub: lift((a, b) => a - b),
  mul: lift((a, b) => a * b),
  neg: lift((a) => -a),
  eq: lift((a, b) => a === b),
  ne: lift((a, b) => a !== b),
  lt: lift((a, b) => a < b),
  le: lift((a, b) => a <= b),
  gt: lift((a, b) => a > b),
  ge: lift((a, b) => a >= b),
  is_distinct: ([a, b]) => (a === null || b === null ? a !== b : Number(a) !== Number(b)),
  and: (args) => (args.includes(false) ? false : args.includes(null) ? null : true),
  or: (args) => (args.includes(true) ? true : args.includes(null) ? null : false),
  not: ([a]) => (a === null ? null : a !== true),
  is_null: ([a]) => a === null,
  is_not_null: ([a]) => a !== null,
  coalesce: (args) => args.find((a) => a !== null) ?? null,
};

function valueOf(t: Tree): Answer {
  if ('leaf' in t) return t.leaf;
  const meaning = MEANING[t.fn];
  if (!meaning) throw new Error(`no meaning of ${t.fn}`);
  return meaning(t.args.map(valueOf));
}

const row = ir.values(
  [
    { name: 'null_int', type: 'int' },
    { name: 'null_bool', type: 'bool' },
    { name: 'yes', type: 'bool' },
  ],
  [[ir.nul('int'), ir.nul('bool'), ir.bool(true)]],
);

test('any tree of operators', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(number, boolean), { minLength: 1, maxLength: 20 }), async (trees) => {
      const relation = ir.project(
        row,
        trees.map((t, i) => ir.as(`c${i}`, toExpr(t))),
      );
      const [got] = await query(warehouse, relation);
      const expected = trees.map((t) => {
        const value = valueOf(t);
        return typeof value === 'number' ? String(value + 0) : value;
      });
      expect(trees.map((_, i) => got?.[`c${i}`])).toEqual(expected);
    }),
    { numRuns: 100 },
  );
});

test('any condition as WHERE, with and beside another', async () => {
  await fc.assert(
    fc.asyncProperty(boolean, boolean, async (a, b) => {
      const kept = await query(warehouse, ir.filter(ir.filter(row, toExpr(a)), toExpr(b)));
      expect(kept.length).toBe(valueOf(a) === true && valueOf(b) === true ? 1 : 0);
    }),
    { numRuns: 200 },
  );
});
