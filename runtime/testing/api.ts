/** The shapes of `rollcall test`. */
import type { Diagnostic, SourceSpan } from '../../compiler/diagnostics/index.js';
import type { DefinitionKind, Project, Spans } from '../../models/definition.js';
import type { TestCase } from '../../models/index.js';
import type { RuntimeOptions } from '../api.js';

export interface TestOptions {
  /** Its target is not opened, and need not be there. */
  readonly project: Project;
  readonly spans: Spans;
  readonly tests: readonly TestCase[];
  /** Where tests and their expectations stand. */
  readonly testSpans: Spans;
  /** `--select` as given: only tests about what it selects. */
  readonly select?: readonly string[];
  /** The present, as an ISO 8601 instant, to measure by. */
  readonly now: () => string;
  readonly signal?: AbortSignal;
  /** As the runtime has it. */
  readonly dialectFor?: NonNullable<RuntimeOptions['dialectFor']>;
  readonly onResult?: (result: TestResult) => void | Promise<void>;
}

export interface ValueDifference {
  readonly profile: string;
  /** JSON text; null: no value. */
  readonly expected: string | null;
  readonly got: string | null;
}

/** An expectation that did not hold. */
export interface TestFailure {
  readonly key: string;
  readonly kind: DefinitionKind;
  /** 1-based. */
  readonly step: number;
  /** ISO instant. */
  readonly as_of: string;
  readonly span?: SourceSpan;
  readonly missing: readonly string[];
  readonly unexpected: readonly string[];
  readonly values: readonly ValueDifference[];
}

export interface TestResult {
  readonly name: string;
  readonly file: string;
  readonly span?: SourceSpan;
  readonly definitions: readonly string[];
  /** `error`: it could not be run to its end; `diagnostics` say why. */
  readonly status: 'passed' | 'failed' | 'error';
  readonly duration_ms: number;
  readonly failures: readonly TestFailure[];
  readonly diagnostics: readonly Diagnostic[];
}
