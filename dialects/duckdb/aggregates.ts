/** The IR's aggregates in DuckDB's SQL. */
import type { AggName, Expr } from '../../compiler/ir/types.js';
import type { Emit, EmitContext, Sql } from '../dialect.js';
import { STANDARD_AGGREGATES } from '../emit/index.js';
import { arg, filterClause } from '../emit/standard.js';

/** Outside this a DECIMAL(38, 9) sum could overflow, which DuckDB raises as an error instead of a null. */
const ORDINARY = 'between -1e18 and 1e18';

/** Sum of the ordinary values and of the fractions of large ones: cannot overflow, and costs little more than sum. */
const smallSum = (x: Sql, context: EmitContext): Sql =>
  `sum(case when ${x} ${ORDINARY} then ${x} else ${x} % 1 end)${filterClause(context)}`;

/**
 * Sum of the whole parts of the large values, 0 where there are none. Not a FILTER: DuckDB computes an
 * argument for every row before it filters.
 */
const largeSum = (x: Sql, context: EmitContext): Sql =>
  `coalesce(sum(case when ${x} not ${ORDINARY} then cast(${x} - ${x} % 1 as hugeint) end)${filterClause(context)}, 0)`;

/** Whether the argument is known to be an integer of at most 64 bits: DuckDB sums those in 128. */
function isNarrow(expr: Expr | undefined): boolean {
  if (expr?.kind !== 'call' || expr.fn !== 'column_number') {
    return expr !== undefined && (expr.kind === 'lit' ? expr.literal.type : expr.type) === 'int';
  }
  const kind = expr.args[1];
  return kind?.kind === 'lit' && kind.literal.value === 'int';
}

const sum: Emit = (args, context) => {
  const x = arg(args);
  if (isNarrow(context.args[0])) return `cast(sum(${x})${filterClause(context)} as decimal(38, 9))`;
  const [small, large] = [smallSum(x, context), `try_cast(${largeSum(x, context)} as decimal(38, 9))`];
  const { newLine } = context;
  return `list_reduce([${newLine}${small},${newLine}${large}${newLine.slice(0, -2)}], lambda rc__a, rc__b: try(rc__a + rc__b))`;
};

/**
 * DuckDB divides decimals as DOUBLE, so the whole part is divided as an integer, and what is left as an integer
 * count of 1e-9. Both get the sign of the total before the latter is rounded half away from zero.
 */
const avg: Emit = (args, context) => {
  const x = arg(args);
  const { newLine } = context;
  const count = `count(${x})${filterClause(context)}`;
  const sums = [`{s: ${smallSum(x, context)}`, ` w: ${largeSum(x, context)}`, ` n: ${count}}`];
  const steps = [
    `[${newLine}${sums.join(`,${newLine}`)}]`,
    lambda(`{t: $.w + cast($.s - $.s % 1 as hugeint), f: cast($.s % 1 as decimal(38, 9)), n: $.n}`),
    lambda(
      `{q: $.t // $.n, r: $.t % $.n * 1000000000 + cast(replace(cast($.f as varchar), '.', '') as hugeint), n: $.n}`,
    ),
    lambda(
      `{q: $.q, r: $.r, n: $.n, c: case when $.q > 0 and $.r < 0 then 1 when $.q < 0 and $.r > 0 then -1 else 0 end}`,
    ),
    lambda(`{q: $.q - $.c, r: $.r + $.c * $.n * 1000000000, n: $.n}`),
    lambda(
      `{q: $.q, r: cast(sign($.r) * ((2 * abs($.r) + $.n) // (2 * $.n)) as decimal(38, 0)) * 0.000000001}`,
    ),
    lambda(`try(cast($.q as decimal(38, 9)) + $.r)`),
  ];
  return `${steps.reduce((list, step) => `list_transform(${list},${newLine}${step})`)}[1]`;
};

// A parameter name that no column has: DuckDB takes a column of that name first.
const lambda = (body: Sql): Sql => `lambda rc__t: ${body.replaceAll('$', 'rc__t')}`;

const extreme =
  (name: 'arg_min' | 'arg_max'): Emit =>
  (args, context) => {
    const x = arg(args);
    const { orderBy } = context;
    const key = orderBy.length === 1 ? orderBy.join('') : `row(${orderBy.join(', ')})`;
    return `${name}(${x}, ${key})${filterClause(context)}`;
  };

export const AGGREGATES: Record<AggName, Emit> = {
  ...STANDARD_AGGREGATES,
  sum,
  avg,
  first: extreme('arg_min'), // skips rows whose value is null, and holds one row a group
  last: extreme('arg_max'),
  any_true: (args, context) => `bool_or(${arg(args)})${filterClause(context)}`,
  json_text_array: (args, context) => {
    const order = context.orderBy.length === 0 ? '' : ` order by ${context.orderBy.join(', ')}`;
    return `to_json(list(${arg(args)}${order})${filterClause(context, `${arg(args)} is not null`)})`;
  },
};
