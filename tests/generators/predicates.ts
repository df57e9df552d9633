/**
 * Predicates on one event, and what they share with conditions on traits: junctions, typed comparisons, references.
 */
import fc from 'fast-check';

import type { Comparison, Predicate, ValueReference } from '../reference/model.js';
import {
  anyComparison,
  booleanComparison,
  countComparison,
  dateComparison,
  existence,
  numberComparison,
  referenceComparison,
  textComparison,
} from './comparisons.js';
import {
  ABSENT_PATHS,
  ARRAY_PATHS,
  BOOLEAN_PATHS,
  BOOLEAN_TRAITS,
  CONTEXT_TEXT_PATHS,
  DATE_PATHS,
  DATE_TRAITS,
  DURATIONS,
  ELEMENT_PATHS,
  ELEMENT_TRAITS,
  EVENTS,
  HOSTILE_PATHS,
  NUMBER_PATHS,
  NUMBER_TRAITS,
  OBJECT_PATHS,
  PLAIN_EVENTS,
  SPANS,
  TEXT_PATHS,
  TEXT_TRAITS,
  USUAL_EVENT,
} from './domain.js';
import { REFERENCE_PREFIX } from './references.js';

/** Parts of the language that a set has only when asked to. */
export interface LanguageConstraints {
  /** Whether events may be nested in `where`; not unless given. */
  funnels?: boolean;
  /** Whether paths may step into array elements with `$`; not unless given. */
  elements?: boolean;
  /** Whether there may be verbs of events, sessions, rankings, splits and exclusions; not unless given. */
  verbs?: boolean;
}

/** A predicate on one event. */
export function predicate(constraints: LanguageConstraints = {}): fc.Arbitrary<Predicate> {
  const comparable =
    constraints.funnels === true
      ? fc.constantFrom<ValueReference>(...parentReferences(constraints))
      : propertyReference(constraints);
  const onProperty = typed(
    {
      number: NUMBER_PATHS,
      text: [...TEXT_PATHS, ...HOSTILE_PATHS, ...ARRAY_PATHS, ...elementPaths(constraints)],
      boolean: BOOLEAN_PATHS,
      date: DATE_PATHS,
      presence: [...OBJECT_PATHS, ...ABSENT_PATHS],
    },
    fc.oneof(propertyReference(constraints), traitReference(constraints)),
  ).map(([property, comparison]): Predicate => ({ property, ...comparison }));
  const onContext = fc
    .tuple(fc.constantFrom(...CONTEXT_TEXT_PATHS), fc.oneof(textComparison(), existence()))
    .map(([context, comparison]): Predicate => ({ context, ...comparison }));
  const leaf = fc.oneof({ weight: 6, arbitrary: onProperty }, { weight: 1, arbitrary: onContext });
  if (constraints.funnels !== true) return tree(leaf, 2);
  return tree(
    fc.oneof({ weight: 2, arbitrary: leaf }, { weight: 1, arbitrary: child(leaf, comparable, constraints) }),
    2,
  );
}

/** A funnel step: an event after its parent, maybe within a span of it, maybe sharing a property with it. */
function child(
  leaf: fc.Arbitrary<Predicate>,
  parentReference: fc.Arbitrary<ValueReference>,
  constraints: LanguageConstraints,
): fc.Arbitrary<Predicate> {
  const ofParent = fc
    .tuple(
      fc.constantFrom(...NUMBER_PATHS, ...TEXT_PATHS, ...elementPaths(constraints)),
      referenceComparison(parentReference),
    )
    .map(([property, comparison]): Predicate => ({ property, ...comparison }));
  const span = fc.oneof(
    fc.constant({}),
    fc
      .tuple(fc.constantFrom(...DURATIONS), fc.boolean())
      .map(([within_parent, settled]) => (settled ? { within_parent, settled } : { within_parent })),
    fc.constantFrom(...SPANS).map((between_parent) => ({ between_parent })),
  );
  return fc
    .tuple(
      eventName(),
      span,
      fc.option(fc.oneof(ofParent, leaf), { nil: undefined }),
      fc.oneof(
        fc.constant({}),
        countComparison().map((count) => ({ count })),
      ),
    )
    .map(([event, bounds, where, count]): Predicate => ({
      event,
      ...bounds,
      ...(where === undefined ? {} : { where }),
      ...count,
    }));
}

