/** The IR's aggregates in PostgreSQL's SQL. Its sums are exact and have no limit, so only the range is ours to watch. */
import type { AggName } from '../../compiler/ir/types.js';
import type { Emit, EmitContext, Sql } from '../dialect.js';
import { STANDARD_AGGREGATES } from '../emit/index.js';
import { aggregateClauses, arg } from '../emit/standard.js';
import { inRange } from './values.js';

// PostgreSQL computes an aggregate that is written twice once.
const sumOf = (x: Sql, context: EmitContext): Sql => `sum(${x})${aggregateClauses(context)}`;

/** Units of 1e-9, divided as integers and rounded half away from zero: `/` would round at a place of its own choice. */
const avg: Emit = (args, context) => {
  const sum = sumOf(arg(args), context);
  const count = `count(${arg(args)})${aggregateClauses(context)}`;
  return `sign(${sum}) * div(2000000000 * abs(${sum}) + ${count}, nullif(2 * ${count}, 0)) * 0.000000001`;
};

const edge =
  (direction: '' | ' desc'): Emit =>
  (args, context) => {
    const x = arg(args);
    const order = context.orderBy.map((key) => `${key}${direction}`).join(', ');
    return `(array_agg(${x} order by ${order})${aggregateClauses(context, `${x} is not null`)})[1]`;
  };

export const AGGREGATES: Record<AggName, Emit> = {
  ...STANDARD_AGGREGATES,
  sum: (args, context) => inRange(sumOf(arg(args), context)),
  avg: (args, context) => `(${avg(args, context)})`,
  avg_at_least: (args, context) => `(${avg(args.slice(0, 1), context)} >= ${arg(args, 1)})`,
  first: edge(''),
  last: edge(' desc'), // nulls come first, as they are the largest
  any_true: (args, context) => `bool_or(${arg(args)})${aggregateClauses(context)}`,
  json_text_array: (args, context) => {
    const order = context.orderBy.length === 0 ? '' : ` order by ${context.orderBy.join(', ')}`;
    return `jsonb_agg(${arg(args)}${order})${aggregateClauses(context, `${arg(args)} is not null`)}`;
  },
};
