/**
 * An example's project on any engine: what its tests land, all of them together, in the tables they land it in. Runs and
 * standalone SELECTs of one engine are compared with those of another; what is right is for the example's own tests.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  compactJson,
  durationMicros,
  loadProject,
  loadTests,
  type JsonTree,
  type TestMessage,
} from '../../models/index.js';
import type { EngineUnderTest, RawType } from '../engines/engine.js';
import type { Definition, Json, Message } from '../reference/model.js';
import { formatInstant, requireInstant } from '../reference/time.js';
import type { PlainTable } from '../support/land-tables.js';
import { World, type Published } from '../support/world.js';

export const EXAMPLES = ['cookbook', 'grocer'] as const;
export type Example = (typeof EXAMPLES)[number];

const folderOf = (example: Example): string => join(import.meta.dirname, '../../examples', example);

interface Life {
  readonly source: string;
  readonly traits: readonly string[];
  readonly definitions: readonly Definition[];
  readonly destinations: readonly { readonly key: string }[];
  readonly entities: NonNullable<Parameters<typeof World.create>[0]['entities']>;
  /** What lands before each of two runs, and when it is. */
  readonly steps: readonly {
    readonly asOf: string;
    readonly land: readonly Message[];
    readonly tables: Readonly<Record<string, PlainTable>>;
  }[];
}

/** What both ways of computing say after each of two runs. */
export async function live(
  example: Example,
  engine: EngineUnderTest,
): Promise<readonly { readonly published: Published; readonly standalone: Published }[]> {
  const { source, steps, ...life } = await lifeOf(example);
  await using world = await World.create({ ...life, sources: [source] }, engine);
  const said: { published: Published; standalone: Published }[] = [];
  const first = steps[0]?.asOf ?? '';
  const firstRuns = Object.fromEntries(life.definitions.map(({ key }) => [key, first]));
  for (const { asOf, land, tables } of steps) {
    await world.land(land);
    await world.landTables(tables);
    await world.run(asOf);
    said.push({ published: await world.published(), standalone: await world.standalone(asOf, firstRuns) });
  }
  return said;
}

async function lifeOf(example: Example): Promise<Life> {
  const dir = folderOf(example);
  const { project } = await loadProject({ dir, env: {} });
  if (!project) throw new Error(`${dir} cannot be loaded`);
  const { config, definitions: loaded } = project;
  const { tests } = await loadTests({
    dir,
    definitions: loaded,
    brokenKeys: new Set(),
    sources: config.sources,
    entities: config.entities,
  });
  const written = JSON.parse(readFileSync(join(dir, 'rollcall.json'), 'utf8')) as {
    readonly entities?: Life['entities'];
  };
  const source = config.sources[0];
  if (!source) throw new Error(`${dir} has no source`);
  let count = 0;
  const steps = [0, 1].map((step) => {
    const own = tests.flatMap((test, i) =>
      (step === 0 ? test.steps.slice(0, 1) : test.steps.slice(1)).map((one) => ({ ...one, of: `${i}-` })),
    );
    const land = own.flatMap(({ land: messages, asOf, of }) =>
      messages.map((message) => rowOf(message, { asOf, of, source: source.name, count: (count += 1) })),
    );
    const asOf = own.map((one) => requireInstant(one.asOf)).reduce((a, b) => (a > b ? a : b));
    return { asOf: formatInstant(asOf), land, own };
  });
  // A table of an entity holds, from the second run on, what tests with a second step put there.
  const tables = steps.map(({ own }) =>
    own.flatMap((one) =>
      one.tables.map(({ table, rows }) => ({ table, rows: rows.map(plain) as Rows['rows'], of: one.of })),
    ),
  );
  const types = columnsOf(tables.flat());
  return {
    source: source.name,
    traits: source.traits ?? traitsIn(steps.flatMap(({ land }) => land)),
    definitions: readAll(join(dir, 'models')) as unknown as readonly Definition[],
    destinations: readAll(join(dir, 'destinations')) as unknown as readonly { readonly key: string }[],
    entities: written.entities ?? {},
    steps: steps.map(({ asOf, land }, i) => ({
      asOf,
      land,
      tables: contents(types, tables[i] ?? [], i === 0),
    })),
  };
}

