/** The IR's aggregates in Snowflake's SQL. */
import { CompilerBug } from '../../compiler/diagnostics/index.js';
import { decimalOf, unitsOf } from '../../compiler/ir/decimal.js';
import type { AggName, Expr, ScalarType } from '../../compiler/ir/types.js';
import type { Emit, EmitContext, Sql } from '../dialect.js';
import { STANDARD_AGGREGATES } from '../emit/index.js';
import { arg, aggregateClauses } from '../emit/standard.js';
import { caseLines } from './values.js';

/** Sums of values below this cannot overflow a NUMBER(38, 9), which Snowflake raises as an error. */
const ORDINARY = 'between -1000000000000000000 and 1000000000000000000';

const int = (sql: Sql): Sql => `cast(${sql} as number(38, 0))`;

/** Sum of the ordinary values and of the fractions of large ones. */
const smallSum = (x: Sql, context: EmitContext): Sql =>
  `sum(case when ${x} ${ORDINARY} then ${x} else mod(${x}, 1) end)${aggregateClauses(context)}`;

/** Sum of the whole parts of the large values, null where there are none. */
const largeSum = (x: Sql, context: EmitContext): Sql =>
  `sum(case when ${x} not ${ORDINARY} then ${int(`trunc(${x})`)} end)${aggregateClauses(context)}`;

/** The whole part of the sum, and what is left of it: together they are exact however large the values are. */
function parts(x: Sql, context: EmitContext): { readonly whole: Sql; readonly rest: Sql } {
  const small = smallSum(x, context);
  return {
    whole: `(coalesce(${largeSum(x, context)}, 0) + ${int(`trunc(${small})`)})`,
    rest: `mod(${small}, 1)`,
  };
}

/** Whether the argument is known to be an integer of at most 64 bits, whose sum is below 38 digits. */
function isNarrow(expr: Expr | undefined): boolean {
  if (expr?.kind !== 'call' || expr.fn !== 'column_number') {
    return expr !== undefined && (expr.kind === 'lit' ? expr.literal.type : expr.type) === 'int';
  }
  const kind = expr.args[1];
  return kind?.kind === 'lit' && kind.literal.value === 'int';
}

/**
 * The sum, null beyond the range. Where some values are large its whole part is taken one nearer to zero, as it may be
 * beyond the range where the sum, with a fraction of the other sign, is not.
 */
const sum: Emit = (args, context) => {
  const x = arg(args);
  if (isNarrow(context.args[0])) return `cast(sum(${x})${aggregateClauses(context)} as number(38, 9))`;
  const { whole, rest } = parts(x, context);
  const bound = '100000000000000000000000000000';
  return caseLines(
    [
      `when ${largeSum(x, context)} is null then ${smallSum(x, context)}`,
      `when abs(${whole}) < ${bound} or abs(${whole}) = ${bound} and sign(${whole}) * ${rest} < 0`,
      `  then cast(${whole} - sign(${whole}) as number(38, 9)) + (sign(${whole}) + ${rest})`,
    ],
    context.newLine,
  );
};

/**
 * Division rounds to six digits more than its operands have, and would round twice. So the whole part is divided by
 * what it is a multiple of, and what is left is a count of 1e-9, rounded half away from zero in integers.
 */
const avg: Emit = (args, context) => {
  const x = arg(args);
  const { whole, rest } = parts(x, context);
  const n = `count(${x})${aggregateClauses(context)}`;
  const quotient = `cast((${whole} - mod(${whole}, ${n})) / ${n} as number(38, 0))`;
  const sign = `case when ${whole} < 0 or ${whole} = 0 and ${rest} < 0 then -1 else 1 end`;
  // Twice what is left, counted in 1e-9, and the half that rounds; as large as the count at most.
  const twice = `(${sign} * 2 * (mod(${whole}, ${n}) * 1000000000 + ${int(`${rest} * 1000000000`)}) + ${n})`;
  const floor = `(${twice} - mod(mod(${twice}, 2 * ${n}) + 2 * ${n}, 2 * ${n})) / (2 * ${n})`;
  return caseLines(
    [
      `when ${n} > 0 then cast(${quotient} as number(38, 9))`,
      `  + ${sign} * cast(${floor} as number(20, 0)) * 0.000000001`,
    ],
    context.newLine,
  );
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
  const operator = units > 0n ? '>=' : '>';
  const { whole, rest } = parts(x, context);
  const n = `count(${x})${aggregateClauses(context)}`;
  // The whole parts are compared with the whole parts, as both may be beyond what the fraction leaves room for.
  const beyond = `2 * ${rest} - ${twice} * ${n}`;
  const rounded = operator === '>=' ? 'floor' : 'ceil';
  return `case when ${n} > 0 then 2 * ${whole} + ${int(`${rounded}(${beyond})`)} ${operator} 0 end`;
};

/** Texts of one length, or ended by what sorts before every character, so that they order as the keys do. */
const SORTABLE: Record<ScalarType, (key: Sql) => Sql> = {
  timestamp: (key) => `to_varchar(${key}, 'YYYYMMDDHH24MISSFF6')`,
  int: (key) => `lpad(to_varchar(${key} + 9223372036854775808), 20, '0')`,
  text: (key) => `${key} || chr(1)`,
  bool: (key) => `to_varchar(${key})`,
  number: (key) =>
    `lpad(to_varchar(${int(`floor(${key})`)} + 100000000000000000000000000000), 30, '0') || to_varchar(${key} - floor(${key}))`,
  json: () => {
    throw new CompilerBug('JSON has no order');
  },
};

/** Several keys as one text that orders as they do in turn; a null comes after everything, as it does in ORDER BY. */
const sortKey = ({ orderBy, orderTypes }: EmitContext): Sql =>
  orderBy.map((key, i) => `coalesce('0' || ${SORTABLE[orderTypes[i] ?? 'json'](key)}, '1')`).join(' || ');

/** MIN_BY and MAX_BY take one key, and skip rows without one: so do rows whose value is null. */
const extreme =
  (name: 'min_by' | 'max_by'): Emit =>
  (args, context) => {
    const x = arg(args);
    const key = context.orderBy.length === 1 ? context.orderBy.join('') : sortKey(context);
    return `${name}(${x}, case when ${x} is not null then ${key} end)${aggregateClauses(context)}`;
  };

export const AGGREGATES: Record<AggName, Emit> = {
  ...STANDARD_AGGREGATES,
  sum,
  avg,
  avg_at_least: avgAtLeast,
  first: extreme('min_by'),
  last: extreme('max_by'),
  any_true: (args, context) => `boolor_agg(${arg(args)})${aggregateClauses(context)}`,
  json_text_array: (args, context) => {
    const x = arg(args);
    const order =
      context.orderBy.length === 0 ? '' : ` within group (order by ${context.orderBy.join(', ')})`;
    return `case when count(${x}) > 0 then to_variant(array_agg(${x})${order}) end`;
  },
};
