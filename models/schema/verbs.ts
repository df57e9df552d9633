import { Type } from '@sinclair/typebox';

import { CLOSED, text } from './common.js';
import { notes } from './notes.js';
import { MOST_PERIODS, REDUCERS } from './reducers.js';

/** Conditions on events that say more than one comparison does; they are built of ordinary ones. */
export const VERBS = ['first_time', 'stopped', 'restarted', 'regularly'] as const;

export type Verb = (typeof VERBS)[number];

/** A verb says which events count, when, and how often: what else would say so stays away. */
export const VERB_GROUPS = [
  {
    groups: [...VERBS.map((verb) => [verb]), [...REDUCERS]],
    hint: 'put each in its own condition under "all"',
  },
  {
    groups: [[...VERBS], ['within', 'between', 'since', 'until', 'expires_after']],
    hint: 'the times stand inside the verb: "first_time": { "within": "30 days" }',
  },
] as const;

export const verbFields = {
  first_time: Type.Optional({
    ...Type.Ref('FirstTime'),
    description: 'The first such event ever lies in this window.',
  }),
  stopped: Type.Optional({
    ...Type.Ref('Stopped'),
    description: 'There were such events, but not for so long.',
  }),
  restarted: Type.Optional({
    ...Type.Ref('Restarted'),
    description: 'There are such events again, after none for so long.',
  }),
  regularly: Type.Optional({
    ...Type.Ref('Regularly'),
    description: 'There are such events in so many of the last periods.',
  }),
};

export const percent = (description: string) =>
  Type.Number(
    notes({ exclusiveMinimum: 0, maximum: 100, description, 'x-what': 'a percentage', 'x-check': 'percent' }),
  );

export const salt = text('Any text: what has the same salt has the same buckets.');

const ranking = {
  by: { ...Type.Ref('Reference'), description: 'The number to go by: a trait, or reduced events.' },
  top: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 1_000_000_000_000, description: 'How many profiles.' }),
  ),
  percent: Type.Optional(percent('How many of those that have the number, in percent, rounded up.')),
  order: Type.Optional(
    Type.Union([Type.Literal('descending'), Type.Literal('ascending')], {
      description: 'The greatest first, or the smallest; descending when absent.',
    }),
  ),
};

const ONE_SIZE = {
  ...CLOSED,
  'x-exactly-one': { keys: ['top', 'percent'], what: 'size', hint: 'add "top": 100 or "percent": 10' },
} as const;

export const verbDefs = {
  FirstTime: Type.Object(
    {
      within: Type.Optional({ ...Type.Ref('Duration'), description: 'At most so long ago.' }),
      between: Type.Optional({ ...Type.Ref('DurationRange'), description: 'Between a and b ago.' }),
      since: Type.Optional({ ...Type.Ref('Instant'), description: 'At or after this instant.' }),
      until: Type.Optional({ ...Type.Ref('Instant'), description: 'At or before this instant.' }),
    },
    {
      ...CLOSED,
      'x-exactly-one': {
        keys: ['within', 'between', 'since'],
        what: 'window',
        hint: 'say when the first one was: "within": "30 days"',
      },
      ...notes({ 'x-check': 'instant_range' }),
      allOf: [
        {
          'x-at-most-one': {
            groups: [['within'], ['between'], ['until']],
            hint: '"until" goes with "since"',
          },
        },
      ],
    },
  ),
  Stopped: Type.Object(
    {
      for: { ...Type.Ref('Duration'), description: 'No such event for this long before as_of.' },
      within: Type.Optional({
        ...Type.Ref('Duration'),
        description: 'But one this long before as_of; ever when absent.',
      }),
    },
    { ...CLOSED, ...notes({ 'x-check': 'stopped' }) },
  ),
  Restarted: Type.Object(
    {
      within: { ...Type.Ref('Duration'), description: 'An event this long before as_of.' },
      after: { ...Type.Ref('Duration'), description: 'None for this long before that, and one before that.' },
    },
    { ...CLOSED, ...notes({ 'x-check': 'restarted' }) },
  ),
  Regularly: Type.Object(
    {
      at_least: Type.Integer({ minimum: 1, maximum: MOST_PERIODS, description: 'In how many periods.' }),
      of: Type.Integer({ minimum: 1, maximum: MOST_PERIODS, description: 'Of how many, up to as_of.' }),
      every: { ...Type.Ref('Duration'), description: 'How long a period is.' },
    },
    { ...CLOSED, ...notes({ 'x-check': 'regularly' }) },
  ),
  Ranking: Type.Object(ranking, ONE_SIZE),
  RankTest: Type.Object(
    {
      rank: Type.Object(
        {
          ...ranking,
          among: Type.Optional({
            ...Type.Ref('Condition'),
            description: 'Who is ranked; everyone the definition ranges over when absent.',
          }),
        },
        { ...ONE_SIZE, description: 'Is among the first by a number.' },
      ),
    },
    CLOSED,
  ),
  SplitTest: Type.Object(
    {
      split: Type.Object(
        {
          salt,
          from: Type.Optional(
            Type.Number({ minimum: 0, maximum: 100, description: 'From this percent on.' }),
          ),
          to: Type.Optional(percent('Up to this percent, without it.')),
          shares: Type.Optional(
            Type.Record(Type.String(), percent('Its share.'), {
              minProperties: 2,
              description: 'Percents by name, in their order; together 100.',
            }),
          ),
          take: Type.Optional(text('The name of the share that is meant.')),
        },
        {
          ...CLOSED,
          description: 'Is in a part of everyone that a stable hash makes.',
          ...notes({ 'x-check': 'split' }),
        },
      ),
    },
    CLOSED,
  ),
  Holdout: Type.Object(
    {
      percent: percent('How many in a hundred are held out.'),
      salt: Type.Optional({ ...salt, description: 'Any text; the key of the audience when absent.' }),
    },
    CLOSED,
  ),
};
