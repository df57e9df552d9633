import type { Condition } from '../../models/algebra.js';
import { CompilerBug } from '../diagnostics/index.js';
import { aggregate, and, antiJoin, bool, c, filter, join, label, not, pick, semiJoin } from '../ir/build.js';
import type { Aggregate, AggName, Expr, FnName, Relation } from '../ir/types.js';
import { mapExpr, walkExpr } from '../ir/walk.js';
import { definite } from './compare.js';
import { lowerCondition, type LoweredCondition } from './condition.js';
import { passRelation } from './measure.js';
import type { LowerContext } from './provider.js';
import { CUSTOM } from './traits.js';
import { conjuncts, expression, sourcesOf, whenAbsent, type Truth } from './truth.js';

/**
 * Members of an audience as a relation of profile keys.
 *
 * Conditions are columns on a spine of profiles, so negation is defined over every profile. Two rewrites keep
 * that meaning and save the work: a conjunct that reads one source and fails without a row becomes a semi
 * join with the rows that pass; one that holds without a row becomes an anti join with the rows that fail.
 * When an event carries a conjunct, its profiles exist, and the spine itself is not read.
 */
export function lowerAudience(condition: Condition, context: LowerContext): Relation {
  const lowered = lowerCondition(condition, context);
  const key = context.provider.key.map((k) => k.name);
  const sources = sourceRelations(lowered, context);
  const plan = classify(lowered.truth);

  const [start, ...rest] = orderPositives(plan.positive, sources);
  let rows: Relation;
  const semi: Relation[] = [];
  if (start && provesProfile(sources, start.source)) {
    rows = passing(sources, start.source, start.truth, key);
    semi.push(...rest.map((p) => passing(sources, p.source, p.truth, key)));
    if (!context.includeAnonymous) rows = context.provider.keepKnown(rows);
  } else {
    rows = everyone(context, key);
    semi.push(...plan.positive.map((p) => passing(sources, p.source, p.truth, key)));
  }
  for (const partner of semi) rows = semiJoin(rows, partner, key);
  for (const n of plan.negative) rows = antiJoin(rows, failing(sources, n.source, n.truth, key), key);
  if (plan.mixed.length > 0) rows = onSpine(rows, plan.mixed, sources, key);
  return rows.columns.length === key.length ? rows : pick(rows, key);
}

/** The universe, or its known part. */
export function everyone(context: LowerContext, key: readonly string[]): Relation {
  const profiles = context.provider.profiles();
  return pick(context.includeAnonymous ? profiles : filter(profiles, c(profiles, 'known')), key);
}

interface Source {
  readonly relation: Relation;
  /** Its rows come from events or identifies by `as_of`, so their profiles are of the universe. */
  readonly provesProfile: boolean;
  /** A row says that at least one event matched the only measure. */
  readonly single: boolean;
}

type Sources = ReadonlyMap<string, Source>;

interface OnOne {
  readonly source: string;
  readonly truth: Truth;
}

function sourceRelations(lowered: LoweredCondition, context: LowerContext): Sources {
  const sources = new Map<string, Source>();
  for (const [id, measures] of lowered.passes) {
    sources.set(id, {
      relation: passRelation(measures, context),
      provesProfile: true,
      single: measures.length === 1,
    });
  }
  for (const { id, relation } of lowered.traits.sources()) {
    sources.set(id, { relation, provesProfile: id === CUSTOM, single: false });
  }
  return sources;
}

/** Sorts top-level conjuncts by what they ask of one source; those that tangle sources stay mixed. */
function classify(truth: Truth): { positive: OnOne[]; negative: OnOne[]; mixed: Truth[] } {
  const all = conjuncts(truth);
  const tangled = new Set(all.flatMap((t) => (sourcesOf(t).size > 1 ? [...sourcesOf(t)] : [])));
  const bySource = new Map<string, Truth[]>();
  const mixed: Truth[] = [];
  for (const t of all) {
    const [source] = sourcesOf(t);
    if (source === undefined || tangled.has(source)) mixed.push(t);
    else bySource.set(source, [...(bySource.get(source) ?? []), t]);
  }
  const positive: OnOne[] = [];
  const negative: OnOne[] = [];
  for (const [source, parts] of bySource) {
    // Apart where their truths without a row differ: each is then one kind of join.
    const fails = parts.filter((t) => whenAbsent(t) === false);
    const holds = parts.filter((t) => whenAbsent(t) === true);
    mixed.push(...parts.filter((t) => whenAbsent(t) === undefined));
    if (fails.length > 0) positive.push({ source, truth: { kind: 'and', of: [...fails, ...holds] } });
    else if (holds.length > 0) negative.push({ source, truth: { kind: 'and', of: holds } });
  }
  return { positive, negative, mixed };
}

