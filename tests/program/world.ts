/**
 * A warehouse in memory that programs run on, without the runtime: raw tables are made by SQL, and the rows of `definitions` and `runs` are kept by hand.
 */
import { Entities } from '../../compiler/bind/entity.js';
import { bindSource, sourceNeeds, type BoundSource } from '../../compiler/bind/index.js';
import { parseTableName } from '../../compiler/bind/index.js';
import type { Catalog, CatalogTable, Needs } from '../../compiler/bind/types.js';
import { union } from '../../compiler/ir/build.js';
import type { Relation } from '../../compiler/ir/types.js';
import { batchesOf, batchStep, levelsOf } from '../../compiler/program/batches.js';
import { outboxSteps } from '../../compiler/program/outbox.js';
import { wayKey } from '../../compiler/program/outbox-link.js';
import { buildRun, factsTable, scanSpec } from '../../compiler/program/index.js';
import type { LandingCapabilities } from '../../compiler/program/landing.js';
import type {
  DefinitionPlan,
  ExistingState,
  RunProgram,
  SourceLanding,
  Step,
} from '../../compiler/program/index.js';
import { computedStep, type Computed } from '../../compiler/program/publish.js';
import type { Dialect, Params } from '../../dialects/dialect.js';
import { dialectFor } from '../../dialects/registry.js';
import type { Row, Warehouse } from '../../dialects/warehouse.js';
import { shapeOf, type Definition, type Destination, type SourceConfig } from '../../models/definition.js';
import { emptyDuckDB } from '../engines/duckdb-attached.js';
import { messagesSource, micros, needsOf, STATE_SCHEMA, type Stage } from './given.js';

export interface RunOptions {
  readonly asOf: string;
  readonly needs?: Needs;
  readonly definitions?: readonly { readonly definition: Definition; readonly stage: Stage }[];
  readonly destinations?: readonly Destination[];
  readonly removed?: readonly string[];
  readonly startedAt?: string;
  readonly reconcile?: boolean;
}

export interface RunResult {
  readonly program: RunProgram;
  readonly modes: Readonly<Record<string, 'incremental' | 'full'>>;
  readonly counts: Readonly<Record<string, Row>>;
  readonly audits: Readonly<Record<string, Row>>;
  readonly checks: Readonly<Record<string, Row>>;
}

export class World {
  private runNo = 0;
  /** In place of the engine's own. */
  capabilities: Partial<LandingCapabilities> = {};
  /** Called after every statement, with how long it took. */
  onStep?: (step: Step, sql: string, milliseconds: number) => void;

  private constructor(
    private readonly dialect: Dialect,
    private readonly warehouse: Warehouse,
    public sources: readonly SourceConfig[],
  ) {}

  static async open(sources: readonly SourceConfig[] = [messagesSource()]): Promise<World> {
    const dialect = await dialectFor('duckdb');
    const warehouse = await emptyDuckDB();
    const world = new World(dialect, warehouse, sources);
    await world.sql('create schema raw; create schema web');
    await world.sql(`create table raw.messages (message_id varchar, type varchar, event varchar, name varchar,
      timestamp timestamp, received_at timestamp, user_id varchar, anonymous_id varchar, group_id varchar,
      properties json, traits json, context json, source_id varchar)`);
    return world;
  }

  async close(): Promise<void> {
    await this.warehouse.close();
  }

  async sql(sql: string): Promise<void> {
    await this.warehouse.execute(sql);
  }

  async query(sql: string): Promise<readonly Row[]> {
    const rows: Row[] = [];
    for await (const batch of this.warehouse.read(sql)) rows.push(...batch.rows);
    return rows;
  }

  /** Rows of `raw.messages`; what is not given is null. */
  async messages(rows: readonly Readonly<Record<string, unknown>>[]): Promise<void> {
    for (const row of rows) {
      const quoted = Object.values(row).map((value) => {
        if (value === null || value === undefined) return 'null';
        const text = typeof value === 'string' ? value : JSON.stringify(value);
        return `'${text.replaceAll("'", "''")}'`;
      });
      await this.sql(
        `insert into raw.messages (${Object.keys(row).join(', ')}) values (${quoted.join(', ')})`,
      );
    }
  }

  async catalog(): Promise<Catalog> {
    const schemas = new Set(this.sources.map((s) => s.schema ?? parseTableName(s.table ?? '').schema));
    const tables: CatalogTable[] = [];
    for (const schema of schemas) tables.push(...(await this.warehouse.describeSchema(schema)));
    return { tables, traitNames: new Map() };
  }

