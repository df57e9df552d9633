/** A small project on one target, played day by day: what lands, runs, what is sent, and what people see of it all. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as ir from '../../compiler/ir/build.js';
import type { Column, ScalarType } from '../../compiler/ir/types.js';
import type { StepOp } from '../../compiler/program/types.js';
import { syncDestinations } from '../../delivery/index.js';
import type { Dialect } from '../../dialects/dialect.js';
import { keptOpen, type Row, type Warehouse } from '../../dialects/warehouse.js';
import { loadProject, type TargetConfig } from '../../models/index.js';
import { members, openSession, runProject, type RunOptions } from '../../runtime/index.js';
import type { Dying } from './dying.js';

const COLUMNS: readonly Column[] =
  'message_id type event name timestamp received_at user_id anonymous_id group_id properties traits context'
    .split(' ')
    .map((column) => ({
      name: column,
      type: column.endsWith('_at') || column === 'timestamp' ? 'timestamp' : 'text',
    }));

export type Cells = Readonly<Record<string, unknown>>;

/** An order of a user, as a message; its text holds what texts may hold. */
export const order = (id: string, user: string, day: number, revenue: number, received = day): Cells => ({
  message_id: id,
  type: 'track',
  event: 'Order Completed',
  timestamp: `2025-01-0${day}T10:00:00Z`,
  received_at: `2025-01-0${received}T10:00:00Z`,
  user_id: user,
  properties: { revenue, note: `it's "${user}" \\ é; 100%\n` },
});

/** What a user says of itself. */
export const identify = (id: string, user: string, day: number, traits: object): Cells => ({
  message_id: id,
  type: 'identify',
  timestamp: `2025-01-0${day}T10:00:00Z`,
  received_at: `2025-01-0${day}T10:00:00Z`,
  user_id: user,
  traits,
});

export const audience = (key: string, definition: unknown): unknown => ({
  kind: 'audience',
  key,
  name: key,
  of: 'users',
  definition,
  destinations: ['crm'],
});

const FILES: Readonly<Record<string, unknown>> = {
  'models/buyers.json': audience('buyers', { event: 'Order Completed' }),
  'models/spenders.json': audience('spenders', {
    all: [{ audience: 'buyers' }, { trait: 'revenue', at_least: 100 }],
  }),
  'models/revenue.json': {
    kind: 'trait',
    key: 'revenue',
    name: 'revenue',
    of: 'users',
    definition: { event: 'Order Completed', sum: { property: 'revenue' } },
  },
  'destinations/crm.json': {
    kind: 'destination',
    key: 'crm',
    type: 'file',
    settings: { path: 'crm.jsonl' },
    send: ['identify', 'track'],
  },
};

/** Tables people read, and what in them does not name a run. */
const READ: Readonly<Record<string, string>> = {
  memberships: 'audience_key, profile_id, entered_at',
  membership_history: 'audience_key, profile_id, entered_at, exited_at',
  trait_values: 'trait_key, profile_id, number_value, text_value, updated_at',
  snapshots: 'definition_key, as_of, size, entered, exited, changed',
  sent: 'destination_key, definition_key, identifier_type, identifier, value',
};

/** Where a project is played. */
export interface Site {
  readonly dialect: Dialect;
  /** Its `schema` is the player's alone. */
  readonly target: TargetConfig;
  /** The schema of raw tables, the player's alone too. */
  readonly raw: string;
  /** What relative paths of the target start from. */
  readonly projectDir: string;
  /** An emulator's gap: a key whose value is missing stays in an object, as null. */
  readonly keepsNulls?: boolean;
}

export class Player {
  readonly dir = mkdtempSync(join(tmpdir(), 'rollcall-scenarios-'));
  private runs = 0;
  /** A warehouse in memory, which closing it would end. */
  private kept: Promise<Warehouse> | undefined;

  constructor(readonly site: Site) {
    this.configure({});
    for (const [file, content] of Object.entries(FILES)) this.write(file, content);
  }

