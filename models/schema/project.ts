import { Type } from '@sinclair/typebox';

import { CLOSED, flag, schemaKey, text } from './common.js';
import { notes } from './notes.js';

export const TARGET_TYPES = ['duckdb', 'bigquery', 'snowflake', 'postgres'] as const;
export const COMPUTE_SETTINGS = ['auto', 'full', 'incremental'] as const;
export const SOURCE_LAYOUTS = ['segment', 'messages', 'table'] as const;

/** Columns every layout may rename (SEMANTICS §9); any other name is allowed, a near miss is warned of. */
export const STANDARD_COLUMNS = [
  'id',
  'message_id',
  'type',
  'event',
  'event_text',
  'name',
  'timestamp',
  'received_at',
  'sent_at',
  'original_timestamp',
  'user_id',
  'anonymous_id',
  'group_id',
  'properties',
  'traits',
  'context',
  'source_id',
] as const;

const sourceFields = {
  name: text('What the source is called.'),
  columns: Type.Optional(
    Type.Record(Type.String(), Type.Ref('ColumnName'), {
      description: 'Column names by standard name; null says there is no such column.',
    }),
  ),
  overlap: Type.Optional({
    ...Type.Ref('Duration'),
    description: 'How far before the last landed received_at a run looks again; "3 days" when absent.',
  }),
  redelivered_within: Type.Optional({
    ...Type.Ref('Duration'),
    description:
      'How long after it landed a message may land again, as whoever fills the source promises: a run looks no further back for its id. Absent: ever.',
  }),
  traits: Type.Optional(
    Type.Array(text('A trait.'), { description: 'Trait names known before any message carried them.' }),
  ),
};

const compute = Type.Optional(
  Type.Union(
    COMPUTE_SETTINGS.map((way) => Type.Literal(way)),
    {
      description:
        'How definitions are computed: "full" for all profiles, "incremental" for those that may have changed wherever that can be told, "auto" (when absent) as a run finds cheaper.',
    },
  ),
);

const schemaName = Type.Optional(text('The schema that holds our tables; "rollcall" when absent.'));

