/** The program of one run, as the compiler hands it to the runtime. Pure data: engine-neutral steps in order. */
import type { Definition } from '../../models/definition.js';
import type { Column, Relation } from '../ir/types.js';
import type { Forgotten } from './forgotten.js';
import type { OutboxWay } from './outbox-link.js';
import type { REBUILT } from './state.js';
import type { Step } from './types.js';

/**
 * How one source lands. `incremental` reads rows by `received_at` from the watermark less the overlap;
 * `full` reads the source whole and replaces its state. All steps of all sources, identity included, run in
 * one transaction.
 */
export interface SourceLanding {
  readonly source: string;
  readonly mode: 'incremental' | 'full';
  /** Why in that way. */
  readonly reason: string;
  /**
   * Incremental only: prepares the new rows, then `read`s one row `{ new_rows, corrected, gone }`. When `corrected`
   * is not 0 an id landed again with an earlier `received_at`, and the source must land in full instead. `gone`
   * counts messages that landed since the window began and are not there any more, for a warning.
   */
  readonly prepare: readonly Step[];
  readonly check?: Step;
  readonly incremental: readonly Step[];
  readonly full: readonly Step[];
  /** After identity: events into facts. Chosen by the mode that ran. */
  readonly factsIncremental: readonly Step[];
  readonly factsFull: readonly Step[];
  /** `read` of one row `{ rows_without_timestamp, rows_without_id }`, for the warning. */
  readonly audit?: Step;
}

export interface DefinitionPlan {
  readonly definition: Definition;
  readonly fingerprint: string;
  /** Keys of selected definitions computed before it. */
  readonly dependsOn: readonly string[];
  /** Its number in state. */
  readonly definitionNo: number;
  /** What has to be there before its own rows, or those of its outputs, can be computed. */
  readonly prepare: readonly Step[];
  /** Asked once that is there; rows that fail them fail the definition. */
  readonly checks?: QueryChecks;
  /**
   * Its rows, which are staged together with those of others (`batches.ts`), outside the publishing transaction. Absent
   * where it has none of its own: one whose outputs have other keys prepares theirs, and has a status.
   */
  readonly staged?: Staged;
  /** Once its rows are staged: what else it stages. */
  readonly after: readonly Step[];
  /** Where its messages go: `outboxSteps` queues those of many. */
  readonly ways: readonly OutboxWay[];
}

/** Rows of a definition, for the stage of its shape: columns AUDIENCE_STAGE or TRAIT_STAGE. */
export interface Staged {
  readonly shape: 'audience' | 'trait';
  readonly rows: Relation;
  /** What the rows' relation says, as a hash; absent where nothing is run. */
  readonly relation?: string;
  /** For some profiles only: which, as a relation of `profile_no`, and its rows of those that are in `AFFECTED` for it. */
  readonly incremental?: {
    readonly affected: Relation;
    /** What the affected are found in, a relation for each thing that may have changed. */
    readonly changes: readonly Relation[];
    readonly rows: Relation;
  };
  /** Why it has to be computed for all profiles. */
  readonly because?: string;
}

/** What is asked of the rows of a query: one row an id. */
export interface QueryChecks {
  /** The column that holds it. */
  readonly id: string;
  /**
   * `read` of rows `{ what, n }`: rows `without` an id, ids in `several` rows, rows of ids that are `unknown`
   * and are left out.
   */
  readonly counts: Step;
  /** `read` of a few rows `{ what, sample, n }` of the first two. */
  readonly samples: Step;
}

/** The steps of publishing, in the parts that others stand between. */
export interface PublishSteps {
  /** Differences between stage and state, of what `computedStep` names; state is as it was before the run. */
  readonly diff: readonly Step[];
  /** `read` of `{ definition_no, size, entered, exited, changed }` a definition, after `diff`. */
  readonly counts: Step;
  /** `read` of `{ definition_no, what, profile_id }`, after `diff`: a few of each kind of difference. */
  readonly samples: Step;
  /** State, history and snapshots become what was computed. `when` asks the sums of the counts. */
  readonly apply: readonly Step[];
}

/** How `subjects` comes to `as_of`, in order. */
export interface IdentitySteps {
  /** Who there is, and who changed hands. */
  readonly find: readonly Step[];
  /** `read` of `{ n }`: how many changed hands. */
  readonly moved: Step;
  /** Where any did: facts there already are, with their owners. */
  readonly handOver: readonly Step[];
  readonly done: readonly Step[];
}

