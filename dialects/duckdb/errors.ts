/** What DuckDB's messages mean. It has no error codes: this is the one place that reads its words. */
import { UserError } from '../../compiler/diagnostics/index.js';
import { StatementError } from '../warehouse.js';

/** Why a file could not be opened, as an error of exit code 4. */
export function openError(error: unknown, path: string): UserError {
  const message = messageOf(error);
  const unavailable = (text: string, hint?: string): UserError => notAvailable(text, hint, error);

  if (/read-only mode: database does not exist|No such file or directory/.test(message)) {
    return noFile(path, error);
  }
  const holder = /Conflicting lock is held in (.*?)\.? (?:See also|However)/.exec(message)?.[1];
  if (holder !== undefined || /Could not set lock/.test(message)) {
    const by = holder === undefined ? 'another program' : `another program: ${holder}`;
    return unavailable(`${path} is open in ${by}`, 'close that program, DuckDB admits one at a time');
  }
  if (/not a valid DuckDB database file/.test(message)) return unavailable(`${path} is not a DuckDB file`);
  if (/created with an? newer version of DuckDB/.test(message)) {
    return new UserError(
      {
        code: 'warehouse-newer',
        severity: 'error',
        message: `${path} was written by a newer version of DuckDB`,
        hint: 'update Rollcall, or export the file with the older storage version',
      },
      4,
      { cause: error },
    );
  }
  return unavailable(`${path} cannot be opened: ${firstLine(message)}`);
}

/** There is no file where there has to be one. */
export const noFile = (path: string, cause?: unknown): UserError =>
  notAvailable(
    `there is no DuckDB file at ${path}`,
    'check "path" in rollcall.json: the file is the one that holds your sources',
    cause,
  );

/** There is no folder that the file could be in. */
export const noFolder = (folder: string): UserError =>
  notAvailable(
    `there is no folder ${folder} for the DuckDB file`,
    'check "path" in rollcall.json, or make it',
  );

function notAvailable(message: string, hint: string | undefined, cause?: unknown): UserError {
  const problem = { code: 'warehouse-unavailable', severity: 'error', message } as const;
  return new UserError({ ...problem, ...(hint !== undefined && { hint }) }, 4, { cause });
}

/** Whether a file could not be opened because another program has it open. */
export const isOpenElsewhere = (error: unknown): boolean => /Could not set lock/.test(messageOf(error));

/** A statement that DuckDB refused. */
export function statementError(error: unknown, sql: string): StatementError {
  const message = messageOf(error);
  // Optimistic concurrency: the same statement can succeed on a new transaction.
  const transient = /^TransactionContext Error: (?:Conflict|Failed to commit)/.test(message);
  return new StatementError(firstLine(message), sql, { cause: error, transient });
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const firstLine = (message: string): string => message.split('\n', 1)[0]?.trim() ?? message;
