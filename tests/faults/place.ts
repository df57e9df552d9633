/**
 * Where the wide project lives: a folder, a warehouse, and a server that takes what is sent. What a process that dies
 * leaves of a DuckDB place is its files: between two calls the engine writes nothing, so a copy of them is what `kill -9`
 * would leave (`killed.test.ts` holds real killed processes against such copies).
 */
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TableRef } from '../../compiler/ir/types.js';
import { syncDestinations, type SyncResult } from '../../delivery/index.js';
import type { Dialect } from '../../dialects/dialect.js';
import type { Row, Warehouse } from '../../dialects/warehouse.js';
import { loadProject, type Project, type Spans, type TargetConfig } from '../../models/index.js';
import { runProject, withSession, type RunOptions, type RunResult } from '../../runtime/index.js';
import type { RawTables } from '../engines/engine.js';
import { faultyServer } from '../delivery/server.js';
import { inMemory } from '../support/in-memory.js';
import { AS_OF, filesOn, landOn } from './wide.js';

export const NOW = '2025-06-01T00:00:00.000Z';

/** A command of the life: what is made of a day's data, or the delivery of what that queued. */
export interface Act {
  readonly day: number;
  readonly command: 'run' | 'sync';
}

/** What there is to see of a place, table by table; the names and numbers of runs are told by their `as_of`. */
export type Seen = Readonly<Record<string, readonly string[]>>;

/** A webhook, and whose messages it takes at the moment, as texts. */
export interface Hook extends AsyncDisposable {
  readonly url: string;
  into: string[];
}

