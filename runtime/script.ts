/** A program with its SQL: everything is rendered before anything is executed, so what fails to render costs nothing. */
import { UserError, type Diagnostic } from '../compiler/diagnostics/index.js';
import { levelsOf, selectiveStep } from '../compiler/program/batches.js';
import type {
  DefinitionPlan,
  ExistingState,
  IdentitySteps,
  RunProgram,
  SourceLanding,
} from '../compiler/program/plan.js';
import { outboxSteps, type OutboxSteps } from '../compiler/program/outbox.js';
import { alongOnly, isDecided } from '../compiler/program/outbox-link.js';
import { computedStep, type Computed } from '../compiler/program/publish.js';
import type { StateSchema } from '../compiler/program/state.js';
import type { Step } from '../compiler/program/types.js';
import type { Dialect, Params } from '../dialects/dialect.js';
import { shapeOf, type Spans } from '../models/definition.js';
import { batchRenderer, type BatchRenderer, type DefinitionScript, type LevelScript } from './batches.js';
import type { StoredState } from './existing.js';
import { attributed } from './failures.js';
import { timestamp } from './instants.js';
import { renderStep, type RenderedStep } from './render.js';
import { planTransaction, type Setting, type TransactionPlan } from './transactional.js';

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

/** The steps of `IdentitySteps`. */
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

