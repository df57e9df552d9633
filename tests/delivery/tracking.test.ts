import { Analytics } from '@segment/analytics-node';
import { describe, expect, test } from 'vitest';

import type { OutboxMessage } from '../../delivery/destination.js';
import type { BatchResult } from '../../delivery/send.js';
import { rudderstack } from '../../delivery/destinations/rudderstack.js';
import { segment } from '../../delivery/destinations/segment.js';
import { context, destination, message, messages, sendAll } from './support.js';
import { faultyServer, status, type FaultyServer } from './server.js';

const TYPES = { segment, rudderstack };

/** Sends by a destination behind a server, batch by batch as a sync does. */
async function send(
  server: FaultyServer,
  batch: readonly OutboxMessage[],
  settings: Record<string, unknown> = {},
  type: keyof typeof TYPES = 'segment',
): Promise<BatchResult[]> {
  const url = new URL(server.url).origin;
  const definition = destination(type, { write_key: 'wk_secret', url, ...settings });
  const target = await TYPES[type].open(context(definition));
  try {
    return await sendAll(target, batch);
  } finally {
    await target.close();
  }
}

/** A message whose payload has so many bytes. */
function sized(n: number, bytes: number): OutboxMessage {
  const payload = (pad: string) => JSON.stringify({ messageId: `m${n}`, userId: `u${n}`, traits: { pad } });
  return message(n, { payload: payload('x'.repeat(bytes - payload('').length)) });
}

describe('the tracking API', () => {
  test('takes messages as they are, compressed, with the key as user name', async () => {
    await using server = await faultyServer();
    const [result] = await send(server, messages(2), { integrations: { All: false, Braze: true } });
    expect(result).toEqual({ outcomes: { status: 'delivered', httpStatus: 200 }, tries: 1 });
    expect(server.requests[0]).toMatchObject({
      path: '/v1/batch',
      headers: {
        'content-encoding': 'gzip',
        authorization: `Basic ${Buffer.from('wk_secret:').toString('base64')}`,
      },
      body: {
        batch: messages(2).map((m) => JSON.parse(m.payload) as unknown),
        integrations: { All: false, Braze: true },
        context: { library: { name: 'rollcall' } },
        sentAt: '2025-03-01T12:00:00.000Z',
      },
    });
  });

  test('a batch that was prepared is sent as it stands then, whole, again or in part', async () => {
    await using server = await faultyServer();
    let time = 0;
    const now = () => new Date(1e12 + 1000 * time++).toISOString();
    const url = new URL(server.url).origin;
    const target = await segment.open({
      ...context(destination('segment', { write_key: 'wk_secret', url })),
      now,
    });
    const batch = messages(3);
    target.prepare?.(batch);
    for (const some of [batch, batch, batch.slice(1)]) await target.send(some, new AbortController().signal);
    await target.close();
    const told = server.requests.map(({ body }) => body as { batch: unknown[]; sentAt: string });
    expect(told.map(({ batch: sent }) => sent.length)).toEqual([3, 3, 2]);
    expect(told[2]!.batch).toEqual(told[0]!.batch.slice(1));
    expect(new Set(told.map(({ sentAt }) => sentAt)).size).toBe(3);
  });

  test('of RudderStack: what is said of all stands in every message, and a path of the data plane stays', async () => {
    await using server = await faultyServer();
    const url = `${new URL(server.url).origin}/plane/`;
    await send(server, messages(1), { url, gzip: false, integrations: { All: true } }, 'rudderstack');
    expect(server.requests[0]!.path).toBe('/plane/v1/batch');
    expect(server.requests[0]!.headers['content-encoding']).toBeUndefined();
    expect(server.requests[0]!.body).toEqual({
      batch: [{ ...(JSON.parse(message(1).payload) as object), integrations: { All: true } }],
      sentAt: '2025-03-01T12:00:00.000Z',
    });
  });

  test('a call about an account is of nobody, which the API drops: the account stands for it', async () => {
    await using server = await faultyServer();
    const payload = '{"type":"group","groupId":"a \\"b\\"","messageId":"g"}';
    const group = message(1, { type: 'group', identifierType: 'group_id', identifier: 'a "b"', payload });
    await send(server, [group]);
    expect(server.requests[0]!.body.batch).toEqual([
      { type: 'group', groupId: 'a "b"', messageId: 'g', anonymousId: 'a "b"' },
    ]);
  });

  test('a batch has at most 2,500 messages and 500 KB', async () => {
    await using server = await faultyServer();
    await send(server, messages(2501));
    expect(server.requests.map((r) => r.ids.length)).toEqual([2500, 1]);
    await send(
      server,
      Array.from({ length: 40 }, (_, i) => sized(i, 30_000)),
    );
    const sizes = server.requests.slice(2).map((r) => Buffer.byteLength(JSON.stringify(r.body)));
    expect(sizes).toHaveLength(3);
    expect(Math.max(...sizes)).toBeLessThan(500_000);
  });

  test('a message over 32 KB is told with its receiver, and the others go on', async () => {
    await using server = await faultyServer();
    const [result] = await send(server, [message(1), sized(2, 32 * 1024 + 1), sized(3, 32 * 1024)]);
    const delivered = { status: 'delivered', httpStatus: 200 };
    const error =
      'the message of buyers for user_id "u2" has 32769 bytes, more than the 32768 that are taken';
    expect(result!.outcomes).toEqual([delivered, { status: 'rejected', error }, delivered]);
    expect(server.accepted).toEqual(['m1', 'm3']);
  });

  test('a wrong key stops it, and no error tells the key', async () => {
    await using server = await faultyServer((_, r) =>
      status(401, {}, `no wk_secret, ${String(r.headers.authorization)}`),
    );
    const [result] = await send(server, messages(1));
    expect(result!.stopped).toBe('HTTP 401: no ***, ***');
  });

  test('regions and settings', () => {
    const problems = (type: keyof typeof TYPES, settings: Record<string, unknown>) =>
      TYPES[type].check(settings).map((p) => p.message);
    expect(problems('segment', {})).toEqual(['settings.write_key is missing']);
    expect(problems('segment', { write_key: 'k', url: 'ftp://x' })).toEqual([
      'settings.url has the scheme "ftp:"',
    ]);
    expect(problems('rudderstack', { write_key: 'k' })).toEqual(['settings.url is missing']);
  });

  test.each([
    [{}, 'https://api.segment.io/v1/batch'],
    [{ region: 'us' }, 'https://api.segment.io/v1/batch'],
    [{ region: 'eu' }, 'https://events.eu1.segmentapis.com/v1/batch'],
  ])('region of %j: %s', async (settings, where) => {
    const target = await segment.open(context(destination('segment', { write_key: 'k', ...settings })));
    expect(target.where).toBe(where);
    await target.close();
  });
});