  async bind(): Promise<readonly BoundSource[]> {
    const catalog = await this.catalog();
    return this.sources.map((source) => {
      const { bound, diagnostics } = bindSource(source, catalog);
      if (!bound) throw new Error(JSON.stringify(diagnostics));
      return bound;
    });
  }

  async run(options: RunOptions): Promise<RunResult> {
    const sources = await this.bind();
    const needs = options.needs ?? needsOf({ 'Order Completed': [] });
    const existing = await this.existing();
    const definitions = options.definitions ?? [];
    const numbers = new Map([...existing.definitions.values()].map((d) => [d.key, d.definitionNo]));
    for (const { definition } of definitions)
      if (!numbers.has(definition.key)) numbers.set(definition.key, Math.max(0, ...numbers.values()) + 1);
    const program = buildRun({
      schema: STATE_SCHEMA.schema,
      project: {
        dir: '/',
        config: { name: 'shop', target: 'dev', targets: {}, sources: this.sources, vars: {} },
        definitions: definitions.map((d) => d.definition),
        destinations: options.destinations ?? [],
      },
      sources,
      needs,
      entities: new Entities(new Map()),
      entityNeeds: [],
      definitions: definitions.map(({ definition: d, stage }) => ({
        definition: d,
        fingerprint: 'f',
        dependsOn: [],
        definitionNo: numbers.get(d.key) ?? NaN,
        query: stage((event) => factsOf(sources, needs, event)),
      })),
      existing,
      removed: options.removed ?? [],
      reconcile: options.reconcile ?? false,
      anew: false,
      choosing: true,
      capabilities: { ...this.dialect.capabilities, ...this.capabilities },
    });
    return this.execute(program, options, existing);
  }

  private async execute(
    program: RunProgram,
    options: RunOptions,
    existing: ExistingState,
  ): Promise<RunResult> {
    const runNo = (this.runNo += 1);
    const startedAt = options.startedAt ?? '2030-01-01T00:00:00Z';
    const run: Params = {
      as_of: micros(options.asOf),
      run_id: { type: 'text', value: `run_${runNo}` },
      run_no: { type: 'int', value: String(runNo) },
      started_at: micros(startedAt),
    };
    await this.steps(program.ensure, run);
    await this.sql(`insert into rollcall.runs (run_id, run_no, as_of, status)
      values ('run_${runNo}', ${runNo}, '${options.asOf}', 'running')`);
    const modes: Record<string, 'incremental' | 'full'> = {};
    const audits: Record<string, Row> = {};
    const checks: Record<string, Row> = {};
    await this.warehouse.begin();
    const params = (land: SourceLanding): Params => {
      const watermark = existing.landings.get(land.source)?.watermark;
      return watermark ? { ...run, watermark: micros(watermark) } : run;
    };
    for (const land of program.land) {
      await this.steps(land.prepare, params(land));
      const check = land.check ? await this.read(land.check, params(land)) : undefined;
      if (check) checks[land.source] = check;
      const mode = land.mode === 'full' || check?.['corrected'] !== '0' ? 'full' : 'incremental';
      modes[land.source] = mode;
      await this.steps(mode === 'full' ? land.full : land.incremental, params(land));
    }
    const { identity } = program;
    await this.steps([...identity.find, ...identity.handOver, ...identity.done], run);
    for (const land of program.land) {
      await this.steps(modes[land.source] === 'full' ? land.factsFull : land.factsIncremental, params(land));
      if (land.audit) audits[land.source] = await this.read(land.audit, params(land));
    }
    await this.steps(program.shared, run);
    await this.warehouse.commit();
    const counts: Record<string, Row> = {};
    await this.warehouse.begin();
    const computed: (Computed & { readonly plan: DefinitionPlan; readonly own: Params })[] = [];
    for (const plan of program.definitions) {
      const { key, kind } = plan.definition;
      const no = await this.definitionNo(key, kind, options.asOf);
      const own: Params = {
        ...run,
        definition_no: { type: 'int', value: no },
      };
      computed.push({ definitionNo: Number(no), key, kind: shapeOf(kind), whole: true, plan, own });
    }
    for (const batch of levelsOf(program.definitions).flatMap((level) => batchesOf(level, () => Infinity)))
      await this.steps([batchStep(batch, 'compute.batch')], run);
    await this.steps([computedStep(computed), ...program.publish.diff], run);
    const found = await this.readAll(program.publish.counts, run);
    for (const { key, definitionNo } of computed) {
      const own = found.find((row) => row['definition_no'] === String(definitionNo));
      const { size, entered, exited, changed } = own ?? {};
      counts[key] = { size, entered, exited, changed } as Row;
    }
    const outbox = outboxSteps(
      STATE_SCHEMA,
      computed.flatMap(({ plan }) => plan.ways),
    );
    await this.steps([...outbox.ways, ...outbox.baseline], run);
    const due = program.publish.apply.filter(
      ({ when }) =>
        !when ||
        computed.some(
          ({ key, kind }) => kind === when.kind && when.any.some((what) => counts[key]?.[what] !== '0'),
        ),
    );
    await this.steps(due, run);
    const { find, queue, entities, connect } = outbox;
    await this.steps([find, queue, entities, connect].flat(), run);
    for (const removed of program.removed) await this.steps(removed.publish, run);
    await this.warehouse.commit();
    return { program, modes, counts, audits, checks };
  }