/** Positives that prove their profiles come first: the join can start from them. */
function orderPositives(positive: readonly OnOne[], sources: Sources): readonly OnOne[] {
  const rank = (p: OnOne): number => (provesProfile(sources, p.source) ? 0 : 1);
  return [...positive].sort((a, b) => rank(a) - rank(b));
}

const provesProfile = (sources: Sources, id: string): boolean => sourceOf(sources, id).provesProfile;

function sourceOf(sources: Sources, id: string): Source {
  const source = sources.get(id);
  if (!source) throw new CompilerBug(`no relation for ${id}`);
  return source;
}

const passing = (sources: Sources, id: string, truth: Truth, key: readonly string[]): Relation =>
  keysWhere(sourceOf(sources, id), expression(truth, 'present'), key);

const failing = (sources: Sources, id: string, truth: Truth, key: readonly string[]): Relation =>
  keysWhere(sourceOf(sources, id), not(definite(expression(truth, 'present'))), key);

/** Keys of the rows of a source that satisfy a test; over an aggregate the test becomes its HAVING. */
function keysWhere(source: Source, test: Expr, key: readonly string[]): Relation {
  const { relation } = source;
  if (relation.kind !== 'aggregate' || !fitsHaving(relation, test)) return pick(filter(relation, test), key);
  const having = and(relation.having ?? and(), intoHaving(relation, test, source.single));
  const bare = aggregate(relation.input, relation.groupBy, [], having);
  return relation.label === undefined ? bare : label(bare, relation.label);
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

/** Whether a test says little enough to be repeated inside HAVING: functions of aggregates may be long, and engines limit them. */
function fitsHaving(relation: Aggregate, test: Expr): boolean {
  const aggs = new Map(relation.aggs.map((a) => [a.name, a.expr]));
  for (const e of walkExpr(test)) {
    if (e.kind === 'call' && !HAVING_FNS.has(e.fn)) return false;
    const aggregated = e.kind === 'col' ? aggs.get(e.name) : undefined;
    if (aggregated && !(aggregated.kind === 'agg' && HAVING_AGGS.has(aggregated.fn))) return false;
  }
  return true;
}

/** A test over an aggregate's output columns, said with its aggregates. A group has a row, so `count >= 1` says nothing. */
function intoHaving(relation: Aggregate, test: Expr, single: boolean): Expr {
  const aggs = new Map(relation.aggs.map((a) => [a.name, a.expr]));
  return mapExpr(test, (e) => {
    if (single && isCountAtLeastOne(e, aggs)) return bool(true);
    return e.kind === 'col' ? (aggs.get(e.name) ?? e) : e;
  });
}

function isCountAtLeastOne(e: Expr, aggs: ReadonlyMap<string, Expr>): boolean {
  if (e.kind !== 'call' || (e.fn !== 'ge' && e.fn !== 'gt')) return false;
  const [value, bound] = e.args;
  if (value?.kind !== 'col' || bound?.kind !== 'lit') return false;
  const aggregated = aggs.get(value.name);
  const isCount = aggregated?.kind === 'agg' && aggregated.fn === 'count' && !aggregated.filter;
  return isCount && bound.literal.value === (e.fn === 'ge' ? '1' : '0');
}

/** Joins what tangled conditions read onto the rows and filters by them. */
function onSpine(
  rows: Relation,
  mixed: readonly Truth[],
  sources: Sources,
  key: readonly string[],
): Relation {
  const ids = new Set(mixed.flatMap((t) => [...sourcesOf(t)]));
  const joined = [...ids].reduce((left, id) => join('left', left, sourceOf(sources, id).relation, key), rows);
  return filter(joined, and(...mixed.map((t) => expression(t, 'total'))));
}
