/**
 * Leases of ranges, for engines that many processes may use at once: who works on which part of what. The table is append-only, as
 * many write to it: asking, a sign of life and giving back are rows, and the last say of a lease is what it is. Rows
 * of leases that ended are swept away by whoever closes.
 *
 * A lease is taken as the lock of `lock-table.ts` is, by steps that every engine has: append a row that asks; read all rows; whoever
 * sees another's live row over the same range gives back, and tries again after a random while, or takes another range. Of two whose rows
 * are both in before either reads, each sees the other; else the later one sees the earlier. So no range is ever
 * held twice, as long as holders stop when `lost` says so. Times are the engine's.
 */
import { randomUUID } from 'node:crypto';
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
import { isGone } from './lock-owner.js';
import { goneRuns } from './left-behind.js';
import { overlap, type Range } from './ranges.js';
import { sleep, withRetry } from './retry.js';
import type { LockOwner, Row } from './warehouse.js';

export const LEASES = 'leases';

/** The subject of who has to be alone: a lease of it and one of any other are never held together. */
export const EVERYTHING = '*';

const COLUMNS: readonly Column[] = [
  { name: 'token', type: 'text' },
  { name: 'subject', type: 'text' },
  { name: 'range_from', type: 'int' },
  { name: 'range_to', type: 'int' },
  { name: 'status', type: 'text' },
  ...OWNER_COLUMNS,
  { name: 'expires_at', type: 'timestamp' },
];

type Status = 'live' | 'released';

/** Leases this process holds: a row with our pid that is not among them was left by an earlier process. */
const held = new Set<string>();

const SETTINGS: HoldSettings = { ...OF_NODE, ttlMs: 2 * 60_000, everyMs: 30_000 };

/** A range that is held. */
export interface HeldLease {
  readonly range: Range;
  /** How many leases of other processes there are of the subject. */
  readonly others: number;
  /** Whether somebody else may hold it by now: what is begun may end, and nothing more is to be begun. */
  readonly lost: () => boolean;
  readonly release: () => Promise<void>;
}

/** Another's lease. */
export interface Taken {
  readonly range: Range;
  readonly owner: LockOwner;
}

interface Mine {
  readonly token: string;
  readonly subject: string;
  readonly range: Range;
  safeUntil: number;
}

/** Leases of one process. Make it by `open`. */
export class Leases {
  private readonly mine = new Map<string, Mine>();
  private readonly buried = new Set<string>();
  private readonly pulse: Pulse;
  private wrote = false;

  private constructor(
    private readonly site: HoldSite,
    private readonly owner: LockOwner,
    private readonly settings: HoldSettings,
  ) {
    this.pulse = new Pulse(() => this.beat(), settings.everyMs);
  }

  /** Makes the table if need be. The site's warehouse is the leases' own: they close that, also where this fails. */
  static async open(site: HoldSite, owner: LockOwner, over: Partial<HoldSettings> = {}): Promise<Leases> {
    const leases = new Leases(site, owner, { ...SETTINGS, ...over });
    try {
      await ensureTable(site, LEASES, COLUMNS, (op) => leases.run(op));
      return leases;
    } catch (error) {
      await site.warehouse.close().catch(() => undefined);
      throw error;
    }
  }

  /**
   * Takes a range of a subject.
   *
   * @param choose the range to take, given those that others hold; undefined: none of what is left
   * @returns undefined where it chose none, or others were always quicker
   */
  async claim(
    subject: string,
    choose: (taken: readonly Range[]) => Range | undefined,
  ): Promise<HeldLease | undefined> {
    for (let round = 1; round <= ROUNDS; round++) {
      const asked = await this.clock();
      const { now } = asked;
      const range = choose((await this.taken(subject, now)).map((t) => t.range));
      if (range === undefined) return undefined;
      const lease: Mine = { token: randomUUID(), subject, range, safeUntil: 0 };
      held.add(lease.token);
      try {
        await this.append([lease], 'live', now);
        const others = await this.taken(subject, now, lease.token);
        if (!others.some((other) => overlap(other.range, range)))
          return this.hold(lease, asked, others.length);
      } catch (error) {
        held.delete(lease.token);
        throw error;
      }
      await this.giveBack(lease);
      await this.settings.sleep(100 * round * (0.5 + this.settings.random()));
    }
    return undefined;
  }

  /** What others hold of a subject. */
  async holders(subject: string): Promise<readonly Taken[]> {
    return this.taken(subject, (await this.clock()).now);
  }

  /** Gives back what is left, and lets go of the connection. */
  async close(): Promise<void> {
    try {
      await this.pulse.stop();
      for (const lease of [...this.mine.values()]) await this.release(lease);
      if (this.wrote) await this.sweep().catch(() => undefined);
    } finally {
      await this.site.warehouse.close().catch(() => undefined);
    }
  }

  private get table() {
    return this.site.state.ref(LEASES);
  }

  private hold(lease: Mine, asked: Asked, others: number): HeldLease {
    lease.safeUntil = safeUntil(asked, this.settings);
    this.mine.set(lease.token, lease);
    this.pulse.start();
    return {
      range: lease.range,
      others,
      lost: () => this.settings.elapsed() >= lease.safeUntil,
      release: () => this.release(lease),
    };
  }

