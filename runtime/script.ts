/** A program with its SQL: everything is rendered before anything is executed, so what fails to render costs nothing. */
import { CompilerBug, UserError, type Diagnostic } from '../compiler/diagnostics/index.js';
import type { DefinitionPlan, RunProgram, SourceLanding } from '../compiler/program/plan.js';
import { computedStep, type Computed } from '../compiler/program/publish.js';
import type { Step } from '../compiler/program/types.js';
import type { Dialect, Params } from '../dialects/dialect.js';
import type { RenderedStep } from './executor.js';
import { ownerOf, shapeOf, type Spans } from '../models/definition.js';
import type { StoredState } from './existing.js';
import { attributed } from './failures.js';
import { timestamp } from './instants.js';

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

export interface DefinitionScript {
  /** 1-based place in the program. */
  readonly index: number;
  readonly plan: DefinitionPlan;
  readonly definitionNo: number;
  readonly prepare: readonly RenderedStep[];
  readonly checks: { readonly counts: RenderedStep; readonly samples: RenderedStep } | undefined;
  readonly compute: readonly RenderedStep[];
  readonly baseline: readonly RenderedStep[];
  readonly messages: readonly RenderedStep[];
}

export interface PublishScript {
  /** For all definitions; a run renders it again for those that were computed. */
  readonly computed: RenderedStep;
  readonly diff: readonly RenderedStep[];
  readonly counts: RenderedStep;
  readonly apply: readonly RenderedStep[];
}

export interface Script {
  readonly ensure: readonly RenderedStep[];
  readonly land: readonly LandingScript[];
  readonly identity: readonly RenderedStep[];
  readonly shared: readonly RenderedStep[];
  readonly definitions: readonly DefinitionScript[];
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

/**
 * Parameters of one definition's steps. A definition that never ran counts this run as its first.
 *
 * @param owner the definition whose first run counts: of an output the one of the file
 */
export function definitionParams(b: Bindings, key: string, owner = key): Params {
  return {
    ...commonParams(b),
    definition_no: { type: 'int', value: String(definitionNo(b, key)) },
    first_run_at: timestamp(b.definitions.get(owner)?.firstRunAt ?? b.asOf),
  };
}

function definitionNo(b: Bindings, key: string): number {
  const known = b.definitions.get(key);
  if (!known) throw new CompilerBug(`definition ${key} has no number`);
  return known.definitionNo;
}

/** Those with rows of their own, as `computedStep` names them. */
export const computedOf = (items: readonly DefinitionScript[]): readonly Computed[] =>
  items
    .filter(({ plan }) => plan.publishes)
    .map(({ plan, definitionNo }) => ({
      definitionNo,
      key: plan.definition.key,
      kind: shapeOf(plan.definition.kind),
    }));

function sourceParams(b: Bindings, source: string): Params {
  const watermark = b.watermarks.get(source);
  return { ...commonParams(b), ...(watermark !== undefined && { watermark: timestamp(watermark) }) };
}

/** Renders a whole program. What the engine cannot do is thrown, all of it, each with its definition. */
export function renderProgram(
  program: RunProgram,
  { dialect, spans }: { readonly dialect: Dialect; readonly spans: Spans },
  bindings: Bindings,
): Script {
  const all = (steps: readonly Step[], params: Params): RenderedStep[] => steps.map((s) => one(s, params));
  const one = (step: Step, params: Params): RenderedStep => ({
    step,
    statements: dialect.statements(step, params),
  });
  const common = commonParams(bindings);

  const land = program.land.map((plan): LandingScript => {
    const params = sourceParams(bindings, plan.source);
    return {
      plan,
      prepare: all(plan.prepare, params),
      check: plan.check && one(plan.check, params),
      incremental: all(plan.incremental, params),
      full: all(plan.full, params),
      factsIncremental: all(plan.factsIncremental, params),
      factsFull: all(plan.factsFull, params),
      audit: plan.audit && one(plan.audit, params),
    };
  });
  const problems: Diagnostic[] = [];
  const definitions = program.definitions.flatMap((plan, i): DefinitionScript[] => {
    const params = definitionParams(bindings, plan.definition.key, ownerOf(plan.definition).key);
    try {
      return [
        {
          index: i + 1,
          plan,
          definitionNo: definitionNo(bindings, plan.definition.key),
          prepare: all(plan.prepare, params),
          checks: plan.checks && {
            counts: one(plan.checks.counts, params),
            samples: one(plan.checks.samples, params),
          },
          compute: all(plan.compute, params),
          baseline: all(plan.baseline, params),
          messages: all(plan.messages, params),
        },
      ];
    } catch (error) {
      problems.push(...attributed(error, plan.definition, spans));
      return [];
    }
  });
  if (problems.length > 0) throw new UserError(problems);
  return {
    ensure: all(program.ensure, common),
    land,
    identity: all(program.identity, common),
    shared: all(program.shared, common),
    definitions,
    publish: {
      computed: one(computedStep(computedOf(definitions)), common),
      diff: all(program.publish.diff, common),
      counts: one(program.publish.counts, common),
      apply: all(program.publish.apply, common),
    },
    removed: program.removed.map(({ key, publish }) => ({
      key,
      publish: all(publish, definitionParams(bindings, key)),
    })),
  };
}

/** Where each source's landing stands, for those that land by `received_at`. */
export function watermarksOf(stored: StoredState): ReadonlyMap<string, string> {
  const known = [...stored.existing.landings].flatMap(([source, { watermark }]) =>
    watermark === null ? [] : [[source, watermark] as const],
  );
  return new Map(known);
}