/** A webhook on a port of this machine. */
export async function openHook(): Promise<Hook> {
  const server = await faultyServer((_, { body }) => {
    hook.into.push(...body.batch.map((message) => JSON.stringify(message)));
    return undefined;
  });
  const hook: Hook = {
    url: server.url,
    into: [],
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
  return hook;
}

export interface Engine {
  readonly dialect: Dialect;
  readonly target: (dir: string) => TargetConfig;
  readonly raw: (warehouse: Warehouse) => RawTables;
  /** Where the warehouse is not a file in the place's folder: a database of a server, that is the place's own. */
  readonly server?: {
    create(dir: string): Promise<void>;
    copy(from: string, to: string): Promise<void>;
    /** Ends all connections, as the end of the process does that has them. */
    cutOff(dir: string): Promise<void>;
    drop(dir: string): Promise<void>;
  };
}

const PROJECTS = new Map<string, Promise<{ readonly project: Project; readonly spans: Spans }>>();

async function projectOn(day: number, hook: string): Promise<{ project: Project; spans: Spans }> {
  const key = `${day} ${hook}`;
  const loading =
    PROJECTS.get(key) ??
    loadProject({
      dir: '/wide',
      env: {},
      fs: inMemory(filesOn(day, { type: 'duckdb', path: 'none' }, hook)),
    }).then(({ project, spans, diagnostics }) => {
      const errors = diagnostics.filter(({ severity }) => severity === 'error');
      if (!project || errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'));
      return { project, spans };
    });
  PROJECTS.set(key, loading);
  return loading;
}

export class Place {
  private runs = 0;

  private constructor(
    readonly engine: Engine,
    readonly hook: Hook,
    readonly dir: string,
    private readonly name: string,
    /** What its webhook took. */
    readonly taken: string[] = [],
  ) {}

  static async create(engine: Engine, hook: Hook): Promise<Place> {
    const place = new Place(engine, hook, mkdtempSync(join(tmpdir(), 'rollcall-faults-')), 'run');
    await engine.server?.create(place.dir);
    return place;
  }

  /** A place that is there already. */
  static at(engine: Engine, hook: Hook, dir: string, name: string): Place {
    return new Place(engine, hook, dir, name);
  }

  /** What is left of the place now, as another; for warehouses that are files. */
  async copy(name: string): Promise<Place> {
    const dir = mkdtempSync(join(tmpdir(), 'rollcall-faults-'));
    cpSync(this.dir, dir, { recursive: true });
    await this.engine.server?.copy(this.dir, dir);
    return new Place(this.engine, this.hook, dir, name, [...this.taken]);
  }

  async dispose(): Promise<void> {
    rmSync(this.dir, { recursive: true, force: true });
    await this.engine.server?.drop(this.dir);
  }

  async land(day: number): Promise<void> {
    await this.using(async (warehouse) => landOn(day, this.engine.raw(warehouse)));
  }

  async options(day: number, dialect: Dialect = this.engine.dialect): Promise<RunOptions> {
    const { project, spans } = await projectOn(day, this.hook.url);
    const targets = { it: this.engine.target(this.dir) };
    return {
      project: { ...project, dir: this.dir, config: { ...project.config, targets } },
      spans,
      now: () => NOW,
      newRunId: () => `${this.name}_${++this.runs}`,
      invocation: 'faults',
      command: 'faults',
      artifacts: false,
      sleep: () => Promise.resolve(),
      dialectFor: () => Promise.resolve(dialect),
    };
  }

  async run(day: number, dialect?: Dialect, over: Partial<RunOptions> = {}): Promise<RunResult> {
    return runProject({ ...(await this.options(day, dialect)), asOf: AS_OF(day), ...over });
  }

  async sync(day: number, dialect?: Dialect): Promise<SyncResult> {
    const options = await this.options(day, dialect);
    const access = { mode: 'write', owner: { runId: options.newRunId(), command: 'sync' } } as const;
    return withSession(options, access, ({ warehouse, dialect: own, state }) =>
      syncDestinations({
        warehouse,
        dialect: own,
        state,
        destinations: options.project.destinations,
        projectDir: this.dir,
        spans: options.spans,
        now: options.now,
        sleep: () => Promise.resolve(),
        backoff: { minMs: 1, maxMs: 1 },
      }),
    );
  }

  /** Does an act; whether all of it went through. */
  async act({ day, command }: Act, dialect?: Dialect): Promise<boolean> {
    return this.receiving(async () => {
      const result = await (command === 'run' ? this.run(day, dialect) : this.sync(day, dialect));
      return result.exit === 0;
    });
  }

  /** What comes meanwhile is this place's. */
  async receiving<T>(work: () => Promise<T>): Promise<T> {
    const others = this.hook.into;
    this.hook.into = this.taken;
    try {
      return await work();
    } finally {
      this.hook.into = others;
    }
  }

  async using<T>(work: (warehouse: Warehouse) => Promise<T>): Promise<T> {
    const { dialect, target } = this.engine;
    const settings = target(this.dir);
    const warehouse = await dialect.open({ settings, projectDir: this.dir, mode: 'write' });
    try {
      return await work(warehouse);
    } finally {
      await warehouse.close();
    }
  }

  /** All relations of the state but `runs` and `run_steps`; what was delivered, each message once. */
  async seen(): Promise<Seen> {
    const found: Record<string, readonly string[]> = await this.using(async (warehouse) => {
      const rowsOf = async (table: TableRef): Promise<readonly Row[]> => {
        const rows: Row[] = [];
        const name = `rollcall.${this.engine.dialect.quoteIdentifier(table.name)}`;
        for await (const batch of warehouse.read(`select * from ${name}`)) rows.push(...batch.rows);
        return rows;
      };
      const tables = (await warehouse.describeSchema('rollcall')).map(({ table }) => table);
      const runs = tables.some(({ name }) => name === 'runs')
        ? await rowsOf({ schema: 'rollcall', name: 'runs' })
        : [];
      const asOf = new Map(
        runs.flatMap((row) => [row['run_id'], row['run_no']].map((id) => [id, row['as_of']])),
      );
      const contents: Record<string, readonly string[]> = {};
      for (const table of tables) {
        if (['runs', 'run_steps', 'locks'].includes(table.name)) continue;
        const rows = (await rowsOf(table)).map((row) => {
          // How many rows the last landing brought is told of it, as runs are told of.
          const state = Object.entries(row).filter(([column]) => column !== 'landed_rows');
          const cells = state.map(([column, value]) => {
            if (row['name'] === 'profiles_made' && column === 'value') return [column, madeFor(value)];
            const ofRun = /^(last_)?run_(id|no)$/.test(column) || row['name'] === 'facts_made_by';
            return [column, ofRun && value !== null ? (asOf.get(value) ?? value) : value];
          });
          return JSON.stringify(Object.fromEntries(cells));
        });
        contents[table.name] = rows.sort();
      }
      return contents;
    });
    return { ...found, 'to the hook': once(this.taken), 'to the file': once(this.written()) };
  }

  private written(): readonly string[] {
    try {
      return readFileSync(join(this.dir, 'list.jsonl'), 'utf8').trim().split('\n');
    } catch {
      return [];
    }
  }
}

/** A message may come again, as it was: one of its own id. */
const once = (messages: readonly string[]): readonly string[] => [...new Set(messages)].sort();

/** The instant and the size of what is told: by which run, and which accounts there were by then, are of the life that was led. */
const madeFor = (value: unknown): string => String(value).split(' ').slice(1, 3).join(' ');
