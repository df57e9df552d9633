import { Type } from '@sinclair/typebox';

import { CLOSED, httpAddress, text } from './common.js';
import { notes } from './notes.js';

const ALERT_RULES = ['size_change', 'delivery', 'waiting', 'stale', 'failed'] as const;
const CHANNEL_TYPES = ['slack', 'webhook', 'email'] as const;

const list = (item: string, description: string) =>
  Type.Optional(Type.Array(text(item), { minItems: 1, uniqueItems: true, description }));

const fields = {
  name: Type.Optional(text('What it is known by; what it is on when absent.')),
  to: list('A channel.', 'Channels that are told; none when absent: it is shown, and may make the exit 1.'),
};

const ofDefinitions = {
  definitions: list('The key of a definition.', 'Only these definitions.'),
  tags: list('A tag.', 'Only definitions with one of these tags.'),
};

const ofDestinations = { destinations: list('The key of a destination.', 'Only these destinations.') };

const percent = (description: string) => Type.Number({ exclusiveMinimum: 0, description });

const count = (description: string) => Type.Optional(Type.Integer({ minimum: 1, description }));

const duration = (description: string) => ({ ...Type.Ref('Duration'), description });

const channelFields = { targets: list('A target.', 'Only with these targets; with all when absent.') };

export const alertDefs = {
  SizeChangeAlert: Type.Object(
    {
      on: Type.Literal('size_change', { description: 'The size of an audience moved too far.' }),
      ...fields,
      ...ofDefinitions,
      more_than_percent: percent('Of the size before.'),
      within: Type.Optional(duration('Since so long ago; since the run before when absent.')),
      min_size: count('Changes between sizes below it do not count.'),
    },
    CLOSED,
  ),
  DeliveryAlert: Type.Object(
    {
      on: Type.Literal('delivery', { description: 'Too many messages were not delivered.' }),
      ...fields,
      ...ofDestinations,
      more_than_percent: percent('Of the messages there were attempts at.'),
      within: Type.Optional(duration('Of attempts since so long ago; "24 hours" when absent.')),
      min_messages: count('Fewer messages do not count.'),
    },
    CLOSED,
  ),
  WaitingAlert: Type.Object(
    {
      on: Type.Literal('waiting', { description: 'Messages wait too long for their destination.' }),
      ...fields,
      ...ofDestinations,
      after: duration('The oldest has waited for longer.'),
    },
    CLOSED,
  ),
  StaleAlert: Type.Object(
    {
      on: Type.Literal('stale', { description: 'There was no successful run for too long.' }),
      ...fields,
      ...ofDefinitions,
      after: duration('The last one is longer ago.'),
    },
    CLOSED,
  ),
  FailedAlert: Type.Object(
    {
      on: Type.Literal('failed', {
        description: 'A definition, or the last run, failed or was held by a guard.',
      }),
      ...fields,
      ...ofDefinitions,
    },
    CLOSED,
  ),
  Alert: Type.Union(
    ['SizeChangeAlert', 'DeliveryAlert', 'WaitingAlert', 'StaleAlert', 'FailedAlert'].map((name) =>
      Type.Ref(name),
    ),
    notes({
      description: 'What people are told of.',
      'x-what': 'what an alert may be on',
      'x-by': { by: 'const', property: 'on', values: ALERT_RULES },
    }),
  ),
  SlackChannel: Type.Object(
    {
      type: Type.Literal('slack', {
        description: 'An incoming webhook of Slack, or one that takes the same.',
      }),
      ...channelFields,
      url: httpAddress('Its address: "${env:SLACK_WEBHOOK_URL}".'),
    },
    CLOSED,
  ),
  WebhookChannel: Type.Object(
    {
      type: Type.Literal('webhook', { description: 'An address that takes alerts as JSON.' }),
      ...channelFields,
      url: httpAddress('Where they are posted; may hold ${env:NAME}.'),
      headers: Type.Optional(
        Type.Record(Type.String(), Type.String(), { description: 'Headers; may hold ${env:NAME}.' }),
      ),
    },
    CLOSED,
  ),
  EmailChannel: Type.Object(
    {
      type: Type.Literal('email', { description: 'A mail to people.' }),
      ...channelFields,
      server: Type.String(
        notes({
          pattern: '^([sS][mM][tT][pP][sS]?://[^ ]+|.*[$][{]env:.+[}].*)$',
          description: 'The mail server: "smtps://user:${env:SMTP_PASSWORD}@mail.example.com".',
          'x-what': 'an smtp or smtps address',
        }),
      ),
      from: text('Who it is from: "Rollcall <rollcall@example.com>".'),
      to: Type.Array(text('An address.'), { minItems: 1, description: 'Who gets it.' }),
    },
    CLOSED,
  ),
  Channel: Type.Union(
    [Type.Ref('SlackChannel'), Type.Ref('WebhookChannel'), Type.Ref('EmailChannel')],
    notes({
      description: 'How people are reached.',
      'x-what': 'a type of channel',
      'x-by': { by: 'const', property: 'type', values: CHANNEL_TYPES },
    }),
  ),
};