  private async release(lease: Mine): Promise<void> {
    if (this.mine.delete(lease.token)) await this.giveBack(lease);
  }

  /** Never fails: what cannot be said expires. */
  private async giveBack(lease: Mine): Promise<void> {
    try {
      const { now } = await this.clock();
      await this.append([lease], 'released', now);
    } catch {
      // It is ours until then, which harms nobody.
    } finally {
      held.delete(lease.token);
    }
  }

  /** A sign of life, of all leases. One that fails is given again at the next turn. */
  private async beat(): Promise<void> {
    const all = [...this.mine.values()].filter((lease) => this.settings.elapsed() < lease.safeUntil);
    if (all.length === 0) return;
    try {
      const asked = await this.clock();
      await this.append(all, 'live', asked.now);
      for (const lease of all) lease.safeUntil = safeUntil(asked, this.settings);
    } catch {
      // `lost` knows how long this may go on.
    }
  }

  private async clock(): Promise<Asked> {
    const at = this.settings.elapsed();
    return { now: Date.parse(await this.again(() => this.site.warehouse.now())), at };
  }

  private async append(leases: readonly Mine[], status: Status, now: number): Promise<void> {
    this.wrote = true;
    const rows = leases.map(({ token, subject, range }): readonly Expr[] => [
      ir.text(token),
      ir.text(subject),
      ir.int(range.from),
      ir.int(range.to),
      ir.text(status),
      ...ownerCells(this.owner),
      moment(now + this.settings.ttlMs),
    ]);
    await this.run({ op: 'append', table: this.table, query: ir.values(COLUMNS, rows) });
  }

  private async taken(subject: string, now: number, asking?: string): Promise<readonly Taken[]> {
    const rows = ir.scan(this.table, COLUMNS);
    const subjects = subject === EVERYTHING ? [] : [subject, EVERYTHING];
    const wanted = ir.and(
      ...(subjects.length === 0 ? [] : [ir.call('in_list', ir.c(rows, 'subject'), ...subjects.map((name) => ir.text(name)))]),
      ir.call('gt', ir.c(rows, 'expires_at'), moment(now)),
    ); // prettier-ignore
    const outlives = this.site.warehouse.endSessionsOf !== undefined;
    // Where sessions outlive their processes, rows of those that are gone say which.
    const all = await this.again(() => readRows(this.site, outlives ? rows : ir.filter(rows, wanted)));
    if (outlives) await this.bury(all, now);
    const found = all.filter(
      (row) => (subjects.length === 0 || subjects.includes(String(row['subject']))) && expiryOf(row) > now,
    );
    const released = new Set(found.filter((row) => row['status'] === 'released').map((row) => row['token']));
    const live = new Map(
      found.flatMap((row): readonly (readonly [string, Taken])[] => {
        const token = String(row['token']);
        const taken = takenOf(row);
        const dead = released.has(token) || isGone(taken.owner, () => held.has(token));
        const ours = token === asking || this.mine.has(token);
        return dead || ours ? [] : [[token, taken]];
      }),
    );
    return [...live.values()];
  }

  /** Ends what processes that are gone left open, once. */
  private async bury(rows: readonly Row[], now: number): Promise<void> {
    const gone = goneRuns(
      rows.map((row) => ({
        token: String(row['token']),
        runId: ownerOf(row).run_id,
        released: row['status'] === 'released',
        alive: expiryOf(row) > now && !isGone(ownerOf(row), () => held.has(String(row['token']))),
      })),
    );
    for (const runId of gone) {
      if (runId === this.owner.run_id || this.buried.has(runId)) continue;
      await this.again(() => this.site.warehouse.endSessionsOf?.(runId) ?? Promise.resolve());
      this.buried.add(runId);
    }
  }

  /** Deletes leases all of whose rows ended a while ago. */
  private async sweep(): Promise<void> {
    const { now } = await this.clock();
    const rows = ir.scan(this.table, COLUMNS);
    const last = ir.aggregate(
      rows,
      [ir.as('token', ir.c(rows, 'token'))],
      [ir.as('last', ir.agg('max', [ir.c(rows, 'expires_at')]))],
    );
    const ended = ir.filter(last, ir.call('lt', ir.c(last, 'last'), moment(now - 10 * this.settings.ttlMs)));
    await this.run({ op: 'delete', table: this.table, query: ir.pick(ended, ['token']), keys: ['token'] });
  }

  private async run(op: StepOp): Promise<void> {
    const { warehouse, dialect } = this.site;
    for (const { sql } of dialect.statements({ ...op, id: `leases.${op.op}`, title: 'leases' }, {}))
      // A row too many of our own does no harm: it has our token.
      await this.again(() => warehouse.execute(sql, { labels: { step: 'leases' } }));
  }

  private again<T>(work: () => Promise<T>): Promise<T> {
    return withRetry(work, { repeatable: true, sleep, onRetry: () => undefined });
  }
}

const expiryOf = (row: Row): number => Date.parse(String(row['expires_at']));

const takenOf = (row: Row): Taken => ({
  range: { from: Number(row['range_from']), to: Number(row['range_to']) },
  owner: ownerOf(row),
});