export interface Script {
  readonly ensure: readonly RenderedStep[];
  readonly land: readonly LandingScript[];
  readonly identity: IdentityScript;
  /** Where nothing new landed. */
  readonly identityByTime: IdentityScript | undefined;
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
  /** See `RunProgram.digests`. */
  readonly digests: RenderedStep | undefined;
  readonly removed: readonly { readonly key: string; readonly publish: readonly RenderedStep[] }[];
  /** Of the transactions that land, that make what definitions share, and that publish. */
  readonly around: {
    readonly land: Surroundings;
    readonly shared: Surroundings;
    readonly publish: Surroundings;
  };
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

/** Those with rows of their own, as `computedStep` names them. */
const computedOf = (items: readonly DefinitionScript[], whole: boolean): readonly Computed[] =>
  items
    .filter(({ plan }) => plan.staged !== undefined)
    .map(({ plan, definitionNo }) => ({
      definitionNo,
      key: plan.definition.key,
      whole: whole || !plan.staged?.incremental,
      ...(plan.staged?.relation !== undefined && { relation: plan.staged.relation }),
      kind: shapeOf(plan.definition.kind),
    }));

function sourceParams(b: Bindings, source: string): Params {
  const watermark = b.watermarks.get(source);
  return { ...commonParams(b), ...(watermark !== undefined && { watermark: timestamp(watermark) }) };
}

/** The transactions of a run. */
function transactionsOf(
  program: RunProgram,
  setting: Setting,
): Readonly<Record<'land' | 'shared' | 'publish' | 'messagesAgain', TransactionPlan>> {
  const sources = new Map<Step, string>();
  const landing = program.land.flatMap((plan) => {
    const steps = [
      ...plan.prepare,
      ...plan.incremental,
      ...plan.full,
      ...plan.factsIncremental,
      ...plan.factsFull,
    ];
    for (const step of steps) sources.set(step, plan.source);
    return steps;
  });
  const outbox = outboxSteps(
    setting.state,
    program.definitions.flatMap(({ ways }) => ways),
  );
  const { ways, baseline, find, queue, entities, connect } = outbox;
  // What was before the run is found by the ways, which are made again after.
  const messages = [
    ...(baseline.length > 0 ? [...ways, ...baseline] : []),
    ...[ways, find, queue, entities, connect].flat(),
  ];
  const { identity, identityByTime, shared, sharedAnew } = program;
  const identities = [identity, ...(identityByTime ? [identityByTime] : [])];
  return {
    land: planTransaction(
      [...landing, ...identities.flatMap(({ find, handOver, done }) => [...find, ...handOver, ...done])],
      setting,
      (step) => sources.get(step),
    ),
    shared: planTransaction([...shared, ...(shared === sharedAnew ? [] : sharedAnew)], setting),
    publish: planTransaction(
      [
        computedStep([]),
        ...program.publish.diff,
        ...program.publish.apply,
        ...messages,
        ...program.removed.flatMap((removed) => removed.publish),
      ],
      setting,
    ),
    messagesAgain: planTransaction([...messages, ...messages], setting),
  };
}

/** Renders a whole program. What the engine cannot do is thrown, all of it, each with its definition. */
export function renderProgram(
  program: RunProgram,
  {
    dialect,
    spans,
    state,
  }: { readonly dialect: Dialect; readonly spans: Spans; readonly state: StateSchema },
  bindings: Bindings,
  existing: ExistingState,
): Script {
  const one = (step: Step, params: Params): RenderedStep => renderStep(dialect, step, params);
  const all = (steps: readonly Step[], params: Params): RenderedStep[] => steps.map((s) => one(s, params));
  const common = commonParams(bindings);
  const plans = transactionsOf(program, { capabilities: dialect.capabilities, state, existing });
  const within = (plan: TransactionPlan, steps: readonly Step[], params: Params): RenderedStep[] =>
    all(
      steps.flatMap((step) => plan.within(step)),
      params,
    );
  const around = ({ before, after }: TransactionPlan): Surroundings => ({
    before: all(before, common),
    after: all(after, common),
  });

  const land = program.land.map((plan): LandingScript => {
    const params = sourceParams(bindings, plan.source);
    const inside = (steps: readonly Step[]): RenderedStep[] => within(plans.land, steps, params);
    return {
      plan,
      prepare: inside(plan.prepare),
      check: plan.check && one(plan.check, params),
      incremental: inside(plan.incremental),
      full: inside(plan.full),
      factsIncremental: inside(plan.factsIncremental),
      factsFull: inside(plan.factsFull),
      audit: plan.audit && one(plan.audit, params),
    };
  });
  const problems: Diagnostic[] = [];
  const ordered = levelsOf(program.definitions).flat();
  const definitions = ordered.flatMap((plan, i): DefinitionScript[] => {
    try {
      return [
        {
          index: i + 1,
          plan,
          definitionNo: plan.definitionNo,
          prepare: all(plan.prepare, common),
          checks: plan.checks && {
            counts: one(plan.checks.counts, common),
            samples: one(plan.checks.samples, common),
          },
          after: all(plan.after, common),
        },
      ];
    } catch (error) {
      problems.push(...attributed(error, plan.definition, spans));
      return [];
    }
  });
  const computing = (whole: boolean): Pick<Script, 'levels' | 'batch'> & { readonly whole: boolean } => {
    const { choosing } = program;
    const batches = batchRenderer(dialect, common, spans, { whole, ...(choosing && { choosing }) });
    return { whole, levels: batches.levels(definitions), batch: (items, id) => batches.some(items, id) };
  };
  let planned: ReturnType<typeof computing> | undefined;
  try {
    planned = computing(!definitions.some(({ plan }) => plan.staged?.incremental));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    problems.push(...error.diagnostics);
  }
  if (problems.length > 0 || !planned) throw new UserError(problems);
  const identityScript = ({ find, moved, handOver, done }: IdentitySteps): IdentityScript => ({
    find: within(plans.land, find, common),
    moved: one(moved, common),
    handOver: within(plans.land, handOver, common),
    done: within(plans.land, done, common),
  });
  const script = ({ whole, levels, batch }: ReturnType<typeof computing>, anew: boolean): Script => ({
    ensure: all(program.ensure, common),
    land,
    identity: identityScript(program.identity),
    identityByTime: program.identityByTime && identityScript(program.identityByTime),
    shared: within(plans.shared, anew ? program.sharedAnew : program.shared, common),
    definitions,
    levels,
    batch,
    whole,
    selective: all(
      [selectiveStep(program.definitions, whole)].flatMap((step) => step ?? []),
      common,
    ),
    selectiveNow: (plans) =>
      all(
        [selectiveStep(plans, whole, true)].flatMap((step) => step ?? []),
        common,
      ),
    fullFromShare: dialect.capabilities.fullFromShare,
    inFull: () => script(computing(true), true),
    publish: {
      computed: (items) => within(plans.publish, [computedStep(computedOf(items, whole))], common),
      diff: within(plans.publish, program.publish.diff, common),
      counts: one(program.publish.counts, common),
      samples: one(program.publish.samples, common),
      apply: within(plans.publish, program.publish.apply, common),
      messages: (items, published, again) => {
        const isThere = (key: string): boolean =>
          published.has(key) || existing.definitions.get(key)?.firstRunAt != null;
        const ways = items.flatMap(({ plan }) => plan.ways).filter((way) => isDecided(way, isThere));
        const steps = outboxSteps(
          state,
          ways.map((way) => alongOnly(way, isThere)),
        );
        const inside = (some: readonly Step[]): readonly RenderedStep[] =>
          within(again ? plans.messagesAgain : plans.publish, some, common);
        return {
          ways: inside(steps.ways),
          baseline: inside(steps.baseline),
          find: inside(steps.find),
          counts: one(steps.counts, common),
          queue: inside(steps.queue),
          entities: inside(steps.entities),
          connect: inside(steps.connect),
          messages: steps.messages,
        };
      },
    },
    digests: program.digests && one(program.digests, common),
    removed: program.removed.map(({ key, publish }) => ({
      key,
      publish: within(plans.publish, publish, common),
    })),
    around: {
      land: around(plans.land),
      shared: around(plans.shared),
      publish: around(plans.publish),
    },
  });
  return script(planned, false);
}

/** Where each source's landing stands, for those that land by `received_at`. */
export function watermarksOf(stored: StoredState): ReadonlyMap<string, string> {
  const known = [...stored.existing.landings].flatMap(([source, { watermark }]) =>
    watermark === null ? [] : [[source, watermark] as const],
  );
  return new Map(known);
}
