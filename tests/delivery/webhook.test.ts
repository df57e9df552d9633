import { describe, expect, test } from 'vitest';

import { Sender } from '../../delivery/send.js';
import { retryAfter } from '../../delivery/destinations/http.js';
import { webhook } from '../../delivery/destinations/webhook.js';
import { context, destination, FAST, message, messages, never } from './support.js';
import { faultyServer, reset, silent, slow, status, type FaultyServer } from './server.js';

async function send(server: FaultyServer, settings: Record<string, unknown> = {}, count = 2, signal = never) {
  const target = await webhook.open(context(destination('webhook', { url: server.url, ...settings })));
  try {
    return await new Sender(target, signal, FAST).deliver(messages(count));
  } finally {
    await target.close();
  }
}

describe('webhook', () => {
  test('posts one JSON body a batch, with the headers asked for and a key that repeats', async () => {
    await using server = await faultyServer();
    const result = await send(server, {
      headers: { 'X-Api-Key': 'k', 'Content-Type': 'application/vnd.x+json' },
    });
    await send(server);
    expect(result).toEqual({ outcomes: { status: 'delivered', httpStatus: 200 }, tries: 1 });
    expect(server.requests[0]!.body).toEqual({
      batch: messages(2).map((m) => JSON.parse(m.payload) as unknown),
    });
    expect(server.requests[0]!.headers).toMatchObject({
      'x-api-key': 'k',
      'content-type': 'application/vnd.x+json',
    });
    expect(server.requests[1]!.headers['content-type']).toBe('application/json');
    expect(server.requests[0]!.headers['idempotency-key']).toMatch(/^[0-9a-f]{64}$/);
    expect(server.requests[1]!.headers['idempotency-key']).toBe(
      server.requests[0]!.headers['idempotency-key'],
    );
  });

  test.each([
    ['429', status(429)],
    ['429 with Retry-After', status(429, { 'retry-after': '0.02' })],
    ['408', status(408)],
    ['500', status(500)],
    ['503', status(503, {}, 'down')],
    ['a hang-up', reset],
  ])('tries again after %s', async (_, fault) => {
    await using server = await faultyServer((n) => (n < 3 ? fault : undefined));
    expect(await send(server)).toEqual({ outcomes: { status: 'delivered', httpStatus: 200 }, tries: 3 });
    expect(server.accepted).toEqual(['m1', 'm2']);
  });

  test('waits as long as Retry-After says', async () => {
    await using server = await faultyServer((n) =>
      n === 1 ? status(429, { 'retry-after': '0.3' }) : undefined,
    );
    await send(server);
    expect(server.requests[1]!.at - server.requests[0]!.at).toBeGreaterThanOrEqual(299);
  });

  test('does not wait an hour: the messages wait for the next sync', async () => {
    await using server = await faultyServer(() => status(429, { 'retry-after': '3600' }));
    expect(await send(server)).toMatchObject({ outcomes: { status: 'failed', httpStatus: 429 }, tries: 1 });
  });

  test('gives up after five attempts, or as many as settings say', async () => {
    await using server = await faultyServer(() => status(500, {}, 'boom'));
    const outcomes = { status: 'failed', httpStatus: 500, error: 'HTTP 500: boom' };
    expect(await send(server)).toEqual({ outcomes, tries: 5 });
    expect(await send(server, { retries: 0 })).toEqual({ outcomes, tries: 1 });
  });

  test('a slow answer is waited for, none at all is an attempt that failed', async () => {
    await using server = await faultyServer((n) => (n === 1 ? slow(80) : silent));
    expect(await send(server)).toMatchObject({ tries: 1 });
    const result = await send(server, { timeout_ms: 60, retries: 1 });
    expect(result).toEqual({ outcomes: { status: 'failed', error: 'no answer within 60 ms' }, tries: 2 });
  });

  test('any other 4xx refuses the batch for good', async () => {
    await using server = await faultyServer(() => status(400, {}, '{"error":"unknown\ntrait"}'));
    const outcomes = { status: 'rejected', httpStatus: 400, error: 'HTTP 400: {"error":"unknown trait"}' };
    expect(await send(server)).toEqual({ outcomes, tries: 1 });
  });

  test.each([401, 403, 302])('%i stops the destination', async (code) => {
    await using server = await faultyServer(() => status(code, { location: '/elsewhere' }));
    const result = await send(server);
    expect(result).toMatchObject({ outcomes: { status: 'failed', httpStatus: code }, tries: 1 });
    expect(result.stopped).toContain(`HTTP ${code}`);
  });

  test('a server that is not there is told without the secrets of the address', async () => {
    const url = 'http://user:hunter22@127.0.0.1:9/hook?token=sesame-open';
    const target = await webhook.open(context(destination('webhook', { url, retries: 0 })));
    const result = await new Sender(target, never, FAST).deliver([message(1)]);
    expect(target.where).toBe('http://127.0.0.1:9/hook');
    expect(JSON.stringify(result)).toContain('ECONNREFUSED');
    expect(JSON.stringify(result)).not.toMatch(/hunter22|sesame/);
  });

  test('an answer that repeats our secrets is quoted without them', async () => {
    await using server = await faultyServer((_, r) =>
      status(400, {}, `bad ${String(r.headers.authorization)}`),
    );
    const result = await send(server, { headers: { authorization: 'Bearer topsecret' } });
    expect(JSON.stringify(result)).toContain('bad ***');
    expect(JSON.stringify(result)).not.toContain('topsecret');
  });

  test('credentials in the address become basic authorization', async () => {
    await using server = await faultyServer();
    await send(server, { url: server.url.replace('http://', 'http://me:p%40ss@') });
    const expected = `Basic ${Buffer.from('me:p@ss').toString('base64')}`;
    expect(server.requests[0]!.headers.authorization).toBe(expected);
  });

  test('aborting ends the attempt under way', async () => {
    await using server = await faultyServer(() => silent);
    const abort = new AbortController();
    setTimeout(() => abort.abort(new Error('stop it')), 50);
    await expect(send(server, {}, 1, abort.signal)).rejects.toThrow('stop it');
  });

  test('keeps to its rate', async () => {
    await using server = await faultyServer();
    const settings = { url: server.url, requests_per_second: 10, concurrency: 4 };
    const target = await webhook.open(context(destination('webhook', settings)));
    const sender = new Sender(target, never, FAST);
    await Promise.all(messages(15).map((m) => sender.deliver([m])));
    await target.close();
    // Only what cannot come too early is asked: how late a request arrives is the machine's affair.
    const inFirstSecond = server.requests.filter((r) => r.at < 950).length;
    expect(inFirstSecond).toBeLessThanOrEqual(10);
    expect(server.requests).toHaveLength(15);
  });
});

