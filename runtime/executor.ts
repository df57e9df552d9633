/**
 * Executes steps: binds parameters, records every attempt in `run_steps`, tries transient failures again.
 * Outside a transaction the statement is what is tried again; inside, the transaction, because a failed
 * statement may have taken the transaction with it.
 */
import type { Step } from '../compiler/program/types.js';
import type { Params, Statement } from '../dialects/dialect.js';
import type { CallOptions, Row } from '../dialects/warehouse.js';
import { UserError } from '../compiler/diagnostics/index.js';
import { Cancelled, failureOf, withRetry, type Sleep } from './retry.js';
import { renderStep, type RenderedStep, type StepPart } from './render.js';
import type { Session } from './session.js';
import type { StepRecord, Store } from './store.js';

/** Records kept in memory before they are written outside a transaction. */
const FLUSH_AT = 250;

export interface ExecutorOptions {
  readonly session: Session;
  readonly store: Store;
  readonly runId: string;
  readonly sleep: Sleep;
  /** Asked first in every transaction: throws where this run must not write any more (`fence.ts`). */
  readonly fence?: () => Promise<void>;
  readonly onRetry: (failure: { step: string; attempt: number; delayMs: number; error: Error }) => void;
}

/** Which step failed; what the engine said is the `cause`. */
export class StepFailed extends Error {
  constructor(
    readonly step: Step,
    cause: unknown,
  ) {
    super(messageOf(cause), { cause });
    this.name = 'StepFailed';
  }
}

