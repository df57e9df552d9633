/** What PostgreSQL's refusals mean, by SQLSTATE; and what the driver says when there was no answer. */
import { UserError } from '../../compiler/diagnostics/index.js';
import { StatementError, type Failure } from '../warehouse.js';
import { codeOf, messageOf } from './error-codes.js';
import { explainTls } from './tls-errors.js';

/** SQLSTATEs, or classes of them, that may go another time. */
const FAILURES: readonly (readonly [code: string, failure: Failure])[] = [
  ['40001', 'transient'], // serialization failure
  ['40P01', 'transient'], // deadlock
  ['55P03', 'transient'], // lock not available
  ['53', 'busy'], // out of connections, memory or disk
  ['57P03', 'busy'], // starting up, shutting down
  ['57P01', 'unknown'], // ended by an administrator
  ['57P02', 'unknown'],
  ['57P05', 'unknown'],
  ['08', 'unknown'],
];

const UNREACHABLE: ReadonlySet<string> = new Set([
  'ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EPIPE', 'ENOENT',
]); // prettier-ignore

const HINTS: Readonly<Record<string, string>> = {
  '28P01': 'check "user" and "password" in rollcall.json, PGPASSWORD or ~/.pgpass',
  '28000': 'check "user" in rollcall.json, and what pg_hba.conf lets in',
  '25006': 'runs need a server that can be written: not a standby, and no default_transaction_read_only',
  '3D000': 'check "database" in rollcall.json',
  '53300': 'close others, or raise max_connections or the CONNECTION LIMIT of the role',
  ECONNREFUSED: 'check "host" and "port" in rollcall.json, and that the server runs',
  ENOTFOUND: 'check "host" in rollcall.json',
};

/** With TLS and without: neither was let in. */
export class BothRefused extends Error {
  constructor(
    readonly withTls: unknown,
    readonly without: unknown,
  ) {
    super(messageOf(withTls), { cause: withTls });
  }
}

/** Why a connection could not be made, as an error of exit code 4. */
export function openError(error: unknown, place: string): UserError {
  if (error instanceof UserError) return error;
  const { message, hint } = explained(error);
  return new UserError(
    {
      code: 'warehouse-unavailable',
      severity: 'error',
      message: `PostgreSQL at ${place} cannot be opened: ${message}`,
      ...(hint !== undefined && { hint }),
    },
    4,
    { cause: error },
  );
}

function explained(error: unknown): { readonly message: string; readonly hint?: string } {
  if (error instanceof BothRefused) {
    // What to do is said of TLS: whoever lets in by TLS alone has refused the other way for that.
    const [first, second] = [explained(error.withTls), explained(error.without)];
    return { ...first, message: `with TLS: ${first.message}; without: ${second.message}` };
  }
  const tls = explainTls(error);
  if (tls) return tls;
  const hint = HINTS[codeOf(error) ?? ''];
  return { message: messageOf(error), ...(hint !== undefined && { hint }) };
}

/** A statement that failed, or of which nobody knows. */
export function statementError(error: unknown, sql: string): StatementError {
  // What reads JSON from texts is a temporary function, which a server that only reads has none of.
  const message =
    codeOf(error) === '3F000' && messageOf(error).includes('"pg_temp"')
      ? 'this server only reads, and cannot read texts that hold JSON: columns of type json or jsonb it can'
      : messageOf(error);
  return new StatementError(message, sql, { cause: error, failure: failureOf(error) });
}

/** A connection that went with temporary tables of which whoever made them still thinks that they are there. */
export const stageLost = (place: string): UserError =>
  new UserError(
    {
      code: 'warehouse-unavailable',
      severity: 'error',
      message: `PostgreSQL at ${place}: the connection was lost, and what was computed but not published with it`,
      hint: 'run again: it goes on from what was published',
    },
    4,
  );

function failureOf(error: unknown): Failure {
  const code = codeOf(error);
  if (code === undefined || UNREACHABLE.has(code)) return isDriver(error) ? 'unknown' : 'refused';
  return FAILURES.find(([prefix]) => code.startsWith(prefix))?.[1] ?? 'refused';
}

/** The driver's own words have no code: `Connection terminated unexpectedly`. */
const isDriver = (error: unknown): boolean =>
  codeOf(error) !== undefined ||
  /^(Connection terminated|Client (was closed|has encountered))/.test(messageOf(error));

/** Whether the connection is of no more use. */
export const isLost = (error: unknown): boolean => failureOf(error) === 'unknown';