describe('settings', () => {
  test.each([
    [{}, 'settings.url is missing'],
    [{ url: 'example.com' }, 'settings.url is not an address'],
    [{ url: 'ftp://x/y' }, 'settings.url has the scheme "ftp:"'],
    [{ url: 'http://x', headers: { 'a b': '1' } }, '"a b" is not a header name'],
    [
      { url: 'http://x', headers: { auth: 'x\ny' } },
      'the header "auth" holds characters that a header cannot',
    ],
    [{ url: 'http://x', headers: { Host: 'y' } }, 'the header "Host" is set by the connection'],
  ])('%j: %s', (settings, text) => {
    expect(webhook.check(settings).map((p) => p.message)).toEqual([text]);
  });

  test('good ones have no problem', () => {
    expect(
      webhook.check({ url: 'https://example.com/a?b=c', headers: { authorization: 'Bearer x' } }),
    ).toEqual([]);
  });
});

test('Retry-After is seconds or a date', () => {
  const now = '2025-03-01T12:00:00Z';
  expect(retryAfter('7', now)).toBe(7000);
  expect(retryAfter('Sat, 01 Mar 2025 12:00:05 GMT', now)).toBe(5000);
  expect(retryAfter('Sat, 01 Mar 2025 11:00:00 GMT', now)).toBe(0);
  expect(retryAfter('soon', now)).toBeUndefined();
  expect(retryAfter(undefined, now)).toBeUndefined();
});