/** A transaction that was, or was not, committed: nobody could be asked. The next run finds out. */
export class OutcomeUnknown extends UserError {
  constructor(cause: unknown) {
    super(
      {
        code: 'warehouse-unavailable',
        severity: 'error',
        message: `the connection was lost while a transaction was committed: ${messageOf(cause)}`,
        hint: 'run again: it goes on from what is there',
      },
      4,
    );
    this.name = 'OutcomeUnknown';
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What belongs to a transaction and cannot be in it. */
export interface Around {
  readonly before?: readonly RenderedStep[];
  readonly after?: readonly RenderedStep[];
}

type Outcome = Pick<StepRecord, 'status' | 'error' | 'rows_changed'>;

export class Executor {
  private pending: StepRecord[] = [];
  private readonly attempts = new Map<string, number>();
  /** Index into `pending` of the first record of the open transaction. */
  private transactionFrom: number | undefined;
  private finishing = false;

  constructor(private readonly options: ExecutorOptions) {}

  /** From here on nothing is cancelled: what happened is being recorded. */
  finish(): void {
    this.finishing = true;
  }

  private get signal(): AbortSignal | undefined {
    return this.finishing ? undefined : this.options.session.signal;
  }

  /** What a statement of a step is called with. */
  private call(step: Step): CallOptions {
    const labels = { step: step.id, ...(step.definition !== undefined && { definition: step.definition }) };
    return { labels, ...(this.signal && { signal: this.signal }) };
  }

  /** Renders a step of the runtime's own. */
  render(step: Step, params: Params = {}): RenderedStep {
    return renderStep(this.options.session.dialect, step, params);
  }

  /** Runs steps in order; resolves to the rows they changed. */
  async run(steps: readonly RenderedStep[]): Promise<number> {
    let rows = 0;
    for (const step of steps) rows += await this.runOne(step);
    return rows;
  }

  /** Runs a `read` step and gives its rows; for results bounded by the program, not by the data. */
  async read(rendered: RenderedStep): Promise<readonly Row[]> {
    const { warehouse } = this.options.session;
    const call = this.call(rendered.step);
    return this.recorded(rendered, async () => {
      const rows: Row[] = [];
      for (const { sql, retry } of rendered.statements) {
        await this.attempt(rendered.step, retry, async () => {
          rows.length = 0;
          for await (const batch of warehouse.read(sql, call)) rows.push(...batch.rows);
        });
      }
      return { value: rows, rowsChanged: null };
    });
  }

  /**
   * Runs `work` as one transaction, together with the records of its steps. After a failure everything is
   * rolled back; one that may pass starts `work` again from its beginning. What stands around it is not part of it.
   */
  async transaction<T>(work: () => Promise<T>, { before = [], after = [] }: Around = {}): Promise<T> {
    const { warehouse } = this.options.session;
    const signal = this.signal;
    const done = await this.retrying('transaction', true, async () => {
      this.throwIfCancelled();
      await this.run(before);
      let result: T;
      try {
        await warehouse.begin();
        await this.options.fence?.();
        this.transactionFrom = this.pending.length;
        result = await work();
        this.throwIfCancelled();
        await this.write(this.pending);
        await this.commit();
      } catch (error) {
        this.markRolledBack();
        await warehouse.rollback().catch(() => undefined);
        throw signal?.aborted ? new Cancelled() : error;
      } finally {
        this.transactionFrom = undefined;
      }
      this.pending = [];
      return result;
    });
    await this.run(after);
    return done;
  }

  /**
   * Commits. Where the connection was lost meanwhile, the records that went with the transaction say whether it was
   * done: only if they are not there may it begin again.
   */
  private async commit(): Promise<void> {
    const { session, store, runId } = this.options;
    try {
      await session.warehouse.commit();
    } catch (error) {
      const last = this.pending.at(-1);
      if (failureOf(error) !== 'unknown') throw error;
      await session.warehouse.rollback().catch(() => undefined);
      const found =
        last && (await session.rows(store.recordOf(runId, last.step, last.attempt)).catch(() => undefined));
      if (found === undefined) throw new OutcomeUnknown(error);
      if (found.length === 0) throw error;
    }
  }

  /** Writes the records kept so far, in a transaction of their own. */
  async flush(): Promise<void> {
    if (this.pending.length > 0) await this.transaction(async () => undefined);
  }

  throwIfCancelled(): void {
    if (this.signal?.aborted) throw new Cancelled();
  }

  private async runOne(rendered: RenderedStep): Promise<number> {
    const { warehouse } = this.options.session;
    const call = this.call(rendered.step);
    const rows = await this.recorded(rendered, async () => {
      let changed: number | null = null;
      for (const { sql, retry } of rendered.statements) {
        const done = await this.attempt(rendered.step, retry, () => warehouse.execute(sql, call));
        if (done.rowsChanged !== undefined) changed = (changed ?? 0) + done.rowsChanged;
      }
      return { value: changed ?? 0, rowsChanged: changed };
    });
    if (this.transactionFrom === undefined && this.pending.length >= FLUSH_AT) await this.flush();
    return rows;
  }

  /** One statement. A retry is recorded as an attempt of its own step. */
  private async attempt<T>(step: Step, retry: Statement['retry'], work: () => Promise<T>): Promise<T> {
    if (this.transactionFrom !== undefined) return work();
    const startedAt = this.options.session.now();
    return this.retrying(step.id, retry === 'safe', work, (error) => {
      this.record(step, startedAt, { status: 'failed', error: error.message, rows_changed: null });
    });
  }

  private async retrying<T>(
    name: string,
    repeatable: boolean,
    work: () => Promise<T>,
    onRetry?: (error: Error) => void,
  ): Promise<T> {
    return withRetry(work, {
      repeatable,
      sleep: this.options.sleep,
      ...(this.signal && { signal: this.signal }),
      onRetry: (failure) => {
        onRetry?.(failure.error);
        const step = failure.error instanceof StepFailed ? failure.error.step.id : name;
        this.options.onRetry({ step, ...failure });
      },
    });
  }

  private async recorded<T>(
    { step, parts = [] }: RenderedStep,
    work: () => Promise<{ value: T; rowsChanged: number | null }>,
  ): Promise<T> {
    this.throwIfCancelled();
    const startedAt = this.options.session.now();
    try {
      const { value, rowsChanged } = await work();
      this.record(step, startedAt, { status: 'succeeded', error: null, rows_changed: rowsChanged });
      // How many of them are whose is not known yet.
      this.recordParts(parts, startedAt, { status: 'succeeded', error: null, rows_changed: null });
      return value;
    } catch (error) {
      const cancelled = error instanceof Cancelled || this.signal?.aborted === true;
      const status = cancelled ? 'cancelled' : 'failed';
      this.record(step, startedAt, {
        status,
        error: cancelled ? null : messageOf(error),
        rows_changed: null,
      });
      if (cancelled) this.recordParts(parts, startedAt, { status, error: null, rows_changed: null });
      if (cancelled) throw new Cancelled();
      throw error instanceof UserError ? error : new StepFailed(step, error);
    }
  }

  /** Records that the parts of a step failed with it, where nobody can tell which of them it was. */
  failedTogether({ parts = [] }: RenderedStep, startedAt: string, error: Error): void {
    this.recordParts(parts, startedAt, { status: 'failed', error: error.message, rows_changed: null });
  }

  /** Says how many rows steps changed of which that was not known, as far as their records are still here. */
  tellRows(rows: ReadonlyMap<string, number>): void {
    this.pending = this.pending.map((record) =>
      record.status === 'succeeded' && record.rows_changed === null && rows.has(record.step)
        ? { ...record, rows_changed: rows.get(record.step) ?? null }
        : record,
    );
  }

  private recordParts(parts: readonly StepPart[], startedAt: string, outcome: Outcome): void {
    for (const part of parts) this.record(part, startedAt, outcome);
  }

  private record(step: StepPart, startedAt: string, outcome: Outcome): void {
    const attempt = (this.attempts.get(step.id) ?? 0) + 1;
    this.attempts.set(step.id, attempt);
    this.pending.push({
      run_id: this.options.runId,
      step: step.id,
      attempt,
      started_at: startedAt,
      completed_at: this.options.session.now(),
      definition_key: step.definition ?? null,
      ...outcome,
    });
  }

  private markRolledBack(): void {
    const from = this.transactionFrom ?? this.pending.length;
    this.pending = this.pending.map((record, i) =>
      i >= from && record.status === 'succeeded' ? { ...record, status: 'rolled_back' } : record,
    );
  }

  /** Without recording that it records. */
  private async write(records: readonly StepRecord[]): Promise<void> {
    const { session, store } = this.options;
    if (records.length === 0) return;
    for (const step of store.recordSteps(records)) {
      const labels = { step: step.id };
      for (const { sql } of renderStep(session.dialect, step).statements) {
        await session.warehouse.execute(sql, { labels });
      }
    }
  }
}
