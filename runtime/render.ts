/** Steps to SQL: what `compile` shows and what a run does are the same list. */
import type { Step } from '../compiler/program/types.js';
import type { Dialect, Params, Statement } from '../dialects/dialect.js';

/** A step with its SQL. */
export interface RenderedStep {
  readonly step: Step;
  readonly statements: readonly Statement[];
}

/** The statements of one step. */
export function renderStep(dialect: Dialect, step: Step, params: Params = {}): RenderedStep {
  return { step, statements: dialect.statements(step, params) };
}
