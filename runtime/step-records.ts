/** What became of the steps of a run: every attempt, until it is written to `run_steps`, and what that comes to. */
import { elapsed } from './instants.js';
import { Measures } from './measures.js';
import type { StepPart } from './render.js';
import type { StepRecord } from './store.js';

export type Outcome = Pick<StepRecord, 'status' | 'error'>;

/** What an engine said of a step; null: nothing. */
export interface Said {
  readonly rowsChanged: number | null;
  readonly rowsRead: number | null;
  readonly bytes: number | null;
}

export const NOTHING: Said = { rowsChanged: null, rowsRead: null, bytes: null };

export class StepRecords {
  /** Of all that happened, whether or not it was written. */
  readonly measures = new Measures();
  private waiting: StepRecord[] = [];
  private readonly attempts = new Map<string, number>();
  /** Index into `waiting` of the first record of the open transaction. */
  private from: number | undefined;

  /** @param now the clock, as an ISO 8601 instant */
  constructor(
    private readonly runId: string,
    private readonly now: () => string,
  ) {}

  /** Those not written yet. */
  get pending(): readonly StepRecord[] {
    return this.waiting;
  }

  /** They are in the warehouse. */
  written(): void {
    this.waiting = [];
  }

  /** What is added from here on belongs to a transaction. */
  begin(): void {
    this.from = this.waiting.length;
  }

  end(): void {
    this.from = undefined;
  }

  get inTransaction(): boolean {
    return this.from !== undefined;
  }

  /** What succeeded in the open transaction was undone with it. */
  rolledBack(): void {
    const from = this.from ?? this.waiting.length;
    for (const { step, status } of this.waiting.slice(from))
      if (status === 'succeeded') this.measures.undo(step);
    this.waiting = this.waiting.map((record, i) =>
      i >= from && record.status === 'succeeded' ? { ...record, status: 'rolled_back' } : record,
    );
  }

  /** An attempt that ends now. */
  add(
    step: StepPart,
    startedAt: string,
    outcome: Outcome,
    retries: number,
    { rowsChanged, rowsRead, bytes }: Said = NOTHING,
  ): void {
    const attempt = (this.attempts.get(step.id) ?? 0) + 1;
    this.attempts.set(step.id, attempt);
    const completedAt = this.now();
    const record: StepRecord = {
      run_id: this.runId,
      step: step.id,
      attempt,
      started_at: startedAt,
      completed_at: completedAt,
      definition_key: step.definition ?? null,
      ...outcome,
      rows_changed: rowsChanged,
      rows_read: rowsRead,
      bytes,
      duration_ms: elapsed(startedAt, completedAt),
      retries,
    };
    this.waiting.push(record);
    this.measures.add(record);
  }

  /** The same of each part of a step. */
  addAll(
    parts: readonly StepPart[],
    startedAt: string,
    outcome: Outcome,
    retries: number,
    bytes: number | null = null,
  ): void {
    for (const part of parts) this.add(part, startedAt, outcome, retries, { ...NOTHING, bytes });
  }

  /** Says how many rows steps changed of which that was not known, as far as their records are still here. */
  tellRows(rows: ReadonlyMap<string, number>): void {
    for (const [step, changed] of rows) this.measures.tellRows(step, changed);
    this.waiting = this.waiting.map((record) =>
      record.status === 'succeeded' && record.rows_changed === null && rows.has(record.step)
        ? { ...record, rows_changed: rows.get(record.step) ?? null }
        : record,
    );
  }
}
