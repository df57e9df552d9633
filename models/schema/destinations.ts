import { Type } from '@sinclair/typebox';

import { ACTION_SLUGS } from './actions.js';
import { CLOSED, flag, key, schemaKey, text } from './common.js';
import { destinationSettingsDefs } from './destination-settings.js';
import { notes } from './notes.js';

const ACTION_TYPES = ACTION_SLUGS.map((slug) => `action:${slug}` as const);

export const DESTINATION_TYPES = ['file', 'webhook', 'segment', 'rudderstack'] as const;

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
  every: Type.Optional({
    ...Type.Ref('Duration'),
    description: 'It takes messages no more often than that: "6 hours".',
  }),
  backfill: Type.Optional(
    flag(
      'false: it is told of what changes after it was connected, and of nothing before; true when absent.',
    ),
  ),
  identifiers: Type.Optional(
    Type.Union([Type.Literal('all'), Type.Literal('first_added'), Type.Literal('last_added')], {
      description:
        'Which of several identifiers of a profile get a message; "all" when absent. Exits go to all.',
    }),
  ),
};

const destination = (type: DestinationTypeName, settings: string) =>
  Type.Object({ ...fields, type: Type.Literal(type), settings: Type.Ref(settings) }, CLOSED);

export const destinationDefs = {
  ...destinationSettingsDefs,
  FileDestination: destination('file', 'FileSettings'),
  WebhookDestination: destination('webhook', 'WebhookSettings'),
  SegmentDestination: destination('segment', 'SegmentSettings'),
  RudderstackDestination: destination('rudderstack', 'RudderstackSettings'),
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
      Type.Ref('ActionDestination'),
    ],
    notes({
      description: 'Where changes go.',
      'x-what': 'a destination type',
      'x-by': { by: 'const', property: 'type', values: [...DESTINATION_TYPES, ACTION_TYPES] },
    }),
  ),
};
