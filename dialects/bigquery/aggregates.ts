/** The IR's aggregates in GoogleSQL. */
import type { AggName } from '../../compiler/ir/types.js';
import type { Emit, EmitContext, Sql } from '../dialect.js';
import { isOf } from '../emit/arguments.js';
import { STANDARD_AGGREGATES } from '../emit/index.js';
import { arg, aggregateClauses } from '../emit/standard.js';

/** Seventy-six digits: no sum of our decimals leaves them, and a quotient keeps enough to be rounded once more. */
const wide = (name: 'sum' | 'avg', x: Sql, context: EmitContext): Sql =>
  `safe_cast(${name}(cast(${x} as bignumeric))${aggregateClauses(context)} as numeric)`;

/** A sum of integers leaves 64 bits, and raises, long before it leaves a decimal. */
const sum: Emit = (args, context) =>
  isOf(context.args[0], 'int')
    ? `sum(cast(${arg(args)} as numeric))${aggregateClauses(context)}`
    : wide('sum', arg(args), context);

const extreme =
  (direction: '' | ' desc'): Emit =>
  (args, { orderBy }) =>
    `array_agg(${arg(args)} ignore nulls order by ${orderBy.map((key) => key + direction).join(', ')} limit 1)[safe_offset(0)]`;

export const AGGREGATES: Record<AggName, Emit> = {
  ...STANDARD_AGGREGATES,
  sum,
  avg: (args, context) => wide('avg', arg(args), context),
  avg_at_least: (args, context) => `(${wide('avg', arg(args), context)} >= ${arg(args, 1)})`,
  first: extreme(''),
  last: extreme(' desc'),
  any_true: (args, context) => `logical_or(${arg(args)})${aggregateClauses(context)}`,
  json_text_array: (args, { orderBy }) => {
    const order = orderBy.length === 0 ? '' : ` order by ${orderBy.join(', ')}`;
    return `nullif(to_json_string(array_agg(${arg(args)} ignore nulls${order})), 'null')`;
  },
};
