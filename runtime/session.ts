/** One open connection to a project's target: engine, warehouse and the schema state lives in. */
import { hostname } from 'node:os';
import { CompilerBug, UserError } from '../compiler/diagnostics/index.js';
import type { Relation } from '../compiler/ir/types.js';
import { StateSchema } from '../compiler/program/state.js';
import type { Dialect, Params } from '../dialects/dialect.js';
import { dialectFor } from '../dialects/registry.js';
import { EVERYTHING, Leases } from '../dialects/leases.js';
import { lockedBy } from '../dialects/lock-owner.js';
import { acquireTableLock } from '../dialects/lock-table.js';
import { discreet, hiding, secretsIn, withoutSecrets } from '../dialects/secrets.js';
import {
  around,
  keptOpen,
  labelled,
  type LockOwner,
  type OpenOptions,
  type Row,
  type Warehouse,
} from '../dialects/warehouse.js';
import type { Project, Spans, TargetConfig } from '../models/definition.js';
import type { RuntimeOptions } from './api.js';
import { Cancelled, sleep, withRetry } from './retry.js';

export interface Access {
  readonly mode: 'read' | 'write';
  /** Who takes the lock; absent, none is taken. */
  readonly owner?: { readonly runId: string; readonly command: string };
  /** It claims what it works on by leases, and takes the lock only where a database belongs to one process. */
  readonly claims?: boolean;
  /** Nobody may deliver meanwhile: with the lock it takes a lease of everything. */
  readonly alone?: boolean;
}

export interface Session {
  readonly project: Project;
  readonly spans: Spans;
  readonly target: TargetConfig;
  readonly dialect: Dialect;
  readonly warehouse: Warehouse;
  readonly state: StateSchema;
  readonly signal: AbortSignal | undefined;
  readonly now: () => string;
  /** All rows of a query. For results whose size the project bounds, not the data. What may pass is asked again. */
  rows(query: Relation, params?: Params): Promise<readonly Row[]>;
  /** Rows of a query as they come. */
  stream(query: Relation, params?: Params): AsyncIterable<Row>;
  /** Leases of ranges, on a connection of their own; undefined where a database belongs to one process. `close` closes them. */
  readonly leases: () => Promise<Leases | undefined>;
  close(): Promise<void>;
}

/** The target a project runs on. */
export function targetOf(project: Project): TargetConfig {
  const name = project.config.target;
  const target = project.config.targets[name];
  if (!target) {
    const known = Object.keys(project.config.targets)
      .map((t) => JSON.stringify(t))
      .join(', ');
    throw new UserError({
      code: 'unknown-target',
      severity: 'error',
      message: `there is no target ${JSON.stringify(name)}`,
      hint: known === '' ? 'rollcall.json configures no target' : `configured: ${known}`,
    });
  }
  return target;
}

/** Opens the target. With an owner the second comer is refused with exit 3, after it has waited as it was told to. */
export async function openSession(options: RuntimeOptions, access: Access): Promise<Session> {
  const pause = options.sleep ?? sleep;
  const longest = access.owner ? (options.waitMs ?? 0) : 0;
  // Told by the pauses alone: what asking takes comes on top.
  for (let waited = 0, next = 200; ; next = Math.min(2 * next, 5000)) {
    try {
      return await openNow(options, access);
    } catch (error) {
      const locked = error instanceof UserError && error.exit === 3 ? error.diagnostics[0] : undefined;
      const ms = Math.min(next, longest - waited);
      if (!locked || ms <= 0) throw error;
      if (waited === 0) options.onWait?.(locked);
      await pause(ms, options.signal).catch(() => {
        throw new Cancelled();
      });
      waited += ms;
    }
  }
}

