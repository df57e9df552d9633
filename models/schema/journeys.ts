import { Type } from '@sinclair/typebox';

import { CLOSED, key, schemaKey, text } from './common.js';
import { definitionFields } from './definitions.js';
import { notes } from './notes.js';
import { percent, salt } from './verbs.js';

/** What says which kind of step an object is. */
const STEP_FORMS = ['when', 'delay', 'split', 'branches', 'random', 'next'] as const;

const named = {
  key: key('The step: what it publishes is keyed by the journey and this, "onboarding_welcomed".'),
  name: Type.Optional(text('What people call it.')),
  description: Type.Optional(Type.String({ description: 'What it is for.' })),
  destinations: Type.Optional(
    Type.Array(Type.Ref('DestinationLink'), {
      description: 'Where its changes go, instead of where the journey says; [] for nowhere.',
    }),
  ),
};

const steps = Type.Optional({ ...Type.Ref('JourneySteps'), description: 'What comes after it.' });

const condition = (description: string) => ({ ...Type.Ref('AudienceForm'), description });

export const journeyDefs = {
  ReEntry: Type.Union(
    [Type.Boolean(), Type.Ref('Duration')],
    notes({
      description:
        'Whether those who left come in again: true, false, or so long after they left; false when absent.',
      'x-what': 'true, false or a duration such as "30 days"',
      'x-by': { by: 'type', types: [['boolean'], ['string']] },
    }),
  ),
  JourneySteps: Type.Array(Type.Ref('JourneyStep'), notes({ 'x-what': 'a list of steps' })),
  JourneyStep: Type.Union(
    [
      Type.Ref('WhenStep'),
      Type.Ref('DelayStep'),
      Type.Ref('SplitStep'),
      Type.Ref('BranchesStep'),
      Type.Ref('RandomStep'),
      Type.Ref('NextStep'),
    ],
    notes({ 'x-what': 'a step of a journey', 'x-by': { by: 'key', keys: [...STEP_FORMS] } }),
  ),
  WhenStep: Type.Object(
    { ...named, when: condition('Reached as soon as this holds.') },
    { ...CLOSED, description: 'Waits until a condition holds.' },
  ),
  DelayStep: Type.Object(
    {
      ...named,
      delay: { ...Type.Ref('Duration'), description: 'Reached so long after the step before.' },
    },
    { ...CLOSED, description: 'Waits for a time.' },
  ),
  SplitStep: Type.Object(
    {
      ...named,
      split: Type.Object(
        {
          if: condition('Asked once, when someone comes to the split.'),
          then: { ...Type.Ref('SplitSide'), description: 'Those it held of.' },
          else: { ...Type.Ref('SplitSide'), description: 'Those it did not hold of.' },
        },
        CLOSED,
      ),
    },
    { ...CLOSED, description: 'Two branches, by a condition.' },
  ),
  SplitSide: Type.Object({ ...named, steps }, CLOSED),
  BranchesStep: Type.Object(
    {
      ...named,
      branches: Type.Array(
        Type.Object(
          {
            ...named,
            when: Type.Optional(condition('Who goes this way; everyone else when absent, in the last one.')),
            steps,
          },
          CLOSED,
        ),
        notes({
          minItems: 2,
          'x-what': 'a list of two branches or more',
          description: 'The first that holds is taken.',
        }),
      ),
    },
    { ...CLOSED, description: 'Several branches, each with a condition.' },
  ),
  RandomStep: Type.Object(
    {
      ...named,
      random: Type.Object(
        {
          salt: Type.Optional({ ...salt, description: 'Any text; the key of the step when absent.' }),
          branches: Type.Array(
            Type.Object({ ...named, share: percent('How many in a hundred.'), steps }, CLOSED),
            notes({ minItems: 2, 'x-what': 'a list of two branches or more' }),
          ),
        },
        { ...CLOSED, ...notes({ 'x-check': 'random' }) },
      ),
    },
    { ...CLOSED, description: 'Several branches, by a stable hash.' },
  ),
  NextStep: Type.Object(
    { next: text('The key of the step that comes next.') },
    { ...CLOSED, description: 'Goes on at a step elsewhere, so that branches can meet.' },
  ),
  JourneyForm: Type.Object(
    {
      entry: condition('Who comes in.'),
      exit: Type.Optional(condition('Who leaves, as soon as it holds, and does not come in.')),
      re_entry: Type.Optional({
        ...Type.Ref('ReEntry'),
        description: 'Whether those who left come in again.',
      }),
      steps: { ...Type.Ref('JourneySteps'), description: 'What comes after entry, in order.' },
    },
    CLOSED,
  ),
  Journey: Type.Object(
    {
      $schema: schemaKey(),
      kind: Type.Literal('journey', { description: 'A journey: steps that stack on each other.' }),
      ...definitionFields,
      definition: Type.Ref('JourneyForm'),
    },
    { ...CLOSED, description: 'A journey: steps that stack on each other, each an audience.' },
  ),
};
