/** Channels that alerts are told by: a webhook in Slack's form, one that takes JSON, a mail. */
import type { Channel } from '../../models/alerts.js';
import { basicAuth, checkHeaders, checkUrl, lowerNames } from '../destinations/address.js';
import { describe, HttpClient } from '../destinations/http.js';
import { redactor, secretsOf } from '../redact.js';
import { lines, subjectLine, type Notice } from './notice.js';

/** Nobody waits for an alert: a run is over before. */
const TIMEOUT_MS = 10_000;

export interface TellOptions {
  readonly now: () => string;
  readonly signal?: AbortSignal;
}

/** Tells a channel once; says why it could not, without secrets. Never throws. */
export async function tellChannel(
  channel: Channel,
  notice: Notice,
  options: TellOptions,
): Promise<string | undefined> {
  try {
    switch (channel.type) {
      case 'slack':
        return await post(channel.url, {}, slackBody(notice), options, true);
      case 'webhook':
        return await post(channel.url, channel.headers, notice, options, false);
      case 'email':
        return await mail(channel, notice);
    }
  } catch (error) {
    // What is thrown here has seen no answer: it is about us, and may quote a setting.
    return error instanceof Error ? error.name : 'it failed';
  }
}

/** Text of Slack: three characters stand for themselves only as entities. */
const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const slackBody = (notice: Notice): { readonly text: string } => ({
  text: escaped([subjectLine(notice), ...lines(notice).map((line) => `• ${line}`)].join('\n')),
});

async function post(
  address: string,
  given: Readonly<Record<string, string>>,
  body: unknown,
  { now, signal }: TellOptions,
  secretPath: boolean,
): Promise<string | undefined> {
  const [problem] = [...checkUrl({ url: address }), ...checkHeaders({ headers: given })];
  if (problem) return problem.message.replace('settings.', '');
  const url = new URL(address);
  const headers = {
    'content-type': 'application/json',
    ...basicAuth(url),
    ...lowerNames(given),
  };
  // The path of an incoming webhook is its key.
  const secrets = [...secretsOf(url, headers), ...(secretPath ? [address, url.pathname.slice(1)] : [])];
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  const client = await HttpClient.open();
  try {
    const attempt = await client.post({
      url: bare,
      headers,
      body: JSON.stringify(body),
      timeoutMs: TIMEOUT_MS,
      signal: signal ?? new AbortController().signal,
      clean: redactor(secrets),
      now,
    });
    if (attempt.kind !== 'done') return attempt.reason;
    const { outcomes } = attempt;
    return 'status' in outcomes && outcomes.status !== 'delivered'
      ? (outcomes.error ?? 'refused')
      : undefined;
  } finally {
    await client.close();
  }
}

async function mail(
  { server, from, to }: Extract<Channel, { type: 'email' }>,
  notice: Notice,
): Promise<string | undefined> {
  if (!URL.canParse(server)) return 'its server is not an address';
  const url = new URL(server);
  const clean = redactor([...secretsOf(url, {}), url.password, server]);
  const { createTransport } = await import('nodemailer');
  const transport = createTransport({
    url: server,
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
  });
  try {
    await transport.sendMail({
      from,
      to: [...to],
      subject: subjectLine(notice),
      text: [...lines(notice), '', `as of ${notice.at}`].join('\n'),
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    return undefined;
  } catch (error) {
    return clean(describe(error));
  } finally {
    transport.close();
  }
}
