/** What is asked of a warehouse between runs, and what is answered: one definition at a time, or the state of all. */
import type { Diagnostic } from '../compiler/diagnostics/index.js';
import type { Row } from '../dialects/warehouse.js';
import type { DefinitionKind, SourceLayout } from '../models/definition.js';
import type { RuntimeOptions } from './api.js';

export interface KeyOptions extends RuntimeOptions {
  readonly key: string;
}

export interface PreviewOptions extends KeyOptions {
  readonly asOf?: string;
  /** Rows of the sample; default 10. */
  readonly limit?: number;
}

export interface PreviewResult {
  readonly key: string;
  readonly kind: DefinitionKind;
  readonly as_of: string;
  readonly size: number;
  /** `profile_id`, `profile_kind`, and for traits `value`, `number_value`, `text_value`; by profile_id. */
  readonly sample: readonly Row[];
  readonly sql: string;
  readonly diagnostics: readonly Diagnostic[];
}

/** Computes a definition as it stands in its file, from the raw sources, and publishes nothing. */
export type Preview = (options: PreviewOptions) => Promise<PreviewResult>;

export interface MembersOptions extends KeyOptions {
  readonly limit?: number;
  /**
   * Who was in at that instant, as of the last run at or before it, from the history. Of a trait its values, where no
   * run since has changed any. Before the first run, and where values are not kept: exit 2. Absent: as last published.
   */
  readonly asOf?: string;
}

/**
 * Rows by profile_id (an answer of more than a hundred thousand rows comes as the engine gives it), streamed.
 * Audiences: `profile_id, entered_at, user_id, email, anonymous_id`;
 * traits: `profile_id, value, updated_at, user_id, email, anonymous_id`.
 */
export type Members = (options: MembersOptions) => AsyncIterable<Row>;

export interface DiffResult {
  readonly key: string;
  readonly kind: string;
  readonly run_id: string | null;
  readonly as_of: string | null;
  readonly size: number;
  /** As the last snapshot has them, whatever `limit` says. */
  readonly counts: { readonly entered: number; readonly exited: number; readonly changed: number };
  /** Audiences: rows `profile_id, entered_at, user_id, email, anonymous_id` (exits also `exited_at`). */
  readonly entered: readonly Row[];
  readonly exited: readonly Row[];
  /** Traits: rows `profile_id, value, updated_at, …` set by the last snapshot's run; what vanished is only counted. */
  readonly changed: readonly Row[];
}

/** What the last run that published the definition changed. `limit` bounds each list. */
export type Diff = (options: KeyOptions & { readonly limit?: number }) => Promise<DiffResult>;

export interface DefinitionState {
  readonly key: string;
  readonly kind: string;
  readonly name: string;
  /** As in the `definitions` table; `new` when it was never run, from the project's files. */
  readonly status: string;
  readonly size: number | null;
  readonly entered: number | null;
  readonly exited: number | null;
  readonly changed: number | null;
  readonly last_as_of: string | null;
  readonly last_run_id: string | null;
  readonly first_run_at: string | null;
  readonly error: string | null;
  /** Whether its file means something else than what was last published. */
  readonly modified: boolean;
}

export interface DestinationState {
  readonly key: string;
  readonly type: string;
  readonly enabled: boolean;
  /** Messages in the outbox without a final delivery. */
  readonly pending: number;
  readonly delivered: number;
  readonly failed: number;
  readonly last_delivery_at: string | null;
}

export interface RunState {
  readonly run_id: string;
  readonly as_of: string;
  readonly status: string;
  readonly started_at: string;
  readonly finished_at: string | null;
  readonly invocation: string | null;
}

export interface StatusResult {
  readonly target: string;
  readonly schema: string;
  readonly sources: readonly {
    readonly name: string;
    readonly layout: SourceLayout;
    readonly watermark: string | null;
  }[];
  readonly definitions: readonly DefinitionState[];
  readonly destinations: readonly DestinationState[];
  readonly last_run: RunState | null;
}

export type Status = (options: RuntimeOptions) => Promise<StatusResult>;

/* ---------------------------------------------------------------------- retire */

export interface RetireOptions extends KeyOptions {
  /** Frees a removed key: a definition of that name starts anew. */
  readonly release?: boolean;
  /** Fills the outbox with the exits that removing the definition did not send. */
  readonly sendExits?: boolean;
  readonly invocation: string;
  readonly newRunId: () => string;
}

export interface RetireResult {
  readonly key: string;
  readonly released: boolean;
  /** Messages put into the outbox. */
  readonly messages: number;
}

export type Retire = (options: RetireOptions) => Promise<RetireResult>;
