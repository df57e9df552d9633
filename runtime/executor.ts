/**
 * Executes steps: binds parameters, records every attempt in `run_steps`, tries transient failures again.
 * Outside a transaction the statement is what is tried again; inside, the transaction, because a failed
 * statement may have taken the transaction with it.
 */
import type { Step } from '../compiler/program/types.js';
import type { Params, Statement } from '../dialects/dialect.js';
import type { CallOptions, Executed, Row } from '../dialects/warehouse.js';
import { UserError } from '../compiler/diagnostics/index.js';
import { elapsed } from './instants.js';
import { Cancelled, failureOf, withRetry, type Sleep } from './retry.js';
import { renderStep, type RenderedStep, type StepPart } from './render.js';
import type { Session } from './session.js';
import { measuresOf, type Measures } from './measures.js';
import { NOTHING, StepRecords, type Outcome, type Said } from './step-records.js';
import type { StepRecord, Store } from './store.js';
import { Tracing } from './tracing.js';
import { StepFailed } from './step-failed.js';

/** Records kept in memory before they are written outside a transaction. */
const FLUSH_AT = 250;

export interface ExecutorOptions {
  readonly session: Session;
  readonly store: Store;
  readonly runId: string;
  readonly sleep: Sleep;
  /** Asked first in every transaction: throws where this run must not write any more (`fence.ts`). */
  readonly fence?: () => Promise<void>;
  /** Where spans go; absent, they stand alone. */
  readonly tracing?: Tracing;
  readonly onRetry: (failure: { step: string; attempt: number; delayMs: number; error: Error }) => void;
  /** Told how much of a step's statement is done, 0 to 1, and for how many milliseconds it has run. */
  readonly onProgress?: (step: string, done: number, ranMs: number) => void;
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

const attributesOf = ({ id, definition }: StepPart): Record<string, string> => ({
  'rollcall.step': id,
  ...(definition !== undefined && { 'rollcall.definition': definition }),
});

const SUCCEEDED: Outcome = { status: 'succeeded', error: null };

/** What belongs to a transaction and cannot be in it. */
export interface Around {
  readonly before?: readonly RenderedStep[];
  readonly after?: readonly RenderedStep[];
}

/** What a step gave, and what the engine said of it. */
interface Done<T> extends Said {
  readonly value: T;
}

export class Executor {
  private readonly records: StepRecords;
  private finishing = false;
  /** How often the open transaction, and the statement at hand, were begun again. */
  private readonly again = { transaction: 0, statement: 0 };
  private readonly tracing: Tracing;

  constructor(private readonly options: ExecutorOptions) {
    this.records = new StepRecords(options.runId, () => options.session.now());
    this.tracing = options.tracing ?? new Tracing();
  }

  /** What became of every step so far, whether or not it was written. */
  get measures(): Measures {
    return this.records.measures;
  }

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

