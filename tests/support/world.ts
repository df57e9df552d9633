/**
 * A project and a fresh warehouse of an engine, for cases that are data: messages land, runs run, and what they left is
 * read back in the words of the reference evaluator.
 */
import { hasErrors } from '../../compiler/diagnostics/index.js';
import { rememberedOf, standaloneSelect } from '../../compiler/index.js';
import * as ir from '../../compiler/ir/build.js';
import type { LiteralValue, Relation, ScalarType } from '../../compiler/ir/types.js';
import type { Dialect } from '../../dialects/dialect.js';
import type { ComputeSetting } from '../../models/definition.js';
import { keptOpen, type Row, type Warehouse } from '../../dialects/warehouse.js';
import { loadProject, parseInstant, shapeOf, stepKey, type Project, type Spans } from '../../models/index.js';
import {
  backfillProject,
  runProject,
  openSession,
  type RunOptions,
  type RunResult,
} from '../../runtime/index.js';
import { resolveSession } from '../../runtime/prepare.js';
import type { Definition, EntityConfig, Message } from '../reference/model.js';
import { requireInstant } from '../reference/time.js';
import { chosenEngine } from '../engines/chosen.js';
import type { EngineUnderTest, FreshWarehouse, RawType } from '../engines/engine.js';
import { inMemory } from './in-memory.js';
import { landMessages } from './land-messages.js';
import { landSegment } from './land-segment.js';
import { landTables, type PlainTable } from './land-tables.js';

export interface WorldOptions {
  readonly definitions: readonly Definition[];
  readonly layout?: 'messages' | 'segment';
  /** Names of the configured sources. */
  readonly sources: readonly string[];
  /** Custom traits a `messages` source lists. */
  readonly traits: readonly string[];
  readonly destinations?: readonly { readonly key: string }[];
  /** Audiences that the project leaves out of all others. */
  readonly exclude?: readonly string[] | undefined;
  /** `entities` of rollcall.json. */
  readonly entities?: Readonly<Record<string, EntityConfig>>;
  /** `compute` of the target; "incremental" unless said: in a small world nearly everyone is affected by what lands. */
  readonly compute?: ComputeSetting;
}

/** What a run may be told besides its instant. */
type Told = Pick<RunOptions, 'select' | 'reconcile' | 'fullRefresh'>;

/** Members by audience and values by trait, as the reference names profiles. */
export interface Published {
  readonly members: ReadonlyMap<string, readonly string[]>;
  /** key → profile → JSON text. */
  readonly traits: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

/** Audience → profile → entity → ids. */
export type EntityRows = Readonly<
  Record<string, Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>>
>;

/** A track message, and what it says of entities. */
export interface Tracked {
  readonly id: string;
  readonly definition: string;
  /** As the reference names profiles. */
  readonly to: string;
  readonly event: string;
  readonly entities: Readonly<
    Record<string, { readonly entered: readonly string[]; readonly exited: readonly string[] }>
  >;
}

/** A message, and what it says under `traits` or `properties`. */
export interface Said {
  readonly to: string;
  readonly type: string;
  readonly says: Readonly<Record<string, unknown>>;
}

/** Everything a run may be compared with happened before this. */
const NOW = '2100-01-01T00:00:00.000000Z';

export class World implements AsyncDisposable {
  private runs = 0;
  /** Column types of segment tables as they were made. */
  private readonly columns = new Map<string, Record<string, RawType>>();
  readonly warehouse: Warehouse;
  readonly dialect: Dialect;

  private constructor(
    readonly options: WorldOptions,
    readonly engine: EngineUnderTest,
    private readonly fresh: FreshWarehouse,
    private project: Project,
    private spans: Spans,
  ) {
    this.warehouse = fresh.warehouse;
    this.dialect = engine.dialect;
  }

  static async create(options: WorldOptions, given?: EngineUnderTest): Promise<World> {
    const engine = given ?? (await chosenEngine());
    const { project, spans } = await load(options, options.definitions, engine);
    return new World(options, engine, await engine.open(), project, spans);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.warehouse.close();
  }

  /** Replaces the project's definitions, as an edit of its files does. */
  async edit(definitions: readonly Definition[]): Promise<void> {
    const { project, spans } = await load(this.options, definitions, this.engine);
    this.project = project;
    this.spans = spans;
  }

  /** Rows arrive in the raw tables. */
  async land(messages: readonly Message[]): Promise<void> {
    const { layout, sources } = this.options;
    if (layout === 'segment') await landSegment(this.fresh.raw, sources, messages, this.columns);
    else await landMessages(this.fresh.raw, sources, messages);
  }

  /** Plain tables become what is given. */
  async landTables(tables: Readonly<Record<string, PlainTable>>): Promise<void> {
    await landTables(this.fresh.raw, tables);
  }

  /** Runs at an instant; throws on anything but full success. */
  async run(asOf: string, over: Told = {}): Promise<RunResult> {
    const result = await this.tryRun(asOf, over);
    const failures = result.definitions.flatMap((d) => (d.error ? [`${d.key}: ${d.error.message}`] : []));
    const errors = result.diagnostics.filter((d) => d.severity === 'error').map((d) => d.message);
    if (result.exit !== 0)
      throw new Error([`run at ${asOf}: ${result.status}`, ...failures, ...errors].join('\n'));
    return result;
  }