export interface RunProgram {
  readonly ensure: readonly Step[];
  readonly land: readonly SourceLanding[];
  /** Map of identifiers to profiles at `as_of`, reassignments applied to facts. After every source's landing. */
  readonly identity: IdentitySteps;
  /** The same where nothing new landed of any source; absent where that cannot be. */
  readonly identityByTime?: IdentitySteps;
  /** After facts: the universe (`profiles`) and current custom traits, of whom they changed for; an empty stage. */
  readonly shared: readonly Step[];
  /** In the place of `shared` where a source landed in full: what changed cannot be told. */
  readonly sharedAnew: readonly Step[];
  readonly definitions: readonly DefinitionPlan[];
  /**
   * Whether a run finds out how many profiles definitions may have changed for, of all of these, and computes them in full where
   * that is cheaper.
   */
  readonly choosing?: { readonly profiles: Relation };
  /** Members, trait values, history and snapshots of all that was computed; `computedStep` comes first. */
  readonly publish: PublishSteps;
  /** `read` of `{ source, what, n, digest }`: what facts come to as they are. Of a run that reconciles. */
  readonly digests?: Step;
  /** Keys removed from the project: their rows emptied, history closed. */
  readonly removed: readonly { readonly key: string; readonly publish: readonly Step[] }[];
}

/**
 * Parameters a program may use, bound by the runtime at every statement:
 * `as_of` timestamp · `run_id` text · `run_no` int · `started_at` timestamp;
 * within a source's steps `watermark` timestamp (null-free: only bound for incremental).
 */
export const PARAMS = {
  as_of: 'timestamp',
  run_id: 'text',
  run_no: 'int',
  started_at: 'timestamp',
  watermark: 'timestamp',
} as const;

/** What the schema holds before the run, as far as the program depends on it. */
export interface ExistingState {
  /** Tables in the project's schema with their column names. */
  readonly tables: ReadonlyMap<string, readonly string[]>;
  /** Tables that have to be made anew, as they are not there or not whole; they are not among `tables`. */
  readonly rebuilt?: readonly (typeof REBUILT)[number][];
  /** By source: the landing fingerprint stored. */
  readonly landings: ReadonlyMap<string, { readonly fingerprint: string; readonly watermark: string | null }>;
  /** By key: what `definitions` says. */
  readonly definitions: ReadonlyMap<string, StoredDefinition>;
  /** Ways that anything went before (`wayKey`). */
  readonly connections: ReadonlySet<string>;
  /** The entities that went out on them. */
  readonly entityConnections: ReadonlyMap<string, readonly string[]>;
  /** By the number of a definition: how it was computed last. */
  readonly computations: ReadonlyMap<number, StoredComputation>;
  /** The number of the last run that made facts of some source anew; what was computed before it has to be computed in full. */
  readonly factsMadeBy: number;
  /** Present where anybody was forgotten. */
  readonly forgotten?: Forgotten;
  /** When `profiles` and `custom_traits` were made; absent where they may not be as the last run there was left them. */
  readonly made?: Made;
}

/** For which run the universe was made last (`universe.ts`). */
export interface Made {
  readonly runNo: number;
  /** The `as_of` of that run, in microseconds since 1970. */
  readonly asOf: bigint;
  /** Of the subjects there were. */
  readonly lastSubjectNo: number;
}

export interface StoredComputation {
  readonly runNo: number;
  /** ISO instant. */
  readonly asOf: string;
  /** What its relation said (`relationHash`). */
  readonly relation: string;
}

export interface StoredDefinition {
  readonly key: string;
  readonly kind: string;
  readonly definitionNo: number;
  readonly fingerprint: string | null;
  readonly status: string;
  /** ISO instant of the first successful run's as_of. */
  readonly firstRunAt: string | null;
  readonly retiredAt: string | null;
  readonly reducer: string | null;
}

/** What a definition's query yields: audiences `(profile_no)`, traits `(profile_no, value, number_value, text_value)`. */
export const AUDIENCE_STAGE: readonly Column[] = [{ name: 'profile_no', type: 'int' }];
export const TRAIT_STAGE: readonly Column[] = [
  { name: 'profile_no', type: 'int' },
  { name: 'value', type: 'text' },
  { name: 'number_value', type: 'number' },
  { name: 'text_value', type: 'text' },
];