  /** Writes `rollcall.json`; `more` is what else it says. */
  configure(more: object): void {
    this.write('rollcall.json', {
      name: 'scenarios',
      target: 'it',
      targets: { it: { type: 'duckdb', path: 'none' } },
      sources: [{ name: 'raw', layout: 'messages', table: `${this.site.raw}.messages` }],
      ...more,
    });
  }

  /** Whether other processes may come to it. */
  get isShared(): boolean {
    return this.site.target['path'] !== ':memory:';
  }

  write(file: string, content: unknown): void {
    mkdirSync(dirname(join(this.dir, file)), { recursive: true });
    writeFileSync(join(this.dir, file), JSON.stringify(content));
  }

  remove(file: string): void {
    rmSync(join(this.dir, file));
  }

  /** The engine; its relative paths are those of the user's project. */
  rooted(watch: (w: Warehouse) => Warehouse = (w) => w): Dialect {
    const { dialect, projectDir } = this.site;
    const open: Dialect['open'] = async (options) => {
      if (this.isShared) return watch(await dialect.open({ ...options, projectDir }));
      this.kept ??= dialect.open({ ...options, projectDir });
      return watch(keptOpen(await this.kept));
    };
    return Object.create(dialect, { open: { value: open } }) as Dialect;
  }

  private async using<T>(work: (warehouse: Warehouse) => Promise<T>): Promise<T> {
    const { target: settings, projectDir } = this.site;
    const warehouse = await this.rooted().open({ settings, projectDir, mode: 'write' });
    try {
      return await work(warehouse);
    } finally {
      await warehouse.close();
    }
  }

  private async step(warehouse: Warehouse, op: StepOp): Promise<void> {
    for (const { sql } of this.site.dialect.statements({ ...op, id: 'scenario', title: 'scenario' }, {})) {
      await warehouse.execute(sql, { labels: { command: 'scenarios' } });
    }
  }

  async land(...rows: readonly Cells[]): Promise<void> {
    const { raw: schema } = this.site;
    const table = { schema, name: 'messages' };
    const cell = (value: unknown, type: ScalarType) => {
      if (value === undefined) return ir.nul(type);
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      if (type !== 'timestamp') return ir.text(text);
      return ir.lit({ type, value: String(BigInt(Date.parse(text)) * 1000n) });
    };
    const cells = rows.map((row) => COLUMNS.map((column) => cell(row[column.name], column.type)));
    await this.using(async (warehouse) => {
      await this.step(warehouse, { op: 'ensure_schema', schema });
      await this.step(warehouse, { op: 'ensure_table', spec: { table, columns: COLUMNS } });
      await this.step(warehouse, { op: 'append', table, query: ir.values(COLUMNS, cells) });
    });
  }

  async options(day: number, over: Partial<RunOptions> = {}): Promise<RunOptions> {
    const { project, spans, diagnostics } = await loadProject({ dir: this.dir, env: {} });
    if (!project) throw new Error(diagnostics.map((d) => d.message).join('\n'));
    return {
      project: {
        ...project,
        config: { ...project.config, targets: { it: { ...this.site.target, compute: 'incremental' } } },
      },
      spans,
      now: () => new Date().toISOString(),
      asOf: `2025-01-0${day}T00:00:00Z`,
      invocation: 'scenarios',
      command: 'scenarios',
      newRunId: () => `run-${++this.runs}`,
      artifacts: false,
      dialectFor: () => Promise.resolve(this.rooted()),
      ...over,
    };
  }

  /** Runs, and says what became of each definition. */
  async run(day: number, over?: Partial<RunOptions>): Promise<unknown> {
    const { definitions, diagnostics } = await runProject(await this.options(day, over));
    const problems = diagnostics.filter(({ severity }) => severity === 'error').map(({ message }) => message);
    const told = definitions.map(({ key, status, size, entered, exited, changed }) => [
      key, status, size, entered, exited, changed,
    ]); // prettier-ignore
    return problems.length === 0 ? told : { told, problems };
  }