  private async definitionNo(key: string, kind: string, asOf: string): Promise<string> {
    const quoted = key.replaceAll("'", "''");
    const found = (
      await this.query(`select definition_no from rollcall.definitions where key = '${quoted}'`)
    )[0];
    if (found) return String(found['definition_no']);
    const [next] = await this.query(
      'select coalesce(max(definition_no), 0) + 1 as n from rollcall.definitions',
    );
    const no = String(next?.['n']);
    await this.sql(`insert into rollcall.definitions (key, kind, status, definition_no, first_run_at)
      values ('${quoted}', '${kind}', 'live', ${no}, '${asOf}')`);
    return no;
  }

  private async steps(steps: readonly Step[], params: Params): Promise<void> {
    for (const step of steps) {
      for (const { sql } of this.dialect.statements(step, params)) {
        try {
          const from = performance.now();
          await this.warehouse.execute(sql);
          this.onStep?.(step, sql, performance.now() - from);
        } catch (error) {
          throw new Error(`${step.id}: ${String(error)}\n${sql}`, { cause: error });
        }
      }
    }
  }

  private async read(step: Step, params: Params): Promise<Row> {
    return (await this.readAll(step, params))[0] ?? {};
  }

  private async readAll(step: Step, params: Params): Promise<readonly Row[]> {
    const [statement] = this.dialect.statements(step, params);
    return this.query(statement?.sql ?? '');
  }

  private async existing(): Promise<ExistingState> {
    const described = await this.warehouse.describeSchema(STATE_SCHEMA.schema);
    const tables = new Map(described.map((t) => [t.table.name, t.columns.map((column) => column.name)]));
    if (!tables.has('landing'))
      return {
        tables,
        landings: new Map(),
        definitions: new Map(),
        connections: new Set(),
        entityConnections: new Map(),
        computations: new Map(),
        factsMadeBy: 0,
      };
    const landings = await this.query('select * from rollcall.landing');
    const definitions = await this.query('select * from rollcall.definitions');
    const connections = await this.query('select * from rollcall.connections');
    return {
      tables,
      landings: new Map(
        landings.map((row) => [
          String(row['source']),
          { fingerprint: String(row['fingerprint']), watermark: row['watermark'] as string | null },
        ]),
      ),
      definitions: new Map(
        definitions.map((row) => [
          String(row['key']),
          {
            key: String(row['key']),
            kind: String(row['kind']),
            definitionNo: Number(row['definition_no']),
            fingerprint: null,
            status: 'live',
            firstRunAt: row['first_run_at'] as string,
            retiredAt: null,
            reducer: null,
          },
        ]),
      ),
      connections: new Set(
        connections.map((r) => wayKey(String(r['destination_key']), String(r['definition_key']))),
      ),
      computations: new Map(),
      factsMadeBy: 0,
      entityConnections: new Map(),
    };
  }
}

function factsOf(sources: readonly BoundSource[], needs: Needs, event: string): Relation {
  const parts = sources.flatMap((source) => {
    const own = sourceNeeds(source, needs).events.find((e) => e.event === event);
    return own ? [scanSpec(factsTable(STATE_SCHEMA, source.name, event, own.columns))] : [];
  });
  return union(parts);
}
