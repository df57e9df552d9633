/**
 * Sets of definitions: valid, with acyclic references among them, over the world of `domain.ts`.
 */
import fc from 'fast-check';

import type { Condition, Definition, EventStream } from '../reference/model.js';
import { anyComparison, booleanComparison, numberComparison, referenceComparison } from './comparisons.js';
import {
  BOOLEAN_TRAITS,
  DATE_TRAITS,
  ELEMENT_TRAITS,
  NUMBER_TRAITS,
  OBJECT_TRAITS,
  TEXT_TRAITS,
} from './domain.js';
import { traitReference, tree, typed, type LanguageConstraints } from './predicates.js';
import { linked, REFERENCE_PREFIX } from './references.js';
import { comparedReducer, stream, traitReducer } from './streams.js';
import { memberRules, rankCondition, split, verb } from './verbs.js';

export interface DefinitionConstraints extends LanguageConstraints {
  /** Whether some are of accounts; not unless given. */
  accounts?: boolean;
  /** At most this many definitions in a set; 4 unless given. */
  maxDefinitions?: number;
}

/**
 * A set of one to four enabled definitions of users, audiences and computed traits, keys `d0`, `d1`, … in any order.
 *
 * A definition refers only to lower keys, to custom traits and to audiences as traits; so the set has no cycle. It
 * covers every operator with every literal type, every reducer, every window, `sources`, `include_anonymous` and `history`.
 */
export function definitionSet(constraints: DefinitionConstraints = {}): fc.Arbitrary<Definition[]> {
  // Where each stands in the set is drawn with it, so that dropping one moves no other.
  const draft = fc.tuple(definition(constraints), fc.nat(11));
  const maxLength = constraints.maxDefinitions ?? 4;
  return fc.array(draft, { minLength: 1, maxLength, size: 'max' }).map((drafts) => {
    const places = drafts.map(([, place]) => place);
    return linked(drafts.map(([body]) => body))
      .map((body, index) => ({ body, place: places[index] ?? 0 }))
      .sort((a, b) => a.place - b.place)
      .map(({ body }) => body);
  });
}

/** A definition without its key, its references still numbers. */
function definition(constraints: DefinitionConstraints): fc.Arbitrary<Definition> {
  const settings = fc.record(
    {
      include_anonymous: fc.boolean(),
      history: fc.constantFrom<boolean | string>(true, '7 days', true, '90 days', false),
    },
    { requiredKeys: [], noNullPrototype: true },
  );
  const ofAccounts = fc.oneof(
    {
      weight: 3,
      arbitrary: fc
        .tuple(settings, memberRules(constraints, reducedStream(constraints)), accountCondition(constraints))
        .map(([set, rules, tree]): Definition => ({
          kind: 'audience',
          key: '',
          of: 'accounts',
          ...set,
          ...rules,
          definition: tree,
        })),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(settings, tagged(stream(constraints)), traitReducer(constraints))
        .map(([set, events, reducer]): Definition => ({
          kind: 'trait',
          key: '',
          of: 'accounts',
          ...set,
          definition: { ...events, ...reducer },
        })),
    },
  );
  return fc.oneof(
    ...(constraints.accounts === true ? [{ weight: 3, arbitrary: ofAccounts }] : []),
    {
      weight: 3,
      arbitrary: fc
        .tuple(settings, memberRules(constraints, reducedStream(constraints)), condition(constraints))
        .map(([set, rules, tree]): Definition => ({
          kind: 'audience',
          key: '',
          ...set,
          ...rules,
          definition: tree,
        })),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(settings, stream(constraints), traitReducer(constraints))
        .map(([set, events, reducer]): Definition => ({
          kind: 'trait',
          key: '',
          ...set,
          definition: { ...events, ...reducer },
        })),
    },
  );
}

/** A condition: leaves under up to three levels of `all`, `any` and `not`. */
export function condition(constraints: DefinitionConstraints = {}): fc.Arbitrary<Condition> {
  const leaf = fc.oneof(
    { weight: 6, arbitrary: eventCondition(constraints) },
    { weight: 3, arbitrary: traitCondition(constraints) },
    { weight: 1, arbitrary: fc.nat(11).map((n): Condition => ({ audience: `${REFERENCE_PREFIX}${n}` })) },
  );
  if (constraints.verbs !== true) return tree<Condition>(leaf, 3);
  const reduced = reducedStream(constraints);
  const among = tree<Condition>(leaf, 1);
  const withVerbs = fc.oneof(
    { weight: 8, arbitrary: leaf },
    { weight: 3, arbitrary: verbCondition(constraints) },
    { weight: 1, arbitrary: rankCondition(reduced, among) },
    { weight: 1, arbitrary: split().map((part): Condition => ({ split: part })) },
  );
  return tree<Condition>(withVerbs, 3);
}

