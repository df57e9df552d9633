import { Type } from '@sinclair/typebox';

import { CLOSED, flag, key, schemaKey, text } from './common.js';
import { notes } from './notes.js';

export const DESTINATION_TYPES = ['file', 'webhook'] as const;

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
  identifiers: Type.Optional(
    Type.Union([Type.Literal('all'), Type.Literal('first_added'), Type.Literal('last_added')], {
      description:
        'Which of several identifiers of a profile get a message; "all" when absent. Exits go to all.',
    }),
  ),
};

const count = (description: string, minimum: number, maximum: number) =>
  Type.Optional(Type.Integer({ minimum, maximum, description }));

export const destinationDefs = {
  FileSettings: Type.Object(
    { path: text('The JSON Lines file, relative to the project folder.') },
    { ...CLOSED, description: 'Settings of type file.' },
  ),
  WebhookSettings: Type.Object(
    {
      url: Type.String(
        notes({
          pattern: '^([hH][tT][tT][pP][sS]?://[^ ]+|.*[$][{]env:.+[}].*)$',
          description: 'Where messages are posted; may hold ${env:NAME}.',
          'x-what': 'an http or https address',
        }),
      ),
      headers: Type.Optional(
        Type.Record(Type.String(), Type.String(), {
          description: 'Headers of every request; may hold ${env:NAME}.',
        }),
      ),
      batch_size: count('Messages a request.', 1, 10_000),
      timeout_ms: count('How long a request may take.', 1, 3_600_000),
      requests_per_second: Type.Optional(
        Type.Number({ exclusiveMinimum: 0, maximum: 100_000, description: 'The most requests a second.' }),
      ),
      retries: count('How often a failed request is tried again.', 0, 100),
      concurrency: count('Requests at a time.', 1, 1_000),
    },
    { ...CLOSED, description: 'Settings of type webhook.' },
  ),
  FileDestination: Type.Object(
    { ...fields, type: Type.Literal('file'), settings: Type.Ref('FileSettings') },
    CLOSED,
  ),
  WebhookDestination: Type.Object(
    { ...fields, type: Type.Literal('webhook'), settings: Type.Ref('WebhookSettings') },
    CLOSED,
  ),
  Destination: Type.Union(
    [Type.Ref('FileDestination'), Type.Ref('WebhookDestination')],
    notes({
      description: 'Where changes go.',
      'x-what': 'a destination type',
      'x-by': { by: 'const', property: 'type', values: DESTINATION_TYPES },
    }),
  ),
};
