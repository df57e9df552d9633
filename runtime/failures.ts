/** Failures as diagnostics: which definition or source, which step, what the engine said. */
import { CompilerBug, UserError, type Diagnostic } from '../compiler/diagnostics/index.js';
import { StatementError } from '../dialects/warehouse.js';
import { ownerOf, type Definition, type Spans } from '../models/definition.js';
import { spanOf } from '../models/source/spans.js';
import { StepFailed } from './step-failed.js';

export type StatementFailure = StepFailed & { readonly cause: StatementError };

/** Whether a step failed because the engine refused its statement, and is still there. */
export const isStatementFailure = (error: unknown): error is StatementFailure =>
  error instanceof StepFailed && error.cause instanceof StatementError;

/** A definition's failure. */
export function definitionFailed(definition: Definition, error: StepFailed, spans: Spans): Diagnostic {
  return {
    code: 'definition-failed',
    severity: 'error',
    message: `${definition.key} failed at ${error.step.id}: ${error.message}`,
    hint: 'the SQL of its steps is under target/run',
    definition: definition.key,
    ...spanOf(spans, ownerOf(definition)),
  };
}

/** What a definition gets whose upstream failed. */
export function upstreamFailed(
  definition: Definition,
  upstream: string,
  spans: Spans,
  held = false,
): Diagnostic {
  const what = held ? 'is held by its guard' : 'failed';
  return {
    code: 'upstream-failed',
    severity: 'error',
    message: `${definition.key} was not ${held ? 'published' : 'computed'}: ${upstream}, which it refers to, ${what}`,
    definition: definition.key,
    ...spanOf(spans, ownerOf(definition)),
  };
}

/** Problems of making a definition's SQL, with the definition they belong to. Bugs of ours are thrown on. */
export function attributed(error: unknown, definition: Definition, spans: Spans): readonly Diagnostic[] {
  if (!(error instanceof UserError)) throw error;
  return error.diagnostics.map((d) => ({
    definition: definition.key,
    ...spanOf(spans, ownerOf(definition)),
    ...d,
  }));
}

/**
 * The failure of a whole run; bugs of ours are none of these and are thrown on. `code` is what a refused
 * statement comes to: before anything was recorded it says that the warehouse does not let us work in it.
 */
export function runFailed(
  error: unknown,
  code: 'statement-failed' | 'warehouse-unavailable' = 'statement-failed',
): readonly Diagnostic[] {
  if (error instanceof UserError) return error.diagnostics;
  if (isStatementFailure(error)) {
    const whose = error.step.definition === undefined ? '' : ` of ${error.step.definition}`;
    return [
      {
        code,
        severity: 'error',
        message: `step ${error.step.id}${whose} failed: ${error.message}`,
        hint: 'the SQL of the run is under target/run',
        ...(error.step.definition !== undefined && { definition: error.step.definition }),
      },
    ];
  }
  if (error instanceof StatementError) {
    return [{ code, severity: 'error', message: error.message }];
  }
  throw error instanceof Error ? error : new CompilerBug(String(error));
}