  /** Backfills; throws on anything but full success. */
  async backfill(from: string, to: string, every: bigint): Promise<void> {
    const runtime = { ...this.runtime(), invocation: 'test', newRunId: () => `run-${++this.runs}` };
    const { status, diagnostics } = await backfillProject({ ...runtime, from, to, every });
    if (status !== 'succeeded') throw new Error(diagnostics.map((d) => d.message).join('\n'));
  }

  /** Members by audience as they were at an instant, by its history. */
  async membersAt(asOf: string): Promise<Published['members']> {
    const at = requireInstant(asOf);
    const was = (row: Row): boolean =>
      requireInstant(String(row['entered_at'])) <= at &&
      (row['exited_at'] == null || requireInstant(String(row['exited_at'])) > at);
    const rows = [
      ...(await this.query(named('member_state', [], ['entered_at']))),
      ...(await this.query(named('exit_state', [], ['entered_at', 'exited_at']))),
    ];
    return collect(this.project, rows.filter(was), []).members;
  }

  async tryRun(asOf: string, over: Told = {}): Promise<RunResult> {
    return runProject({
      ...this.runtime(),
      asOf,
      asOfBehind: true,
      invocation: 'test',
      newRunId: () => `run-${++this.runs}`,
      artifacts: false,
      ...over,
    });
  }

  /** What the tables say now. */
  async published(): Promise<Published> {
    const members = await this.query(named('member_state', []));
    const values = await this.query(named('trait_state', ['value']));
    return collect(this.project, members, values);
  }

  /** Audience → profile → entity → ids, of the rows of entities that are kept of members. */
  async entityRows(): Promise<EntityRows> {
    const found: Record<string, Record<string, Record<string, string[]>>> = {};
    for (const row of await this.query(named('entity_state', ['entity', 'entity_id']))) {
      const ofAudience = (found[String(row['key'])] ??= {});
      const ofProfile = (ofAudience[name(row)] ??= {});
      (ofProfile[String(row['entity'])] ??= []).push(String(row['entity_id']));
    }
    for (const ofAudience of Object.values(found))
      for (const ofProfile of Object.values(ofAudience))
        for (const ids of Object.values(ofProfile)) ids.sort();
    return found;
  }

  /** Track messages that the last run queued. */
  async tracked(): Promise<readonly Tracked[]> {
    return (await this.queued())
      .filter((row) => row['message_type'] === 'track')
      .map((row) => {
        const payload = JSON.parse(String(row['payload'])) as {
          readonly event: string;
          readonly properties: { readonly entities?: Tracked['entities'] };
        };
        return {
          id: String(row['message_id']),
          definition: String(row['definition_key']),
          to: name(row),
          event: payload.event,
          entities: payload.properties.entities ?? {},
        };
      });
  }

  /** What the messages say that the last run queued. */
  async said(): Promise<readonly Said[]> {
    return (await this.queued()).map((row) => {
      const { traits, properties } = JSON.parse(String(row['payload'])) as {
        readonly traits?: Said['says'];
        readonly properties?: Said['says'];
      };
      return { to: name(row), type: String(row['message_type']), says: properties ?? traits ?? {} };
    });
  }

  private async queued(): Promise<readonly Row[]> {
    const types: Readonly<Record<string, ScalarType>> = {
      definition_key: 'text',
      identifier_type: 'text',
      identifier: 'text',
      message_id: 'text',
      message_type: 'text',
      payload: 'text',
      run_no: 'int',
    };
    const columns = Object.entries(types).map(([column, type]) => ({ name: column, type }));
    const rows = await this.query(ir.scan({ schema: 'rollcall', name: 'outbox' }, columns));
    return rows.filter((row) => Number(row['run_no']) === this.runs);
  }

  /** Runs every definition's standalone SELECT. `firstRuns` by key, as ISO instants. */
  async standalone(asOf: string, firstRuns: Readonly<Record<string, string>> = {}): Promise<Published> {
    const session = await openSession(this.runtime(), { mode: 'read' });
    const { resolved, stored } = await resolveSession(session);
    const members: Row[] = [];
    const values: Row[] = [];
    for (const { definition, outputs } of resolved.definitions) {
      if (!outputs.includes(definition.key)) continue;
      const { query, firstRuns: wanted } = standaloneSelect(
        resolved,
        definition.key,
        rememberedOf(resolved, stored.existing),
      );
      const params: Record<string, LiteralValue> = { as_of: instant(asOf) };
      for (const [name, key] of wanted) params[name] = instant(firstRuns[key] ?? asOf);
      const rows = await this.rows(this.dialect.select(query, params));
      const named = rows.map((row) => ({
        ...row,
        key: definition.key,
        identifier_type: IDENTIFIERS.get(String(row['profile_kind'])) ?? null,
        identifier: row['profile_id'] ?? null,
      }));
      (definition.kind === 'trait' ? values : members).push(...named);
    }
    return collect(this.project, members, values);
  }