/** An event stream with a reducer, as in a trait. */
function reducedStream(constraints: DefinitionConstraints): fc.Arbitrary<EventStream> {
  return fc
    .tuple(stream(constraints), traitReducer(constraints))
    .map(([events, reducer]) => ({ ...events, ...reducer }));
}

/** A verb has its own times: the stream's are left out. */
function verbCondition(constraints: DefinitionConstraints): fc.Arbitrary<Condition> {
  return fc.tuple(stream(constraints), verb()).map(([{ event, where, sources }, said]): Condition => ({
    event,
    ...(where && { where }),
    ...(sources && { sources }),
    ...said,
  }));
}

/** Of an account: what its events, its traits and its users say. */
function accountCondition(constraints: DefinitionConstraints): fc.Arbitrary<Condition> {
  const lifted = fc
    .tuple(fc.constantFrom('any' as const, 'all' as const, 'none' as const), userCondition(constraints))
    .map(([users, match]): Condition => ({ users, match }));
  const leaf = fc.oneof(
    { weight: 4, arbitrary: lifted },
    { weight: 3, arbitrary: tagged(eventCondition(constraints)) },
    { weight: 2, arbitrary: traitCondition(constraints) },
    { weight: 1, arbitrary: fc.nat(11).map((n): Condition => ({ audience: `${REFERENCE_PREFIX}${n}` })) },
  );
  if (constraints.verbs === true) {
    const withVerbs = fc.oneof(
      { weight: 6, arbitrary: leaf },
      { weight: 2, arbitrary: tagged(verbCondition(constraints)) },
      { weight: 1, arbitrary: rankCondition(tagged(reducedStream(constraints)), tree<Condition>(leaf, 1)) },
      { weight: 1, arbitrary: split().map((part): Condition => ({ split: part })) },
    );
    return tree<Condition>(withVerbs, 2);
  }
  return tree<Condition>(leaf, 2);
}

/** Of a user of an account, whose events may have to be tagged with it. */
const userCondition = (constraints: DefinitionConstraints): fc.Arbitrary<Condition> =>
  tree<Condition>(
    fc.oneof(
      { weight: 3, arbitrary: tagged(eventCondition(constraints)) },
      { weight: 2, arbitrary: traitCondition(constraints) },
      { weight: 1, arbitrary: fc.nat(11).map((n): Condition => ({ audience: `${REFERENCE_PREFIX}${n}` })) },
      ...(constraints.verbs === true
        ? [
            { weight: 1, arbitrary: split().map((part): Condition => ({ split: part })) },
            { weight: 1, arbitrary: tagged(verbCondition(constraints)) },
          ]
        : []),
    ),
    1,
  );

const tagged = <T extends object>(of: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc
    .tuple(of, fc.nat(3))
    .map(([made, n]) => (n === 0 && 'event' in made ? { ...made, by: 'group_id' } : made));

function eventCondition(constraints: DefinitionConstraints): fc.Arbitrary<Condition> {
  return fc
    .tuple(
      stream(constraints),
      fc.oneof(
        { weight: 1, arbitrary: fc.constant({}) },
        { weight: 6, arbitrary: comparedReducer(constraints) },
      ),
    )
    .map(([events, reducer]) => ({ ...events, ...reducer }));
}

function traitCondition(constraints: LanguageConstraints): fc.Arbitrary<Condition> {
  const compared = typed(
    {
      number: NUMBER_TRAITS,
      text: [...TEXT_TRAITS, ...(constraints.elements === true ? ELEMENT_TRAITS : [])],
      boolean: BOOLEAN_TRAITS,
      date: DATE_TRAITS,
      presence: OBJECT_TRAITS,
    },
    traitReference(constraints),
  ).map(([trait, comparison]): Condition => ({ trait, ...comparison }));
  const ofDefinition = fc
    .tuple(
      fc.nat(11),
      fc.oneof(
        anyComparison(),
        numberComparison(),
        booleanComparison(),
        referenceComparison(traitReference(constraints)),
      ),
    )
    .map(([n, comparison]): Condition => ({ trait: `${REFERENCE_PREFIX}${n}`, ...comparison }));
  return fc.oneof({ weight: 3, arbitrary: compared }, { weight: 2, arbitrary: ofDefinition });
}
