/** Steps to SQL: what `compile` shows and what a run does are the same list. */
import { UserError } from '../compiler/diagnostics/index.js';
import type { Step } from '../compiler/program/types.js';
import type { Dialect, Params, Statement } from '../dialects/dialect.js';
import { figure } from './figures.js';
import { splitStep } from './split.js';

/** A step with its SQL. */
export interface RenderedStep {
  readonly step: Step;
  readonly statements: readonly Statement[];
  /** What it does for several definitions: each has a record of its own beside that of the step. */
  readonly parts?: readonly StepPart[];
}

/** What a step does for one definition. */
export type StepPart = Pick<Step, 'id' | 'definition'>;

/**
 * The statements of one step, none longer than the engine admits. One that is, and cannot be split, is refused before
 * anything is run.
 */
export function renderStep(dialect: Dialect, step: Step, params: Params = {}): RenderedStep {
  const { maxStatementBytes: most } = dialect.capabilities;
  const statements = dialect.statements(step, params);
  if (most === Infinity) return { step, statements };
  const longest = longestOf(statements);
  if (longest <= most) return { step, statements };
  const parts = splitStep(step);
  if (!parts) throw tooLong(dialect, step, longest);
  return { step, statements: parts.flatMap((part) => renderStep(dialect, part, params).statements) };
}

/** Bytes of the longest statement. */
export const longestOf = (statements: readonly Statement[]): number =>
  Math.max(0, ...statements.map(({ sql }) => Buffer.byteLength(sql)));

function tooLong({ name, capabilities }: Dialect, { id, definition }: Step, bytes: number): UserError {
  const size = (n: number): string => `${figure(n)} bytes`;
  const whose = definition === undefined ? '' : ` of ${definition}`;
  return new UserError({
    code: 'statement-too-long',
    severity: 'error',
    message: `the statement of step ${id}${whose} has ${size(bytes)}, and ${name} admits ${size(capabilities.maxStatementBytes)}`,
    hint: 'put long lists into a table and read them as an entity or a SQL trait, or make two definitions of one',
    ...(definition !== undefined && { definition }),
  });
}