  /** Every step of every journey, with the keys it may be reached from. */
  steps(): readonly { readonly key: string; readonly before: readonly string[] }[] {
    const { definitions } = this.project;
    return definitions.flatMap((one) => {
      if (one.kind !== 'journey_step') return [];
      const journey = one.output.of.key;
      const { after } = one.step;
      return [{ key: one.key, before: after.length > 0 ? after.map((k) => stepKey(journey, k)) : [journey] }];
    });
  }

  /** Rows of a relation. */
  query(relation: Relation): Promise<readonly Row[]> {
    return this.rows(this.dialect.select(relation, {}));
  }

  async rows(sql: string): Promise<readonly Row[]> {
    const all: Row[] = [];
    for await (const batch of this.warehouse.read(sql)) all.push(...batch.rows);
    return all;
  }

  private runtime(): Parameters<typeof openSession>[0] {
    const kept = keptOpen(this.warehouse);
    const dialect: Dialect = { ...this.dialect, open: () => Promise.resolve(kept) };
    return {
      project: this.project,
      spans: this.spans,
      now: () => NOW,
      dialectFor: () => Promise.resolve(dialect),
    };
  }
}

/** Rows of a state table with the definition's key and the profile's identifier. */
function named(table: string, columns: readonly string[], instants: readonly string[] = []): Relation {
  const scan = (name: string, types: Readonly<Record<string, ScalarType>>): Relation =>
    ir.scan(
      { schema: 'rollcall', name },
      Object.entries(types).map(([column, type]) => ({ name: column, type })),
    );
  const own: Record<string, ScalarType> = {
    ...Object.fromEntries(columns.map((column) => [column, 'text' as const])),
    ...Object.fromEntries(instants.map((column) => [column, 'timestamp' as const])),
  };
  const state = scan(table, { definition_no: 'int', profile_no: 'int', ...own });
  const definitions = scan('definitions', { definition_no: 'int', key: 'text' });
  const subjects = scan('subjects', { subject_no: 'int', identifier_type: 'text', identifier: 'text' });
  const keyed = ir.join('inner', state, definitions, ['definition_no']);
  const whole = ir.join('inner', keyed, subjects, [{ left: 'profile_no', right: 'subject_no' }]);
  return ir.pick(whole, ['key', 'identifier_type', 'identifier', ...columns, ...instants]);
}

const instant = (iso: string): LiteralValue => {
  const micros = parseInstant(iso);
  if (micros === undefined) throw new Error(`not an instant: ${iso}`);
  return { type: 'timestamp', value: micros.toString() };
};

function collect(project: Project, memberRows: readonly Row[], valueRows: readonly Row[]): Published {
  const of = (shape: string): readonly string[] =>
    project.definitions.filter((d) => shapeOf(d.kind) === shape).map((d) => d.key);
  const members = new Map(of('audience').map((key) => [key, [] as string[]]));
  for (const row of memberRows) members.get(String(row['key']))?.push(name(row));
  for (const list of members.values()) list.sort();
  const traits = new Map(of('trait').map((key) => [key, new Map<string, string>()]));
  for (const row of valueRows) {
    // The columns of a query are traits under keys that no definition has.
    const key = String(row['key']);
    const values = traits.get(key) ?? new Map<string, string>();
    traits.set(key, values.set(name(row), String(row['value'])));
  }
  return { members, traits };
}

const IDENTIFIERS: ReadonlyMap<string, string> = new Map([
  ['user', 'user_id'],
  ['anonymous', 'anonymous_id'],
  ['account', 'group_id'],
]);

const INITIALS: Readonly<Record<string, string>> = {
  user_id: 'u',
  anonymous_id: 'a',
  group_id: 'g',
  email: 'e',
  phone: 'p',
};

const name = (row: Row): string =>
  `${INITIALS[String(row['identifier_type'])] ?? '?'}:${String(row['identifier'])}`;

async function load(
  options: WorldOptions,
  definitions: readonly Definition[],
  engine: EngineUnderTest,
): Promise<{ readonly project: Project; readonly spans: Spans }> {
  const sources = options.sources.map((source) =>
    options.layout === 'segment'
      ? { name: source, layout: 'segment', schema: source }
      : { name: source, layout: 'messages', table: `${source}.messages`, traits: options.traits },
  );
  const config = {
    name: 'case',
    target: 'dev',
    targets: { dev: { ...engine.target, compute: options.compute ?? 'incremental' } },
    sources,
    ...(options.exclude && { exclude: options.exclude }),
    ...(options.entities && { entities: options.entities }),
  };
  const files = new Map<string, unknown>([['/case/rollcall.json', config]]);
  definitions.forEach((definition, i) => files.set(`/case/models/${i}.json`, definition));
  options.destinations?.forEach((d, i) => files.set(`/case/destinations/${i}.json`, d));
  const { project, spans, diagnostics } = await loadProject({ dir: '/case', env: {}, fs: inMemory(files) });
  if (!project || hasErrors(diagnostics)) {
    throw new Error(diagnostics.map((d) => `${d.span?.file ?? ''} ${d.message}`).join('\n'));
  }
  return { project, spans };
}
