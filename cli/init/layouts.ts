/** What the tables of a warehouse look like to us. Pure: tables in, sources out. */
import type { TableColumn, TableDescription } from '../../dialects/warehouse.js';

export interface SchemaTables {
  readonly schema: string;
  readonly tables: readonly TableDescription[];
}

export type FoundSource =
  | { readonly name: string; readonly layout: 'segment'; readonly schema: string }
  | { readonly name: string; readonly layout: 'messages'; readonly table: string }
  | {
      readonly name: string;
      readonly layout: 'table';
      readonly table: string;
      readonly event: string;
      readonly columns: Readonly<Record<string, string | null>>;
    };

export interface Found {
  /** Streams of events. */
  readonly sources: readonly FoundSource[];
  /** Fact tables that could be read as one event each. */
  readonly suggestions: readonly FoundSource[];
}

/** Finds sources: a schema of `tracks` and `identifies`, a table of raw messages, tables of facts. */
export function findSources(schemas: readonly SchemaTables[]): Found {
  const sources: FoundSource[] = [];
  const suggestions: FoundSource[] = [];
  for (const { schema, tables } of schemas.filter((s) => !isOurs(s))) {
    if (isSegment(tables)) {
      sources.push({ name: schema, layout: 'segment', schema });
      continue;
    }
    for (const description of tables) {
      const table = `${schema}.${description.table.name}`;
      if (isMessages(description)) sources.push({ name: schema, layout: 'messages', table });
      else {
        const fact = asFact(description, schema, table);
        if (fact !== undefined) suggestions.push(fact);
      }
    }
  }
  return { sources: distinct(sources), suggestions: distinct(suggestions) };
}

const has = (table: TableDescription, ...names: readonly string[]): boolean =>
  names.every((name) => find(table, name) !== undefined);

const find = (table: TableDescription, name: string): TableColumn | undefined =>
  table.columns.find((c) => c.name.toLowerCase() === name);

/** A schema that an earlier project of ours keeps its state in. */
function isOurs({ tables }: SchemaTables): boolean {
  const names = new Set(tables.map((t) => t.table.name));
  return names.has('outbox') && names.has('deliveries') && names.has('run_steps');
}

function isSegment(tables: readonly TableDescription[]): boolean {
  return tables.some(
    (t) =>
      ['tracks', 'identifies'].includes(t.table.name.toLowerCase()) &&
      has(t, 'id') &&
      (has(t, 'user_id') || has(t, 'anonymous_id')) &&
      (has(t, 'received_at') || has(t, 'timestamp')),
  );
}

function isMessages(table: TableDescription): boolean {
  return (
    has(table, 'message_id', 'type') && ['properties', 'traits', 'event'].some((name) => has(table, name))
  );
}

const USER = [
  'user_id',
  'customer_id',
  'userid',
  'customerid',
  'client_id',
  'member_id',
  'household_id',
  'account_user_id',
];
const TIMES = [
  'timestamp',
  'created_at',
  'occurred_at',
  'happened_at',
  'event_time',
  'ordered_at',
  'purchased_at',
];
const LANDED = [
  'received_at',
  'loaded_at',
  '_loaded_at',
  'ingested_at',
  '_fivetran_synced',
  '_airbyte_extracted_at',
];

/** A table with an id, an instant and a user. */
function asFact(table: TableDescription, schema: string, name: string): FoundSource | undefined {
  const noun = singular(table.table.name.toLowerCase());
  const instants = table.columns.filter(
    (c) => c.kind === 'timestamp' || c.kind === 'timestamptz' || c.kind === 'date',
  );
  const id = first(table, ['id', `${noun}_id`, `${table.table.name.toLowerCase()}_id`, 'event_id', 'uuid']);
  const user = first(table, USER);
  const landed = first(table, LANDED);
  const time = first(table, TIMES) ?? instants.find((c) => c.name !== landed?.name);
  if (id === undefined || user === undefined || time === undefined || !instants.includes(time))
    return undefined;
  return {
    name: schema === 'main' ? table.table.name : `${schema}_${table.table.name}`,
    layout: 'table',
    table: name,
    event: eventName(noun, time.name),
    columns: {
      id: id.name,
      timestamp: time.name,
      user_id: user.name,
      received_at: landed?.name ?? null,
    },
  };
}

function first(table: TableDescription, names: readonly string[]): TableColumn | undefined {
  return names.map((name) => find(table, name)).find((column) => column !== undefined);
}

/** `orders` by `created_at` is `Order Created`; by `timestamp`, just `Order`; `purchases` by `purchased_at`, `Purchase`. */
function eventName(noun: string, column: string): string {
  const verb = /^(\w+ed)_(?:at|on)$/.exec(column.toLowerCase())?.[1];
  const said = verb === undefined || verb.startsWith(noun) ? [] : verb.split('_');
  return [...noun.split('_'), ...said]
    .filter((word) => word !== '')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(' ');
}

function singular(word: string): string {
  if (/(ss|us|is)$/.test(word)) return word;
  return word
    .replace(/ies$/, 'y')
    .replace(/(ch|sh|x|ss|us)es$/, '$1')
    .replace(/s$/, '');
}

/** Names of sources are unique. */
function distinct(sources: readonly FoundSource[]): readonly FoundSource[] {
  const seen = new Map<string, number>();
  return sources.map((source) => {
    const n = (seen.get(source.name) ?? 0) + 1;
    seen.set(source.name, n);
    return n === 1 ? source : { ...source, name: `${source.name}_${n}` };
  });
}