  /** A run of another process that is killed (`kill -9`) where it says; what ended the process. */
  async killed(day: number, dying: Dying): Promise<string> {
    const child = fileURLToPath(new URL('./dying-child.ts', import.meta.url));
    const { target, projectDir } = this.site;
    const told = { dir: this.dir, projectDir, target, dying, asOf: `2025-01-0${day}T00:00:00Z` };
    return new Promise((resolve, reject) => {
      // A target may hold secrets, which a command line would show to everybody.
      const env = { ...process.env, ROLLCALL_DYING: JSON.stringify(told) };
      const args = ['--import', 'tsx', child];
      const spawned = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
      let said = '';
      spawned.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
      spawned.on('error', reject);
      spawned.on('exit', (code, signal) => resolve(signal ?? `exit ${String(code)}: ${said}`));
    });
  }

  async query(sql: string): Promise<Row[]> {
    return this.using(async (warehouse) => {
      const rows: Row[] = [];
      for await (const batch of warehouse.read(sql)) rows.push(...batch.rows);
      return rows;
    });
  }

  /** What people see: members and values as commands show them, the tables of the contract, and what was sent. */
  async seen(): Promise<unknown> {
    const found: Record<string, unknown> = {};
    for (const key of ['buyers', 'spenders', 'revenue']) {
      const rows: unknown[] = [];
      try {
        for await (const row of members({ ...(await this.options(9)), key })) rows.push(row);
      } catch (error) {
        rows.push(error instanceof Error ? error.name : error);
      }
      found[key] = rows;
    }
    const tables: Record<string, unknown> = {};
    for (const [table, columns] of Object.entries(READ)) {
      const rows = await this.query(`select ${columns} from ${this.site.target.schema}.${table}`);
      tables[table] = rows.map((row) => JSON.stringify(Object.values(row))).sort();
    }
    let sent: string[] = [];
    try {
      const lines = readFileSync(join(this.dir, 'crm.jsonl'), 'utf8').trim().split('\n');
      sent = lines.map((line) => JSON.stringify(sorted(JSON.parse(line), this.site.keepsNulls))).sort();
    } catch {
      // nothing was sent yet
    }
    return { found, tables, sent };
  }

  async sync(): Promise<unknown> {
    const options = await this.options(9);
    const session = await openSession(options, { mode: 'write', owner: { runId: 'sync', command: 'sync' } });
    try {
      const { warehouse, dialect, state } = session;
      const { destinations } = options.project;
      const base = { warehouse, dialect, state, destinations, projectDir: this.dir, spans: options.spans };
      const result = await syncDestinations({ ...base, select: {}, now: options.now });
      return result.destinations.map(({ status, delivered, waiting }) => ({ status, delivered, waiting }));
    } finally {
      await session.close();
    }
  }

  /** Drops all it made; of an empty schema no engine-neutral step says how. */
  async clear(): Promise<void> {
    rmSync(this.dir, { recursive: true, force: true });
    await this.using(async (warehouse) => {
      for (const schema of [this.site.target.schema, this.site.raw]) {
        const all = (await warehouse.describeSchema(schema)).map(({ table }) => ({ ...table, schema }));
        const isView = /^(audience_|memberships$|membership_history$|trait_values$|entity_memberships$)/i;
        // What views read may not be dropped before them.
        for (const object of ['view', 'table'] as const) {
          for (const table of all.filter(({ name }) => isView.test(name) === (object === 'view')))
            await this.step(warehouse, { op: 'drop', table, object });
        }
      }
    });
    await (await this.kept)?.close();
  }
}

/** JSON with its keys in one order: the order of an object's keys is the engine's own. */
function sorted(value: unknown, withoutNulls = false): unknown {
  if (Array.isArray(value)) return value.map((each) => sorted(each, withoutNulls));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .filter(([, each]) => !withoutNulls || each !== null)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, each]) => [key, sorted(each, withoutNulls)]));
}
