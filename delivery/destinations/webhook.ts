/**
 * HTTP: each batch is one POST of `{"batch": [message, …]}`, or each message one of itself. Signed where there is a secret;
 * headers may speak of what is sent, and then a batch is of one kind of it.
 */
import { createHash, createHmac } from 'node:crypto';

import type {
  Attempt,
  Destination,
  DestinationType,
  Limits,
  OpenContext,
  OutboxMessage,
} from '../destination.js';
import { publicAddress, redactor, secretsOf } from '../redact.js';
import { required, textSetting, textsSetting, timeoutOf } from '../settings.js';
import { basicAuth, checkHeaders, checkUrl, lowerNames } from './address.js';
import { HttpClient } from './http.js';
import { limitsOf } from './limits.js';
import { listMembers } from './list.js';
import { checkTemplates, fill, groupsOf } from './templates.js';

export const webhook: DestinationType = {
  type: 'webhook',
  check: (settings) => {
    const missing = required(settings, 'url', 'an http or https address');
    return missing.length > 0
      ? missing
      : [...checkUrl(settings), ...checkHeaders(settings), ...checkTemplates(settings)];
  },
  open: async (context) => new Webhook(context, await HttpClient.open()),
};

class Webhook implements Destination {
  readonly where: string;
  readonly limits: Limits;
  readonly apart = true;
  private readonly url: URL;
  private readonly authorization: Readonly<Record<string, string>>;
  private readonly headers: Readonly<Record<string, string>>;
  private readonly secret: string | undefined;
  private readonly single: boolean;
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
    this.secret = textSetting(settings, 'signing_secret');
    this.single = settings['body'] === 'message';
    const secrets = [...secretsOf(url, this.headers), ...Object.values(this.authorization)];
    this.clean = redactor(this.secret === undefined ? secrets : [...secrets, this.secret]);
    this.where = publicAddress(url);
    url.username = '';
    url.password = '';
    this.url = url;
    this.timeoutMs = timeoutOf(settings);
    const limits = limitsOf('webhook', context.definition);
    const groupBy = [...new Set([...(limits.groupBy ?? []), ...groupsOf(this.headers)])];
    this.limits = {
      ...limits,
      ...(groupBy.length === 0 ? {} : { groupBy }),
      ...(this.single ? { batchSize: 1 } : {}),
    };
  }

  send(batch: readonly OutboxMessage[], signal: AbortSignal): Promise<Attempt> {
    const body = this.body(batch);
    return this.http.post({
      url: this.url,
      headers: {
        'content-type': 'application/json',
        'user-agent': 'rollcall',
        'idempotency-key': idempotencyKey(batch),
        ...this.authorization,
        ...fill(this.headers, this.context.definition.key, batch[0]),
        ...(this.secret === undefined ? {} : { [SIGNATURE]: sign(this.secret, body, this.context.now()) }),
      },
      body,
      timeoutMs: this.timeoutMs,
      signal,
      clean: this.clean,
      now: this.context.now,
    });
  }

  close(): Promise<void> {
    return this.http.close();
  }

  private body(batch: readonly OutboxMessage[]): string {
    const [first] = batch;
    const messages = batch.map((m) => m.payload).join(',');
    if (this.context.definition.list && first) {
      const list = listMembers(first);
      return this.single ? `{${list},"message":${messages}}` : `{${list},"batch":[${messages}]}`;
    }
    return this.single ? messages : `{"batch":[${messages}]}`;
  }
}

const SIGNATURE = 'x-rollcall-signature';

/**
 * The header that says who sent a body, and when: `t=<seconds since 1970>,v1=<hexadecimal HMAC-SHA256 of "<t>.<body>">`. The time is
 * signed with the body, so that a receiver can refuse what somebody kept and sends again.
 */
export function sign(secret: string, body: string, now: string): string {
  const time = Math.floor(Date.parse(now) / 1000);
  return `t=${time},v1=${createHmac('sha256', secret).update(`${time}.${body}`).digest('hex')}`;
}

/** One key a batch: a receiver that knows it has had it all. */
function idempotencyKey(batch: readonly OutboxMessage[]): string {
  return createHash('sha256')
    .update(batch.map((m) => m.messageId).join('\n'))
    .digest('hex');
}
