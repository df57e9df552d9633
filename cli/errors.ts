/** What went wrong, for people and for `--json`, and the exit code that says so (SEMANTICS §8). */
import { UserError, type Diagnostic } from '../compiler/diagnostics/index.js';
import { StatementError } from '../dialects/warehouse.js';
import type { Context } from './context.js';
import { problemCount, problemsJson } from './context.js';

const REPORT = 'This is a mistake in Rollcall, not in your project. Please report it, with the text above.';

/** Reports an error and returns the exit code. */
export async function reportError(error: unknown, context: Context): Promise<number> {
  if (context.io.signal?.aborted && !context.goesOn) {
    if (context.json)
      await context.document({
        errors: [{ code: 'interrupted', severity: 'error', message: 'interrupted' }],
      });
    context.note('interrupted');
    return 130;
  }
  const known = asUserError(error);
  if (known !== undefined) {
    if (context.json) await context.document({ errors: problemsJson(known.diagnostics) });
    context.report(known.diagnostics);
    if (known.diagnostics.length > 1) context.note(`\n${problemCount(known.diagnostics)}`);
    return known.exit;
  }
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  const hide = secretsHidden(context.io.env);
  if (context.json) {
    const problem = { code: 'internal-error', severity: 'error', message: hide(`${name}: ${message}`) };
    await context.document({ errors: [problem] });
  }
  context.note(hide(stack ?? message));
  context.note(context.errPaint.yellow(REPORT));
  return 1;
}

/** Errors that are not ours: the user's, the warehouse's, the disk's. */
export function asUserError(error: unknown): UserError | undefined {
  if (error instanceof UserError) return error;
  if (error instanceof StatementError) {
    const hint = 'rollcall doctor tells what the user of the target may not do';
    return problem('warehouse-unavailable', `the warehouse refused a statement: ${error.message}`, 4, hint);
  }
  const system = systemError(error);
  if (system === undefined) return undefined;
  const what =
    system.path === undefined ? system.message : `${system.path}: ${REASONS[system.code] ?? system.message}`;
  return problem('unreadable-file', what, 2);
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOENT: 'it does not exist',
  ENOTDIR: 'part of the path is not a folder',
  EEXIST: 'something else is there already',
  EISDIR: 'it is a folder',
  ENOSPC: 'the disk is full',
  EROFS: 'the file system is read-only',
};

/** A failure of the file system, where it is one that a user can mend. */
function systemError(
  error: unknown,
): { readonly code: string; readonly path?: string; readonly message: string } | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  if (!Object.hasOwn(REASONS, error.code)) return undefined;
  const path = 'path' in error && typeof error.path === 'string' ? { path: error.path } : {};
  return { code: error.code, message: error.message, ...path };
}

function problem(code: Diagnostic['code'], message: string, exit: 2 | 4, hint?: string): UserError {
  return new UserError({ code, severity: 'error', message, ...(hint !== undefined && { hint }) }, exit);
}

/** Names of variables whose values are likely to be secrets; a stack may quote a statement or an address. */
const SECRET_NAME = /secret|token|password|passwd|pwd|key|credential|auth|dsn|url/i;

/** A path is no secret, and without it a stack says nothing. */
const PATH = /^(file:|\/|[A-Za-z]:\\)/;

function secretsHidden(env: Readonly<Record<string, string | undefined>>): (text: string) => string {
  const values = Object.entries(env).flatMap(([name, value]) =>
    SECRET_NAME.test(name) && value !== undefined && value.length >= 6 && !PATH.test(value) ? [value] : [],
  );
  return (text) => values.reduce((t, value) => t.replaceAll(value, '***'), text);
}
