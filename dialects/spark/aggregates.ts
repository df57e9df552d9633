/** The IR's aggregates in Spark's SQL. */
import type { AggName } from '../../compiler/ir/types.js';
import type { Emit, EmitContext, Sql } from '../dialect.js';
import { STANDARD_AGGREGATES } from '../emit/index.js';
import { aggregateClauses, arg } from '../emit/standard.js';
import { textJson } from './values.js';

/**
 * Whole quotient and remainder first, then the remainder's digits: a division of decimals would be rounded twice, and one of
 * digits after the point has less room before it. Half is rounded away from zero.
 */
function average(x: Sql, context: EmitContext): Sql {
  const clauses = aggregateClauses(context);
  const sums = `named_struct('s', try_sum(cast(${x} as decimal(38, 9)))${clauses}, 'n', cast(count(${x})${clauses} as decimal(9, 0)))`;
  const steps = [
    `rc__t -> named_struct('q', try_divide(cast(rc__t.s - rc__t.s % rc__t.n as decimal(29, 0)), rc__t.n), 'r', cast(rc__t.s % rc__t.n * 1000000000 as bigint), 'n', cast(rc__t.n as bigint))`,
    `rc__t -> named_struct('q', rc__t.q, 'd', (2 * abs(rc__t.r) + rc__t.n) div (2 * nullif(rc__t.n, 0)), 'sign', sign(rc__t.r))`,
    `rc__t -> try_cast(rc__t.q + cast(rc__t.sign as int) * cast(rc__t.d as decimal(19, 0)) * 0.000000001 as decimal(38, 9))`,
  ];
  return `${steps.reduce((list, step) => `transform(${list}, ${step})`, `array(${sums})`)}[0]`;
}

const extreme =
  (name: 'min_by' | 'max_by'): Emit =>
  (args, context) => {
    const key =
      context.orderBy.length === 1 ? context.orderBy.join('') : `struct(${context.orderBy.join(', ')})`;
    return `${name}(${arg(args)}, ${key})${aggregateClauses(context, `${arg(args)} is not null`)}`;
  };

export const AGGREGATES: Record<AggName, Emit> = {
  ...STANDARD_AGGREGATES,
  sum: (args, context) => `try_sum(cast(${arg(args)} as decimal(38, 9)))${aggregateClauses(context)}`,
  avg: (args, context) => average(arg(args), context),
  avg_at_least: (args, context) => `(${average(arg(args), context)} >= ${arg(args, 1)})`,
  first: extreme('min_by'),
  last: extreme('max_by'),
  any_true: (args, context) => `bool_or(${arg(args)})${aggregateClauses(context)}`,
  json_text_array: (args, context) => {
    const keys = context.orderBy.map((key, i) => `'k${i}', ${key}, `).join('');
    const rows = `collect_list(named_struct(${keys}'v', ${arg(args)}))${aggregateClauses(context, `${arg(args)} is not null`)}`;
    return `nullif('[' || array_join(transform(array_sort(${rows}), rc__t -> ${textJson('rc__t.v')}), ',') || ']', '[]')`;
  },
};