/** Paths of every value of a JSON value, with the value. */
function fields(value: unknown, path = ''): readonly (readonly [string, unknown])[] {
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) return [[path, value]];
  return Object.entries(value).flatMap(([key, child]) => fields(child, path === '' ? key : `${path}.${key}`));
}

/**
 * Segment's own Node SDK and we make the same calls; every field of what arrives is compared. What may differ is
 * listed with its reason, and nothing else does.
 */
test('beside the Segment SDK: the same calls are the same fields', async () => {
  const personas = { computation_class: 'audience', computation_key: 'buyers', namespace: 'shop' };
  const timestamp = '2025-03-01T00:00:00.000Z';
  const calls = [
    {
      type: 'identify',
      userId: 'ann',
      traits: { buyers: true, email: 'ann@example.com' },
      messageId: 'rc_1',
    },
    {
      type: 'track',
      event: 'Audience Entered',
      anonymousId: 'v1',
      properties: { audience_key: 'buyers', buyers: true },
      messageId: 'rc_2',
    },
    { type: 'identify', userId: 'ümlaut "q" \n;', traits: { ltv: 450.25, gone: null }, messageId: 'rc_3' },
    { type: 'group', groupId: 'acme', anonymousId: 'acme', traits: { at_risk: true }, messageId: 'rc_4' },
  ].map((call) => ({ ...call, timestamp, context: { personas } }));

  await using theirs = await faultyServer();
  const sdk = new Analytics({ writeKey: 'wk_secret', host: new URL(theirs.url).origin, flushAt: 9 });
  for (const { type, ...call } of calls) sdk[type as 'track'](structuredClone(call) as never); // it writes into what it gets;
  await sdk.closeAndFlush();
  await using ours = await faultyServer();
  const settings = { gzip: false };
  await send(
    ours,
    calls.map((call, i) => {
      const { anonymousId, ...rest }: typeof call & { anonymousId?: string } = call;
      const said = call.type === 'group' ? rest : call;
      return message(i, { type: call.type, identifier: anonymousId ?? '', payload: JSON.stringify(said) });
    }),
    settings,
  );

  const of = (server: FaultyServer) => {
    const { headers, body, path } = server.requests[0]!;
    const { authorization, 'content-type': type, 'user-agent': agent } = headers;
    return new Map(fields({ path, headers: { authorization, type, agent }, body }));
  };
  const [a, b] = [of(theirs), of(ours)];
  const differing = [...new Set([...a.keys(), ...b.keys()])].filter(
    (field) => JSON.stringify(a.get(field)) !== JSON.stringify(b.get(field)),
  );
  const kinds = [...new Set(differing.map((field) => field.replace(/batch\.\d+/, 'batch.*')))].sort();
  expect(kinds).toEqual([
    'body.batch.*._metadata.jsRuntime', // of the SDK's process, which says nothing of the change
    'body.batch.*._metadata.nodeVersion',
    'body.batch.*.context.library.name', // said once a batch by us; the API hands it on to each message
    'body.batch.*.context.library.version',
    'body.batch.*.integrations', // empty says the same as none; ours is said once a batch, where set
    'body.context.library.name',
    'body.context.library.version',
    'body.sentAt', // when it was sent
    'body.writeKey', // in the header of both; ours is not in the body too, where servers log it
    'headers.agent', // who sends
  ]);
  expect(theirs.accepted).toEqual(['rc_1', 'rc_2', 'rc_3', 'rc_4']);
  expect(ours.accepted).toEqual(theirs.accepted);
  expect(a.get('body.batch.2.userId')).toBe(b.get('body.batch.2.userId'));
});
