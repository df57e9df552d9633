/** HTTP: each batch is one POST of `{"batch": [message, …]}`. */
import { createHash } from 'node:crypto';

import type { Agent, Dispatcher, request as post } from 'undici';

import type {
  Attempt,
  Destination,
  DestinationType,
  Limits,
  OpenContext,
  OutboxMessage,
  SettingsProblem,
} from './destination.js';
import { publicAddress, redactor, secretsOf } from './redact.js';
import { numberSetting, required, textSetting, textsSetting } from './settings.js';

type Settings = Readonly<Record<string, unknown>>;

const DEFAULTS = { batchSize: 100, timeoutMs: 30_000, concurrency: 1, retries: 4 };

/** What most receivers take; a batch is cut earlier rather than refused whole. */
const MAX_PAYLOAD = 4 * 1024 * 1024;

/** How much of an answer is read before it is let go. */
const MAX_ANSWER = 64 * 1024;

export const webhook: DestinationType = {
  type: 'webhook',
  check: (settings) => {
    const missing = required(settings, 'url', 'an http or https address');
    return missing.length > 0 ? missing : [...checkUrl(settings), ...checkHeaders(settings)];
  },
  open: async (context) => {
    const undici = await import('undici'); // half the start of a command that sends nothing
    return new Webhook(context, undici.request, new undici.Agent({ connect: { timeout: 10_000 } }));
  },
};

class Webhook implements Destination {
  readonly where: string;
  readonly limits: Limits;
  private readonly url: URL;
  private readonly authorization: Readonly<Record<string, string>>;
  private readonly headers: Readonly<Record<string, string>>;
  private readonly timeoutMs: number;
  private readonly clean: (text: string) => string;

  constructor(
    private readonly context: OpenContext,
    private readonly request: typeof post,
    private readonly agent: Agent,
  ) {
    const { settings } = context.definition;
    const url = new URL(textSetting(settings, 'url') ?? '');
    this.headers = lowerNames(textsSetting(settings, 'headers'));
    this.authorization = basicAuth(url);
    this.clean = redactor([...secretsOf(url, this.headers), ...Object.values(this.authorization)]);
    this.where = publicAddress(url);
    url.username = '';
    url.password = '';
    this.url = url;
    this.timeoutMs = numberSetting(settings, 'timeout_ms', DEFAULTS.timeoutMs);
    const rate = numberSetting(settings, 'requests_per_second');
    this.limits = {
      ...(rate === undefined ? {} : { requestsPerSecond: rate }),
      batchSize: numberSetting(settings, 'batch_size', DEFAULTS.batchSize),
      maxPayloadBytes: MAX_PAYLOAD,
      concurrency: numberSetting(settings, 'concurrency', DEFAULTS.concurrency),
      retries: numberSetting(settings, 'retries', DEFAULTS.retries),
    };
  }

  async send(batch: readonly OutboxMessage[], signal: AbortSignal): Promise<Attempt> {
    const deadline = new Deadline(this.timeoutMs, signal);
    try {
      const response = await this.request(this.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'user-agent': 'rollcall',
          'idempotency-key': idempotencyKey(batch),
          ...this.authorization,
          ...this.headers,
        },
        body: `{"batch":[${batch.map((m) => m.payload).join(',')}]}`,
        dispatcher: this.agent,
        signal: deadline.signal,
        headersTimeout: 0, // the deadline covers all
        bodyTimeout: 0,
      });
      return await this.judge(response);
    } catch (error) {
      signal.throwIfAborted();
      if (deadline.passed) return { kind: 'retry', reason: `no answer within ${this.timeoutMs} ms` };
      return { kind: 'retry', reason: this.clean(describe(error)) };
    } finally {
      deadline.clear();
    }
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }

  private async judge({ statusCode, headers, body }: Dispatcher.ResponseData): Promise<Attempt> {
    if (statusCode >= 200 && statusCode < 300) {
      // Whatever the answer says, it was taken: one that breaks off here must not be sent again.
      await body.dump({ limit: MAX_ANSWER }).catch(() => undefined);
      return { kind: 'done', outcomes: { status: 'delivered', httpStatus: statusCode } };
    }
    const said = this.clean(await head(body));
    const reason = `HTTP ${statusCode}${said === '' ? '' : `: ${said}`}`;
    if (statusCode === 401 || statusCode === 403) return { kind: 'stop', reason, httpStatus: statusCode };
    if (statusCode < 400) {
      // We would have to send everything to an address nobody wrote down.
      return { kind: 'stop', reason: `${reason} (redirects are not followed)`, httpStatus: statusCode };
    }
    if (statusCode === 408 || statusCode === 429 || statusCode >= 500) {
      const wait = retryAfter(headers['retry-after'], this.context.now());
      return {
        kind: 'retry',
        reason,
        httpStatus: statusCode,
        ...(wait === undefined ? {} : { retryAfterMs: wait }),
      };
    }
    return { kind: 'done', outcomes: { status: 'rejected', httpStatus: statusCode, error: reason } };
  }
}

/** Aborts when time is up or the caller is; `AbortSignal.any` on a signal that lives long would gather memory. */
class Deadline {
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

/** One key a batch: a receiver that knows it has had it all. */
function idempotencyKey(batch: readonly OutboxMessage[]): string {
  return createHash('sha256')
    .update(batch.map((m) => m.messageId).join('\n'))
    .digest('hex');
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

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Node gathers the addresses it tried under an error without a message of its own.
  if (error instanceof AggregateError && error.message === '') {
    return [...new Set(error.errors.map(describe))].join('; ');
  }
  return error.message === '' ? error.name : error.message;
}

function lowerNames(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function basicAuth(url: URL): Readonly<Record<string, string>> {
  if (url.username === '' && url.password === '') return {};
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
}

function checkUrl(settings: Settings): readonly SettingsProblem[] {
  const hint = 'give an http or https address: "https://example.com/hook"';
  // The value may hold a secret, so the message does not show it.
  const problem = (message: string) => [{ message, hint, setting: 'url' }];
  if (!URL.canParse(textSetting(settings, 'url') ?? '')) return problem('settings.url is not an address');
  const url = new URL(textSetting(settings, 'url') ?? '');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return problem(`settings.url has the scheme "${url.protocol}"`);
  }
  try {
    basicAuth(url);
    return [];
  } catch {
    return problem('settings.url has credentials that are not percent-encoded');
  }
}

function checkHeaders(settings: Settings): readonly SettingsProblem[] {
  return Object.entries(textsSetting(settings, 'headers')).flatMap(([name, value]) => {
    const setting = 'headers';
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) {
      return [{ message: `"${name}" is not a header name`, setting }];
    }
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      const message = `the header "${name}" holds characters that a header cannot`;
      return [{ message, hint: 'look for a line end in the variable it comes from', setting }];
    }
    return OURS.has(name.toLowerCase())
      ? [{ message: `the header "${name}" is set by the connection`, setting }]
      : [];
  });
}

const OURS = new Set([
  'content-length',
  'transfer-encoding',
  'connection',
  'host',
  'keep-alive',
  'upgrade',
  'expect',
]);
