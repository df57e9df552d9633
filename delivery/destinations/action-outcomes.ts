/** What an action came to, in the words of delivery. Actions do not try again themselves. */
import type { Attempt, Outcome } from '../destination.js';
import type { StatusNode } from './action-kit.js';
import { isTransient, isUnauthorized, retryAfter } from './http.js';

/** Where nothing was asked, nothing was delivered, whatever an action says. */
export const NOTHING_ASKED = 'the action made no request';

/** The outcome of one event of a batch. */
export function outcomeOf(node: StatusNode | undefined, clean: (text: string) => string): Outcome {
  if (node === undefined) return { status: 'failed', error: 'the action gave no outcome' };
  const { status: httpStatus, errormessage } = node;
  if (httpStatus >= 200 && httpStatus < 300) return { status: 'delivered', httpStatus };
  const error = clean(`HTTP ${httpStatus}${errormessage ? `: ${errormessage}` : ''}`);
  return { status: isTransient(httpStatus) ? 'failed' : 'rejected', httpStatus, error };
}

/** What a thrown error says of an attempt: a refusal, a pause, or the end of it. */
export function attemptOf(error: unknown, clean: (text: string) => string, now: string): Attempt {
  const { response, status, message, name } = error as Thrown;
  const httpStatus = response?.status ?? status;
  const said = bodyOf(response);
  const reason = clean(
    `${httpStatus === undefined ? '' : `HTTP ${httpStatus}: `}${said ?? message ?? String(error)}`,
  );
  if (name === 'AggregateAjvError' || name === 'PayloadValidationError') {
    return { kind: 'done', outcomes: { status: 'rejected', error: reason } };
  }
  if (httpStatus === undefined) return { kind: 'retry', reason }; // no connection, no answer
  if (isUnauthorized(httpStatus)) return { kind: 'stop', reason, httpStatus };
  if (isTransient(httpStatus)) {
    const wait = retryAfter(response?.headers?.get('retry-after') ?? undefined, now);
    return { kind: 'retry', reason, httpStatus, ...(wait === undefined ? {} : { retryAfterMs: wait }) };
  }
  return { kind: 'done', outcomes: { status: 'rejected', httpStatus, error: reason } };
}

interface Thrown {
  readonly name?: string;
  readonly message?: string;
  readonly status?: number;
  readonly response?: {
    readonly status?: number;
    readonly data?: unknown;
    readonly content?: unknown;
    readonly headers?: { get(name: string): string | null };
  };
}

function bodyOf(response: Thrown['response']): string | undefined {
  const body = response?.data ?? response?.content;
  if (body === undefined || body === '') return undefined;
  return typeof body === 'string' ? body : JSON.stringify(body);
}
