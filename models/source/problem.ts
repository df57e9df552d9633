import type { Code, Diagnostic, Severity } from '../../compiler/diagnostics/index.js';
import type { SourceText } from './text.js';

/** A problem at a place of one text, by offsets; `end` is exclusive. */
export interface Problem {
  readonly code: Code;
  readonly message: string;
  readonly hint?: string;
  readonly start: number;
  readonly end: number;
  readonly severity?: Severity;
}

/** Puts a problem in its file. */
export function toDiagnostic(problem: Problem, source: SourceText, definition?: string): Diagnostic {
  return {
    code: problem.code,
    severity: problem.severity ?? 'error',
    message: problem.message,
    span: source.span(problem.start, problem.end),
    ...(problem.hint === undefined ? {} : { hint: problem.hint }),
    ...(definition === undefined ? {} : { definition }),
  };
}
