/** Reducers over event rows (SEMANTICS §2): how rows become one value, and what forms the value has. */
import { durationMicros, isCounting, type Reducer } from '../../models/algebra.js';
import { CompilerBug } from '../diagnostics/index.js';
import {
  agg,
  aggregate,
  as,
  call,
  caseWhen,
  col,
  extend,
  filter,
  int,
  text,
  typeOf,
  unnest,
} from '../ir/build.js';
import type { Expr, Named, Relation } from '../ir/types.js';
import { asOf } from './compare.js';
import { ELEMENT, jsonFaceted, reducerFacet, type Faceted } from './faceted.js';
import { hasElements } from '../bind/paths.js';
import type { Facet } from '../bind/types.js';

/** A reducer over rows that carry its argument. */
export interface Reduction {
  /** Name of its value column. */
  readonly column: string;
  readonly reducer: Reducer;
  /** The reducer's argument over event rows; undefined for count. */
  readonly argument: Expr | undefined;
  /** Every element of this JSON array is a value: the argument is over rows that have one as column `ELEMENT`. */
  readonly elements?: Expr;
}

/**
 * What a reducer works on. On a path with `$` each element is a value, in the order of the array; the first of all
 * is therefore the first of the first event that has any.
 *
 * @param value a form of a property of the events that are reduced
 */
export function reducerArgument(
  reducer: Reducer,
  value: (path: string, facet: Facet) => Expr,
): Pick<Reduction, 'argument' | 'elements'> {
  if (reducer.fn === 'periods') return { argument: periodOf(reducer) };
  const facet = reducerFacet(reducer);
  if (facet === undefined || !('property' in reducer)) return { argument: undefined };
  if (!hasElements(reducer.property)) return { argument: value(reducer.property, facet) };
  const elements = value(reducer.property, 'elements');
  if (reducer.fn === 'first') return { argument: call('json_first', elements) };
  if (reducer.fn === 'last') return { argument: call('json_last', elements) };
  const forms = jsonFaceted(col(ELEMENT, 'json'));
  return { argument: facet === 'number' ? forms.number : forms.text, elements };
}

/**
 * The number of the period an event lies in, the latest 0: `(as_of − (i + 1)·every, as_of − i·every]`. No event is after
 * `as_of`. Null where the period is not one of the last `of`.
 */
function periodOf({ every, of }: Extract<Reducer, { fn: 'periods' }>): Expr {
  const age = call('sub', call('ts_micros', asOf()), call('ts_micros', col('timestamp', 'timestamp')));
  const period = call('int_div', age, int(durationMicros(every)));
  if (of === undefined) return period;
  return caseWhen([{ when: call('lt', age, int(durationMicros(every) * BigInt(of))), then: period }]);
}

/** Whether it is one aggregate over its rows. */
export const isPlain = (m: Reduction): boolean =>
  m.reducer.fn !== 'mode' && m.reducer.fn !== 'unique' && !m.elements;

/** Rows reduced to one value a key. */
export function reduced(rows: Relation, key: readonly Named[], m: Reduction): Relation {
  if (m.elements && m.argument) return ofElements(rows, key, m, m.elements, m.argument);
  if (m.reducer.fn === 'mode') return modeRelation(rows, key, m, m.reducer.minFrequency ?? 2);
  if (m.reducer.fn === 'unique') return uniqueRelation(rows, key, m);
  return aggregate(rows, key, [as(m.column, aggregateOf(m))]);
}

/** Rows that have the array become a row an element; the argument is made once, as aggregates read it often. */
function ofElements(
  rows: Relation,
  key: readonly Named[],
  { column, reducer }: Reduction,
  elements: Expr,
  argument: Expr,
): Relation {
  const each = extend(unnest(rows, elements, 'elements', ELEMENT), [as(VALUE, argument)]);
  return reduced(each, key, { column, reducer, argument: col(VALUE, typeOf(argument)) });
}

const VALUE = 'rollcall_value';

const ORDER_OF_EVENTS: readonly Expr[] = [
  col('timestamp', 'timestamp'),
  col('message_id', 'text'),
  col('origin', 'text'),
];

/** The aggregate of a plain reducer (SEMANTICS §2, "Reducers"). */
export function aggregateOf(m: Reduction, where?: Expr): Expr {
  const options = where ? { filter: where } : {};
  const args = m.argument ? [m.argument] : [];
  switch (m.reducer.fn) {
    case 'count':
      return agg('count', [], options);
    case 'unique_count':
    case 'periods':
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
      throw new CompilerBug(`${m.reducer.fn} takes two steps`);
  }
}

/** Most frequent text at least `min_frequency` times; ties: smallest text. */
function modeRelation(rows: Relation, key: readonly Named[], m: Reduction, minFrequency: number): Relation {
  if (!m.argument) throw new CompilerBug('mode without a property');
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
function uniqueRelation(rows: Relation, key: readonly Named[], m: Reduction): Relation {
  if (!m.argument) throw new CompilerBug('unique without a property');
  const present = filter(rows, call('is_not_null', m.argument));
  const distinct = aggregate(present, [...key, as('text', m.argument)], []);
  const value = col('text', 'text');
  const list = aggregate(distinct, key, [
    as(m.column, agg('json_text_array', [value], { orderBy: [value] })),
  ]);
  return list;
}

/** The forms of a measure's value, over its column. */
export function measureFaceted(m: Reduction): Faceted {
  switch (m.reducer.fn) {
    case 'count':
    case 'unique_count':
    case 'periods': {
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
export function measureAbsent(m: Reduction): Faceted {
  return isCounting(m.reducer.fn) ? { number: int(0), text: text('0') } : {};
}

const numeric = (value: Expr): Faceted => ({ number: value, text: call('number_text', value) });
const textual = (value: Expr): Faceted => ({
  text: value,
  number: call('text_number', value),
  instant: call('text_instant', value),
});