export const projectDefs = {
  ColumnName: Type.Union(
    [text('A column name.'), Type.Null()],
    notes({
      'x-what': 'a column name, or null where there is none',
      'x-by': { by: 'type', types: [['string'], ['null']] },
    }),
  ),
  SegmentSource: Type.Object(
    {
      ...sourceFields,
      layout: Type.Literal('segment', {
        description: 'A schema of tracks, identifies, …, and a table per event.',
      }),
      schema: text('The schema that holds the tables.'),
    },
    CLOSED,
  ),
  MessagesSource: Type.Object(
    {
      ...sourceFields,
      layout: Type.Literal('messages', { description: 'One table of raw messages.' }),
      table: text('The table: "raw.messages".'),
    },
    CLOSED,
  ),
  TableSource: Type.Object(
    {
      ...sourceFields,
      layout: Type.Literal('table', { description: 'A fact table whose rows are one event.' }),
      table: text('The table: "shop.orders".'),
      event: text('The event its rows are.'),
    },
    CLOSED,
  ),
  Source: Type.Union(
    [Type.Ref('SegmentSource'), Type.Ref('MessagesSource'), Type.Ref('TableSource')],
    notes({
      description: 'Where events come from.',
      'x-what': 'a source layout',
      'x-by': { by: 'const', property: 'layout', values: SOURCE_LAYOUTS },
    }),
  ),
  DuckdbTarget: Type.Object(
    {
      type: Type.Literal('duckdb'),
      compute,
      path: text('The database file, relative to the project folder.'),
      schema: schemaName,
      threads: Type.Optional(Type.Integer({ minimum: 1, maximum: 4096, description: 'Threads to use.' })),
      memory_limit: Type.Optional(
        text('Memory the process is to keep to: "4GB"; DuckDB gets three quarters of it.'),
      ),
      read_copy: Type.Optional(
        text('A file that is replaced after each run by a copy of what it published, for readers.'),
      ),
    },
    CLOSED,
  ),
  BigqueryTarget: Type.Object(
    {
      type: Type.Literal('bigquery'),
      compute,
      project: text('The Google Cloud project that jobs run in and datasets are of.'),
      dataset: Type.Optional(text('The dataset that holds our tables; "rollcall" when absent.')),
      schema: Type.Optional(text('The same as "dataset".')),
      location: Type.Optional(text('Where jobs run: "EU", "europe-west3"; that of the data.')),
      key_file: Type.Optional(
        text(
          "A service account's key, relative to the project folder; application-default credentials when absent.",
        ),
      ),
      impersonate_service_account: Type.Optional(text('The service account to act as.')),
      api_endpoint: Type.Optional(
        text(
          'Another endpoint than the public one; over plain http an emulator, which takes no credentials.',
        ),
      ),
      maximum_bytes_billed: Type.Optional(
        Type.Integer({ minimum: 1, description: 'A statement that would bill more bytes is refused.' }),
      ),
    },
    CLOSED,
  ),
  SnowflakeTarget: Type.Object(
    {
      type: Type.Literal('snowflake'),
      compute,
      connection: Type.Optional(
        text('A connection of connections.toml; what the target says itself goes before what that says.'),
      ),
      account: Type.Optional(text('The account identifier: "organization-account".')),
      user: Type.Optional(text('The user.')),
      role: Type.Optional(text('The role; the default role of the user when absent.')),
      warehouse: Type.Optional(text('The virtual warehouse; the default of the user when absent.')),
      database: Type.Optional(text('The database.')),
      schema: schemaName,
      authenticator: Type.Optional(
        Type.Union([Type.Literal('snowflake'), Type.Literal('snowflake_jwt'), Type.Literal('oauth')], {
          description:
            'How to authenticate: by password, key pair or OAuth token; by what is given when absent.',
        }),
      ),
      password: Type.Optional(text('The password: "${env:SNOWFLAKE_PASSWORD}".')),
      private_key_path: Type.Optional(text('The file of a private key, relative to the project folder.')),
      private_key_passphrase: Type.Optional(text('Its passphrase: "${env:SNOWFLAKE_KEY_PASSPHRASE}".')),
      token: Type.Optional(text('An OAuth token: "${env:SNOWFLAKE_TOKEN}".')),
      host: Type.Optional(text('Another host than that of the account, as of a private link.')),
      port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65535, description: 'Its port.' })),
      protocol: Type.Optional(
        Type.Union([Type.Literal('https'), Type.Literal('http')], {
          description: 'The protocol; "https" when absent.',
        }),
      ),
    },
    CLOSED,
  ),
  PostgresTarget: Type.Object(
    {
      type: Type.Literal('postgres'),
      compute,
      url: Type.Optional(text('postgres://user@host:5432/database; what stands beside it counts more.')),
      host: Type.Optional(text('The server, or the folder of its socket; else PGHOST.')),
      port: Type.Optional(
        Type.Union([Type.Integer({ minimum: 1, maximum: 65535 }), Type.String()], {
          description: 'Its port; else PGPORT, else 5432.',
        }),
      ),
      database: Type.Optional(text('The database; else PGDATABASE, else that of the user.')),
      user: Type.Optional(text('The user; else PGUSER.')),
      password: Type.Optional(text('"${env:NAME}"; without it PGPASSWORD, or what ~/.pgpass says.')),
      schema: schemaName,
      sslmode: Type.Optional(
        Type.Union(
          ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'].map((mode) =>
            Type.Literal(mode),
          ),
          { description: 'As in libpq; "prefer" if nothing says otherwise.' },
        ),
      ),
      sslrootcert: Type.Optional(
        text('A file of certificates that may sign that of the server; "system" for those Node.js trusts.'),
      ),
      sslcrl: Type.Optional(text('A file of lists of revoked certificates.')),
      sslcert: Type.Optional(text('A file with the certificate we show.')),
      sslkey: Type.Optional(text('A file with its key, which only its owner may read.')),
      sslpassword: Type.Optional(text('The passphrase of the key: "${env:NAME}".')),
      channel_binding: Type.Optional(
        Type.Union(
          ['disable', 'prefer', 'require'].map((mode) => Type.Literal(mode)),
          {
            description:
              'With "require" a password is of use only to the server whose certificate was shown.',
          },
        ),
      ),
      connect_timeout: Type.Optional(Type.Number({ minimum: 0, description: 'Seconds; 15.' })),
      statement_timeout: Type.Optional(
        Type.Number({
          minimum: 0,
          description: 'Seconds after which the server gives up a statement; 0 is never.',
        }),
      ),
    },
    CLOSED,
  ),
  Target: Type.Union(
    [
      Type.Ref('DuckdbTarget'),
      Type.Ref('BigqueryTarget'),
      Type.Ref('SnowflakeTarget'),
      Type.Ref('PostgresTarget'),
    ],
    notes({
      description: 'A warehouse.',
      'x-what': 'a target type',
      'x-by': { by: 'const', property: 'type', values: TARGET_TYPES },
    }),
  ),
  Entity: Type.Object(
    {
      table: text('The table: "shop.orders".'),
      id: text('The column that identifies a row.'),
      profile: Type.Optional(
        Type.Object(
          {
            user_id: Type.Optional(text('The column that holds a user id.')),
            anonymous_id: Type.Optional(text('The column that holds an anonymous id.')),
            group_id: Type.Optional(text('The column that holds the id of an account.')),
          },
          {
            ...CLOSED,
            minProperties: 1,
            description:
              'How a row finds its profile: identifier type to column, { "user_id": "customer_id" }.',
          },
        ),
      ),
      relations: Type.Optional(
        Type.Record(
          Type.String(),
          Type.Record(Type.String(), text('A column of that entity.'), { minProperties: 1 }),
          {
            description:
              'Other entities of its rows: name to the columns that are equal, { "items": { "order_id": "order_id" } }, own column first.',
          },
        ),
      ),
      columns: Type.Optional(
        Type.Record(Type.String(), text('A column.'), {
          description: 'Properties that are not called as their columns are: { "total": "total_amount" }.',
        }),
      ),
    },
    { ...CLOSED, description: 'Rows of a warehouse table, related to profiles or to other entities.' },
  ),
  Project: Type.Object(
    {
      $schema: schemaKey(),
      name: text('What the project is called.'),
      target: text('The target used without --target.'),
      targets: Type.Record(Type.String(), Type.Ref('Target'), {
        minProperties: 1,
        description: 'Warehouses by name.',
      }),
      sources: Type.Array(Type.Ref('Source'), { minItems: 1, description: 'Where events come from.' }),
      exclude: Type.Optional(
        Type.Array(text('The key of an audience.'), {
          minItems: 1,
          uniqueItems: true,
          description: 'Audiences whose members are in no other audience.',
        }),
      ),
      guard: Type.Optional({
        ...Type.Ref('GuardLimits'),
        description: 'The guard of every definition that says nothing of its own.',
      }),
      entities: Type.Optional(
        Type.Record(Type.String(), Type.Ref('Entity'), { description: 'Entities by name.' }),
      ),
      suppress: Type.Optional({
        ...Type.Ref('Condition'),
        description: 'People no destination is told of; they are the audience "suppressed".',
      }),
      consent: Type.Optional(
        Type.Record(Type.String(), Type.Ref('Consent'), {
          description: 'Who consents, by category: the audience "consent_<category>".',
        }),
      ),
      compute_unconnected: Type.Optional(
        flag(
          'false: definitions that go to no destination, nor are read by one that does, are not computed.',
        ),
      ),
      alerts: Type.Optional(Type.Array(Type.Ref('Alert'), { description: 'What people are told of.' })),
      channels: Type.Optional(
        Type.Record(Type.String(), Type.Ref('Channel'), { description: 'How they are reached, by name.' }),
      ),
      vars: Type.Optional(
        Type.Record(Type.String(), Type.Unknown(), { description: 'Values for SQL and macros.' }),
      ),
    },
    {
      ...CLOSED,
      description: 'The project: targets and sources. "${env:NAME}" is replaced from the environment.',
    },
  ),
};
