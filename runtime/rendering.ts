/**
 * A program rendered: every step to the SQL it is sent as. What a run begins with comes first; the rest is made piece by piece, so
 * that a run can land meanwhile.
 */
import { setImmediate } from 'node:timers/promises';
import { UserError, type Diagnostic } from '../compiler/diagnostics/index.js';
import { levelsOf, selectiveStep } from '../compiler/program/batches.js';
import type { ExistingState, IdentitySteps, RunProgram } from '../compiler/program/plan.js';
import { outboxSteps } from '../compiler/program/outbox.js';
import { alongOnly, isDecided } from '../compiler/program/outbox-link.js';
import { computedStep, type Computed } from '../compiler/program/publish.js';
import type { StateSchema } from '../compiler/program/state.js';
import type { Step } from '../compiler/program/types.js';
import type { Dialect, Params } from '../dialects/dialect.js';
import { shapeOf, type Spans } from '../models/definition.js';
import { batchRenderer, type DefinitionScript } from './batches.js';
import { attributed } from './failures.js';
import { renderStep, type RenderedStep } from './render.js';
import {
  commonParams,
  sourceParams,
  type Bindings,
  type IdentityScript,
  type LandingPart,
  type LandingScript,
  type Script,
  type Surroundings,
} from './script.js';
import { planTransaction, type Setting, type TransactionPlan } from './transactional.js';

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

/** What computes, whichever way. */
type Computing = Pick<Script, 'levels' | 'batch' | 'whole'>;

/** A program that is being rendered. */
export interface Rendering {
  readonly landing: LandingPart;
  /** Renders the rest, a statement of many definitions at a time. What the engine cannot do is thrown, all of it, each with its definition. */
  rest(): Generator<undefined, Script>;
}

/** What statements are rendered for. */
export interface Site {
  readonly dialect: Dialect;
  readonly spans: Spans;
  readonly state: StateSchema;
}

/** Renders a whole program. */
export const renderProgram = (...of: Parameters<typeof renderingOf>): Script =>
  finished(renderingOf(...of).rest());

function finished<T>(pieces: Generator<undefined, T>): T {
  for (;;) {
    const { done, value } = pieces.next();
    if (done) return value;
  }
}

/** What is made of pieces, one a turn of the event loop: answers that come in meanwhile are seen to first. */
export async function inTurns<T>(pieces: Generator<undefined, T>): Promise<T> {
  for (;;) {
    await setImmediate();
    const { done, value } = pieces.next();
    if (done) return value;
  }
}

/** Renders what a run begins with. */
export function renderingOf(
  program: RunProgram,
  { dialect, spans, state }: Site,
  bindings: Bindings,
  existing: ExistingState,
): Rendering {
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
  const identityScript = ({ find, moved, handOver, done }: IdentitySteps): IdentityScript => ({
    find: within(plans.land, find, common),
    moved: one(moved, common),
    handOver: within(plans.land, handOver, common),
    done: within(plans.land, done, common),
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
  const landing: LandingPart = {
    ensure: all(program.ensure, common),
    land,
    identity: identityScript(program.identity),
    identityByTime: program.identityByTime && identityScript(program.identityByTime),
    digests: program.digests && one(program.digests, common),
    around: {
      land: around(plans.land),
      shared: around(plans.shared),
      publish: around(plans.publish),
    },
  };

  function* rest(): Generator<undefined, Script> {
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
    function* computing(whole: boolean): Generator<undefined, Computing> {
      const { choosing } = program;
      const batches = batchRenderer(dialect, common, spans, { whole, ...(choosing && { choosing }) });
      const levels = yield* batches.levels(definitions);
      return { whole, levels, batch: (items, id) => batches.some(items, id) };
    }
    let planned: Computing | undefined;
    try {
      planned = yield* computing(!definitions.some(({ plan }) => plan.staged?.incremental));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push(...error.diagnostics);
    }
    if (problems.length > 0 || !planned) throw new UserError(problems);
    const script = ({ whole, levels, batch }: Computing, anew: boolean): Script => ({
      ...landing,
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
      // Where each is computed for all profiles as it is, it is rendered already.
      inFull: () => script(whole ? { whole, levels, batch } : finished(computing(true)), true),
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
      removed: program.removed.map(({ key, publish }) => ({
        key,
        publish: within(plans.publish, publish, common),
      })),
    });
    return script(planned, false);
  }
  return { landing, rest };
}
