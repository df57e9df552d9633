/**
 * What every destination behind HTTP does alike: one POST with a deadline, and what an answer's status means. Retries and
 * pacing are not here: an attempt says what it came to, and `send.ts` goes on from there.
 */
import type { Agent, Dispatcher, request as post } from 'undici';

import type { Attempt } from '../destination.js';

/** How much of an answer is read before it is let go. */
const MAX_ANSWER = 64 * 1024;

/** What an answer is judged with. */
interface Judgement {
  /** Takes secrets out of what is told of an answer. */
  readonly clean: (text: string) => string;
  /** The present, for dates in Retry-After. */
  readonly now: () => string;
}

/** One POST. */
interface Post extends Judgement {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** A connection pool, and what may be asked of it. */
export class HttpClient {
  private constructor(
    private readonly agent: Agent,
    private readonly request: typeof post,
  ) {}

  /** Loads undici, which is half the start of a command that sends nothing. */
  static async open(): Promise<HttpClient> {
    const undici = await import('undici');
    return new HttpClient(new undici.Agent({ connect: { timeout: 10_000 } }), undici.request);
  }

  /**
   * Posts once. 2xx: delivered, whatever the answer says. 401, 403 and redirects stop the destination; 408, 429, 5xx, no answer
   * in time and no connection are worth another attempt; any other 4xx is final.
   */
  async post({ url, headers, body, timeoutMs, signal, ...judgement }: Post): Promise<Attempt> {
    const deadline = new Deadline(timeoutMs, signal);
    try {
      const response = await this.request(url, {
        method: 'POST',
        headers,
        body,
        dispatcher: this.agent,
        signal: deadline.signal,
        headersTimeout: 0, // the deadline covers all
        bodyTimeout: 0,
      });
      return await judge(response, judgement);
    } catch (error) {
      signal.throwIfAborted();
      if (deadline.passed) return { kind: 'retry', reason: `no answer within ${timeoutMs} ms` };
      return { kind: 'retry', reason: judgement.clean(describe(error)) };
    } finally {
      deadline.clear();
    }
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }
}

/** It does not know us, or will not have us: nothing is taken until somebody mends the settings. */
export const isUnauthorized = (status: number): boolean => status === 401 || status === 403;

/** Another attempt may be answered otherwise. */
export const isTransient = (status: number): boolean => status === 408 || status === 429 || status >= 500;

async function judge(
  { statusCode, headers, body }: Dispatcher.ResponseData,
  { clean, now }: Judgement,
): Promise<Attempt> {
  if (statusCode >= 200 && statusCode < 300) {
    // Whatever the answer says, it was taken: one that breaks off here must not be sent again.
    await body.dump({ limit: MAX_ANSWER }).catch(() => undefined);
    return { kind: 'done', outcomes: { status: 'delivered', httpStatus: statusCode } };
  }
  const said = clean(await head(body));
  const reason = `HTTP ${statusCode}${said === '' ? '' : `: ${said}`}`;
  if (isUnauthorized(statusCode)) return { kind: 'stop', reason, httpStatus: statusCode };
  if (statusCode < 400) {
    // We would have to send everything to an address nobody wrote down.
    return { kind: 'stop', reason: `${reason} (redirects are not followed)`, httpStatus: statusCode };
  }
  if (isTransient(statusCode)) {
    const wait = retryAfter(headers['retry-after'], now());
    return {
      kind: 'retry',
      reason,
      httpStatus: statusCode,
      ...(wait === undefined ? {} : { retryAfterMs: wait }),
    };
  }
  return { kind: 'done', outcomes: { status: 'rejected', httpStatus: statusCode, error: reason } };
}

/** Aborts when time is up or the caller is; `AbortSignal.any` on a signal that lives long would gather memory. */
export class Deadline {
  passed = false;
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private readonly follow = (): void => this.controller.abort(this.caller.reason);

  constructor(
    ms: number,
    private readonly caller: AbortSignal,
  ) {
    this.timer = setTimeout(() => {
      this.passed = true;
      this.controller.abort();
    }, ms);
    if (caller.aborted) this.follow();
    else caller.addEventListener('abort', this.follow, { once: true });
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  clear(): void {
    clearTimeout(this.timer);
    this.caller.removeEventListener('abort', this.follow);
  }
}

/** Milliseconds to wait by a Retry-After header: seconds, or an HTTP date. */
export function retryAfter(header: string | string[] | undefined, now: string): number | undefined {
  const text = (Array.isArray(header) ? header[0] : header)?.trim();
  if (text === undefined || text === '') return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.parse(now));
}

/** The beginning of an answer; one that cannot be read is empty. */
async function head(body: Dispatcher.ResponseData['body']): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of body as AsyncIterable<Buffer>) {
      parts.push(part);
      size += part.length;
      if (size >= MAX_ANSWER) break;
    }
  } catch {
    // the status has said enough
  }
  return Buffer.concat(parts).toString('utf8');
}

/** An error of a connection in one line. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Node gathers the addresses it tried under an error without a message of its own.
  if (error instanceof AggregateError && error.message === '') {
    return [...new Set(error.errors.map(describe))].join('; ');
  }
  return error.message === '' ? error.name : error.message;
}
