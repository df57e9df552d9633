/** A small project in a folder of its own, with a DuckDB file and a `messages` source, run at chosen instants. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { StateSchema } from '../../compiler/program/state.js';
import type { SyncOptions, SyncResult } from '../../delivery/index.js';
import { loadProject } from '../../models/index.js';
import { runProject, type RunEvent, type RunOptions, type RunResult } from '../../runtime/index.js';
import type { Row, Warehouse } from '../../dialects/warehouse.js';
import { attachedDuckDB, dialectHere } from '../engines/duckdb-attached.js';

export interface Message {
  readonly id: string;
  readonly type?: string;
  readonly event?: string;
  readonly at: string | null;
  readonly received?: string;
  readonly user?: string;
  readonly anonymous?: string;
  readonly group?: string;
  readonly properties?: unknown;
  readonly traits?: unknown;
}

/** A destination that writes a file, for `destinations/crm.json`. */
export const CRM = {
  kind: 'destination',
  key: 'crm',
  type: 'file',
  settings: { path: 'crm.jsonl' },
  send: ['identify', 'track'],
};

/** The clock of every test: later than any as_of used. */
export const NOW = '2025-06-01T00:00:00Z';

const CREATE = `create schema if not exists raw; create table raw.messages (
  message_id text, type text, event text, name text, timestamp timestamp, received_at timestamp, user_id text,
  anonymous_id text, group_id text, properties json, traits json, context json)`;

const quote = (value: string | null | undefined): string =>
  value === undefined || value === null ? 'null' : `'${value.replaceAll("'", "''")}'`;

/** A message of type identify, as destinations get it. */
export interface SentMessage {
  readonly type: string;
  readonly userId: string;
  readonly messageId: string;
  readonly traits: Readonly<Record<string, unknown>>;
}

/** `user key value`, of a message to a user; the key that it is about comes first among its traits. */
export function toldOf({ userId, traits }: SentMessage): string {
  const [key = '', value] = Object.entries(traits)[0] ?? [];
  return `${userId} ${key} ${String(value)}`;
}

interface Configured {
  readonly name?: string;
  readonly compute?: string;
  readonly [setting: string]: unknown;
}

export class Shop {
  private runs = 0;
  readonly events: RunEvent[] = [];

  private constructor(readonly dir: string) {}

  static async create(models: Readonly<Record<string, unknown>> = {}): Promise<Shop> {
    const shop = new Shop(await mkdtemp(join(tmpdir(), 'rollcall-runtime-')));
    await shop.configure();
    for (const [key, definition] of Object.entries(models)) await shop.model(key, definition);
    await shop.sql(...CREATE.split('; '));
    return shop;
  }

  /**
   * Writes `rollcall.json`.
   *
   * @param compute of the target: as so few profiles are soon all affected, not what a run finds cheaper
   * @param more what else it says
   */
  async configure({ name = 'shop', compute = 'incremental', ...more }: Configured = {}): Promise<void> {
    const dev = { type: 'duckdb', path: 'warehouse.duckdb', schema: 'rollcall', threads: 1, compute };
    await this.write('rollcall.json', {
      name,
      target: 'dev',
      targets: { dev },
      sources: [{ name: 'raw', layout: 'messages', table: 'raw.messages' }],
      ...more,
    });
  }

  async write(path: string, content: unknown): Promise<void> {
    await mkdir(dirname(join(this.dir, path)), { recursive: true });
    await writeFile(
      join(this.dir, path),
      typeof content === 'string' ? content : JSON.stringify(content, null, 2),
    );
  }

  async model(key: string, definition: unknown): Promise<void> {
    const body = { kind: 'audience', key, name: key, of: 'users', ...(definition as object) };
    await this.write(`models/${key}.json`, body);
  }

  async remove(key: string): Promise<void> {
    await rm(join(this.dir, `models/${key}.json`));
  }

  async open<T>(mode: 'read' | 'write', work: (warehouse: Warehouse) => Promise<T>): Promise<T> {
    const settings = { path: 'warehouse.duckdb', threads: 1 };
    const warehouse = await attachedDuckDB.open({ settings, projectDir: this.dir, mode });
    try {
      return await work(warehouse);
    } finally {
      await warehouse.close();
    }
  }

  async sql(...statements: readonly string[]): Promise<void> {
    await this.open('write', async (warehouse) => {
      for (const statement of statements) await warehouse.execute(statement);
    });
  }

