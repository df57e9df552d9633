/**
 * What locks and leases have in common: a row a holder, which says whose it is and until when, and whose end the holder moves on
 * by signs of life. Times in rows are the engine's; how long a holder may go on it tells by its own clock.
 */
import { setTimeout as wait } from 'node:timers/promises';
import * as ir from '../compiler/ir/build.js';
import type { Column, Expr, Relation } from '../compiler/ir/types.js';
import type { StateSchema } from '../compiler/program/state.js';
import type { StepOp } from '../compiler/program/types.js';
import type { Dialect } from './dialect.js';
import type { LockOwner, Row, Warehouse } from './warehouse.js';

export interface HoldSettings {
  /** For how long a holder may go without a sign of life. */
  readonly ttlMs: number;
  /** How often it gives one. */
  readonly everyMs: number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Milliseconds that never go back; not the time of day. */
  readonly elapsed: () => number;
  readonly random: () => number;
}

/** Clocks and chance as they are, where no test says otherwise. */
export const OF_NODE: Pick<HoldSettings, 'sleep' | 'elapsed' | 'random'> = {
  sleep: (ms) => wait(ms),
  elapsed: () => performance.now(),
  random: Math.random,
};

/** How often a comer asks again who met others that ask. */
export const ROUNDS = 8;

/** What they are kept with. */
export interface HoldSite {
  /** A connection of their own: signs of life are given while that of the work is busy, or in a transaction. */
  readonly warehouse: Warehouse;
  readonly dialect: Dialect;
  readonly state: StateSchema;
}

/** Whose a row is. */
export const OWNER_COLUMNS: readonly Column[] = [
  { name: 'run_id', type: 'text' },
  { name: 'pid', type: 'int' },
  { name: 'host', type: 'text' },
  { name: 'command', type: 'text' },
  { name: 'since', type: 'timestamp' },
];

/** An owner, as OWNER_COLUMNS have it. */
export const ownerCells = ({ run_id, pid, host, command, since }: LockOwner): readonly Expr[] => [
  ir.text(run_id),
  ir.int(pid),
  ir.text(host),
  ir.text(command),
  moment(Date.parse(since)),
];

/** The owner that a row names. */
export function ownerOf(row: Row): LockOwner {
  const text = (name: string): string => String(row[name] ?? '');
  return {
    run_id: text('run_id'),
    pid: Number(text('pid')),
    host: text('host'),
    command: text('command'),
    since: text('since'),
  };
}

/** An instant, of milliseconds since 1970. */
export const moment = (ms: number): Expr => ir.lit({ type: 'timestamp', value: String(BigInt(ms) * 1000n) });

/** Makes a table if need be; where it is there, nothing: who may not create a schema may still use one. */
export async function ensureTable(
  { warehouse, state }: HoldSite,
  name: string,
  columns: readonly Column[],
  run: (op: StepOp) => Promise<unknown>,
): Promise<void> {
  const tables = await warehouse.describeSchema(state.schema);
  if (tables.some(({ table }) => table.name === name)) return;
  if (tables.length === 0) await run({ op: 'ensure_schema', schema: state.schema });
  await run({ op: 'ensure_table', spec: { table: state.ref(name), columns } });
}

/** All rows of a query. */
export async function readRows({ warehouse, dialect }: HoldSite, query: Relation): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for await (const batch of warehouse.read(dialect.select(query, {}))) rows.push(...batch.rows);
  return rows;
}

/** The engine's time of day, and the moment, by `elapsed`, at which it was asked for. */
export interface Asked {
  readonly now: number;
  readonly at: number;
}

/** Until when nobody else can have come, by `elapsed`: a tenth less than others grant, for clocks that do not run alike. */
export const safeUntil = ({ at }: Asked, { ttlMs }: HoldSettings): number => at + ttlMs * 0.9;

/** Gives signs of life, one at a time, until it is stopped. It keeps no process alive. */
export class Pulse {
  private timer: NodeJS.Timeout | undefined;
  private beating: Promise<void> | undefined;

  /** @param beat gives one; what it throws is its own affair */
  constructor(
    private readonly beat: () => Promise<void>,
    private readonly everyMs: number,
  ) {}

  /** Begins, unless it has begun. */
  start(): void {
    this.timer ??= setInterval(() => {
      this.beating ??= this.beat().finally(() => {
        this.beating = undefined;
      });
    }, this.everyMs).unref();
  }

  /** Ends, after the sign that is being given. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.beating;
  }
}
