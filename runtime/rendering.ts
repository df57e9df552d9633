/**
 * A program rendered: every step to the SQL it is sent as. What a run begins with comes first; the rest is made piece by piece, so
 * that a run can land meanwhile.
 */
import { setImmediate } from 'node:timers/promises';
import { UserError, type Diagnostic } from '../compiler/diagnostics/index.js';
import { levelsOf, selectiveStep } from '../compiler/program/batches.js';
import type { ExistingState, IdentitySteps, RunProgram, SourceLanding } from '../compiler/program/plan.js';
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
  type MessagesScript,
  type PublishScript,
  type Script,
  type Surroundings,
} from './script.js';
import type { TransactionPlan } from './transactional.js';
import { transactionsOf } from './transactions.js';

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

/** What computes, whichever way. */
type Computing = Pick<Script, 'levels' | 'batch' | 'whole'>;

/** What statements are rendered for. */
export interface Site {
  readonly dialect: Dialect;
  readonly spans: Spans;
  readonly state: StateSchema;
}

/** Renders a whole program. */
export const renderProgram = (...of: ConstructorParameters<typeof Rendering>): Script =>
  finished(new Rendering(...of).rest());

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

/** A program that is being rendered: what a run begins with at once, the rest when it is asked for. */
export class Rendering {
  readonly landing: LandingPart;
  private readonly common: Params;
  private readonly plans: ReturnType<typeof transactionsOf>;

  constructor(
    private readonly program: RunProgram,
    private readonly site: Site,
    bindings: Bindings,
    private readonly existing: ExistingState,
  ) {
    const { dialect, state } = site;
    this.common = commonParams(bindings);
    this.plans = transactionsOf(program, { capabilities: dialect.capabilities, state, existing });
    this.landing = this.landingOf(bindings);
  }

  /** Renders the rest, a statement of many definitions at a time. What the engine cannot do is thrown, all of it, each with its definition. */
  *rest(): Generator<undefined, Script> {
    const problems: Diagnostic[] = [];
    const definitions = this.definitions(problems);
    let planned: Computing | undefined;
    try {
      const whole = !definitions.some(({ plan }) => plan.staged?.incremental);
      planned = yield* this.computing(definitions, whole);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push(...error.diagnostics);
    }
    if (problems.length > 0 || !planned) throw new UserError(problems);
    return this.script(definitions, planned, false);
  }

  private one(step: Step, params = this.common): RenderedStep {
    return renderStep(this.site.dialect, step, params);
  }

  private all(steps: readonly Step[], params = this.common): RenderedStep[] {
    return steps.map((step) => this.one(step, params));
  }

  private within(plan: TransactionPlan, steps: readonly Step[], params = this.common): RenderedStep[] {
    return this.all(
      steps.flatMap((step) => plan.within(step)),
      params,
    );
  }

  private landingOf(bindings: Bindings): LandingPart {
    const { program, plans } = this;
    const around = ({ before, after }: TransactionPlan): Surroundings => ({
      before: this.all(before),
      after: this.all(after),
    });
    return {
      ensure: this.all(program.ensure),
      land: program.land.map((plan) => this.source(plan, sourceParams(bindings, plan.source))),
      identity: this.identity(program.identity),
      identityByTime: program.identityByTime && this.identity(program.identityByTime),
      digests: program.digests && this.one(program.digests),
      around: {
        land: around(plans.land),
        shared: around(plans.shared),
        publish: around(plans.publish),
      },
    };
  }

  private source(plan: SourceLanding, params: Params): LandingScript {
    const inside = (steps: readonly Step[]): RenderedStep[] => this.within(this.plans.land, steps, params);
    return {
      plan,
      prepare: inside(plan.prepare),
      check: plan.check && this.one(plan.check, params),
      incremental: inside(plan.incremental),
      full: inside(plan.full),
      factsIncremental: inside(plan.factsIncremental),
      factsFull: inside(plan.factsFull),
      audit: plan.audit && this.one(plan.audit, params),
    };
  }