/** JSON files of a folder; the text of a SQL file stands where its name did. */
function readAll(folder: string): readonly Record<string, unknown>[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => {
      const path = join(folder, file);
      const { $schema: _, ...whole } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
      const sql = (whole['definition'] as { sql_file?: string } | undefined)?.sql_file;
      return sql === undefined
        ? whole
        : { ...whole, definition: { sql: readFileSync(join(path, '..', sql), 'utf8') } };
    });
}

/** A message of a test as it lands; people of different tests are different people. */
function rowOf(
  message: TestMessage,
  { asOf, of, source, count }: { asOf: string; of: string; source: string; count: number },
): Message {
  const { timestamp } = message;
  const at =
    typeof timestamp === 'object'
      ? formatInstant(requireInstant(asOf) - durationMicros(timestamp))
      : (timestamp ?? asOf);
  const who = (name: string | undefined): string | null => (name === undefined ? null : `${of}${name}`);
  return {
    message_id: message.messageId ?? `m${count}`,
    type: message.type,
    event: message.event ?? null,
    name: message.name ?? null,
    timestamp: at,
    received_at: message.receivedAt ?? asOf,
    user_id: who(message.userId),
    anonymous_id: who(message.anonymousId),
    group_id: who(message.groupId),
    ...(message.properties && { properties: plain(message.properties) }),
    ...(message.traits && { traits: plain(message.traits) }),
    ...(message.context && { context: plain(message.context) }),
    source,
  };
}

/** A value as JSON.parse has it: numbers keep their text in what was loaded. */
const plain = (tree: JsonTree): Json => JSON.parse(compactJson(tree)) as Json;

interface Rows {
  readonly table: string;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly of: string;
}

/** Column to type by table, of all rows there are. */
function columnsOf(all: readonly Rows[]): ReadonlyMap<string, Record<string, RawType>> {
  const found = new Map<string, Record<string, RawType>>();
  for (const { table, rows } of all)
    for (const row of rows)
      for (const [name, value] of Object.entries(row)) {
        const columns = found.get(table) ?? {};
        found.set(table, columns);
        columns[name] ??= typeOf(value);
      }
  return found;
}

function typeOf(value: unknown): RawType {
  if (typeof value === 'number') return 'decimal';
  if (typeof value === 'boolean') return 'bool';
  return /^\d{4}-\d\d-\d\dT/.test(String(value)) ? 'timestamp' : 'text';
}

/** What tables hold: all of them at first, then those that change. Texts are told apart by test, as people are. */
function contents(
  types: ReadonlyMap<string, Record<string, RawType>>,
  all: readonly Rows[],
  first: boolean,
): Record<string, PlainTable> {
  const own = (columns: Record<string, RawType>, { rows, of }: Rows): PlainTable['rows'] =>
    rows.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [
          name,
          columns[name] === 'text' && /(^|_)(id|sku)$/.test(name) ? `${of}${String(value)}` : (value as Json),
        ]),
      ),
    );
  const tables = [...types].map(([table, columns]): [string, PlainTable] => [
    table,
    { columns, rows: all.filter((one) => one.table === table).flatMap((one) => own(columns, one)) },
  ]);
  return Object.fromEntries(tables.filter(([, { rows }]) => first || rows.length > 0));
}

/** Traits that identify messages carry. */
const traitsIn = (messages: readonly Message[]): readonly string[] => [
  ...new Set(
    messages.filter(({ type }) => type === 'identify').flatMap(({ traits }) => Object.keys(traits ?? {})),
  ),
];
