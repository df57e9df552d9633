import { Type } from '@sinclair/typebox';

import { CLOSED, flag, text } from './common.js';
import { comparisons, ONE_OPERATOR } from './comparisons.js';
import { notes } from './notes.js';
import { verbDefs, verbFields, VERB_GROUPS } from './verbs.js';
import { ONE_REDUCER, reducers, REDUCERS, testShapes, valueShapes } from './reducers.js';

const conditionOps = comparisons(Type.Ref('Operand'), Type.Ref('OrderedOperand'));
const predicateOps = comparisons(Type.Ref('PredicateOperand'), Type.Ref('PredicateOrderedOperand'));

const conditionShapes = testShapes(conditionOps);
const predicateShapes = testShapes(predicateOps);
const bareShapes = valueShapes();

const conditionReducers = reducers({
  count: Type.Ref('CountTest'),
  plain: Type.Ref('ReducedTest'),
  ranged: Type.Ref('RangedTest'),
  mode: Type.Ref('ModeTest'),
  periods: Type.Ref('PeriodsTest'),
});
const predicateReducers = reducers({
  count: Type.Ref('ChildCountTest'),
  plain: Type.Ref('ChildReducedTest'),
  ranged: Type.Ref('ChildRangedTest'),
  mode: Type.Ref('ChildModeTest'),
  periods: Type.Ref('ChildPeriodsTest'),
});
const valueReducers = reducers({
  count: Type.Ref('CountValue'),
  plain: Type.Ref('ReducedValue'),
  ranged: Type.Ref('RangedValue'),
  mode: Type.Ref('ModeValue'),
  periods: Type.Ref('PeriodsValue'),
});

const WINDOWS = {
  groups: [['within'], ['between'], ['since', 'until']],
  hint: 'a stream has one window: within, between, or since and until',
} as const;

const PARENT_WINDOWS = {
  groups: [['within_parent'], ['between_parent']],
  hint: 'keep within_parent or between_parent',
} as const;

const REDUCER_GROUPS = {
  groups: REDUCERS.map((name) => [name]),
  hint: 'put each in its own condition under "all"',
} as const;

const eventFields = {
  event: text(
    'The event name, e.g. "Order Completed"; "Page Viewed" and "Screen Viewed" for pages and screens.',
  ),
  where: Type.Optional({ ...Type.Ref('Predicate'), description: 'What must hold for each event.' }),
  within: Type.Optional({ ...Type.Ref('Duration'), description: 'Events of this long before as_of.' }),
  between: Type.Optional({
    ...Type.Ref('DurationRange'),
    description: 'Events between a and b before as_of.',
  }),
  since: Type.Optional({ ...Type.Ref('Instant'), description: 'Events at or after this instant.' }),
  until: Type.Optional({ ...Type.Ref('Instant'), description: 'Events at or before this instant.' }),
  sources: Type.Optional(
    Type.Object(
      { exclude: Type.Array(text('A source id.'), { minItems: 1, description: 'Source ids to leave out.' }) },
      { ...CLOSED, description: 'Which sources count.' },
    ),
  ),
  by: Type.Optional(
    Type.Literal('group_id', { description: 'Account definitions: only events tagged with that account.' }),
  ),
  expires_after: Type.Optional({ ...Type.Ref('Duration'), description: 'How long the value stays.' }),
};

const childFields = {
  ...eventFields,
  within_parent: Type.Optional({
    ...Type.Ref('Duration'),
    description: 'Strictly after the enclosing event, and at most this long after it.',
  }),
  between_parent: Type.Optional({
    ...Type.Ref('DurationRange'),
    description: 'Strictly after the enclosing event, between a and b after it.',
  }),
  settled: Type.Optional(flag('Try only parents whose child window has fully passed at as_of.')),
};

const entityFields = {
  entity: text('The entity of rollcall.json.'),
  where: Type.Optional({ ...Type.Ref('Predicate'), description: 'What must hold for each row.' }),
};

/** Closed, one window, one reducer at most: a test counts when it names none. */
const streamTest = (...groups: readonly { groups: readonly (readonly string[])[]; hint: string }[]) => ({
  ...CLOSED,
  ...notes({ 'x-check': 'instant_range' }),
  allOf: groups.map((group) => ({ 'x-at-most-one': group })),
});