async function openNow(options: RuntimeOptions, access: Access): Promise<Session> {
  const { project, spans, signal, now } = options;
  const target = targetOf(project);
  const dialect = await (options.dialectFor ?? dialectFor)(target.type);
  const { singleProcess } = dialect.capabilities;
  const self = access.owner && {
    run_id: access.owner.runId,
    pid: process.pid,
    host: hostname(),
    since: now(),
    command: access.owner.command,
  };
  const owner = access.claims && !singleProcess ? undefined : self;
  const open = (own: Partial<OpenOptions>): Promise<Warehouse> =>
    openDiscreetly(dialect, {
      settings: target,
      projectDir: project.dir,
      mode: access.mode,
      existing: true,
      ...own,
    });
  const opened = await open({ ...(owner && { owner }), ...(access.claims && { joinsLarge: true }) });
  const state = new StateSchema(target.schema);
  const locked =
    owner && dialect.capabilities.lock === 'table'
      ? await withTableLock(opened, owner, { dialect, state, open: () => open({}) })
      : opened;
  const warehouse = labelled(locked, {
    ...(options.command !== undefined && { command: options.command }),
    ...(self && { run_id: self.run_id }),
  });
  let leases: Leases | undefined;
  const call = signal ? { signal } : {};

  const again = <T>(work: () => Promise<T>): Promise<T> =>
    withRetry(work, { repeatable: true, sleep: options.sleep ?? sleep, ...call, onRetry: () => undefined });

  async function* stream(query: Relation, params: Params = {}): AsyncIterable<Row> {
    const sql = dialect.select(query, params);
    // Once rows have been handed out it is too late to begin again.
    const { batches, first } = await again(async () => {
      const opened = warehouse.read(sql, call)[Symbol.asyncIterator]();
      return { batches: opened, first: await opened.next() };
    });
    try {
      for (let next = first; next.done !== true; next = await batches.next()) {
        if (signal?.aborted) throw new Cancelled();
        yield* next.value.rows;
      }
    } finally {
      await batches.return?.();
    }
  }

  async function rows(query: Relation, params: Params = {}): Promise<readonly Row[]> {
    const all: Row[] = [];
    for await (const row of stream(query, params)) all.push(row);
    return all;
  }

  const leasesOf = async (): Promise<Leases | undefined> => {
    if (singleProcess || !self || leases) return leases;
    // A server that takes one connection alone has nobody else on it either.
    const own = await open({}).then(
      (other) => labelled(other, { run_id: self.run_id }),
      () => keptOpen(warehouse),
    );
    leases = await Leases.open({ warehouse: own, dialect, state }, self);
    return leases;
  };
  const close = async (): Promise<void> => {
    await leases?.close().catch(() => undefined);
    await warehouse.close();
  };
  if (access.alone) {
    try {
      await everythingOf(await leasesOf());
    } catch (error) {
      await close();
      throw error;
    }
  }

  return {
    project,
    spans,
    target,
    dialect,
    warehouse: around(warehouse, {
      describeSchema: (schema, own) => again(() => warehouse.describeSchema(schema, own)),
      describeTable: (table, own) => again(() => warehouse.describeTable(table, own)),
      describeQuery: (sql, own) => again(() => warehouse.describeQuery(sql, own)),
    }),
    state,
    signal,
    now,
    rows,
    stream,
    leases: leasesOf,
    close,
  };
}

/** Keeps deliveries out until the leases are closed; fails with `locked` where one is under way. */
async function everythingOf(leases: Leases | undefined): Promise<void> {
  if (!leases) return;
  const whole = { from: 0, to: 2 ** 31 };
  const lease = await leases.claim(EVERYTHING, (taken) => (taken.length === 0 ? whole : undefined));
  if (lease) return;
  const [holder] = await leases.holders(EVERYTHING);
  throw lockedBy(holder?.owner, 'wait for it to finish');
}

/** Opens a target so that nothing it says when it fails holds a secret of its settings. */
export async function openDiscreetly(dialect: Dialect, options: OpenOptions): Promise<Warehouse> {
  const hide = hiding(secretsIn(options.settings));
  try {
    return discreet(await dialect.open(options), hide);
  } catch (error) {
    throw withoutSecrets(error, hide);
  }
}

/** The warehouse with the lock of the project's schema: nothing is committed without it, and closing frees it. */
async function withTableLock(
  warehouse: Warehouse,
  owner: LockOwner,
  site: {
    readonly dialect: Dialect;
    readonly state: StateSchema;
    readonly open: () => Promise<Warehouse>;
  },
): Promise<Warehouse> {
  const { dialect, state, open } = site;
  try {
    const own = await open();
    const labels = { run_id: owner.run_id };
    const lock = await acquireTableLock({ warehouse: labelled(own, labels), dialect, state }, owner);
    return around(warehouse, {
      commit: () => {
        lock.check();
        return warehouse.commit();
      },
      close: async () => {
        try {
          // A session that had to be ended is, before anybody else begins.
          await warehouse.close();
        } finally {
          // What is not released expires.
          await lock.release().catch(() => undefined);
        }
      },
    });
  } catch (error) {
    await warehouse.close().catch(() => undefined);
    throw error;
  }
}

/** Opens, works, and closes whatever happens; an error of closing never hides an error of the work. */
export async function withSession<T>(
  options: RuntimeOptions,
  access: Access,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await openSession(options, access);
  let result: T;
  try {
    result = await work(session);
  } catch (error) {
    await session.close().catch(() => undefined);
    throw error;
  }
  await session.close();
  return result;
}

/** A text cell that our own queries never leave null. */
export function textOf(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw new CompilerBug(`column ${column} holds ${String(value)}`);
  return value;
}

export function nullableText(row: Row, column: string): string | null {
  const value = row[column];
  return value === null || value === undefined ? null : textOf(row, column);
}

/** A count; counts stay far below what a double holds exactly. */
export const numberOf = (row: Row, column: string): number => Number(textOf(row, column));

export function nullableNumber(row: Row, column: string): number | null {
  const value = nullableText(row, column);
  return value === null ? null : Number(value);
}
