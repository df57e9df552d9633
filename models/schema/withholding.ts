import { Type } from '@sinclair/typebox';

import { CLOSED, text } from './common.js';
import { notes } from './notes.js';

export const withholdingDefs = {
  Preference: Type.Object(
    {
      preference: text(
        'The category as events have it: context.consent.categoryPreferences of "Segment Consent Preference Updated".',
      ),
    },
    CLOSED,
  ),
  Consent: Type.Union(
    [
      Type.Ref('AllConditions'),
      Type.Ref('AnyConditions'),
      Type.Ref('NotCondition'),
      Type.Ref('EventTest'),
      Type.Ref('TraitTest'),
      Type.Ref('AudienceTest'),
      Type.Ref('Preference'),
    ],
    notes({
      description: 'Who consents: a condition, or the last preference that events had.',
      'x-what': 'a condition, or { "preference": category }',
      'x-by': { by: 'key', keys: ['all', 'any', 'not', 'event', 'trait', 'audience', 'preference'] },
    }),
  ),
};
