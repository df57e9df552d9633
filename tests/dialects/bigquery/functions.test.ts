/** Every function on GoogleSQL's own evaluator, by the cases that every engine has. */
import { afterAll, describe, expect, test } from 'vitest';
import * as ir from '../../../compiler/ir/build.js';
import type { Expr, FnName, ScalarType } from '../../../compiler/ir/types.js';
import { bigquery } from '../../../dialects/bigquery/dialect.js';
import type { Value } from '../../../dialects/warehouse.js';
import { startedServer } from '../../engines/bigquery-evaluator.js';
import { rowsOf } from '../../support/zetasql/server.js';
import { given } from '../support/duckdb.js';
import { FUNCTION_CASES, type Arg } from '../support/function-cases.js';

const server = await startedServer();
afterAll(() => server[Symbol.asyncDispose]());

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
  const type = args.length === 0 && fn === 'json_object' ? 'json' : undefined;
  const call = type ? ({ ...ir.call(fn, ...exprs), type } as Expr) : ir.call(fn, ...exprs);
  const sql = bigquery.select(ir.project(input, [ir.as('y', call)]), {});
  const rows = rowsOf(await server.evaluate(sql));
  return rows[0]?.['y'] ?? null;
}

const listed = (Object.keys(FUNCTION_CASES) as FnName[]).filter((fn) => FUNCTION_CASES[fn].length > 0);

describe.each(listed)('%s', (fn) => {
  test.each(
    FUNCTION_CASES[fn].map(
      ([args, expected]) => [JSON.stringify(args).slice(0, 90), expected, args] as const,
    ),
  )('(%s) is %j', async (_, expected, args) => {
    expect(await evaluate(fn, args)).toBe(expected);
  });
});
