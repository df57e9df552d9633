/**
 * Event streams with their windows and filters, and the reducers over them.
 */
import fc from 'fast-check';

import type { Comparison, EventStream, ReducerArguments, ReducerName } from '../reference/model.js';
import { REDUCER_NAMES } from '../reference/model.js';
import {
  anyComparison,
  countComparison,
  existence,
  numberComparison,
  referenceComparison,
} from './comparisons.js';
import {
  ARRAY_PATHS,
  BOOLEAN_PATHS,
  DATE_PATHS,
  DURATIONS,
  ELEMENT_PATHS,
  HOSTILE_PATHS,
  instant,
  NUMBER_PATHS,
  SOURCE_IDS,
  SPANS,
  TEXT_PATHS,
} from './domain.js';
import { sessionGap } from './verbs.js';
import { eventName, predicate, traitReference, type LanguageConstraints } from './predicates.js';

/** An event stream without its reducer. */
export function stream(constraints: LanguageConstraints): fc.Arbitrary<EventStream> {
  const window = fc.oneof(
    { weight: 3, arbitrary: fc.constant({}) },
    { weight: 2, arbitrary: fc.constantFrom('7 days', '30 days', '90 days').map((within) => ({ within })) },
    { weight: 2, arbitrary: fc.constantFrom(...DURATIONS).map((within) => ({ within })) },
    { weight: 2, arbitrary: fc.constantFrom(...SPANS).map((between) => ({ between })) },
    { weight: 1, arbitrary: instant().map((since) => ({ since })) },
    { weight: 1, arbitrary: instant().map((until) => ({ until })) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(instant(), instant())
        .map(([a, b]) => (a < b ? { since: a, until: b } : { since: b, until: a })),
    },
  );
  const sources = fc.constantFrom(['web'], ['raw'], SOURCE_IDS, ['nowhere']).map((exclude) => ({ exclude }));
  return fc
    .record(
      {
        event: eventName(),
        window,
        where: fc.oneof(
          { weight: 3, arbitrary: fc.constant(undefined) },
          { weight: 2, arbitrary: predicate(constraints) },
        ),
        expires_after:
          constraints.verbs === true
            ? fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, sessionGap())
            : fc.constant(undefined),
        sources: fc.oneof(
          { weight: 6, arbitrary: fc.constant(undefined) },
          { weight: 1, arbitrary: sources },
        ),
      },
      { noNullPrototype: true },
    )
    .map(({ event, window: bounds, where, expires_after, sources: excluded }): EventStream => ({
      event,
      ...bounds,
      ...(where === undefined ? {} : { where }),
      ...(expires_after === undefined ? {} : { expires_after }),
      ...(excluded === undefined ? {} : { sources: excluded }),
    }));
}

/** A reducer with its comparison, as in a condition. */
export function comparedReducer(constraints: LanguageConstraints): fc.Arbitrary<Partial<EventStream>> {
  const withTrait = referenceComparison(traitReference(constraints));
  const compared = (
    names: readonly ReducerName[],
    comparison: fc.Arbitrary<Comparison>,
  ): fc.Arbitrary<Partial<EventStream>> =>
    fc
      .tuple(
        fc.oneof(...names.map((name) => reducer(name, constraints))),
        fc.oneof({ weight: 5, arbitrary: comparison }, withTrait),
      )
      .map(([bare, comparing]) => {
        const [[name, args] = ['count', {}]] = Object.entries(bare);
        return { [name]: { ...args, ...comparing } };
      });
  return fc.oneof(
    { weight: 4, arbitrary: compared(['count'], countComparison()) },
    { weight: 2, arbitrary: compared(['unique_count', 'periods'], countComparison()) },
    {
      weight: 4,
      arbitrary: compared(
        ['sum', 'avg', 'min', 'max'],
        fc.oneof({ weight: 4, arbitrary: numberComparison() }, existence()),
      ),
    },
    { weight: 3, arbitrary: compared(['mode', 'first', 'last'], anyComparison()) },
  );
}

/** Any reducer without a comparison, as in a trait. */
export function traitReducer(constraints: LanguageConstraints): fc.Arbitrary<Partial<EventStream>> {
  return fc.oneof(...REDUCER_NAMES.map((name) => reducer(name, constraints)));
}

/** One reducer with its property and its settings. */
function reducer(
  name: ReducerName,
  constraints: LanguageConstraints,
): fc.Arbitrary<Partial<Record<ReducerName, ReducerArguments>>> {
  if (name === 'count') return fc.constant({ count: {} });
  if (name === 'periods') {
    const every = fc.constantFrom(...DURATIONS);
    const of = fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined });
    return fc
      .tuple(every, of)
      .map(([length, last]) => ({ periods: { every: length, ...(last !== undefined && { of: last }) } }));
  }
  const numeric = fc.constantFrom(
    'price',
    ...NUMBER_PATHS,
    ...(constraints.elements === true ? ['items.$.quantity'] : []),
  );
  const any = fc.constantFrom(
    'price',
    'category',
    ...TEXT_PATHS,
    ...HOSTILE_PATHS,
    ...NUMBER_PATHS,
    ...BOOLEAN_PATHS,
    ...DATE_PATHS,
    ...ARRAY_PATHS,
    ...(constraints.elements === true ? ELEMENT_PATHS : []),
  );
  const isNumeric = name === 'sum' || name === 'avg' || name === 'min' || name === 'max';
  const property = isNumeric ? fc.oneof({ weight: 3, arbitrary: numeric }, any) : any;
  const settings: fc.Arbitrary<ReducerArguments> =
    name === 'min' || name === 'max'
      ? fc.constantFrom<ReducerArguments>({}, { as: 'number' }, { as: 'string' })
      : name === 'mode'
        ? fc.constantFrom<ReducerArguments>({}, { min_frequency: 1 }, { min_frequency: 3 })
        : fc.constant({});
  return fc.tuple(property, settings).map(([path, set]) => ({ [name]: { property: path, ...set } }));
}
