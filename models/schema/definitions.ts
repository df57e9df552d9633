import { Type } from '@sinclair/typebox';

import { CLOSED, flag, key, schemaKey, text } from './common.js';
import { notes } from './notes.js';

/** What definitions of every kind say of themselves. */
export const definitionFields = {
  key: key('The identity of the definition: immutable, and never used again for another one.'),
  name: Type.Optional(text('What people call it; the key when absent.')),
  description: Type.Optional(Type.String({ description: 'What it is for.' })),
  of: Type.Optional(
    Type.Union([Type.Literal('users'), Type.Literal('accounts')], {
      description: 'Whose definition it is; users when absent.',
    }),
  ),
  tags: Type.Optional(Type.Array(text('A tag.'), { description: 'For --select tag:….' })),
  enabled: Type.Optional(flag('false keeps the last membership and sends nothing; true when absent.')),
  include_anonymous: Type.Optional(
    flag('Also profiles without a user id, email or device id; false when absent.'),
  ),
  history: Type.Optional({
    ...Type.Ref('History'),
    description: 'How far back events count; true when absent.',
  }),
  guard: Type.Optional({
    ...Type.Ref('Guard'),
    description:
      'Stops publishing a change of size that is too large; false: not even that of rollcall.json.',
  }),
  destinations: Type.Optional(
    Type.Array(Type.Ref('DestinationLink'), { description: 'Where changes go: keys of destinations.' }),
  ),
};

export const definitionDefs = {
  History: Type.Union(
    [Type.Boolean(), Type.Ref('Duration')],
    notes({
      description:
        'true: all events. false: from the first run on. A duration: also so far before the first run.',
      'x-what': 'true, false or a duration such as "90 days"',
      'x-by': { by: 'type', types: [['boolean'], ['string']] },
    }),
  ),
  GuardLimits: Type.Object(
    {
      max_change_percent: Type.Number({
        exclusiveMinimum: 0,
        description: 'A change of size by more than so many percent is not published until it is accepted.',
      }),
      min_size: Type.Optional(
        Type.Integer({ minimum: 1, description: 'Changes between sizes below it do not count.' }),
      ),
    },
    { ...CLOSED, description: 'How far the size may move in one run: { "max_change_percent": 30 }.' },
  ),
  Guard: Type.Union(
    [Type.Ref('GuardLimits'), Type.Literal(false)],
    notes({
      'x-what': 'a guard such as { "max_change_percent": 30 }, or false',
      'x-by': { by: 'type', types: [['object'], ['boolean']] },
    }),
  ),
  MessageTypes: Type.Array(
    Type.Union([Type.Literal('identify'), Type.Literal('track'), Type.Literal('group')]),
    notes({ minItems: 1, uniqueItems: true, description: 'Which messages are sent.' }),
  ),
  DestinationLink: Type.Union(
    [
      text('The key of a destination.'),
      Type.Object(
        {
          to: text('The key of a destination.'),
          send: Type.Optional({
            ...Type.Ref('MessageTypes'),
            description: 'Instead of what the destination says.',
          }),
          enabled: Type.Optional(flag('false pauses it; it catches up when enabled again.')),
          entities: Type.Optional({
            ...Type.Ref('EntityLinks'),
            description:
              'Entities whose rows, as they enter and exit for a member, go out with track messages.',
          }),
          traits: Type.Optional({
            ...Type.Ref('TraitsAlong'),
            description: 'Traits that go along with its messages, besides those of the destination.',
          }),
        },
        CLOSED,
      ),
    ],
    notes({
      'x-what': 'the key of a destination, or { "to": key, "send": […] }',
      'x-by': { by: 'type', types: [['string'], ['object']] },
    }),
  ),
  TraitsAlong: Type.Record(
    Type.String(),
    text('What the trait is called in messages.'),
    notes({
      minProperties: 1,
      description: 'By trait what it is called in messages: { "lifetime_value": "ltv" }.',
    }),
  ),
  EntityLinks: Type.Union(
    [text('The name of an entity.'), Type.Array(text('The name of an entity.'), { minItems: 1 })],
    notes({
      'x-what': 'the name of an entity, or a list of names',
      'x-by': { by: 'type', types: [['string'], ['array']] },
    }),
  ),
  Exclude: Type.Union(
    [Type.Array(key('The key of an audience.'), { minItems: 1, uniqueItems: true }), Type.Literal(false)],
    notes({
      'x-what': 'a list of keys of audiences, or false',
      'x-by': { by: 'type', types: [['array'], ['boolean']] },
    }),
  ),
  QueryForm: Type.Object(
    { query: text("Query-language text: event('Order Completed').within(30 days).count() >= 1") },
    CLOSED,
  ),
  SqlForm: Type.Object(
    {
      sql: text(
        'A query with macros: one row an id; each column but the id is a trait, named by the column.',
      ),
    },
    CLOSED,
  ),
  SqlFileForm: Type.Object(
    { sql_file: text('The file the query is in, relative to the folder of this file: "orders.sql".') },
    CLOSED,
  ),
  AudienceForm: Type.Union(
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
      Type.Ref('QueryForm'),
    ],
    notes({
      description: 'Who is in: a condition, or the same as query-language text.',
      'x-what': 'a condition',
      'x-by': {
        by: 'key',
        keys: [
          'all',
          'any',
          'not',
          'event',
          'trait',
          'audience',
          'users',
          'entity',
          'rank',
          'split',
          'query',
        ],
      },
    }),
  ),
  TraitForm: Type.Union(
    [
      Type.Ref('EventValue'),
      Type.Ref('EntityValue'),
      Type.Ref('SqlForm'),
      Type.Ref('SqlFileForm'),
      Type.Ref('QueryForm'),
    ],
    notes({
      description: 'What it computes: events and a reducer, a query, or query-language text.',
      'x-what': 'a trait value',
      'x-by': { by: 'key', keys: ['event', 'entity', 'sql', 'sql_file', 'query'] },
    }),
  ),
  Audience: Type.Object(
    {
      $schema: schemaKey(),
      kind: Type.Literal('audience', { description: 'An audience: a set of profiles.' }),
      ...definitionFields,
      exclude: Type.Optional({
        ...Type.Ref('Exclude'),
        description: 'Audiences whose members are not in; false: nor are those of rollcall.json left out.',
      }),
      holdout: Type.Optional({
        ...Type.Ref('Holdout'),
        description: 'A share of everyone that is never in.',
      }),
      limit: Type.Optional({ ...Type.Ref('Ranking'), description: 'Of those that are left only the first.' }),
      definition: Type.Ref('AudienceForm'),
    },
    { ...CLOSED, description: 'An audience: the profiles a condition holds for.' },
  ),
  Trait: Type.Object(
    {
      $schema: schemaKey(),
      kind: Type.Literal('trait', { description: 'A computed trait: a value on each profile.' }),
      ...definitionFields,
      definition: Type.Ref('TraitForm'),
    },
    { ...CLOSED, description: 'A computed trait: a value on each profile, from its events.' },
  ),
};
