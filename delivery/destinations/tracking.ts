/**
 * The HTTP tracking API that Segment defined and RudderStack speaks: `POST /v1/batch` of messages as they stand in the outbox.
 * https://segment.com/docs/connections/sources/catalog/libraries/server/http-api/#batch
 */
import type { Attempt, Destination, Limits, OpenContext, OutboxMessage } from '../destination.js';
import { publicAddress, redactor, secretsOf } from '../redact.js';
import { textSetting, timeoutOf } from '../settings.js';
import { version } from '../version.js';
import { begin, finish, type Begun } from './gzip.js';
import type { HttpClient } from './http.js';
import { limitsOf } from './limits.js';
import { sendFitting } from './oversized.js';

/** What is particular to one that speaks it. */
export interface TrackingApi {
  readonly type: 'segment' | 'rudderstack';
  /** The address of a batch, by the settings. */
  readonly address: (settings: Readonly<Record<string, unknown>>) => URL;
  /** Whether it hands `context` and `integrations` of a batch on to every message in it; else they are put into each. */
  readonly inherits: boolean;
}

/** Adds the path to a host that settings name. */
export function batchAddress(host: string): URL {
  const url = new URL(host);
  if (!url.pathname.endsWith('/v1/batch')) url.pathname = `${url.pathname.replace(/\/+$/, '')}/v1/batch`;
  return url;
}

export class Tracking implements Destination {
  readonly where: string;
  readonly limits: Limits;
  readonly apart = true;
  private readonly url: URL;
  private readonly headers: Readonly<Record<string, string>>;
  private readonly compressed: boolean;
  private readonly timeoutMs: number;
  private readonly clean: (text: string) => string;
  /** Members of the batch's object beside `batch`, and of each message's. */
  private readonly around: string;
  private readonly within: string;
  /** Batches that are being compressed, or are. */
  private readonly ahead = new WeakMap<readonly OutboxMessage[], Promise<Begun>>();

  constructor(
    private readonly context: OpenContext,
    private readonly http: HttpClient,
    { type, address, inherits }: TrackingApi,
  ) {
    const { settings } = context.definition;
    const key = textSetting(settings, 'write_key') ?? '';
    this.url = address(settings);
    this.where = publicAddress(this.url);
    const authorization = `Basic ${Buffer.from(`${key}:`).toString('base64')}`;
    this.clean = redactor([key, authorization, ...secretsOf(this.url, { authorization })]);
    this.url.username = '';
    this.url.password = '';
    this.compressed = settings['gzip'] !== false;
    this.headers = {
      'content-type': 'application/json',
      'user-agent': `rollcall/${version}`,
      authorization,
      ...(this.compressed ? { 'content-encoding': 'gzip' } : {}),
    };
    this.timeoutMs = timeoutOf(settings);
    const library = { name: 'rollcall', version };
    const integrations = settings['integrations'];
    const chosen = integrations === undefined ? '' : `,"integrations":${JSON.stringify(integrations)}`;
    this.around = inherits ? `,"context":${JSON.stringify({ library })}${chosen}` : '';
    this.within = inherits ? '' : chosen;
    const limits = limitsOf(type, context.definition);
    const room = (limits.maxPayloadBytes ?? Infinity) - Buffer.byteLength(this.around);
    this.limits = { ...limits, maxPayloadBytes: room };
  }

  prepare(batch: readonly OutboxMessage[]): void {
    if (!this.compressed) return;
    const begun = begin(this.start(batch));
    begun.catch(() => undefined); // whoever sends it is told
    this.ahead.set(batch, begun);
  }

  send(batch: readonly OutboxMessage[], signal: AbortSignal): Promise<Attempt> {
    const most = this.limits.maxMessageBytes ?? Infinity;
    const added = Buffer.byteLength(this.within);
    return sendFitting(batch, most, added, (fitting) => this.post(fitting, signal));
  }

  close(): Promise<void> {
    return this.http.close();
  }

  /** A message's text, with the members that it is to have besides: each begins with a comma. */
  private textOf(message: OutboxMessage): Buffer {
    const bytes = message.bytes ?? Buffer.from(message.payload);
    const members = whose(message) + this.within;
    if (members === '') return bytes;
    return Buffer.concat([bytes.subarray(0, bytes.lastIndexOf(BRACE)), Buffer.from(`${members}}`)]);
  }

  /** A request up to the end of its messages. */
  private start(batch: readonly OutboxMessage[]): Buffer {
    const texts = batch.map((message) => this.textOf(message));
    const length = texts.reduce((sum, text) => sum + text.length + 1, START.length - 1);
    const start = Buffer.allocUnsafeSlow(length);
    let at = START.copy(start);
    texts.forEach((text, i) => {
      if (i > 0) start[at++] = COMMA;
      start.set(text, at);
      at += text.length;
    });
    return start;
  }

  /** The rest of a request, which says when it is sent. */
  private end(): Buffer {
    return Buffer.from(`]${this.around},"sentAt":${JSON.stringify(this.context.now())}}`);
  }

  private async body(batch: readonly OutboxMessage[]): Promise<Buffer> {
    if (!this.compressed) return Buffer.concat([this.start(batch), this.end()]);
    const begun = await (this.ahead.get(batch) ?? begin(this.start(batch)));
    return finish(begun, this.end());
  }

  private async post(batch: readonly OutboxMessage[], signal: AbortSignal): Promise<Attempt> {
    return this.http.post({
      url: this.url,
      headers: this.headers,
      body: await this.body(batch),
      timeoutMs: this.timeoutMs,
      signal,
      clean: this.clean,
      now: this.context.now,
    });
  }
}

const START = Buffer.from('{"batch":[');
const COMMA = 0x2c;
const BRACE = 0x7d;

/** The API drops a call of nobody, and a call about an account names none: the account stands for it. */
function whose(message: OutboxMessage): string {
  return message.type === 'group' ? `,"anonymousId":${JSON.stringify(message.identifier)}` : '';
}