  /** Tells how far a statement is that begins now. */
  private told(call: CallOptions, { step }: RenderedStep): CallOptions {
    const { onProgress, session } = this.options;
    if (!onProgress) return call;
    const begun = session.now();
    return { ...call, onProgress: (done) => onProgress(step.id, done, elapsed(begun, session.now())) };
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
      return { ...NOTHING, value: rows, rowsRead: rows.length };
    });
  }

  /**
   * Runs `work` as one transaction, together with the records of its steps. After a failure everything is
   * rolled back; one that may pass starts `work` again from its beginning. What stands around it is not part of it.
   */
  async transaction<T>(work: () => Promise<T>, { before = [], after = [] }: Around = {}): Promise<T> {
    const { warehouse } = this.options.session;
    const signal = this.signal;
    const done = await this.retrying('transaction', true, async (attempt) => {
      this.throwIfCancelled();
      this.again.transaction = attempt - 1;
      await this.run(before);
      let result: T;
      try {
        await warehouse.begin();
        await this.options.fence?.();
        this.records.begin();
        result = await work();
        this.throwIfCancelled();
        await this.write(this.records.pending);
        await this.commit();
      } catch (error) {
        this.records.rolledBack();
        await warehouse.rollback().catch(() => undefined);
        throw signal?.aborted ? new Cancelled() : error;
      } finally {
        this.records.end();
      }
      this.records.written();
      return result;
    }).finally(() => {
      this.again.transaction = 0;
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
      const last = this.records.pending.at(-1);
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
    if (this.records.pending.length > 0) await this.transaction(async () => undefined);
  }

  throwIfCancelled(): void {
    if (this.signal?.aborted) throw new Cancelled();
  }

  private async runOne(rendered: RenderedStep): Promise<number> {
    const { warehouse } = this.options.session;
    const call = this.call(rendered.step);
    const rows = await this.recorded(rendered, async () => {
      const all: Executed[] = [];
      for (const { sql, retry } of rendered.statements)
        all.push(await this.attempt(rendered.step, retry, () => warehouse.execute(sql, this.told(call, rendered)))); // prettier-ignore
      const sum = (numbers: readonly (number | undefined)[]): number | null => {
        const known = numbers.filter((n) => n !== undefined);
        return known.length === 0 ? null : known.reduce((a, b) => a + b, 0);
      };
      const changed = sum(all.map(({ rowsChanged }) => rowsChanged));
      const bytes = sum(all.map((done) => done.bytes));
      return { ...NOTHING, value: changed ?? 0, rowsChanged: changed, bytes };
    });
    if (!this.records.inTransaction && this.records.pending.length >= FLUSH_AT) await this.flush();
    return rows;
  }

  /** One statement. A retry is recorded as an attempt of its own step. */
  private async attempt<T>(step: Step, retry: Statement['retry'], work: () => Promise<T>): Promise<T> {
    if (this.records.inTransaction) return work();
    const startedAt = this.options.session.now();
    return this.retrying(step.id, retry === 'safe', work, (error) => {
      this.records.add(step, startedAt, { status: 'failed', error: error.message }, this.retries);
      this.again.statement += 1;
    });
  }

  private async retrying<T>(
    name: string,
    repeatable: boolean,
    work: (attempt: number) => Promise<T>,
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

  private async recorded<T>(rendered: RenderedStep, work: () => Promise<Done<T>>): Promise<T> {
    this.throwIfCancelled();
    const { step, parts = [] } = rendered;
    const startedAt = this.options.session.now();
    this.again.statement = 0;
    return this.tracing.span('rollcall.step', attributesOf(step), async (span) => {
      const ofParts = this.tracing.together('rollcall.definition', parts.map(attributesOf));
      try {
        const { value, ...done } = await work();
        this.records.add(step, startedAt, SUCCEEDED, this.retries, done);
        // How many of the rows are whose is not known yet.
        const share = done.bytes === null ? null : Math.round(done.bytes / Math.max(1, parts.length));
        this.records.addAll(parts, startedAt, SUCCEEDED, this.retries, share);
        const measured = measuresOf(done, this.retries);
        span.setAttributes(measured);
        ofParts.end({ 'rollcall.retries': this.retries });
        return value;
      } catch (error) {
        const cancelled = error instanceof Cancelled || this.signal?.aborted === true;
        const status = cancelled ? 'cancelled' : 'failed';
        const outcome: Outcome = { status, error: cancelled ? null : messageOf(error) };
        this.records.add(step, startedAt, outcome, this.retries);
        if (cancelled) this.records.addAll(parts, startedAt, outcome, this.retries);
        span.setAttribute('rollcall.retries', this.retries);
        const told = cancelled ? new Cancelled() : error instanceof UserError ? error : new StepFailed(step, error); // prettier-ignore
        ofParts.end({ 'rollcall.retries': this.retries }, told);
        throw told;
      }
    });
  }

  private get retries(): number {
    return this.again.transaction + this.again.statement;
  }

  /** Records that the parts of a step failed with it, where nobody can tell which of them it was. */
  failedTogether({ parts = [] }: RenderedStep, startedAt: string, error: Error): void {
    this.records.addAll(parts, startedAt, { status: 'failed', error: error.message }, this.retries);
  }

  /** Says how many rows steps changed of which that was not known, as far as their records are still here. */
  tellRows(rows: ReadonlyMap<string, number>): void {
    this.records.tellRows(rows);
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
