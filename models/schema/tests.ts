import { Type } from '@sinclair/typebox';

import { CLOSED, schemaKey, text } from './common.js';
import { notes } from './notes.js';

export const MESSAGE_TYPES = ['track', 'identify', 'page', 'screen', 'group', 'alias'] as const;

const identifier = (description: string) => Type.Optional(text(description));
const values = (description: string) =>
  Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description }));

/** The files of a project's folder tests/: events in, members and values out. */
export const testDefs = {
  TestMessage: Type.Object(
    {
      type: Type.Optional(
        Type.Union(
          MESSAGE_TYPES.map((type) => Type.Literal(type)),
          { description: 'track where there is an event, identify where there are traits.' },
        ),
      ),
      event: Type.Optional(text('track: the name of the event.')),
      name: Type.Optional(text('page and screen: its name.')),
      user_id: identifier('Who did it.'),
      anonymous_id: identifier('Who did it, before anyone knew.'),
      group_id: identifier('group: the account.'),
      timestamp: Type.Optional({
        ...Type.Ref('Instant'),
        description: 'When it happened; the as_of of its step when absent.',
      }),
      ago: Type.Optional({ ...Type.Ref('Duration'), description: 'How long before as_of it happened.' }),
      received_at: Type.Optional({
        ...Type.Ref('Instant'),
        description: 'When it landed; the as_of of its step when absent.',
      }),
      properties: values('track, page and screen: properties.'),
      traits: values('identify and group: traits.'),
      context: values('The context: { "page": { "url": "…" } }.'),
      message_id: identifier(
        'One of its own when absent; give the same twice for a message that landed twice.',
      ),
      source_id: identifier('What "sources": { "exclude": […] } means.'),
      source: identifier('The source of rollcall.json it lands in; the first that takes it when absent.'),
    },
    {
      ...CLOSED,
      allOf: [
        {
          'x-at-most-one': {
            groups: [['timestamp'], ['ago']],
            hint: 'keep one of them',
          },
        },
      ],
      description: 'A message, as an event collector would write it.',
    },
  ),
  TestMessages: Type.Array(Type.Ref('TestMessage'), { description: 'Messages.' }),
  TestLanding: Type.Union(
    [text('The name of a list under "messages".'), Type.Ref('TestMessage')],
    notes({
      'x-what': 'a message, or the name of a list under "messages"',
      'x-by': { by: 'type', types: [['string'], ['object']] },
    }),
  ),
  TestRows: Type.Array(Type.Record(Type.String(), Type.Unknown()), {
    description: 'Rows: column to value.',
  }),
  ExpectedMembers: Type.Array(
    text('A profile id.'),
    notes({ uniqueItems: true, description: 'Everyone who is in, in any order.' }),
  ),
  ExpectedValues: Type.Record(Type.String(), Type.Unknown(), {
    description: 'Profile id to value, of everyone who has one.',
  }),
  TestStep: Type.Object(
    {
      land: Type.Optional(
        Type.Array(Type.Ref('TestLanding'), { description: 'Messages that land before as_of.' }),
      ),
      tables: Type.Optional(
        Type.Record(Type.String(), Type.Ref('TestRows'), {
          description:
            'Rows that land in tables of the sources as they are, and rows that tables of entities hold from then on: { "shop.orders": [{ … }] }.',
        }),
      ),
      as_of: { ...Type.Ref('Instant'), description: 'The instant to compute for.' },
      expect: Type.Object(
        {
          members: Type.Optional(
            Type.Record(Type.String(), Type.Ref('ExpectedMembers'), {
              description: 'Audience key to its members.',
            }),
          ),
          traits: Type.Optional(
            Type.Record(Type.String(), Type.Ref('ExpectedValues'), {
              description: 'Trait key to its values.',
            }),
          ),
        },
        {
          ...CLOSED,
          minProperties: 1,
          description: 'What must hold. Keys that are not named are not compared.',
        },
      ),
    },
    { ...CLOSED, description: 'What lands, and what must hold after a run.' },
  ),
  Test: Type.Object(
    {
      name: text('What it shows, as a sentence; no other test has the same.'),
      definitions: Type.Optional(
        Type.Array(text('A key.'), {
          description: 'What it is about, besides what it expects something of.',
        }),
      ),
      steps: Type.Array(Type.Ref('TestStep'), {
        minItems: 1,
        description: 'Runs, one after the other, each on what landed until then.',
      }),
    },
    { ...CLOSED, description: 'A test of definitions.' },
  ),
  TestFile: Type.Object(
    {
      $schema: schemaKey(),
      messages: Type.Optional(
        Type.Record(Type.String(), Type.Ref('TestMessages'), {
          description: 'Lists of messages that tests of this file land by name.',
        }),
      ),
      tests: Type.Array(Type.Ref('Test'), { minItems: 1, description: 'The tests.' }),
    },
    { ...CLOSED, description: 'Tests of definitions: events in, members and values out.' },
  ),
};
