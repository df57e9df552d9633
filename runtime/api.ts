/**
 * The shapes the runtime takes and gives: what the command line, the test harness and artifacts are written
 * against. Everything that depends on the world (time, run ids, the environment) comes in through
 * `RuntimeOptions`; nothing in this room reads the wall clock.
 */
import type { Reconciled } from './reconcile-api.js';
import type { Diagnostic, ExitCode } from '../compiler/diagnostics/index.js';
import type { Freshness } from './freshness-api.js';
import type { Dialect } from '../dialects/dialect.js';
import type { Definition, DefinitionKind, Project, Spans } from '../models/definition.js';

/** What every call of the runtime needs. */
export interface RuntimeOptions {
  /** A loaded project without errors; its `config.target` is the target used. */
  readonly project: Project;
  readonly spans: Spans;
  /** The present, as an ISO 8601 instant in UTC. */
  readonly now: () => string;
  readonly signal?: AbortSignal;
  /** What was asked for, one word: a label of every statement. */
  readonly command?: string;
  /** Waits before a retry; the timer of Node unless a test says otherwise. */
  readonly sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** For how long a lock of somebody else is waited for, in milliseconds; absent, not at all. */
  readonly waitMs?: number;
  /** Told once, when it has to be waited. */
  readonly onWait?: (locked: Diagnostic) => void;
  /** Finds an engine by its target type; the registry of `dialects/` unless a test says otherwise. */
  readonly dialectFor?: (type: string) => Promise<Dialect>;
}

/** Which definitions a call is about. */
export interface SelectionOptions {
  /** `--select` as given, one entry an argument. Absent or empty: everything. */
  readonly select?: readonly string[];
  /** `--state`: a folder with the `manifest.json` that `state:modified` compares with. Absent: the warehouse. */
  readonly state?: string;
}

export interface RunOptions extends RuntimeOptions, SelectionOptions {
  /** `--as-of` as given. Absent: now. Malformed, in the future or (without `asOfBehind`) behind: exit 2. */
  readonly asOf?: string;
  readonly asOfBehind?: boolean;
  /** After an ordinary run make everything anew of the raw rows, and tell what differed (see `Reconciled`). */
  readonly reconcile?: boolean;
  /**
   * Compute in full, whatever is known: of what is selected, the definitions that these selectors name; with an empty list
   * all of them, of facts that are made anew.
   */
  readonly fullRefresh?: readonly string[];
  /** Whom guards let pass: what these selectors name of what is selected; with an empty list everything. */
  readonly accept?: readonly string[];
  /** The key of a destination that is told again what is true, whether or not it was told before. */
  readonly resend?: string;
  /** The command line, recorded in `runs.invocation` and shown to whoever finds the warehouse locked. */
  readonly invocation: string;
  readonly newRunId: () => string;
  readonly onEvent?: (event: RunEvent) => void;
  /** Whether to write `target/`; true unless said otherwise. */
  readonly artifacts?: boolean;
  /** Whether to find out how fresh what was published is. */
  readonly freshness?: boolean;
}

/* ------------------------------------------------------------------------- run */

/**
 * `partial`: some definition failed and the rest was published. `failed`: nothing was published.
 * The same words stand in `runs.status`, besides `running` and `crashed`.
 */
export type RunStatus = 'succeeded' | 'partial' | 'failed' | 'cancelled';

/** `held`: its guard stopped it. Each keeps what was published last. */
export type FailedStatus = 'failed' | 'held' | 'upstream_failed';

/** What a guard stopped. */
export interface HeldBack {
  /** Members or stored values: published, and those the run came to. */
  readonly before: number;
  readonly after: number;
  /** Of the size before; null where that is 0. */
  readonly change_percent: number | null;
  readonly max_change_percent: number;
}

export type DefinitionStatus =
  'succeeded' | FailedStatus | 'not_computing' | 'disabled' | 'removed' | 'cancelled';

