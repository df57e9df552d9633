/** What Snowflake's codes mean. Its words are shown, never read. */
import { UserError } from '../../compiler/diagnostics/index.js';
import { StatementError, type Failure } from '../warehouse.js';

/** What the driver throws: a code of the service or the driver's own, and the SQLSTATE of a statement. */
interface DriverError {
  readonly code: string;
  readonly sqlState: string;
  readonly message: string;
}

/** Texts that must not be shown, longest first. */
export type Secrets = readonly string[];

/** Refusals of whoever asks: no statement would go through. */
const REFUSED: Readonly<Record<string, string>> = {
  '390100': 'check "user" and "password" of the target',
  '390101': 'check how the target authenticates',
  '390102': 'the user is locked: an administrator unlocks it, or wait 15 minutes',
  '390103': 'check how the target authenticates',
  '390104': 'run again: the session is no longer valid',
  '390110': 'run again: the session is no longer valid',
  '390111': 'run again: the session is gone',
  '390112': 'run again: the session has expired',
  '390114': 'run again: the session has expired; with an OAuth token, get a new one first',
  '390144':
    'check that the public key of "private_key_path" is set on the user, and the clock of this machine',
  '390186': 'check "role": it is not granted to the user',
  '390189': 'check "role": it does not exist or is not granted to the user',
  '390201': 'check "database", "schema" and "warehouse" of the target',
  '390303': 'the OAuth token is not valid: get a new one',
  '390318': 'the OAuth token has expired: get a new one',
  '390422': 'this address is not in the network policy of the account or user',
  '394300': 'check how the target authenticates',
  '000606': 'set "warehouse" in the target, or the default warehouse of the user',
  '003001':
    'grant the role what it lacks: usage on the database and warehouse, create schema or ownership of the schema',
  '003540': 'the role may not use that database: grant it usage',
};

/** Nothing was done, and another time it may go. */
const AGAIN: Readonly<Record<string, Failure>> = {
  '000625': 'transient', // another transaction holds the lock
  '000627': 'transient', // too many wait for the lock
  '000630': 'refused', // the statement's own time limit
  '000684': 'busy',
  '000707': 'busy', // more jobs than the warehouse takes
  '090073': 'busy', // the warehouse cannot be resumed, for now
  '429': 'busy',
  '503': 'busy',
};

/** The driver's own codes: the service was not reached, or answered nothing it could read. */
const UNREACHABLE = /^(?:4010\d\d|402\d{3}|E[A-Z]+)$/;

/** Why a session could not be opened, as an error of exit code 4. */
export function openError(error: unknown, account: string, secrets: Secrets): UserError {
  const { code, message } = read(error);
  if (UNREACHABLE.test(code)) {
    return unavailable(
      `Snowflake account ${account} cannot be reached: ${shown(message, secrets)}`,
      'check "account" (organization-account), "host", and the network',
      error,
    );
  }
  return unavailable(
    `Snowflake account ${account} refused the connection: ${shown(message, secrets)}`,
    REFUSED[code],
    error,
  );
}

/** A statement that failed: an error of exit code 4 where the session or its rights are at fault. */
export function statementError(error: unknown, sql: string, secrets: Secrets): StatementError | UserError {
  const { code, message } = read(error);
  const text = shown(message, secrets);
  const hint = REFUSED[code];
  if (hint !== undefined) return unavailable(`Snowflake refused: ${text}`, hint, error);
  const failure = AGAIN[code] ?? (UNREACHABLE.test(code) ? 'unknown' : 'refused');
  return new StatementError(text, sql, { cause: error, failure });
}

/** An error of exit code 4. */
export function unavailable(message: string, hint?: string, cause?: unknown): UserError {
  return new UserError(
    { code: 'warehouse-unavailable', severity: 'error', message, ...(hint === undefined ? {} : { hint }) },
    4,
    { cause },
  );
}

function read(error: unknown): DriverError {
  if (!(error instanceof Error)) return { code: '', sqlState: '', message: String(error) };
  const { code, sqlState } = error as Error & { code?: unknown; sqlState?: unknown };
  const text = (value: unknown): string =>
    typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
  return { code: text(code), sqlState: text(sqlState), message: error.message };
}

/** The first line that says something, without secrets. */
function shown(message: string, secrets: Secrets): string {
  const lines = message.split('\n').map((line) => line.trim());
  // `SQL compilation error:` is followed by what the error is.
  const line = lines
    .filter((each) => each !== '')
    .slice(0, lines[0]?.endsWith(':') ? 2 : 1)
    .join(' ');
  return secrets.reduce((text, secret) => text.replaceAll(secret, '***'), line);
}
