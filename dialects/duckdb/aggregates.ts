/** The IR's aggregates in DuckDB's SQL. */
import { CompilerBug } from '../../compiler/diagnostics/index.js';
import { decimalOf, unitsOf } from '../../compiler/ir/decimal.js';
import type { AggName, Expr } from '../../compiler/ir/types.js';
import type { Emit, EmitContext, Sql } from '../dialect.js';
import { STANDARD_AGGREGATES } from '../emit/index.js';
import { arg, aggregateClauses } from '../emit/standard.js';
import { caseLines } from './values.js';

/**
 * Outside this a DECIMAL(38, 9) sum could overflow, which DuckDB raises as an error instead of a null. Integers, as a
 * comparison with 1e18 would be one of DOUBLE; where the engine knows a column's range it leaves the test out.
 */
const ORDINARY = 'between -1000000000000000000 and 1000000000000000000';

/** Sum of the ordinary values and of the fractions of large ones: cannot overflow, and costs little more than sum. */
const smallSum = (x: Sql, context: EmitContext): Sql =>
  `sum(case when ${x} ${ORDINARY} then ${x} else ${x} % 1 end)${aggregateClauses(context)}`;

/** The large values, null where there are none: a list, as another sum would cost every group as much as the first. */
const largeValues = (x: Sql, context: EmitContext): Sql =>
  `list(${x})${aggregateClauses(context, `${x} not ${ORDINARY}`)}`;

// A parameter name that no column has: DuckDB takes a column of that name first.
const lambda = (body: Sql): Sql => `lambda rc__t: ${body.replaceAll('$', 'rc__t')}`;

/** Sum of the whole parts of the large values. */
const largeSum = (x: Sql, context: EmitContext): Sql =>
  context.over === undefined
    ? `list_sum(list_transform(${largeValues(x, context)}, ${lambda('cast($ - $ % 1 as hugeint)')}))`
    : // A list for every row of a window would be as long as its frame.
      `sum(case when ${x} not ${ORDINARY} then cast(${x} - ${x} % 1 as hugeint) end)${aggregateClauses(context)}`;

/**
 * The sum of values of which some are large, null beyond the range. Its whole part is taken one nearer to zero, as it may be
 * beyond the range where the sum, with a fraction of the other sign, is not.
 */
const largeTotal = (x: Sql, context: EmitContext): Sql => {
  const { newLine } = context;
  const small = smallSum(x, context);
  const whole = `(${largeSum(x, context)} + cast(${small} - ${small} % 1 as hugeint))`;
  const parts = [
    `try_cast(${whole} - sign(${whole}) as decimal(38, 9))`,
    `cast(sign(${whole}) as decimal(38, 9)) + ${small} % 1`,
  ];
  return `list_reduce([${parts.join(`,${newLine}`)}], lambda rc__a, rc__b: try(rc__a + rc__b))`;
};

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
  if (isNarrow(context.args[0])) return `cast(sum(${x})${aggregateClauses(context)} as decimal(38, 9))`;
  const none = context.over === undefined ? largeValues(x, context) : largeSum(x, context);
  const lines = [`when ${none} is null then ${smallSum(x, context)}`, `else ${largeTotal(x, context)}`];
  return caseLines(lines, context.newLine);
};

/**
 * DuckDB divides decimals as DOUBLE, so the whole part is divided as an integer, and what is left as an integer
 * count of 1e-9. Both get the sign of the total before the latter is rounded half away from zero.
 */
const avg: Emit = (args, context) => {
  const x = arg(args);
  const { newLine } = context;
  const count = `count(${x})${aggregateClauses(context)}`;
  const sums = [`{s: ${smallSum(x, context)}`, ` w: coalesce(${largeSum(x, context)}, 0)`, ` n: ${count}}`];
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

/**
 * Whether the average, rounded, is at least a literal, without dividing: twice the sum is at least twice the count of
 * times what lies half a unit below, or more than that where the half is rounded away from the literal.
 */
const avgAtLeast: Emit = (args, context) => {
  const x = arg(args);
  const bound = context.args[1];
  if (bound?.kind !== 'lit' || bound.literal.type !== 'number')
    throw new CompilerBug('a literal was expected');
  const units = unitsOf(bound.literal.value);
  const twice = context.literal({ type: 'number', value: decimalOf(2n * units - 1n) });
  const [operator, whole] = units > 0n ? ['>=', 'floor'] : ['>', 'ceil'];
  const small = smallSum(x, context);
  const beyond = `${small} + ${small} - ${twice} * count(${x})${aggregateClauses(context)}`;
  const lines = [
    `when ${largeValues(x, context)} is null then ${small} + ${small} ${operator} ${twice} * count(${x})${aggregateClauses(context)}`,
    `else 2 * ${largeSum(x, context)} + cast(${whole}(${beyond}) as hugeint) ${operator} 0`,
  ];
  return caseLines(lines, context.newLine);
};

const extreme =
  (name: 'arg_min' | 'arg_max'): Emit =>
  (args, context) => {
    const x = arg(args);
    const { orderBy } = context;
    // Compares bytes, of nulls and texts in the order of a row of the keys, which would be compared key by key.
    const key =
      orderBy.length === 1
        ? orderBy.join('')
        : `create_sort_key(${orderBy.map((by) => `${by}, 'asc nulls last'`).join(', ')})`;
    return `${name}(${x}, ${key})${aggregateClauses(context)}`;
  };

export const AGGREGATES: Record<AggName, Emit> = {
  ...STANDARD_AGGREGATES,
  sum,
  avg,
  avg_at_least: avgAtLeast,
  first: extreme('arg_min'), // skips rows whose value is null, and holds one row a group
  last: extreme('arg_max'),
  any_true: (args, context) => `bool_or(${arg(args)})${aggregateClauses(context)}`,
  json_text_array: (args, context) => {
    const order = context.orderBy.length === 0 ? '' : ` order by ${context.orderBy.join(', ')}`;
    return `to_json(list(${arg(args)}${order})${aggregateClauses(context, `${arg(args)} is not null`)})`;
  },
};
