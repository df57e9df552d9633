/** The shapes of what makes many runs: backfills. */
import type { Diagnostic, ExitCode } from '../compiler/diagnostics/index.js';
import type { Counted, RunOptions, RunResult, RunStatus } from './api.js';

export interface BackfillOptions extends Omit<
  RunOptions,
  'asOf' | 'reconcile' | 'fullRefresh' | 'artifacts'
> {
  /** The first step's instant, as given. */
  readonly from: string;
  /** No step is later. Absent: now. */
  readonly to?: string;
  /** Microseconds from step to step. */
  readonly every: bigint;
  readonly onStep?: (event: BackfillEvent) => void;
}

/** What a backfill tells of itself, besides what its runs do. */
export type BackfillEvent =
  | {
      readonly event: 'backfill_started';
      readonly at: string;
      readonly from: string;
      readonly to: string;
      readonly total: number;
      /** Steps that were run before. */
      readonly skipped: number;
    }
  | ({
      readonly event: 'backfill_step';
      readonly at: string;
      readonly run_id: string;
      readonly as_of: string;
      readonly status: RunStatus;
      /** Of all definitions together. */
      readonly entered: number;
      readonly exited: number;
      readonly changed: number;
      readonly duration_ms: number;
      /** An estimate for the steps that are left; null while there is nothing to make one of. */
      readonly left_ms: number | null;
    } & Counted);

export interface BackfillResult {
  /** That of the last step, which was the last if it did not succeed; `cancelled`: asked to stop. */
  readonly status: RunStatus;
  /** Instants of the first and of the last step. */
  readonly from: string;
  readonly to: string;
  readonly steps: {
    readonly total: number;
    /** Run before. */
    readonly skipped: number;
    readonly done: number;
    readonly left: number;
  };
  /** The last step there was. */
  readonly last: Pick<RunResult, 'run_id' | 'as_of' | 'status' | 'definitions'> | undefined;
  readonly duration_ms: number;
  readonly diagnostics: readonly Diagnostic[];
  /** 130 where it was asked to stop. */
  readonly exit: ExitCode | 130;
}

/**
 * Runs a selection at one instant after the other, without messages. Goes on where it stopped. `signal` is heard between
 * steps. Throws `UserError` when nothing could be begun.
 */
export type BackfillProject = (options: BackfillOptions) => Promise<BackfillResult>;