export function eventName(): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 6, arbitrary: fc.constant(USUAL_EVENT) },
    { weight: 3, arbitrary: fc.constantFrom(...PLAIN_EVENTS) },
    { weight: 2, arbitrary: fc.constantFrom(...EVENTS, 'Never Happened') },
  );
}

function elementPaths({ elements }: LanguageConstraints): string[] {
  return elements === true ? ELEMENT_PATHS : [];
}

function propertyReference(constraints: LanguageConstraints): fc.Arbitrary<ValueReference> {
  return fc
    .constantFrom(
      ...NUMBER_PATHS,
      ...TEXT_PATHS,
      ...BOOLEAN_PATHS,
      ...DATE_PATHS,
      ...elementPaths(constraints),
    )
    .map((property) => ({ property }));
}

function parentReferences(constraints: LanguageConstraints): ValueReference[] {
  return [...NUMBER_PATHS, ...TEXT_PATHS, ...elementPaths(constraints)].map((property) => ({
    property,
    of: 'parent',
  }));
}

/** A trait, custom or (as a number yet to be linked) a definition. */
export function traitReference({ elements }: LanguageConstraints): fc.Arbitrary<{ trait: string }> {
  const custom = fc.constantFrom(
    ...NUMBER_TRAITS,
    ...TEXT_TRAITS,
    ...BOOLEAN_TRAITS,
    ...DATE_TRAITS,
    ...(elements === true ? ELEMENT_TRAITS : []),
  );
  return fc.oneof(
    fc.nat(11).map((n) => ({ trait: `${REFERENCE_PREFIX}${n}` })),
    custom.map((trait) => ({ trait })),
  );
}

/** A path with a comparison: mostly one that suits what stands there, also any other, also with a reference. */
export function typed(
  paths: { number: string[]; text: string[]; boolean: string[]; date: string[]; presence: string[] },
  reference: fc.Arbitrary<ValueReference>,
): fc.Arbitrary<[string, Comparison]> {
  const any = [...paths.number, ...paths.text, ...paths.boolean, ...paths.date];
  return fc.oneof(
    { weight: 3, arbitrary: fc.tuple(fc.constantFrom(...paths.number), numberComparison()) },
    { weight: 4, arbitrary: fc.tuple(fc.constantFrom(...paths.text), textComparison()) },
    { weight: 2, arbitrary: fc.tuple(fc.constantFrom(...paths.boolean), booleanComparison()) },
    { weight: 2, arbitrary: fc.tuple(fc.constantFrom(...paths.date), dateComparison()) },
    { weight: 3, arbitrary: fc.tuple(fc.constantFrom(...any), anyComparison()) },
    { weight: 3, arbitrary: fc.tuple(fc.constantFrom(...any), referenceComparison(reference)) },
    { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...paths.presence), existence()) },
  );
}

/** Junctions over leaves, up to a depth; shrinks to a leaf. */
export function tree<T>(leaf: fc.Arbitrary<T>, maxDepth: number): fc.Arbitrary<T> {
  const { node } = fc.letrec<{ node: T; leaf: T }>((tie) => ({
    leaf,
    node: fc.oneof(
      { maxDepth, withCrossShrink: true },
      { weight: 4, arbitrary: tie('leaf') },
      {
        weight: 1,
        arbitrary: fc.array(tie('node'), { minLength: 1, maxLength: 3 }).map((all) => ({ all }) as T),
      },
      {
        weight: 1,
        arbitrary: fc.array(tie('node'), { minLength: 1, maxLength: 3 }).map((any) => ({ any }) as T),
      },
      { weight: 1, arbitrary: tie('node').map((not) => ({ not }) as T) },
    ),
  }));
  return node;
}