export interface DefinitionResult {
  readonly key: string;
  readonly kind: DefinitionKind;
  readonly status: DefinitionStatus;
  /** Members or stored values after the run; null unless published. */
  readonly size: number | null;
  readonly entered: number | null;
  readonly exited: number | null;
  readonly changed: number | null;
  /** Rows its statements changed, as far as the engine says. */
  readonly rows: number;
  readonly duration_ms: number;
  /** How often its statements were tried again; 0 and null where it has none of its own. */
  readonly retries: number;
  /** Rows read to us for it, and bytes that were read of what the engine says (its share of statements with others). */
  readonly rows_read: number | null;
  readonly bytes: number | null;
  /** For which profiles it was computed: those that may have changed, or all of them. */
  readonly mode?: 'incremental' | 'full';
  /** Why in that way. */
  readonly reason?: string;
  /** Of one whose own change its guard stopped. */
  readonly guard?: HeldBack;
  readonly error?: Diagnostic;
}

/** All that was done under a name: once, or again and again. */
export interface StepResult {
  readonly step: string;
  /** Key of the definition it is for, where it is for one. */
  readonly definition?: string;
  /** Of the last time. */
  readonly status: 'succeeded' | 'failed' | 'rolled_back' | 'cancelled';
  /** How often it was done, failed attempts included. */
  readonly times: number;
  readonly duration_ms: number;
  /** How often it was tried again. */
  readonly retries: number;
  readonly rows_changed: number | null;
  readonly rows_read: number | null;
  readonly bytes: number | null;
}

export interface LandingResult {
  readonly source: string;
  readonly mode: 'incremental' | 'full';
  readonly reason: string;
  /** Rows read that were new; null when the source was read whole. */
  readonly new_rows: number | null;
  readonly duration_ms: number;
}

export interface RunResult {
  readonly run_id: string;
  /** ISO 8601 in UTC. */
  readonly as_of: string;
  readonly status: RunStatus;
  readonly started_at: string;
  readonly finished_at: string;
  readonly duration_ms: number;
  readonly invocation: string;
  readonly definitions: readonly DefinitionResult[];
  readonly landing: readonly LandingResult[];
  /** Where it was asked for, of a run that published. */
  readonly freshness?: Freshness;
  /** What each step took; those of a definition that is computed with others are its part of that. */
  readonly steps: readonly StepResult[];
  /** Warnings of the project and of the run, and the errors that made it fail. */
  readonly diagnostics: readonly Diagnostic[];
  /** 0, or 1 when some definition failed or the run did. */
  readonly exit: ExitCode;
  /** Of a run that reconciled what was there before. */
  readonly reconciled?: Reconciled;
}

interface EventBase {
  readonly run_id: string;
  /** ISO instant. */
  readonly at: string;
}

export interface Counted {
  /** 1-based place of this item among `total`. */
  readonly index: number;
  readonly total: number;
}