  async query(sql: string): Promise<Row[]> {
    return this.open('read', async (warehouse) => {
      const rows: Row[] = [];
      for await (const batch of warehouse.read(sql)) rows.push(...batch.rows);
      return rows;
    });
  }

  async land(...messages: readonly Message[]): Promise<void> {
    const rows = messages.map((m) => {
      const json = (value: unknown): string => quote(value === undefined ? undefined : JSON.stringify(value));
      const cells = [
        m.id,
        m.type ?? 'track',
        m.event,
        null,
        m.at,
        m.received ?? m.at,
        m.user,
        m.anonymous,
        m.group,
      ];
      return `(${[...cells.map(quote), json(m.properties), json(m.traits), 'null'].join(', ')})`;
    });
    await this.sql(`insert into raw.messages values ${rows.join(', ')}`);
  }

  async options(more: Partial<RunOptions> = {}): Promise<RunOptions> {
    const { project, spans, diagnostics } = await loadProject({ dir: this.dir, env: {} });
    if (!project || diagnostics.some((d) => d.severity === 'error')) {
      throw new Error(`the project does not load: ${JSON.stringify(diagnostics)}`);
    }
    return {
      project,
      spans,
      now: () => NOW,
      newRunId: () => `run_${++this.runs}`,
      invocation: 'rollcall run',
      onEvent: (event) => this.events.push(event),
      sleep: async () => undefined,
      dialectFor: dialectHere,
      ...more,
    };
  }

  async run(asOf: string, more: Partial<RunOptions> = {}): Promise<RunResult> {
    return runProject(await this.options({ asOf, ...more }));
  }

  /** Delivers what waits, to all destinations. */
  async sync(more: Partial<SyncOptions> = {}): Promise<SyncResult> {
    // Most tests deliver nothing: they need not read the code of it.
    const { syncDestinations } = await import('../../delivery/index.js');
    const dialect = attachedDuckDB;
    const { destinations } = (await this.options()).project;
    const state = new StateSchema('rollcall');
    return this.open('write', (warehouse) =>
      syncDestinations({
        warehouse,
        dialect,
        state,
        destinations,
        projectDir: this.dir,
        now: () => NOW,
        ...more,
      }),
    );
  }

  /** The messages in a destination's file, in order; none where there is no file. */
  async sent<T = SentMessage>(file = CRM.settings.path): Promise<readonly T[]> {
    const text = await readFile(join(this.dir, file), 'utf8').catch(() => '');
    const lines = text.split('\n').filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line) as T);
  }

  /** Profile ids of an audience, sorted. */
  async members(key: string): Promise<string[]> {
    const rows = await this.query(
      `select profile_id from rollcall.memberships where audience_key = '${key}' order by profile_id`,
    );
    return rows.map((row) => String(row['profile_id']));
  }

  /** Every row of every relation of the contract but `runs` and `run_steps`, as sorted texts. */
  async contents(): Promise<Record<string, string[]>> {
    const tables = [
      'memberships',
      'membership_history',
      'trait_values',
      'snapshots',
      'definitions',
      'sent',
      'outbox',
      'connections',
      'reassignments',
      'subjects',
      'profiles',
      'landed',
      'trait_names',
    ];
    return this.open('read', async (warehouse) => {
      const found: Record<string, string[]> = {};
      for (const table of tables) {
        const rows: string[] = [];
        for await (const batch of warehouse.read(`select * from rollcall.${table}`)) {
          rows.push(...batch.rows.map((row) => JSON.stringify(row)));
        }
        found[table] = rows.sort();
      }
      return found;
    });
  }

  async dispose(): Promise<void> {
    await rm(this.dir, { recursive: true, force: true });
  }
}

/** An audience of those who ever ordered. */
export const BUYERS = { definition: { event: 'Order Completed' } };
/** Those whose orders come to more than a hundred. */
export const SPENDERS = {
  definition: { event: 'Order Completed', sum: { property: 'revenue', greater_than: 100 } },
};
export const REVENUE = {
  kind: 'trait',
  definition: { event: 'Order Completed', sum: { property: 'revenue' } },
};

export const order = (id: string, user: string, at: string, revenue: number): Message => ({
  id,
  event: 'Order Completed',
  user,
  at,
  properties: { revenue },
});
