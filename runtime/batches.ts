/** Batches of definitions with their SQL: one statement each, as many definitions in it as the engine takes. */
import { UserError } from '../compiler/diagnostics/index.js';
import {
  affectedStep,
  batchesOf,
  batchStep,
  isBatchMember,
  levelsOf,
  shareStep,
  type BatchMember,
} from '../compiler/program/batches.js';
import type { DefinitionPlan, RunProgram } from '../compiler/program/plan.js';
import type { Dialect, Params } from '../dialects/dialect.js';
import type { Spans } from '../models/definition.js';
import { attributed } from './failures.js';
import { longestOf, renderStep, type RenderedStep } from './render.js';
import { halves } from './split.js';

/** A definition with the SQL of what it does by itself. */
export interface DefinitionScript {
  /** 1-based place in the order of computing. */
  readonly index: number;
  readonly plan: DefinitionPlan;
  readonly definitionNo: number;
  readonly prepare: readonly RenderedStep[];
  readonly checks: { readonly counts: RenderedStep; readonly samples: RenderedStep } | undefined;
  /** Once its rows are staged. */
  readonly after: readonly RenderedStep[];
}

/** Definitions computed by one statement. */
export interface BatchScript {
  readonly id: string;
  readonly items: readonly DefinitionScript[];
  /** Where some are computed for some profiles only: finds out for which. */
  readonly before: readonly RenderedStep[];
  /** Then asks for how many, where the run may choose to compute them for all. */
  readonly share: RenderedStep | undefined;
  readonly step: RenderedStep;
}

/** Definitions that do not depend on each other, and the batches they are computed in. */
export interface LevelScript {
  readonly items: readonly DefinitionScript[];
  readonly batches: readonly BatchScript[];
}

export interface BatchRenderer {
  /** All levels, in order, a batch at a time. Throws what the engine cannot do, all of it, each with its definition. */
  levels(items: readonly DefinitionScript[]): Generator<undefined, readonly LevelScript[]>;
  /** Some of a batch, as one batch or, where that would be too long, as several. */
  some(items: readonly DefinitionScript[], id: string): readonly BatchScript[];
}

/**
 * Renders batches. Numbers and first runs are bound in the plans already, so all definitions have the same parameters.
 *
 * @param how `whole`: each definition for all profiles, whether or not some would do
 */
export function batchRenderer(
  dialect: Dialect,
  params: Params,
  spans: Spans,
  how: { readonly whole: boolean } & Pick<RunProgram, 'choosing'>,
): BatchRenderer {
  const { whole, choosing } = how;
  const most = Math.min(dialect.capabilities.maxStatementBytes, dialect.capabilities.batchBytes);
  const some = (items: readonly DefinitionScript[], id: string): readonly BatchScript[] => {
    const members = membersOf(items);
    const step = batchStep(members, id, whole);
    const finding = whole ? undefined : affectedStep(members, id);
    const asked = finding && choosing && shareStep(members, finding.id, choosing.profiles);
    const share = asked && renderStep(dialect, asked, params);
    // One of a single definition may be split, as any step; one of several must be done, or not, as a whole.
    if (items.length === 1) {
      const before = finding ? [renderStep(dialect, finding, params)] : [];
      return [{ id, items, before, share, step: renderStep(dialect, step, params) }];
    }
    const statements = dialect.statements(step, params);
    const before = finding ? [{ step: finding, statements: dialect.statements(finding, params) }] : [];
    const all = [...statements, ...before.flatMap((found) => found.statements)];
    if (longestOf(all) > most) return halves(items).flatMap((half, i) => some(half, `${id}.${i + 1}`));
    const parts = items.map(({ plan: { definition } }) => ({
      id: `compute.${definition.key}`,
      definition: definition.key,
    }));
    return [{ id, items, before, share, step: { step, statements, parts } }];
  };
  /** How many of some definitions a statement has room for, by the length of one that computes the first of them. */
  const fitting = (members: readonly BatchMember[]): number => {
    if (most === Infinity || members.length <= 2 * SAMPLE) return members.length;
    const sample = members.slice(0, SAMPLE);
    try {
      const steps = [batchStep(sample, '', whole), whole ? undefined : affectedStep(sample, '')];
      const bytes = longestOf(steps.flatMap((step) => (step ? dialect.statements(step, params) : [])));
      return Math.max(1, Math.floor((most * sample.length) / bytes));
    } catch (error) {
      // What the engine cannot do is told, with its definition, when the batch itself is made.
      if (error instanceof UserError) return sample.length;
      throw error;
    }
  };
  const attempted = (items: readonly DefinitionScript[], id: string): readonly BatchScript[] => {
    try {
      return some(items, id);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      const problems = items.flatMap((item) => {
        try {
          some([item], id);
          return [];
        } catch (own) {
          return attributed(own, item.plan.definition, spans);
        }
      });
      throw new UserError(problems);
    }
  };
  return {
    some,
    *levels(items) {
      const byPlan = new Map<DefinitionPlan, DefinitionScript>(items.map((item) => [item.plan, item]));
      const scripts = (plans: readonly DefinitionPlan[]): readonly DefinitionScript[] =>
        plans.flatMap((plan) => byPlan.get(plan) ?? []);
      const problems: UserError[] = [];
      const levels: LevelScript[] = [];
      let number = 0;
      for (const level of levelsOf(items.map(({ plan }) => plan))) {
        const batches: BatchScript[] = [];
        for (const batch of batchesOf(level, fitting)) {
          yield;
          number += 1;
          try {
            batches.push(...attempted(scripts(batch), `compute.batch.${number}`));
          } catch (error) {
            if (!(error instanceof UserError)) throw error;
            problems.push(error);
          }
        }
        levels.push({ items: scripts(level), batches });
        yield;
      }
      if (problems.length > 0) throw new UserError(problems.flatMap(({ diagnostics }) => diagnostics));
      return levels;
    },
  };
}

/** What many definitions share counts for little among so many: a definition's part of 25 and of 100 differed by 1 % of its bytes. */
const SAMPLE = 25;

const membersOf = (items: readonly DefinitionScript[]): readonly BatchMember[] =>
  items.map(({ plan }) => plan).filter(isBatchMember);
