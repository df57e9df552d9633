import { agg, and, lit, not, or } from '../ir/build.js';
import { decimalOf, UNIT, unitsOf } from '../ir/decimal.js';
import type { Expr } from '../ir/types.js';

/**
 * A comparison of an average with literals, said by "at least" alone, which takes no division: as averages have nine
 * digits, more than `x` is at least the next number after `x`.
 */
export function averageTest(e: Expr & { kind: 'call' }, aggs: ReadonlyMap<string, Expr>): Expr | undefined {
  const [value, ...literals] = e.args;
  const average = value?.kind === 'col' ? aggs.get(value.name) : undefined;
  if (average?.kind !== 'agg' || average.fn !== 'avg') return undefined;
  const bounds = literals.map(boundOf);
  const known = bounds.filter((b) => b !== undefined);
  const [bound] = known;
  if (bound === undefined || known.length < bounds.length) return undefined;
  const options = average.filter ? { filter: average.filter } : {};
  const atLeast = (units: bigint): Expr => agg('avg_at_least', [...average.args, decimal(units)], options);
  const equals = (units: bigint): Expr => and(atLeast(units), not(atLeast(units + 1n)));
  switch (e.fn) {
    case 'ge':
      return atLeast(bound);
    case 'gt':
      return atLeast(bound + 1n);
    case 'lt':
      return not(atLeast(bound));
    case 'le':
      return not(atLeast(bound + 1n));
    case 'eq':
      return equals(bound);
    case 'ne':
      return not(equals(bound));
    case 'in_list':
      return or(...known.map(equals));
    default:
      return undefined;
  }
}

/** Far inside the range of decimals, so that engines can compute with it. */
const MOST = 10n ** 15n * UNIT;

/** A number literal in units of the ninth digit. */
function boundOf(expr: Expr): bigint | undefined {
  if (expr.kind !== 'lit' || expr.literal.type !== 'number') return undefined;
  const units = unitsOf(expr.literal.value);
  return units < MOST && units > -MOST ? units : undefined;
}

const decimal = (units: bigint): Expr => lit({ type: 'number', value: decimalOf(units) });
