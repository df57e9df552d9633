/**
 * The lock of engines that many processes may use at once: a row in the project's schema. It is taken in steps that
 * every engine has, none of which need see what another has not committed yet:
 *
 * 1. a comer inserts a row that says it asks;
 * 2. it reads all rows. If there is any but its own, it takes its row back: somebody holds the lock (exit 3), or
 *    somebody else asks at the same time, and both wait a random while;
 * 3. alone, it holds the lock, and says so in its row.
 *
 * Of two comers whose rows are both in before either reads, each sees the other; else the later one sees the earlier.
 * So at most one goes on. No unique key, no conflict of writers and no clock is relied on for that. Rows expire, by
 * the engine's clock, and a holder moves its own row's end on; one that could not do so in time must not commit any
 * more (`Held.check`), because another may have come.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { UserError } from '../compiler/diagnostics/index.js';
import * as ir from '../compiler/ir/build.js';
import type { Column, Expr } from '../compiler/ir/types.js';
import type { StateSchema } from '../compiler/program/state.js';
import type { StepOp } from '../compiler/program/types.js';
import type { Dialect } from './dialect.js';
import { isGone, lockedBy } from './lock-owner.js';
import { StatementError, type Lease, type LockOwner, type Row, type Warehouse } from './warehouse.js';

export const LOCKS = 'locks';

const COLUMNS: readonly Column[] = [
  { name: 'token', type: 'text' },
  { name: 'status', type: 'text' },
  { name: 'run_id', type: 'text' },
  { name: 'pid', type: 'int' },
  { name: 'host', type: 'text' },
  { name: 'command', type: 'text' },
  { name: 'since', type: 'timestamp' },
  { name: 'expires_at', type: 'timestamp' },
];

/** Locks this process holds: a row with our pid that is not among them was left by an earlier process. */
const held = new Set<string>();

export interface LockSettings {
  /** For how long a holder may go without a sign of life. */
  readonly ttlMs: number;
  /** How often it gives one. */
  readonly everyMs: number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Milliseconds that never go back; not the time of day. */
  readonly elapsed: () => number;
  readonly random: () => number;
}

const SETTINGS: LockSettings = {
  ttlMs: 5 * 60_000,
  everyMs: 60_000,
  sleep: (ms) => wait(ms),
  elapsed: () => performance.now(),
  random: Math.random,
};

/** How often a comer asks again that met others who ask. */
const ROUNDS = 8;

/** A lock that is held. */
export interface Held extends Lease {
  /** Fails with `locked` if somebody else may hold it by now. To be called before anything is committed. */
  check(): void;
}

/** What the lock is taken with. */
export interface LockSite {
  /** A connection of the lock's own: signs of life are given while the run's is busy. The lock closes it. */
  readonly warehouse: Warehouse;
  readonly dialect: Dialect;
  readonly state: StateSchema;
}

/** Takes the lock, or fails with `locked` naming who has it. Makes the schema and the table if need be. */
export async function acquireTableLock(
  site: LockSite,
  owner: LockOwner,
  over: Partial<LockSettings> = {},
): Promise<Held> {
  const lock = new TableLock(site, owner, { ...SETTINGS, ...over });
  try {
    await lock.take();
    return lock;
  } catch (error) {
    await site.warehouse.close().catch(() => undefined);
    throw error;
  }
}

/** Who holds the lock, if anybody does: for those who only want to know. */
export async function tableLockHolder(site: LockSite): Promise<LockOwner | undefined> {
  const described = await site.warehouse.describeTable(site.state.ref(LOCKS));
  if (!described) return undefined;
  const now = Date.parse(await site.warehouse.now());
  const rows = await readLocks(site);
  return rows.find((row) => row.status === 'held' && isAlive(row, now))?.owner;
}

interface LockRow {
  readonly token: string;
  readonly status: string;
  readonly owner: LockOwner;
  readonly expiresAt: number;
}

const isAlive = ({ token, owner, expiresAt }: LockRow, now: number): boolean =>
  expiresAt > now && !isGone(owner, () => held.has(token));

class TableLock implements Held {
  private readonly token = randomUUID();
  private timer: NodeJS.Timeout | undefined;
  /** By `elapsed`: until when nobody else can have come. */
  private safeUntil = 0;
  private beating: Promise<void> | undefined;

  constructor(
    private readonly site: LockSite,
    private readonly owner: LockOwner,
    private readonly settings: LockSettings,
  ) {}

  async take(): Promise<void> {
    const { settings } = this;
    await this.ensure();
    for (let round = 1; ; round++) {
      const { now, at } = await this.clock();
      await this.run({
        op: 'append',
        table: this.table,
        query: ir.values(COLUMNS, [this.cells('asking', now + settings.ttlMs)]),
      });
      const rows = await readLocks(this.site);
      const others = rows.filter((row) => row.token !== this.token && isAlive(row, now));
      if (others.length === 0) {
        await this.hold(now, at, rows);
        return;
      }
      await this.remove([this.token]);
      const holder = others.find((row) => row.status === 'held');
      if (holder) throw this.locked(holder.owner);
      if (round === ROUNDS) throw this.locked(others[0]?.owner);
      await settings.sleep(200 * round * (0.5 + settings.random()));
    }
  }

