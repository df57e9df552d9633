/** What BigQuery's errors mean, by their reason codes. Two conflicts have no code of their own: those are told by words. */
import { UserError } from '../../compiler/diagnostics/index.js';
import { StatementError, type Failure } from '../warehouse.js';

/** As the client throws it. */
interface ApiError extends Error {
  readonly code?: number | string;
  readonly errors?: readonly { readonly reason?: string; readonly message?: string }[];
}

const FAILURES: Readonly<Record<string, Failure>> = {
  // Nothing was done.
  backendError: 'transient',
  internalError: 'transient',
  jobBackendError: 'transient',
  jobInternalError: 'transient',
  tableUnavailable: 'transient',
  quotaExceeded: 'busy',
  rateLimitExceeded: 'busy',
  jobRateLimitExceeded: 'busy',
  // Of the connection.
  ECONNRESET: 'unknown',
  ETIMEDOUT: 'unknown',
  EPIPE: 'unknown',
  ESOCKETTIMEDOUT: 'unknown',
};

const CONFLICT = /could not serialize access|aborted due to concurrent update|concurrent update/i;
const UNREACHABLE: ReadonlySet<unknown> = new Set(['ENOTFOUND', 'ECONNREFUSED', 'EAI_AGAIN', 'EHOSTUNREACH']);

/** An error of any call, as what it means: the warehouse refuses us, or the statement failed. */
export function errorOf(error: unknown, sql: string): UserError | StatementError {
  if (error instanceof UserError || error instanceof StatementError) return error;
  return (
    unavailable(error) ??
    new StatementError(messageOf(error), sql, { cause: error, failure: failureOf(error) })
  );
}

/** Whether what was asked for does not exist. */
export const isMissing = (error: unknown): boolean =>
  reasonOf(error) === 'notFound' || (error as ApiError).code === 404;

/** Whether a job of that id is there already: the request that made it had been repeated. */
export const isDuplicate = (error: unknown): boolean =>
  reasonOf(error) === 'duplicate' || (error as ApiError).code === 409;

/** Whether the answer was lost, so that nobody knows what became of the request. */
export const isLost = (error: unknown): boolean => failureOf(error) === 'unknown';

function failureOf(error: unknown): Failure {
  if (CONFLICT.test(messageOf(error))) return 'transient';
  return FAILURES[reasonOf(error)] ?? FAILURES[String((error as ApiError).code)] ?? 'refused';
}

function reasonOf(error: unknown): string {
  const { errors } = error as ApiError;
  return errors?.[0]?.reason ?? '';
}

/** What refuses us, or cannot be reached, is exit code 4 and says what to do. */
function unavailable(error: unknown): UserError | undefined {
  const message = messageOf(error);
  const { code } = error as ApiError;
  const because = (text: string, hint: string): UserError =>
    new UserError({ code: 'warehouse-unavailable', severity: 'error', message: text, hint }, 4, {
      cause: error,
    });
  if (/default credentials/i.test(message))
    return because(
      'there are no credentials for BigQuery',
      'set "key_file" of the target, or GOOGLE_APPLICATION_CREDENTIALS, or log in: gcloud auth application-default login',
    );
  if (message.includes('GOOGLE_APPLICATION_CREDENTIALS'))
    return because(
      `the credentials for BigQuery cannot be read: ${message}`,
      'GOOGLE_APPLICATION_CREDENTIALS has to name a file of credentials; or set "key_file" of the target, or log in: gcloud auth application-default login',
    );
  if (code === 401 || /invalid_grant|invalid_client|invalid_rapt|Invalid Credentials/i.test(message))
    return because(
      `BigQuery refused the credentials: ${message}`,
      'they may have expired: log in again (gcloud auth application-default login), or replace the key',
    );
  if (reasonOf(error) === 'accessDenied' || (code === 403 && reasonOf(error) === ''))
    return because(
      `BigQuery denied access: ${message}`,
      'it takes roles/bigquery.jobUser on the project, bigquery.dataViewer on the sources and bigquery.dataEditor on our dataset',
    );
  const dataset = /Not found: (?:Dataset|Project) (\S+)/i.exec(message);
  if (dataset)
    return because(
      `BigQuery knows no ${dataset[1] ?? 'dataset'}`,
      'check "project", "dataset" and "location" of the target: a dataset is found only from its own location',
    );
  if (UNREACHABLE.has(code))
    return because(
      `BigQuery cannot be reached: ${message}`,
      'check the network, and "api_endpoint" of the target',
    );
  return undefined;
}

/** The first line, without the address of the job. */
function messageOf(error: unknown): string {
  const { errors, message } = error as ApiError;
  const text = errors?.[0]?.message ?? (error instanceof Error ? message : String(error));
  return text.split('\n', 1)[0]?.trim() ?? text;
}
