/** Problems a user can cause and mend: typed codes, positions, hints (ARCHITECTURE, "Diagnostics"). */

export type Severity = 'error' | 'warning';

/** 1-based; columns count UTF-16 code units, as editors do. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface SourceSpan {
  /** Relative to the project folder, with forward slashes. */
  readonly file: string;
  readonly start: Position;
  readonly end: Position;
  /** The text of the line `start` is on, for the caret print. */
  readonly lineText?: string;
}

/** Every code, with the sentence the documentation prints for it. Codes are never renamed once released. */
export const CODES = {
  'unreadable-file': 'A file of the project cannot be read.',
  'invalid-json': 'A file is not JSON.',
  'duplicate-property': 'An object names one property twice.',
  'unknown-key': 'A key the schema does not know.',
  'missing-key': 'A required key is absent.',
  'wrong-type': 'A value of another type than the schema asks for.',
  'invalid-value': 'A value of the right type that is not allowed here.',
  'ambiguous-form': 'An object that fits no form, or several at once.',
  'invalid-query': 'The query-language text cannot be parsed.',
  'invalid-macro': 'A macro, or a call of one in a query, that cannot be expanded.',
  'invalid-sql':
    'The query of a SQL trait is not one SELECT, the warehouse refuses it, or its columns are no traits.',
  'invalid-duration': 'A duration that cannot be read.',
  'invalid-instant': 'An instant that is not ISO 8601.',
  'duplicate-key': 'Two definitions or two destinations share a key, or two tests a name.',
  'retired-key': 'The key belonged to a definition that was removed, or belongs to one of another kind.',
  'too-many-conditions': 'More primary expressions than Segment accepts.',
  cycle: 'Definitions refer to each other in a circle, or a journey leads back to where one has been.',
  'unknown-reference': 'A reference to a trait, audience or destination that does not exist.',
  'unrelated-entity': 'An entity that no relation leads to from the profile, or from the entity around it.',
  'unknown-type': 'A SQL trait is used before its type is known: its query could not be described.',
  'never-computed': 'A reference outside the selection that was never computed.',
  'shadowed-trait': 'A computed trait or audience hides a custom trait of the same name.',
  'misplaced-operand': 'An operand that has no meaning where it stands.',
  'not-supported': 'A form this version, or this engine, does not support.',
  'missing-table': 'A source table does not exist.',
  'missing-column': 'A source column does not exist.',
  'no-received-at': 'A source without received_at is read whole every run.',
  'no-project': 'The folder holds no rollcall.json.',
  'empty-project': 'The project holds no definitions.',
  'no-tests': 'The project holds no tests of its definitions.',
  'partial-listing': 'A listing to import has more pages than the file holds.',
  'missing-variable': 'An environment variable is not set.',
  'unknown-target': 'The target is not configured.',
  'unknown-profile': 'A profile to forget that there is not, or that is no profile of its own.',
  'unknown-selector': 'A selector that selects nothing or cannot be read.',
  'invalid-as-of':
    'An instant that is malformed, in the future, before the last run, or before there is history.',
  'no-history': 'Values as of an earlier instant, which are not kept.',
  'invalid-argument': 'A command-line argument that cannot be used.',
  locked: 'Another run holds the lock.',
  'warehouse-unavailable': 'The warehouse cannot be reached or refused us.',
  'statement-failed': 'A statement that all definitions share failed in the warehouse.',
  'statement-too-long': 'A statement is longer than the engine admits, and cannot be split.',
  'warehouse-newer': 'The warehouse was written by a newer version.',
  'read-copy-failed': 'The read copy was not written; what was published is.',
  'state-damaged': 'Tables of state were changed by others than runs, or dropped.',
  'foreign-state': 'The schema holds the state of another project.',
  'definition-failed': 'A definition failed in the warehouse.',
  'guard-stopped': 'A definition would change by more than its guard allows, so it was not published.',
  'upstream-failed': 'A definition this one depends on failed, or was stopped by its guard.',
  'delivery-failed': 'A destination did not take a message.',
  'destination-settings': 'A destination lacks a setting, or has a wrong one.',
  'alert-not-sent': 'A channel could not be told of an alert.',
  'source-reloaded':
    'Rows that had landed are gone from a source: it was truncated, loaded anew, or rows were deleted.',
  'null-timestamps': 'Rows without a timestamp were left out.',
  'unknown-ids': 'Rows of a SQL trait whose id is no profile were left out.',
  unchecked: 'Something could not be checked.',
} as const;

export type Code = keyof typeof CODES;

export interface Diagnostic {
  readonly code: Code;
  readonly severity: Severity;
  /** What is wrong, one sentence, no trailing period needed. */
  readonly message: string;
  readonly span?: SourceSpan;
  /** What to do: `did you mean "greater_than"?` */
  readonly hint?: string;
  /** Key of the definition concerned, where one is. */
  readonly definition?: string;
}

/** Exit codes of SEMANTICS §8. */
export type ExitCode = 0 | 1 | 2 | 3 | 4;

/** A problem of the user's making: printed as diagnostics, without a stack. */
export class UserError extends Error {
  readonly diagnostics: readonly Diagnostic[];
  readonly exit: ExitCode;

  constructor(diagnostics: readonly Diagnostic[] | Diagnostic, exit: ExitCode = 2, options?: ErrorOptions) {
    const list: readonly Diagnostic[] = 'code' in diagnostics ? [diagnostics] : diagnostics;
    super(list.map((d) => `${d.code}: ${d.message}`).join('\n'), options);
    this.name = 'UserError';
    this.diagnostics = list;
    this.exit = exit;
  }
}

/** An argument that cannot be used (exit 2). */
export const misuse = (message: string, hint?: string): UserError =>
  new UserError({
    code: 'invalid-argument',
    severity: 'error',
    message,
    ...(hint !== undefined && { hint }),
  });

/** A mistake of ours: printed with its stack and a request to report it. */
export class CompilerBug extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CompilerBug';
  }
}

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((d) => d.severity === 'error');
}