  check(): void {
    if (this.settings.elapsed() < this.safeUntil) return;
    throw new UserError(
      {
        code: 'locked',
        severity: 'error',
        message: `run ${this.owner.run_id} could not keep its lock: the warehouse did not answer in time`,
        hint: 'nothing of the open transaction was written; run again',
      },
      3,
    );
  }

  async release(): Promise<void> {
    if (!held.delete(this.token)) return;
    clearInterval(this.timer);
    try {
      await this.beating;
      await this.remove([this.token]);
    } finally {
      await this.site.warehouse.close().catch(() => undefined);
    }
  }

  private get table() {
    return this.site.state.ref(LOCKS);
  }

  /** On a warehouse that has them, nothing: who may not create a schema may still use one. */
  private async ensure(): Promise<void> {
    const { warehouse, state } = this.site;
    const tables = await warehouse.describeSchema(state.schema);
    if (tables.some(({ table }) => table.name === LOCKS)) return;
    if (tables.length === 0) await this.run({ op: 'ensure_schema', schema: state.schema });
    await this.run({ op: 'ensure_table', spec: { table: this.table, columns: COLUMNS } });
  }

  private async hold(now: number, at: number, rows: readonly LockRow[]): Promise<void> {
    held.add(this.token);
    try {
      await this.extend(now, at);
    } catch (error) {
      held.delete(this.token);
      await this.remove([this.token]).catch(() => undefined);
      throw error;
    }
    const dead = rows.map((row) => row.token).filter((token) => token !== this.token);
    if (dead.length > 0) await this.remove(dead);
    this.timer = setInterval(() => {
      this.beating ??= this.beat().finally(() => {
        this.beating = undefined;
      });
    }, this.settings.everyMs);
    this.timer.unref();
  }

  /** A sign of life. One that fails is given again at the next turn. */
  private async beat(): Promise<void> {
    try {
      const { now, at } = await this.clock();
      await this.extend(now, at);
    } catch {
      // `check` knows how long this may go on.
    }
  }

  private async extend(now: number, at: number): Promise<void> {
    const { ttlMs } = this.settings;
    const changed = await this.run({
      op: 'merge',
      table: this.table,
      query: ir.values(COLUMNS, [this.cells('held', now + ttlMs)]),
      keys: ['token'],
      set: ['status', 'expires_at'],
      insert: false,
    });
    if (changed === 0) throw new StatementError('the row of the lock is gone', '');
    // A tenth less than others grant it, for clocks that do not run alike.
    this.safeUntil = at + ttlMs * 0.9;
  }

  /** The engine's time of day, and the moment at which it was asked for. */
  private async clock(): Promise<{ readonly now: number; readonly at: number }> {
    const at = this.settings.elapsed();
    return { now: Date.parse(await this.site.warehouse.now()), at };
  }

  private cells(status: string, expires: number): readonly Expr[] {
    const { run_id, pid, host, command, since } = this.owner;
    const moment = (ms: number): Expr => ir.lit({ type: 'timestamp', value: String(BigInt(ms) * 1000n) });
    return [
      ir.text(this.token),
      ir.text(status),
      ir.text(run_id),
      ir.int(pid),
      ir.text(host),
      ir.text(command),
      moment(Date.parse(since)),
      moment(expires),
    ];
  }

  private async remove(tokens: readonly string[]): Promise<void> {
    const column: Column = { name: 'token', type: 'text' };
    const query = ir.values(
      [column],
      tokens.map((token) => [ir.text(token)]),
    );
    await this.run({ op: 'delete', table: this.table, query, keys: ['token'] });
  }

  /** Runs a step, again where the engine says that it may go; resolves to the rows it changed, where that is known. */
  private async run(op: StepOp): Promise<number | undefined> {
    const { warehouse, dialect } = this.site;
    let rows: number | undefined;
    for (const { sql } of dialect.statements({ ...op, id: `lock.${op.op}`, title: 'the lock' }, {})) {
      for (let attempt = 1; ; attempt++) {
        try {
          const { rowsChanged } = await warehouse.execute(sql, { labels: { step: 'lock' } });
          if (rowsChanged !== undefined) rows = (rows ?? 0) + rowsChanged;
          break;
        } catch (error) {
          // A row too many of our own does no harm: it has our token.
          if (!(error instanceof StatementError) || !error.transient || attempt > ROUNDS) throw error;
          await this.settings.sleep(250 * attempt * (0.5 + this.settings.random()));
        }
      }
    }
    return rows;
  }

  private locked(owner: LockOwner | undefined): UserError {
    const minutes = Math.ceil(this.settings.ttlMs / 60_000);
    return lockedBy(
      owner,
      `wait for it to finish; if it is gone, its lock frees itself within ${minutes} minutes`,
    );
  }
}

async function readLocks({ warehouse, dialect, state }: LockSite): Promise<LockRow[]> {
  const rows: LockRow[] = [];
  for await (const batch of warehouse.read(dialect.select(ir.scan(state.ref(LOCKS), COLUMNS), {}))) {
    rows.push(...batch.rows.map(lockRow));
  }
  return rows;
}

function lockRow(row: Row): LockRow {
  const text = (name: string): string => String(row[name] ?? '');
  return {
    token: text('token'),
    status: text('status'),
    owner: {
      run_id: text('run_id'),
      pid: Number(text('pid')),
      host: text('host'),
      command: text('command'),
      since: text('since'),
    },
    expiresAt: Date.parse(text('expires_at')),
  };
}
