import { aggregate, and, bool, call, filter, isBool, label, pick, project } from '../ir/build.js';
import type { Aggregate, AggName, Expr, FnName, Relation } from '../ir/types.js';
import { mapExpr } from '../ir/walk.js';
import { averageTest } from './average.js';

/** One row a profile, made of its events or stored. */
export interface PerProfile {
  readonly relation: Relation;
  /** A row says that at least one event matched the only measure. */
  readonly single: boolean;
}

/**
 * Keys of the rows that satisfy a test; over an aggregate the test becomes its HAVING. Without `once` a key may come
 * several times, so that rows whose being there is all that is asked need not be grouped.
 */
export function keysWhere(source: PerProfile, test: Expr, key: readonly string[], once: boolean): Relation {
  const { relation } = source;
  const own = relation.kind === 'aggregate' ? intoHaving(relation, test, source.single) : undefined;
  if (relation.kind !== 'aggregate' || own === undefined) return pick(filter(relation, test), key);
  const having = and(relation.having ?? bool(true), own);
  const bare =
    isBool(having, true) && !once
      ? project(relation.input, relation.groupBy)
      : aggregate(relation.input, relation.groupBy, [], having);
  return relation.label === undefined ? bare : label(bare, relation.label);
}

/** Whether rows pass without being grouped. */
export function onlyExistence({ relation, single }: PerProfile, test: Expr): boolean {
  if (relation.kind !== 'aggregate' || relation.having) return false;
  const own = intoHaving(relation, test, single);
  return own !== undefined && isBool(own, true);
}

const HAVING_AGGS: ReadonlySet<AggName> = new Set<AggName>(['count', 'count_distinct', 'sum', 'min', 'max']);
const HAVING_FNS: ReadonlySet<FnName> = new Set<FnName>([
  'and',
  'or',
  'not',
  'eq',
  'ne',
  'lt',
  'le',
  'gt',
  'ge',
  'in_list',
  'is_null',
  'is_not_null',
  'coalesce',
]);

/**
 * A test over an aggregate's output columns, said with its aggregates; undefined where it would say too much there:
 * functions of aggregates may be long, and engines limit them. A group has a row, so `count >= 1` says nothing.
 */
function intoHaving(relation: Aggregate, test: Expr, single: boolean): Expr | undefined {
  const aggs = new Map(relation.aggs.map((a) => [a.name, a.expr]));
  let fits = true;
  const into = (expr: Expr): Expr =>
    mapExpr(expr, (e) => {
      if (e.kind === 'col') {
        const aggregated = aggs.get(e.name);
        if (aggregated && !(aggregated.kind === 'agg' && HAVING_AGGS.has(aggregated.fn))) fits = false;
        return aggregated ?? e;
      }
      if (e.kind !== 'call') return e;
      if (!HAVING_FNS.has(e.fn)) fits = false;
      if (single && isCountAtLeastOne(e, aggs)) return bool(true);
      if (e.fn === 'coalesce') return coalesced(e.args.map(into));
      return averageTest(e, aggs) ?? e;
    });
  const having = into(test);
  return fits ? having : undefined;
}

/** A literal is what it comes to. */
const coalesced = (args: readonly Expr[]): Expr =>
  args[0]?.kind === 'lit' ? args[0] : call('coalesce', ...args);

function isCountAtLeastOne(e: Expr & { kind: 'call' }, aggs: ReadonlyMap<string, Expr>): boolean {
  if (e.fn !== 'ge' && e.fn !== 'gt') return false;
  const [value, bound] = e.args;
  if (value?.kind !== 'col' || bound?.kind !== 'lit') return false;
  const aggregated = aggs.get(value.name);
  const isCount = aggregated?.kind === 'agg' && aggregated.fn === 'count' && !aggregated.filter;
  return isCount && bound.literal.value === (e.fn === 'ge' ? '1' : '0');
}
