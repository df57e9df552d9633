import { durationMicros, type EventStream, type Reducer, type Stream } from '../../models/algebra.js';
import { hashedName } from '../bind/paths.js';
import { CompilerBug } from '../diagnostics/index.js';
import { aggregate, and, as, c, call, col, filter, label, or } from '../ir/build.js';
import type { Expr, Named, Relation } from '../ir/types.js';
import { asOf, between } from './compare.js';
import { EntityPredicate } from './entity.js';
import { EventPredicate, requestOf } from './event.js';
import type { LowerContext } from './provider.js';
import { aggregateOf, isPlain, reduced, reducerArgument, type Reduction } from './reduce.js';

/** A stream reduced to one value a profile. */
export interface Measure extends Reduction {
  readonly predicate: EventPredicate | EntityPredicate;
}

/** Events prove that their profiles exist; rows of an entity do not. */
export const ofEvents = (m: Measure): m is EventMeasure => m.predicate instanceof EventPredicate;
type EventMeasure = Measure & { readonly predicate: EventPredicate };

const nameOf = (stream: Stream): string => (stream.kind === 'event' ? stream.event : stream.entity);

export function measure(stream: Stream, reducer: Reducer, context: LowerContext): Measure {
  const predicate =
    stream.kind === 'event' ? new EventPredicate(stream, context) : new EntityPredicate(stream, context);
  const argument = reducerArgument(reducer, (path, facet) => predicate.value('property', path, facet));
  return { column: columnOf(stream, reducer), reducer, predicate, ...argument };
}

const COLUMNS = new WeakMap<Stream, WeakMap<Reducer, string>>();

/** The name of a measure's column: made once, as a definition is lowered several times. */
function columnOf(stream: Stream, reducer: Reducer): string {
  const known = COLUMNS.get(stream) ?? new WeakMap<Reducer, string>();
  COLUMNS.set(stream, known);
  const found = known.get(reducer);
  if (found !== undefined) return found;
  const readable = `${nameOf(stream)}_${reducer.fn}`;
  const made = hashedName(readable, JSON.stringify(stream), JSON.stringify(reducer));
  known.set(reducer, made);
  return made;
}

/** Measures that may share a pass: the same event, without joins of their own and with the same sources. */
export const passOf = (m: Measure): string =>
  ofEvents(m) &&
  isPlain(m) &&
  !m.predicate.readsTraits &&
  !m.predicate.hasChildren &&
  !m.predicate.stream.expiresAfter
    ? passKey(m.predicate.stream)
    : m.column;

const passKey = ({ event, excludeSources, by }: EventStream): string =>
  JSON.stringify([event, excludeSources ?? [], ...(by ? [by] : [])]);

/**
 * Measures of one pass as a relation: key, then a value column each. A profile without a row has 0 for counts
 * and nothing for the rest.
 */
export function passRelation(measures: readonly Measure[], context: LowerContext): Relation {
  const [first] = measures;
  if (!first) throw new CompilerBug('a pass over nothing');
  const keyOf = (rows: Relation): readonly Named[] =>
    context.provider.key.map((k) => as(k.name, c(rows, k.name)));
  if (measures.length === 1) {
    const rows = first.predicate.rows();
    return label(reduced(rows, keyOf(rows), first), `${nameOf(first.predicate.stream)} ${first.reducer.fn}`);
  }
  if (!ofEvents(first)) throw new CompilerBug('a pass of several over an entity');
  const { stream } = first.predicate;
  const { event } = stream;
  const columns = new Map(measures.flatMap((m) => m.predicate.columns.map((v) => [v.name, v] as const)));
  const rows = context.provider.events(requestOf(stream, [...columns.values()]));
  return label(sharedPass(rows, keyOf(rows), measures.filter(ofEvents)), `${event} measures`);
}

/** One pass for several: every aggregate filters for itself, rows no one wants are left out first. */
function sharedPass(rows: Relation, key: readonly Named[], measures: readonly EventMeasure[]): Relation {
  const conditions = measures.map((m) => and(m.predicate.time, m.predicate.rest));
  const kept = filter(rows, and(coarseRange(measures), or(...measures.map((m) => m.predicate.rest))));
  const aggs = measures.map((m, i) => as(m.column, aggregateOf(m, conditions[i])));
  return aggregate(kept, key, aggs);
}

/** The span that holds every measure's window, as one plain range. */
function coarseRange(measures: readonly EventMeasure[]): Expr {
  const spans = measures
    .map((m) => m.predicate.stream.window)
    .map((window) => {
      if (window?.kind === 'within') return window.duration;
      return window?.kind === 'between' ? window.to : undefined;
    });
  const until = call('le', col('timestamp', 'timestamp'), asOf());
  if (spans.some((span) => span === undefined)) return until;
  const longest = spans
    .flatMap((span) => span ?? [])
    .reduce((a, b) => (durationMicros(a) >= durationMicros(b) ? a : b));
  return between(col('timestamp', 'timestamp'), asOf(longest, -1), asOf());
}
