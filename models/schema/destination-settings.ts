/** Settings of each type of destination. What is a limit has its default in `delivery/destinations/limits.ts`. */
import { Type, type TObject, type TSchema } from '@sinclair/typebox';

import { CLOSED, flag, httpAddress, text } from './common.js';
import { notes } from './notes.js';

const count = (description: string, minimum: number, maximum: number) =>
  Type.Optional(Type.Integer({ minimum, maximum, description }));

/** How fast; every type behind HTTP has them. */
const pace = (mostMessages: number) => ({
  batch_size: count('Messages a request.', 1, mostMessages),
  timeout_ms: count('How long a request may take.', 1, 3_600_000),
  requests_per_second: Type.Optional(
    Type.Number({ exclusiveMinimum: 0, maximum: 100_000, description: 'The most requests a second.' }),
  ),
  retries: count('How often a failed request is tried again.', 0, 100),
  concurrency: count('Requests at a time.', 1, 1_000),
});

/** An object whose members are somebody else's to name. */
const open = (description: string) => Type.Record(Type.String(), Type.Unknown(), { description });

const settings = (type: string, fields: Record<string, TSchema>): TObject =>
  Type.Object(fields, { ...CLOSED, description: `Settings of type ${type}.` });

const tracking = {
  write_key: text('The write key of the source; ${env:NAME} keeps it out of the file.'),
  gzip: Type.Optional(flag('Whether bodies are compressed; true when absent.')),
  integrations: Type.Optional(
    Type.Record(Type.String(), Type.Unknown(), {
      description: 'Sent as "integrations": which destinations behind it take the messages.',
    }),
  ),
  ...pace(2_500),
};

export const FILE_FORMATS = ['jsonl', 'csv', 'parquet'] as const;

const SEGMENT_REGIONS = ['us', 'eu'] as const;

export const destinationSettingsDefs = {
  FileSettings: settings('file', {
    path: text('The file, relative to the project folder; one that ends in "/" gets a file a sync.'),
    format: Type.Optional(
      Type.Union(
        FILE_FORMATS.map((format) => Type.Literal(format)),
        { description: 'What it holds; by the end of its name when absent, and else "jsonl".' },
      ),
    ),
  }),
  WebhookSettings: settings('webhook', {
    url: httpAddress('Where messages are posted; may hold ${env:NAME}.'),
    headers: Type.Optional(
      Type.Record(Type.String(), Type.String(), {
        description:
          'Headers of every request; may hold ${env:NAME}, and {{definition}}, {{type}}, {{destination}}, {{message_id}}.',
      }),
    ),
    signing_secret: Type.Optional(
      text('Requests are signed with it (HMAC-SHA256); ${env:NAME} keeps it out of the file.'),
    ),
    body: Type.Optional(
      Type.Union([Type.Literal('batch'), Type.Literal('message')], {
        description: '"batch": {"batch": [message, …]}, when absent; "message": a request a message.',
      }),
    ),
    ...pace(10_000),
  }),
  TableSettings: settings('table', {
    table: Type.String(
      notes({
        pattern: '^([A-Za-z_][A-Za-z0-9_]*[.])?[A-Za-z_][A-Za-z0-9_]*$',
        description: 'The table, made where it is not there; in the target’s schema unless it names one.',
        'x-what': 'a table, or schema.table, of letters, digits and "_"',
      }),
    ),
  }),
  SegmentSettings: settings('segment', {
    region: Type.Optional(
      Type.Union(
        SEGMENT_REGIONS.map((region) => Type.Literal(region)),
        { description: 'Where the workspace is; "us" when absent.' },
      ),
    ),
    url: Type.Optional(httpAddress('Another host than the region’s: a proxy of your own.')),
    ...tracking,
  }),
  ActionSettings: settings('action:<slug>', {
    options: Type.Optional(
      open('What the destination itself asks for: keys, regions; may hold ${env:NAME}.'),
    ),
    oauth: Type.Optional(
      Type.Object(
        {
          access_token: Type.Optional(text('Sent with requests.')),
          refresh_token: Type.Optional(text('What a new access token is asked for with.')),
          client_id: Type.Optional(text('Of your application over there.')),
          client_secret: Type.Optional(text('Of your application over there.')),
        },
        { ...CLOSED, description: 'For those that ask for OAuth.' },
      ),
    ),
    audience_settings: Type.Optional(open('What the destination asks for of each audience.')),
    audiences: Type.Optional(
      Type.Record(Type.String(), Type.String(), {
        description: 'What audiences are called over there, by key; made where absent.',
      }),
    ),
    subscriptions: Type.Optional(
      Type.Array(Type.Ref('ActionSubscription'), {
        minItems: 1,
        description: 'Which actions, when and how; the destination’s presets when absent.',
      }),
    ),
    ...pace(10_000),
  }),
  ActionSubscription: Type.Object(
    {
      action: text('The key of an action of the destination.'),
      subscribe: Type.Optional(text('Which messages, as a condition of Segment’s: type = "identify".')),
      mapping: Type.Optional(open('What its fields are made of; what is absent is as the action says.')),
    },
    CLOSED,
  ),
  RudderstackSettings: settings('rudderstack', {
    url: httpAddress('The data plane.'),
    ...tracking,
  }),
};
