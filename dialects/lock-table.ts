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
import { UserError } from '../compiler/diagnostics/index.js';
import * as ir from '../compiler/ir/build.js';
import type { Column, Expr } from '../compiler/ir/types.js';
import type { StepOp } from '../compiler/program/types.js';
import {
  ensureTable,
  moment,
  OF_NODE,
  OWNER_COLUMNS,
  ownerCells,
  ownerOf,
  Pulse,
  readRows,
  ROUNDS,
  safeUntil,
  type Asked,
  type HoldSettings,
  type HoldSite,
} from './holding.js';
import { isGone, lockedBy } from './lock-owner.js';
import { withRetry } from './retry.js';
import { StatementError, type Lease, type LockOwner, type Row } from './warehouse.js';

export const LOCKS = 'locks';

const COLUMNS: readonly Column[] = [
  { name: 'token', type: 'text' },
  { name: 'status', type: 'text' },
  ...OWNER_COLUMNS,
  { name: 'expires_at', type: 'timestamp' },
];

/** Locks this process holds: a row with our pid that is not among them was left by an earlier process. */
const held = new Set<string>();

const SETTINGS: HoldSettings = { ...OF_NODE, ttlMs: 5 * 60_000, everyMs: 60_000 };

/** A lock that is held. */
export interface Held extends Lease {
  /** Fails with `locked` if somebody else may hold it by now. To be called before anything is committed. */
  check(): void;
}

/**
 * Takes the lock, or fails with `locked` naming who has it. Makes the schema and the table if need be. The site's warehouse is the
 * lock's own: it closes that.
 */
export async function acquireTableLock(
  site: HoldSite,
  owner: LockOwner,
  over: Partial<HoldSettings> = {},
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
export async function tableLockHolder(site: HoldSite): Promise<LockOwner | undefined> {
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
  private safeUntil = 0;
  private readonly pulse: Pulse;

  constructor(
    private readonly site: HoldSite,
    private readonly owner: LockOwner,
    private readonly settings: HoldSettings,
  ) {
    this.pulse = new Pulse(() => this.beat(), settings.everyMs);
  }

  async take(): Promise<void> {
    const { settings } = this;
    await ensureTable(this.site, LOCKS, COLUMNS, (op) => this.run(op));
    for (let round = 1; ; round++) {
      const asked = await this.clock();
      const { now } = asked;
      await this.run({
        op: 'append',
        table: this.table,
        query: ir.values(COLUMNS, [this.cells('asking', now + settings.ttlMs)]),
      });
      const rows = await readLocks(this.site);
      const others = rows.filter((row) => row.token !== this.token && isAlive(row, now));
      if (others.length === 0) {
        await this.hold(asked, rows);
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
    try {
      await this.pulse.stop();
      await this.remove([this.token]);
    } finally {
      await this.site.warehouse.close().catch(() => undefined);
    }
  }

  private get table() {
    return this.site.state.ref(LOCKS);
  }

  private async hold(asked: Asked, rows: readonly LockRow[]): Promise<void> {
    held.add(this.token);
    try {
      await this.extend(asked);
      await this.bury(rows.filter((row) => row.token !== this.token));
    } catch (error) {
      held.delete(this.token);
      await this.remove([this.token]).catch(() => undefined);
      throw error;
    }
    this.pulse.start();
  }

  /** Of others there are only rows left, and perhaps a transaction that their processes did not end. */
  private async bury(dead: readonly LockRow[]): Promise<void> {
    const { warehouse } = this.site;
    const again = { repeatable: true, sleep: this.settings.sleep, onRetry: () => undefined };
    for (const { status, owner } of dead)
      if (status === 'held') await withRetry(async () => warehouse.endSessionsOf?.(owner.run_id), again);
    if (dead.length > 0) await this.remove(dead.map((row) => row.token));
  }

  /** A sign of life. One that fails is given again at the next turn. */
  private async beat(): Promise<void> {
    try {
      await this.extend(await this.clock());
    } catch {
      // `check` knows how long this may go on.
    }
  }

  private async extend(asked: Asked): Promise<void> {
    const changed = await this.run({
      op: 'merge',
      table: this.table,
      query: ir.values(COLUMNS, [this.cells('held', asked.now + this.settings.ttlMs)]),
      keys: ['token'],
      set: ['status', 'expires_at'],
      insert: false,
    });
    if (changed === 0) throw new StatementError('the row of the lock is gone', '');
    this.safeUntil = safeUntil(asked, this.settings);
  }

  private async clock(): Promise<Asked> {
    const at = this.settings.elapsed();
    return { now: Date.parse(await this.site.warehouse.now()), at };
  }

  private cells(status: string, expires: number): readonly Expr[] {
    return [ir.text(this.token), ir.text(status), ...ownerCells(this.owner), moment(expires)];
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

async function readLocks(site: HoldSite): Promise<readonly LockRow[]> {
  return (await readRows(site, ir.scan(site.state.ref(LOCKS), COLUMNS))).map(lockRow);
}

function lockRow(row: Row): LockRow {
  const text = (name: string): string => String(row[name] ?? '');
  return {
    token: text('token'),
    status: text('status'),
    owner: ownerOf(row),
    expiresAt: Date.parse(text('expires_at')),
  };
}
