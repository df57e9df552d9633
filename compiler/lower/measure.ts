import { durationMicros, type EventStream, type Reducer } from '../../models/algebra.js';
import { hashedName } from '../bind/paths.js';
import { agg, aggregate, and, as, c, call, col, filter, int, label, or, text } from '../ir/build.js';
import type { Expr, Named, Relation } from '../ir/types.js';
import { asOf, between } from './compare.js';
import { EventPredicate } from './event.js';
import { jsonFaceted, reducerFacet, type Faceted } from './faceted.js';
import type { LowerContext } from './provider.js';

/** A stream reduced to one value a profile. */
export interface Measure {
  /** Name of its value column. */
  readonly column: string;
  readonly reducer: Reducer;
  readonly predicate: EventPredicate;
  /** The reducer's argument over event rows; undefined for count. */
  readonly argument: Expr | undefined;
}

export function measure(stream: EventStream, reducer: Reducer, context: LowerContext): Measure {
  const predicate = new EventPredicate(stream, context);
  const facet = reducerFacet(reducer);
  const argument =
    facet && 'property' in reducer ? predicate.value('property', reducer.property, facet) : undefined;
  const column = hashedName(`${stream.event}_${reducer.fn}`, JSON.stringify(stream), JSON.stringify(reducer));
  return { column, reducer, predicate, argument };
}

/** Whether a measure is one aggregate over its rows, so that several over one event share a pass. */
export const isPlain = (m: Measure): boolean => m.reducer.fn !== 'mode' && m.reducer.fn !== 'unique';

/** Measures that may share a pass: the same event, without joins of their own and with the same sources. */
export const passOf = (m: Measure): string =>
  isPlain(m) && !m.predicate.readsTraits
    ? JSON.stringify([m.predicate.stream.event, m.predicate.stream.excludeSources ?? []])
    : m.column;

/**
 * Measures of one pass as a relation: key, then a value column each. A profile without a row has 0 for counts
 * and nothing for the rest.
 */
export function passRelation(measures: readonly Measure[], context: LowerContext): Relation {
  const [first] = measures;
  if (!first) throw new Error('a pass over nothing');
  const { event, excludeSources } = first.predicate.stream;
  const columns = new Map(measures.flatMap((m) => m.predicate.columns.map((v) => [v.name, v] as const)));
  const rows = context.provider.events({
    event,
    columns: [...columns.values()],
    excludeSources: excludeSources ?? [],
  });
  const key = context.provider.key.map((k) => as(k.name, c(rows, k.name)));
  const name = `${event} ${measures.length === 1 ? first.reducer.fn : 'measures'}`;
  if (measures.length > 1) return label(sharedPass(rows, key, measures), name);
  const kept = filter(first.predicate.withTraits(filter(rows, first.predicate.time)), first.predicate.rest);
  return label(reduced(kept, key, first), name);
}

/** One pass for several: every aggregate filters for itself, rows no one wants are left out first. */
function sharedPass(rows: Relation, key: readonly Named[], measures: readonly Measure[]): Relation {
  const conditions = measures.map((m) => and(m.predicate.time, m.predicate.rest));
  const kept = filter(rows, and(coarseRange(measures), or(...measures.map((m) => m.predicate.rest))));
  const aggs = measures.map((m, i) => as(m.column, aggregateOf(m, conditions[i])));
  return aggregate(kept, key, aggs);
}

/** The span that holds every measure's window, as one plain range. */
function coarseRange(measures: readonly Measure[]): Expr {
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

function reduced(rows: Relation, key: readonly Named[], m: Measure): Relation {
  if (m.reducer.fn === 'mode') return modeRelation(rows, key, m, m.reducer.minFrequency ?? 2);
  if (m.reducer.fn === 'unique') return uniqueRelation(rows, key, m);
  return aggregate(rows, key, [as(m.column, aggregateOf(m))]);
}

const ORDER_OF_EVENTS: readonly Expr[] = [
  col('timestamp', 'timestamp'),
  col('message_id', 'text'),
  col('origin', 'text'),
];

/** The aggregate of a plain reducer (SEMANTICS §2, "Reducers"). */
export function aggregateOf(m: Measure, where?: Expr): Expr {
  const options = where ? { filter: where } : {};
  const args = m.argument ? [m.argument] : [];
  switch (m.reducer.fn) {
    case 'count':
      return agg('count', [], options);
    case 'unique_count':
      return agg('count_distinct', args, options);
    case 'sum':
    case 'avg':
    case 'min':
    case 'max':
      return agg(m.reducer.fn, args, options);
    case 'first':
    case 'last':
      return agg(m.reducer.fn, args, { ...options, orderBy: ORDER_OF_EVENTS });
    case 'mode':
    case 'unique':
      throw new Error(`${m.reducer.fn} takes two steps`);
  }
}

/** Most frequent text at least `min_frequency` times; ties: smallest text. */
function modeRelation(rows: Relation, key: readonly Named[], m: Measure, minFrequency: number): Relation {
  if (!m.argument) throw new Error('mode without a property');
  const present = filter(rows, call('is_not_null', m.argument));
  const frequent = call('ge', agg('count'), int(minFrequency));
  const counted = aggregate(
    present,
    [...key, as('text', m.argument)],
    [as('frequency', agg('count'))],
    frequent,
  );
  const order = [call('neg', col('frequency', 'int')), col('text', 'text')];
  const best = agg('first', [col('text', 'text')], { orderBy: order });
  return aggregate(counted, key, [as(m.column, best)]);
}

/** Distinct values as texts, ascending, as a JSON array. */
function uniqueRelation(rows: Relation, key: readonly Named[], m: Measure): Relation {
  if (!m.argument) throw new Error('unique without a property');
  const present = filter(rows, call('is_not_null', m.argument));
  const distinct = aggregate(present, [...key, as('text', m.argument)], []);
  const value = col('text', 'text');
  const list = aggregate(distinct, key, [
    as(m.column, agg('json_text_array', [value], { orderBy: [value] })),
  ]);
  return list;
}

/** The forms of a measure's value, over its column. */
export function measureFaceted(m: Measure): Faceted {
  switch (m.reducer.fn) {
    case 'count':
    case 'unique_count': {
      const value = col(m.column, 'int');
      return { number: value, text: call('number_text', value) };
    }
    case 'sum':
    case 'avg':
      return numeric(col(m.column, 'number'));
    case 'min':
    case 'max':
      return m.reducer.as === 'string' ? textual(col(m.column, 'text')) : numeric(col(m.column, 'number'));
    case 'mode':
      return textual(col(m.column, 'text'));
    case 'first':
    case 'last':
    case 'unique':
      return jsonFaceted(col(m.column, 'json'));
  }
}

/** What the measure is where no event matches. */
export function measureAbsent(m: Measure): Faceted {
  return m.reducer.fn === 'count' || m.reducer.fn === 'unique_count'
    ? { number: int(0), text: text('0') }
    : {};
}

const numeric = (value: Expr): Faceted => ({ number: value, text: call('number_text', value) });
const textual = (value: Expr): Faceted => ({
  text: value,
  number: call('text_number', value),
  instant: call('text_instant', value),
});
