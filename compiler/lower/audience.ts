import type { Condition } from '../../models/algebra.js';
import { CompilerBug } from '../diagnostics/index.js';
import { and, antiJoin, c, filter, join, pick, semiJoin } from '../ir/build.js';
import type { Relation } from '../ir/types.js';
import { lowerCondition, NAMES, type LoweredCondition } from './condition.js';
import { ofEvents, passRelation } from './measure.js';
import type { LowerContext } from './provider.js';
import { rankRelation } from './rank.js';
import { intersection, Sets, type Source } from './sets.js';
import { CUSTOM } from './traits.js';
import { expression, sourcesOf, type Truth } from './truth.js';

/**
 * Members of an audience as a relation of profile keys.
 *
 * Conditions are columns on a spine of profiles, so negation is defined over every profile. Rewrites keep
 * that meaning and save the work: a conjunct that reads one source and fails without a row becomes a semi
 * join with the rows that pass; one that holds without a row becomes an anti join with the rows that fail; a
 * disjunction of such as fail without a row is the union of the rows that pass.
 *
 * Where there are rows that pass, they are started from. That profiles exist, when no event says so, and that they
 * are known is asked last, of the fewest. Else the spine is started from.
 */
export function lowerAudience(condition: Condition, context: LowerContext): Relation {
  const lowered = lowerCondition(condition, context, lowerAudience);
  const key = context.provider.key.map((k) => k.name);
  const sets = new Sets(sourceRelations(lowered, context), key);
  const plan = sets.plan(lowered.truth);

  let rows: Relation;
  if (plan.sets.length > 0) {
    rows = onSpine(intersection(plan.sets, plan.excluded, key, true), plan.mixed, sets, key);
    if (!plan.sets.some((set) => set.proves)) rows = semiJoin(rows, everyone(context, key), key);
    else if (!context.includeAnonymous) rows = context.provider.keepKnown(rows);
  } else {
    const all = plan.excluded.reduce<Relation>(
      (left, out) => antiJoin(left, out, key),
      everyone(context, key),
    );
    rows = onSpine(all, plan.mixed, sets, key);
  }
  return rows.columns.length === key.length ? rows : pick(rows, key);
}

/** The universe, or its known part. */
export function everyone(context: LowerContext, key: readonly string[]): Relation {
  const profiles = context.provider.profiles();
  return pick(context.includeAnonymous ? profiles : filter(profiles, c(profiles, 'known')), key);
}

function sourceRelations(lowered: LoweredCondition, context: LowerContext): ReadonlyMap<string, Source> {
  const sources = new Map(readRelations(lowered, context));
  const { provider } = context;
  if (lowered.namesProfiles) {
    sources.set(NAMES, { relation: provider.names(), single: false, provesProfile: true, stored: true });
  }
  for (const [id, relation] of lowered.lifted) {
    sources.set(id, { relation, single: false, provesProfile: true, stored: false });
  }
  const key = provider.key.map((k) => k.name);
  for (const [id, { rank, member, by, number }] of lowered.ranks) {
    const population = rank.among ? lowerAudience(rank.among, context) : everyone(context, key);
    const [values] = readRelations(by, context).values();
    if (!values) throw new CompilerBug('a ranking reads nothing');
    const ranked = { population, values: values.relation, number, names: provider.names() };
    const relation = rankRelation(rank, ranked, member);
    sources.set(id, { relation, single: false, provesProfile: true, stored: false });
  }
  return sources;
}

/** What events and traits come to. */
function readRelations(
  lowered: Pick<LoweredCondition, 'passes' | 'traits'>,
  context: LowerContext,
): ReadonlyMap<string, Source> {
  const sources = new Map<string, Source>();
  for (const [id, measures] of lowered.passes) {
    sources.set(id, {
      relation: passRelation(measures, context),
      single: measures.length === 1,
      provesProfile: measures.every(ofEvents),
      stored: false,
    });
  }
  for (const { id, relation } of lowered.traits.sources()) {
    sources.set(id, { relation, single: false, provesProfile: id === CUSTOM, stored: true });
  }
  return sources;
}

/** Joins what tangled conditions read onto the rows and filters by them. */
function onSpine(rows: Relation, mixed: readonly Truth[], sets: Sets, key: readonly string[]): Relation {
  if (mixed.length === 0) return rows;
  const ids = new Set(mixed.flatMap((t) => [...sourcesOf(t)]));
  const joined = [...ids].reduce((left, id) => join('left', left, sets.source(id).relation, key), rows);
  return filter(joined, and(...mixed.map((t) => expression(t, 'total'))));
}