const pathNote = 'Dots step into objects, "$" into the elements of an array.';
const ofParent = Type.Optional(
  Type.Literal('parent', { description: 'Read the property of the nearest enclosing event or row.' }),
);

/** What a comparison takes on its right side, inside `where` or outside. */
function operands(reference: 'Reference' | 'PredicateReference', example: string) {
  const or = `or a reference such as ${example}`;
  return {
    any: Type.Union(
      [Type.Number(), Type.String(), Type.Boolean(), Type.Ref(reference)],
      notes({
        'x-what': `a number, a string, a boolean, ${or}`,
        'x-by': { by: 'type', types: [['number'], ['string'], ['boolean'], ['object']] },
      }),
    ),
    ordered: Type.Union(
      [Type.Number(), Type.String(), Type.Ref(reference)],
      notes({
        'x-what': `a number, a string, ${or}`,
        'x-no-boolean': 'compare true and false with "equals" or "not_equals"',
        'x-by': { by: 'type', types: [['number'], ['string'], ['object']] },
      }),
    ),
  };
}

const conditionOperands = operands('Reference', '{ "trait": "avg_spend" }');
const predicateOperands = operands('PredicateReference', '{ "property": "price" }');

export const conditionDefs = {
  CountTest: conditionShapes.count,
  ReducedTest: conditionShapes.plain,
  RangedTest: conditionShapes.ranged,
  ModeTest: conditionShapes.mode,
  PeriodsTest: conditionShapes.periods,
  ChildCountTest: predicateShapes.count,
  ChildReducedTest: predicateShapes.plain,
  ChildRangedTest: predicateShapes.ranged,
  ChildModeTest: predicateShapes.mode,
  ChildPeriodsTest: predicateShapes.periods,
  CountValue: bareShapes.count,
  ReducedValue: bareShapes.plain,
  RangedValue: bareShapes.ranged,
  ModeValue: bareShapes.mode,
  PeriodsValue: bareShapes.periods,

  Condition: Type.Union(
    [
      Type.Ref('AllConditions'),
      Type.Ref('AnyConditions'),
      Type.Ref('NotCondition'),
      Type.Ref('EventTest'),
      Type.Ref('TraitTest'),
      Type.Ref('AudienceTest'),
      Type.Ref('UsersTest'),
      Type.Ref('EntityTest'),
      Type.Ref('RankTest'),
      Type.Ref('SplitTest'),
    ],
    notes({
      description: 'A condition on a profile.',
      'x-what': 'a condition',
      'x-by': {
        by: 'key',
        keys: ['all', 'any', 'not', 'event', 'trait', 'audience', 'users', 'entity', 'rank', 'split'],
      },
    }),
  ),
  AllConditions: Type.Object(
    { all: Type.Array(Type.Ref('Condition'), { minItems: 1, description: 'Every one holds.' }) },
    CLOSED,
  ),
  AnyConditions: Type.Object(
    { any: Type.Array(Type.Ref('Condition'), { minItems: 1, description: 'At least one holds.' }) },
    CLOSED,
  ),
  NotCondition: Type.Object({ not: { ...Type.Ref('Condition'), description: 'It does not hold.' } }, CLOSED),
  EventTest: Type.Object(
    { ...eventFields, ...verbFields, ...conditionReducers },
    streamTest(WINDOWS, REDUCER_GROUPS, ...VERB_GROUPS),
  ),
  ...verbDefs,
  TraitTest: Type.Object(
    { trait: text('A custom or computed trait, or an audience as a boolean.'), ...conditionOps },
    { ...CLOSED, ...ONE_OPERATOR },
  ),
  AudienceTest: Type.Object({ audience: text('The key of an audience the profile is in.') }, CLOSED),
  UsersTest: Type.Object(
    {
      users: Type.Union([Type.Literal('any'), Type.Literal('all'), Type.Literal('none')], {
        description: 'How many of the account’s users must match.',
      }),
      match: { ...Type.Ref('Condition'), description: 'What the users must match.' },
    },
    CLOSED,
  ),
  EntityTest: Type.Object({ ...entityFields, ...conditionReducers }, streamTest(REDUCER_GROUPS)),

  Predicate: Type.Union(
    [
      Type.Ref('AllPredicates'),
      Type.Ref('AnyPredicates'),
      Type.Ref('NotPredicate'),
      Type.Ref('PropertyTest'),
      Type.Ref('ContextTest'),
      Type.Ref('ChildEventTest'),
      Type.Ref('PredicateTraitTest'),
      Type.Ref('AudienceTest'),
      Type.Ref('ChildEntityTest'),
    ],
    notes({
      description: 'A condition on an event or a row.',
      'x-what': 'a condition on an event or a row',
      'x-by': {
        by: 'key',
        keys: ['all', 'any', 'not', 'property', 'context', 'event', 'trait', 'audience', 'entity'],
      },
    }),
  ),
  AllPredicates: Type.Object(
    { all: Type.Array(Type.Ref('Predicate'), { minItems: 1, description: 'Every one holds.' }) },
    CLOSED,
  ),
  AnyPredicates: Type.Object(
    { any: Type.Array(Type.Ref('Predicate'), { minItems: 1, description: 'At least one holds.' }) },
    CLOSED,
  ),
  NotPredicate: Type.Object({ not: { ...Type.Ref('Predicate'), description: 'It does not hold.' } }, CLOSED),
  PropertyTest: Type.Object(
    {
      property: text(`A property of the event, or of the entity's row. ${pathNote}`),
      of: ofParent,
      ...predicateOps,
    },
    { ...CLOSED, ...ONE_OPERATOR },
  ),
  ContextTest: Type.Object(
    { context: text(`A field of the event's context, e.g. "page.url". ${pathNote}`), ...predicateOps },
    { ...CLOSED, ...ONE_OPERATOR },
  ),
  ChildEventTest: Type.Object(
    { ...childFields, ...predicateReducers },
    streamTest(WINDOWS, PARENT_WINDOWS, REDUCER_GROUPS),
  ),
  ChildEntityTest: Type.Object({ ...entityFields, ...predicateReducers }, streamTest(REDUCER_GROUPS)),
  PredicateTraitTest: Type.Object(
    { trait: text('A trait of the profile the event or row belongs to.'), ...predicateOps },
    { ...CLOSED, ...ONE_OPERATOR },
  ),

  Operand: conditionOperands.any,
  OrderedOperand: conditionOperands.ordered,
  Reference: Type.Union(
    [Type.Ref('TraitReference'), Type.Ref('EventValue'), Type.Ref('EntityValue')],
    notes({ 'x-what': 'a reference', 'x-by': { by: 'key', keys: ['trait', 'event', 'entity'] } }),
  ),
  PredicateOperand: predicateOperands.any,
  PredicateOrderedOperand: predicateOperands.ordered,
  PredicateReference: Type.Union(
    [
      Type.Ref('PropertyReference'),
      Type.Ref('ContextReference'),
      Type.Ref('TraitReference'),
      Type.Ref('ChildEventValue'),
      Type.Ref('EntityValue'),
    ],
    notes({
      'x-what': 'a reference',
      'x-by': { by: 'key', keys: ['property', 'context', 'trait', 'event', 'entity'] },
    }),
  ),
  PropertyReference: Type.Object(
    { property: text(`A property of the event, or of the entity's row. ${pathNote}`), of: ofParent },
    CLOSED,
  ),
  ContextReference: Type.Object({ context: text("A field of the event's context.") }, CLOSED),
  TraitReference: Type.Object({ trait: text('A trait of the profile.') }, CLOSED),
  EventValue: Type.Object({ ...eventFields, ...valueReducers }, { ...streamTest(WINDOWS), ...ONE_REDUCER }),
  ChildEventValue: Type.Object(
    { ...childFields, ...valueReducers },
    { ...streamTest(WINDOWS, PARENT_WINDOWS), ...ONE_REDUCER },
  ),
  EntityValue: Type.Object({ ...entityFields, ...valueReducers }, { ...CLOSED, ...ONE_REDUCER }),
};
