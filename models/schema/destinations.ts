import { Type } from '@sinclair/typebox';

import { NORMAL_FORMS, RECEIVER_TYPES } from '../definition.js';
import { ACTION_SLUGS } from './actions.js';
import { CLOSED, flag, key, schemaKey, text } from './common.js';
import { destinationSettingsDefs } from './destination-settings.js';
import { notes } from './notes.js';

const ACTION_TYPES = ACTION_SLUGS.map((slug) => `action:${slug}` as const);

export const DESTINATION_TYPES = ['file', 'webhook', 'segment', 'rudderstack', 'table'] as const;

type DestinationTypeName = (typeof DESTINATION_TYPES)[number];

const fields = {
  $schema: schemaKey(),
  kind: Type.Literal('destination', { description: 'A place changes are sent to.' }),
  key: key('The identity of the destination.'),
  name: Type.Optional(text('What people call it; the key when absent.')),
  enabled: Type.Optional(flag('false pauses it; it catches up when enabled again.')),
  send: Type.Optional({
    ...Type.Ref('MessageTypes'),
    description: 'Which messages are sent; ["identify", "track"] when absent.',
  }),
  list: Type.Optional(
    flag('true: audiences go as lists, first whole and then what is added and removed; traits do not.'),
  ),
  events: Type.Optional(
    Type.Object(
      {
        audience_entered: Type.Optional(text('Default "Audience Entered".')),
        audience_exited: Type.Optional(text('Default "Audience Exited".')),
        trait_computed: Type.Optional(text('Default "Trait Computed".')),
        entity_entered: Type.Optional(text('Default "Entity Entered".')),
        entity_exited: Type.Optional(text('Default "Entity Exited".')),
      },
      { ...CLOSED, description: 'Names of the track events.' },
    ),
  ),
  consent: Type.Optional(
    Type.Array(text('A category of consent.'), {
      minItems: 1,
      uniqueItems: true,
      description: 'Categories of rollcall.json; it is told only of people who consent to all of them.',
    }),
  ),
  every: Type.Optional({
    ...Type.Ref('Duration'),
    description: 'It takes messages no more often than that: "6 hours".',
  }),
  backfill: Type.Optional(
    flag(
      'false: it is told of what changes after it was connected, and of nothing before; true when absent.',
    ),
  ),
  identifiers: Type.Optional({
    ...Type.Ref('DestinationIdentifiers'),
    description:
      'Which of several identifiers of a profile get a message; "all" when absent. Exits go to all.',
  }),
  traits: Type.Optional({
    ...Type.Ref('TraitsAlong'),
    description: 'Traits that go along with its messages: { "lifetime_value": "ltv" }.',
  }),
  hash: Type.Optional(
    Type.Record(Type.String(), Type.Ref('Hashing'), {
      description: 'What is hashed (SHA-256) before it is sent: traits by name, "userId", "anonymousId".',
    }),
  ),
};

const destination = (type: DestinationTypeName, settings: string) =>
  Type.Object({ ...fields, type: Type.Literal(type), settings: Type.Ref(settings) }, CLOSED);

const strategy = Type.Union([Type.Literal('all'), Type.Literal('first_added'), Type.Literal('last_added')], {
  description: 'Of several of a type: all of them, the first that was added, or the last.',
});

const normalForm = (description: string) =>
  Type.Union(
    NORMAL_FORMS.map((form) => Type.Literal(form)),
    { description },
  );

export const destinationDefs = {
  DestinationIdentifiers: Type.Union(
    [
      strategy,
      Type.Object(
        {
          types: Type.Optional(
            Type.Array(Type.Union(RECEIVER_TYPES.map((type) => Type.Literal(type))), {
              minItems: 1,
              uniqueItems: true,
              description: 'Each identifier of these types gets a message.',
            }),
          ),
          strategy: Type.Optional(strategy),
          at_most: Type.Optional(
            Type.Integer({ minimum: 1, maximum: 1000, description: 'So many of each type; 3 when absent.' }),
          ),
          names: Type.Optional(
            Type.Object(
              Object.fromEntries(
                RECEIVER_TYPES.map((type) => [type, Type.Optional(text('A name among the traits.'))]),
              ),
              { ...CLOSED, description: 'What identifiers are called among the traits of a message, too.' },
            ),
          ),
        },
        CLOSED,
      ),
    ],
    notes({
      'x-what': '"all", "first_added", "last_added" or an object',
      'x-by': { by: 'type', types: [['string'], ['object']] },
    }),
  ),
  Hashing: Type.Union(
    [
      normalForm('How it is written before it is hashed.'),
      Type.Object(
        {
          as: normalForm('How it is written before it is hashed.'),
          country: Type.Optional(
            Type.String(
              notes({
                pattern: '^[1-9][0-9]{0,3}$',
                description: 'The country calling code of numbers that have none.',
                'x-what': 'a country calling code such as "49"',
              }),
            ),
          ),
        },
        CLOSED,
      ),
    ],
    notes({
      'x-what': '"text", "email", "phone", "phone_digits" or an object',
      'x-by': { by: 'type', types: [['string'], ['object']] },
    }),
  ),
  ...destinationSettingsDefs,
  FileDestination: destination('file', 'FileSettings'),
  WebhookDestination: destination('webhook', 'WebhookSettings'),
  SegmentDestination: destination('segment', 'SegmentSettings'),
  RudderstackDestination: destination('rudderstack', 'RudderstackSettings'),
  TableDestination: destination('table', 'TableSettings'),
  ActionDestination: Type.Object(
    {
      ...fields,
      type: Type.Union(
        ACTION_TYPES.map((type) => Type.Literal(type)),
        { description: 'One of Segment’s destination actions.' },
      ),
      settings: Type.Ref('ActionSettings'),
    },
    CLOSED,
  ),
  Destination: Type.Union(
    [
      Type.Ref('FileDestination'),
      Type.Ref('WebhookDestination'),
      Type.Ref('SegmentDestination'),
      Type.Ref('RudderstackDestination'),
      Type.Ref('TableDestination'),
      Type.Ref('ActionDestination'),
    ],
    notes({
      description: 'Where changes go.',
      'x-what': 'a destination type',
      'x-by': { by: 'const', property: 'type', values: [...DESTINATION_TYPES, ACTION_TYPES] },
    }),
  ),
};
