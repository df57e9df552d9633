/** A program with its SQL, and what its parameters are. `rendering.ts` makes it. */
import type { DefinitionPlan, SourceLanding } from '../compiler/program/plan.js';
import type { OutboxSteps } from '../compiler/program/outbox.js';
import type { Params } from '../dialects/dialect.js';
import type { BatchRenderer, DefinitionScript, LevelScript } from './batches.js';
import type { StoredState } from './existing.js';
import { timestamp } from './instants.js';
import type { RenderedStep } from './render.js';

export type { DefinitionScript } from './batches.js';

export interface LandingScript {
  readonly plan: SourceLanding;
  readonly prepare: readonly RenderedStep[];
  readonly check: RenderedStep | undefined;
  readonly incremental: readonly RenderedStep[];
  readonly full: readonly RenderedStep[];
  readonly factsIncremental: readonly RenderedStep[];
  readonly factsFull: readonly RenderedStep[];
  readonly audit: RenderedStep | undefined;
}

/** The steps of the program's `IdentitySteps`. */
export interface IdentityScript extends Readonly<
  Record<'find' | 'handOver' | 'done', readonly RenderedStep[]>
> {
  readonly moved: RenderedStep;
}

/** What is done before a transaction and after it, on engines that keep DDL out of transactions; else nothing. */
export interface Surroundings {
  readonly before: readonly RenderedStep[];
  readonly after: readonly RenderedStep[];
}

export interface PublishScript {
  /** Naming those that were computed. */
  readonly computed: (items: readonly DefinitionScript[]) => readonly RenderedStep[];
  readonly diff: readonly RenderedStep[];
  readonly counts: RenderedStep;
  readonly samples: RenderedStep;
  readonly apply: readonly RenderedStep[];
  /**
   * Queueing the messages of some definitions, all at once.
   *
   * @param published keys of what is published by then
   * @param again whether others' were queued in the same transaction: tables of theirs are emptied first
   */
  readonly messages: (
    items: readonly DefinitionScript[],
    published: ReadonlySet<string>,
    again: boolean,
  ) => MessagesScript;
}

/** The steps of `OutboxSteps`. */
export interface MessagesScript extends Readonly<
  Record<'ways' | 'baseline' | 'find' | 'queue' | 'entities' | 'connect', readonly RenderedStep[]>
> {
  readonly counts: RenderedStep;
  readonly messages: OutboxSteps['messages'];
}

/** What a run begins with: making what state lacks, and landing. */
export interface LandingPart {
  readonly ensure: readonly RenderedStep[];
  readonly land: readonly LandingScript[];
  readonly identity: IdentityScript;
  /** Where nothing new landed. */
  readonly identityByTime: IdentityScript | undefined;
  /** See `RunProgram.digests`. */
  readonly digests: RenderedStep | undefined;
  /** Of the transactions that land, that make what definitions share, and that publish. */
  readonly around: {
    readonly land: Surroundings;
    readonly shared: Surroundings;
    readonly publish: Surroundings;
  };
}

export interface Script extends LandingPart {
  readonly shared: readonly RenderedStep[];
  /** In the order of computing. */
  readonly definitions: readonly DefinitionScript[];
  /** The same, as they are computed: a level after the other. */
  readonly levels: readonly LevelScript[];
  /** Renders some of a batch, when not all of it is left. */
  readonly batch: BatchRenderer['some'];
  /** Each definition is computed for all profiles. */
  readonly whole: boolean;
  /** Before any is computed: which are computed for some. */
  readonly selective: readonly RenderedStep[];
  /** Says it again, of plans that were changed. */
  readonly selectiveNow: (plans: readonly DefinitionPlan[]) => readonly RenderedStep[];
  /** From which share of the profiles on a definition is computed for all of them. */
  readonly fullFromShare: number;
  /** The same with the universe made anew and each definition computed for all profiles, for when what changed cannot be told after all. */
  inFull(): Script;
  readonly publish: PublishScript;
  readonly removed: readonly { readonly key: string; readonly publish: readonly RenderedStep[] }[];
}

/** What a run knows when it binds parameters (`PARAMS` of the program). */
export interface Bindings {
  readonly asOf: string;
  readonly runId: string;
  readonly runNo: number;
  readonly startedAt: string;
  readonly definitions: ReadonlyMap<
    string,
    { readonly definitionNo: number; readonly firstRunAt: string | null }
  >;
  /** By source, where there is one. */
  readonly watermarks: ReadonlyMap<string, string>;
}

/** Parameters of every step. */
export function commonParams(b: Bindings): Params {
  return {
    as_of: timestamp(b.asOf),
    run_id: { type: 'text', value: b.runId },
    run_no: { type: 'int', value: String(b.runNo) },
    started_at: timestamp(b.startedAt),
  };
}

/** Where each source's landing stands, for those that land by `received_at`. */
export function watermarksOf(stored: StoredState): ReadonlyMap<string, string> {
  const known = [...stored.existing.landings].flatMap(([source, { watermark }]) =>
    watermark === null ? [] : [[source, watermark] as const],
  );
  return new Map(known);
}

/** Parameters of the steps that land a source. */
export function sourceParams(b: Bindings, source: string): Params {
  const watermark = b.watermarks.get(source);
  return { ...commonParams(b), ...(watermark !== undefined && { watermark: timestamp(watermark) }) };
}