/** Progress: one JSON line each with `--json`, a progress bar without. */
export type RunEvent = EventBase &
  (
    | {
        readonly event: 'run_started';
        readonly as_of: string;
        readonly definitions: number;
        readonly sources: number;
      }
    | ({ readonly event: 'landing_started'; readonly source: string } & Counted)
    | ({ readonly event: 'landing_finished' } & LandingResult & Counted)
    /** Who is who, and the tables every definition shares. */
    | { readonly event: 'profiles_started' }
    | { readonly event: 'profiles_finished'; readonly duration_ms: number }
    | ({
        readonly event: 'definition_started';
        readonly key: string;
        readonly kind: DefinitionKind;
      } & Counted)
    /** Computed, not yet published. */
    | ({
        readonly event: 'definition_finished';
        readonly key: string;
        readonly kind: DefinitionKind;
        readonly duration_ms: number;
      } & Counted)
    | ({
        readonly event: 'definition_failed';
        readonly key: string;
        readonly kind: DefinitionKind;
        readonly status: FailedStatus;
        readonly error: Diagnostic;
      } & Counted)
    | { readonly event: 'publish_started'; readonly definitions: number; readonly removed: number }
    | {
        readonly event: 'publish_finished';
        readonly definitions: number;
        readonly removed: number;
        readonly duration_ms: number;
      }
    | {
        /** A statement that takes long, about once a second, on engines that know how far they are. */
        readonly event: 'step_progress';
        readonly step: string;
        /** 0 to 100, whole. */
        readonly percent: number;
        /** What is left at the pace so far; null where that says little yet. */
        readonly left_ms: number | null;
      }
    | {
        readonly event: 'retry';
        readonly step: string;
        /** The attempt that failed, from 1. */
        readonly attempt: number;
        readonly delay_ms: number;
        readonly error: string;
      }
    | { readonly event: 'warning'; readonly diagnostic: Diagnostic }
    | ({ readonly event: 'run_finished' } & Pick<RunResult, 'as_of' | 'status' | 'exit' | 'duration_ms'> & {
          readonly succeeded: number;
          readonly failed: number;
        })
  );

/** `Omit` that keeps a union a union. */
type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** An event before the run puts its id and the time on it. */
export type RunEventBody = Without<RunEvent, 'run_id' | 'at'>;

/**
 * Computes and publishes a selection. Throws `UserError` (exit 2, 3 or 4) when nothing could be begun;
 * whatever happens afterwards is in the result.
 */
export type RunProject = (options: RunOptions) => Promise<RunResult>;

/* --------------------------------------------------------------------- compile */

export interface CompileOptions extends RuntimeOptions, SelectionOptions {
  readonly asOf?: string;
}

export interface CompiledDefinition {
  readonly key: string;
  readonly kind: DefinitionKind;
  /** Path of the definition, relative to the project. */
  readonly file: string;
  /** Path of its standalone SELECT, relative to the project. */
  readonly compiled: string;
  readonly sql: string;
}

export interface CompileResult {
  readonly as_of: string;
  readonly definitions: readonly CompiledDefinition[];
  /** Files under `target/run`, relative to the project, in order. */
  readonly run: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Writes `target/compiled`, `target/run` and `target/manifest.json`. Changes nothing in the warehouse. */
export type CompileProject = (options: CompileOptions) => Promise<CompileResult>;

export interface CheckResult {
  readonly diagnostics: readonly Diagnostic[];
  /** False when the warehouse could not be opened: tables, columns and custom traits were not checked (a warning says why). */
  readonly checked: boolean;
}

/** What `validate` adds to loading: references, cycles, tables and columns, what the engine cannot do. */
export type CheckProject = (options: RuntimeOptions) => Promise<CheckResult>;

/** What of that shows without a warehouse: queries that cannot be read, audiences that nobody defined, cycles. */
export type CheckFiles = (options: Pick<RuntimeOptions, 'project' | 'spans'>) => readonly Diagnostic[];

export interface ListedDefinition {
  readonly key: string;
  readonly kind: DefinitionKind;
  readonly name: string;
  readonly of: Definition['of'];
  readonly file: string;
  readonly tags: readonly string[];
  readonly enabled: boolean;
  readonly fingerprint: string;
  readonly upstream: readonly string[];
  readonly destinations: readonly string[];
}

export interface ListResult {
  /** In the order they would be computed. */
  readonly definitions: readonly ListedDefinition[];
  readonly diagnostics: readonly Diagnostic[];
}

/** `ls`: what a selector selects. */
export type ListDefinitions = (options: RuntimeOptions & SelectionOptions) => Promise<ListResult>;

/** `state:modified`: keys that are new, or whose fingerprint differs from the warehouse's or a manifest's. */
export type ModifiedKeys = (
  options: RuntimeOptions & Pick<SelectionOptions, 'state'>,
) => Promise<ReadonlySet<string>>;

/* --------------------------------------------------------------------- queries */