  private identity({ find, moved, handOver, done }: IdentitySteps): IdentityScript {
    const inside = (steps: readonly Step[]): RenderedStep[] => this.within(this.plans.land, steps);
    return { find: inside(find), moved: this.one(moved), handOver: inside(handOver), done: inside(done) };
  }

  /** What each definition has of its own, in the order of computing. */
  private definitions(problems: Diagnostic[]): readonly DefinitionScript[] {
    const ordered = levelsOf(this.program.definitions).flat();
    return ordered.flatMap((plan, i): DefinitionScript[] => {
      try {
        return [
          {
            index: i + 1,
            plan,
            definitionNo: plan.definitionNo,
            prepare: this.all(plan.prepare),
            checks: plan.checks && {
              counts: this.one(plan.checks.counts),
              samples: this.one(plan.checks.samples),
            },
            after: this.all(plan.after),
          },
        ];
      } catch (error) {
        problems.push(...attributed(error, plan.definition, this.site.spans));
        return [];
      }
    });
  }

  private *computing(
    definitions: readonly DefinitionScript[],
    whole: boolean,
  ): Generator<undefined, Computing> {
    const { dialect, spans } = this.site;
    const { choosing } = this.program;
    const batches = batchRenderer(dialect, this.common, spans, { whole, ...(choosing && { choosing }) });
    const levels = yield* batches.levels(definitions);
    return { whole, levels, batch: (items, id) => batches.some(items, id) };
  }

  /** @param anew whether what definitions share is made anew */
  private script(definitions: readonly DefinitionScript[], computing: Computing, anew: boolean): Script {
    const { program, plans } = this;
    const { whole } = computing;
    const selective = (step: Step | undefined): RenderedStep[] => this.all(step ? [step] : []);
    return {
      ...this.landing,
      ...computing,
      shared: this.within(plans.shared, anew ? program.sharedAnew : program.shared),
      definitions,
      selective: selective(selectiveStep(program.definitions, whole)),
      selectiveNow: (changed) => selective(selectiveStep(changed, whole, true)),
      fullFromShare: this.site.dialect.capabilities.fullFromShare,
      // Where each is computed for all profiles as it is, it is rendered already.
      inFull: () =>
        this.script(definitions, whole ? computing : finished(this.computing(definitions, true)), true),
      publish: this.publishing(whole),
      removed: program.removed.map(({ key, publish }) => ({
        key,
        publish: this.within(plans.publish, publish),
      })),
    };
  }

  private publishing(whole: boolean): PublishScript {
    const { publish } = this.program;
    const inside = (steps: readonly Step[]): RenderedStep[] => this.within(this.plans.publish, steps);
    return {
      computed: (items) => inside([computedStep(computedOf(items, whole))]),
      diff: inside(publish.diff),
      counts: this.one(publish.counts),
      samples: this.one(publish.samples),
      apply: inside(publish.apply),
      messages: (items, published, again) => this.messages(items, published, again),
    };
  }

  private messages(...[items, published, again]: Parameters<PublishScript['messages']>): MessagesScript {
    const isThere = (key: string): boolean =>
      published.has(key) || this.existing.definitions.get(key)?.firstRunAt != null;
    const ways = items.flatMap(({ plan }) => plan.ways).filter((way) => isDecided(way, isThere));
    const steps = outboxSteps(
      this.site.state,
      ways.map((way) => alongOnly(way, isThere)),
    );
    const inside = (some: readonly Step[]): RenderedStep[] =>
      this.within(again ? this.plans.messagesAgain : this.plans.publish, some);
    return {
      ways: inside(steps.ways),
      baseline: inside(steps.baseline),
      find: inside(steps.find),
      counts: this.one(steps.counts),
      queue: inside(steps.queue),
      entities: inside(steps.entities),
      connect: inside(steps.connect),
      messages: steps.messages,
    };
  }
}
