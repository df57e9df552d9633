/** HTTP: each batch is one POST of `{"batch": [message, …]}`. */
import { createHash } from 'node:crypto';

import type {
  Attempt,
  Destination,
  DestinationType,
  Limits,
  OpenContext,
  OutboxMessage,
} from '../destination.js';
import { publicAddress, redactor, secretsOf } from '../redact.js';
import { numberSetting, required, textSetting, textsSetting } from '../settings.js';
import { basicAuth, checkHeaders, checkUrl, lowerNames } from './address.js';
import { HttpClient } from './http.js';
import { limitsOf } from './limits.js';

const TIMEOUT_MS = 30_000;

export const webhook: DestinationType = {
  type: 'webhook',
  check: (settings) => {
    const missing = required(settings, 'url', 'an http or https address');
    return missing.length > 0 ? missing : [...checkUrl(settings), ...checkHeaders(settings)];
  },
  open: async (context) => new Webhook(context, await HttpClient.open()),
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
    private readonly http: HttpClient,
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
    this.timeoutMs = numberSetting(settings, 'timeout_ms', TIMEOUT_MS);
    this.limits = limitsOf('webhook', settings);
  }

  send(batch: readonly OutboxMessage[], signal: AbortSignal): Promise<Attempt> {
    return this.http.post({
      url: this.url,
      headers: {
        'content-type': 'application/json',
        'user-agent': 'rollcall',
        'idempotency-key': idempotencyKey(batch),
        ...this.authorization,
        ...this.headers,
      },
      body: `{"batch":[${batch.map((m) => m.payload).join(',')}]}`,
      timeoutMs: this.timeoutMs,
      signal,
      clean: this.clean,
      now: this.context.now,
    });
  }

  close(): Promise<void> {
    return this.http.close();
  }
}

/** One key a batch: a receiver that knows it has had it all. */
function idempotencyKey(batch: readonly OutboxMessage[]): string {
  return createHash('sha256')
    .update(batch.map((m) => m.messageId).join('\n'))
    .digest('hex');
}
