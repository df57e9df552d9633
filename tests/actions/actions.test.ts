/**
 * Segment's actions, each against a server on this machine that stands for any host: what it is asked is kept in
 * `requests.golden.txt`, which is what "looked at" means in the list of those that are allowed.
 */
import { beforeAll, describe, expect, test } from 'vitest';

import type { OutboxMessage } from '../../delivery/destination.js';
import { actionType } from '../../delivery/destinations/action.js';
import { ACTION_SLUGS, type ActionSlug } from '../../models/schema/index.js';
import { context, destination, never, sendAll } from '../delivery/support.js';
import { answer, CASES } from './cases.js';
import { identify, track } from './messages.js';
import { anyHost, type AnyHost, type Asked } from './server.js';

beforeAll(() => {
  // Of the application that asks Google; the action reads them itself.
  Object.assign(process.env, {
    GOOGLE_ENHANCED_CONVERSIONS_CLIENT_ID: 'i',
    GOOGLE_ENHANCED_CONVERSIONS_CLIENT_SECRET: 'i',
    ADWORDS_DEVELOPER_TOKEN: 'd',
  });
});

type Remembered = Map<string, string>;

function open(slug: ActionSlug, settings: Record<string, unknown> = {}, kept: Remembered = new Map()) {
  const definition = destination(`action:${slug}`, { ...CASES[slug], ...settings });
  const memory = {
    recall: (name: string) => Promise.resolve(kept.get(name)),
    keep: (name: string, value: string) => Promise.resolve(void kept.set(name, value)),
  };
  return actionType(`action:${slug}`)!.open({ ...context(definition), memory });
}

const line = ({ method, host, path, text }: Asked): string => `  ${method} ${host}${path} ${text}`.trimEnd();

test('what each is asked', async () => {
  const told: string[] = [];
  for (const slug of ACTION_SLUGS) {
    expect([slug, actionType(`action:${slug}`)!.check(CASES[slug])]).toEqual([slug, []]);
    await using server = await anyHost(answer);
    const target = await open(slug);
    const all = [identify(1, true), identify(2, true), identify(3, false), track(4, true), track(5, false)];
    const results = await sendAll(target, all);
    const statuses = results.flatMap((r) => [r.outcomes].flat().map((o) => o.status));
    const { batchSize, requestsPerSecond = 'any' } = target.limits;
    told.push(
      `${slug}: ${batchSize} a batch, ${requestsPerSecond} requests a second: ${statuses.join(' ')}`,
      ...server.asked.map(line),
    );
  }
  await expect(`${told.join('\n')}\n`.replaceAll('\r', '')).toMatchFileSnapshot('requests.golden.txt');
});

test('what those are asked that take people by an email alone, hashed', async () => {
  const hash = 'b4c9a289323b21a01c3e940f150eb9b8c542587f1abfd8f0e1cc1ffc5e475514';
  const alone = (n: number, make: typeof identify): OutboxMessage => {
    const { payload, ...rest } = make(n, true);
    const { userId: _, ...said } = JSON.parse(payload.replaceAll(`u${n}@example.com`, hash)) as {
      userId: string;
    };
    return {
      ...rest,
      identifierType: 'email',
      identifier: 'user@example.com',
      payload: JSON.stringify(said),
    };
  };
  // Facebook wants an id of everyone, and takes whatever it is given for one.
  const mapping = { externalId: { '@path': '$.traits.email' } };
  const told: Record<string, unknown> = {};
  for (const [slug, make, settings] of [
    ['facebook-custom-audiences', identify, { subscriptions: [{ action: 'sync', mapping }] }],
    ['google-enhanced-conversions', track, {}],
  ] as const) {
    await using server = await anyHost(answer);
    const results = await sendAll(await open(slug, settings), [alone(1, make)]);
    const outcomes = results.flatMap((r) => [r.outcomes].flat()).map(({ status, error }) => error ?? status);
    told[slug] = [...outcomes, ...server.asked.map(line).filter((asked) => asked.includes(hash))];
  }
  expect(told).toMatchInlineSnapshot(`
    {
      "facebook-custom-audiences": [
        "delivered",
        "  POST graph.facebook.com/v24.0/fb1/users {"payload":{"schema":["EXTERN_ID","EMAIL","PHONE","DOBY","DOBM","DOBD","LN","FN","FI","GEN","CT","ST","ZIP","COUNTRY","MADID"],"data":[["b4c9a289323b21a01c3e940f150eb9b8c542587f1abfd8f0e1cc1ffc5e475514","b4c9a289323b21a01c3e940f150eb9b8c542587f1abfd8f0e1cc1ffc5e475514","","","","","","","","","","","","",""]]}}",
      ],
      "google-enhanced-conversions": [
        "delivered",
        "  POST googleads.googleapis.com/v21/customers/1/offlineUserDataJobs/7:addOperations {"operations":[{"create":{"userIdentifiers":[{"hashedEmail":"b4c9a289323b21a01c3e940f150eb9b8c542587f1abfd8f0e1cc1ffc5e475514"}]}}],"enablePartialFailure":true}",
      ],
    }
  `);
});

describe('audiences', () => {
  test('are made once and known again; a batch is of one', async () => {
    const kept: Remembered = new Map();
    const lists = async (server: AnyHost, all: readonly OutboxMessage[]) => {
      await sendAll(await open('iterable-lists', {}, kept), all);
      return server.asked.filter((a) => a.path !== '/api/lists').map((a) => [a.path, a.text]);
    };
    let made = 70;
    const serve = (a: Asked) =>
      a.path === '/api/lists' && a.method === 'POST' ? { body: { listId: ++made } } : answer(a);
    {
      await using first = await anyHost(serve);
      const asked = await lists(first, [
        identify(1, true, 'a'),
        identify(2, true, 'b'),
        identify(3, true, 'a'),
      ]);
      expect(asked.map(([path, text]) => [path, (JSON.parse(text!) as { listId: number }).listId])).toEqual([
        ['/api/lists/subscribe', 71],
        ['/api/lists/subscribe', 72],
      ]);
      expect(asked[0]![1]).toMatch(/u1.*u3/);
    }
    await using second = await anyHost(serve);
    await lists(second, [identify(4, false, 'a')]);
    expect(second.asked.map((a) => a.path)).toEqual(['/api/lists/unsubscribe']);
    expect(made).toBe(72);
  });

  test('may be given', async () => {
    await using server = await anyHost(answer);
    await sendAll(await open('iterable-lists', { audiences: { buyers: '5' } }), [identify(1, true)]);
    expect(server.asked.map(line)).toEqual([
      '  POST api.iterable.com/api/lists/subscribe {"listId":5,"subscribers":[{"email":"u1@example.com","userId":"u1","preferUserId":true}]}',
    ]);
  });
});

describe('answers', () => {
  const many = Array.from({ length: 160 }, (_, i) => identify(i, true));

  test('batches are as large as the action says, or smaller', async () => {
    await using server = await anyHost();
    const sizes = () => server.asked.map((a) => (a.json as { attributes: unknown[] }).attributes.length);
    await sendAll(await open('braze'), many);
    await sendAll(await open('braze', { batch_size: 100 }), many.slice(0, 80));
    await sendAll(await open('braze', { batch_size: 50 }), many.slice(0, 80));
    expect(sizes()).toEqual([75, 75, 10, 75, 5, 50, 30]);
  });

  test('each message of a batch has its own', async () => {
    const errors = [{ type: "'external_id' is wrong", input_array: 'attributes', index: 1 }];
    await using server = await anyHost(() => ({ status: 201, body: { message: 'success', errors } }));
    const [result] = await sendAll(await open('braze'), many.slice(0, 3));
    expect([result!.outcomes].flat().map((o) => o.status)).toEqual(['delivered', 'rejected', 'delivered']);
    expect(server.asked).toHaveLength(1);
  });

  test('429 and 5xx are tried again, which actions do not do themselves', async () => {
    let n = 0;
    await using server = await anyHost(() =>
      ++n < 3 ? { status: n === 1 ? 429 : 503, headers: { 'retry-after': '0' } } : undefined,
    );
    const [result] = await sendAll(await open('hubspot'), [identify(1, true)]);
    expect(result).toMatchObject({ tries: 3, outcomes: [{ status: 'delivered' }] });
    expect(server.asked).toHaveLength(3);
  });

  test('401 stops it, and no error tells the key', async () => {
    await using server = await anyHost(() => ({ status: 401, body: { message: 'bad key secret-key-1' } }));
    const options = { api_key: 'secret-key-1', app_id: 'a', endpoint: 'https://rest.iad-01.braze.com' };
    const [result] = await sendAll(await open('braze', { options }), many.slice(0, 2));
    expect(result!.stopped).toContain('401');
    expect(JSON.stringify(result)).not.toContain('secret-key');
    expect(server.asked).toHaveLength(1);
  });

  test('a token is renewed once for all that ask, and no error tells it', async () => {
    const oauth = { refresh_token: 'refresh-1', client_id: 'i', client_secret: 'client-secret' };
    await using server = await anyHost(({ path }) =>
      path.includes('oauth')
        ? { body: { access_token: 'renewed-token-1' } }
        : { status: 400, body: { message: 'what is renewed-token-1?' } },
    );
    const target = await open('hubspot', { oauth });
    const attempts = await Promise.all(many.slice(0, 2).map((message) => target.send([message], never)));
    expect(server.asked.filter(({ path }) => path.includes('oauth'))).toHaveLength(1);
    expect(server.asked.some(({ headers }) => headers.authorization === 'Bearer renewed-token-1')).toBe(true);
    expect(JSON.stringify(attempts)).toContain('what is ***?');
    expect(JSON.stringify(attempts)).not.toContain('renewed-token');
  });

  test('an action that asks nothing has delivered nothing', async () => {
    await using server = await anyHost();
    const mapping = { time: { '@path': '$.timestamp' }, products: [], enable_batching: false };
    const purchase = { action: 'trackPurchase', subscribe: 'type = "identify"', mapping };
    const settings = { subscriptions: [purchase] };
    const results = await sendAll(await open('braze', settings), [identify(1, true)]);
    const outcomes = results.flatMap((r) => [r.outcomes].flat());
    expect(server.asked).toHaveLength(0);
    expect(outcomes.map((o) => o.status)).toEqual(['rejected']);
  });

  test('no connection is tried again', async () => {
    await using gone = await anyHost();
    await gone[Symbol.asyncDispose]();
    const options = { api_key: 'k', app_id: 'a', endpoint: 'http://127.0.0.1:9' };
    const [result] = await sendAll(await open('braze', { options, retries: 1 }), [identify(1, true)]);
    expect(result).toMatchObject({ tries: 2, outcomes: { status: 'failed' } });
  });
});

test.each([
  ['braze', { options: { app_id: 'a' } }, /settings.options: .*'api_key'/, undefined],
  ['hubspot', { subscriptions: undefined }, /action:hubspot has no presets/, /upsertContact/],
  [
    'hubspot',
    { subscriptions: [{ action: 'upsertContct' }] },
    /no action "upsertContct"/,
    /did you mean "upsertContact"/,
  ],
  [
    'hubspot',
    { subscriptions: [{ action: 'upsertContact', mapping: { emial: 1 } }] },
    /no field "emial"/,
    /"email"/,
  ],
  [
    'hubspot',
    { subscriptions: [{ action: 'upsertContact', subscribe: 'type = "identify" and (' }] },
    /./,
    undefined,
  ],
  ['slack', { subscriptions: [{ action: 'postToChannel' }] }, /does not say what it is for/, undefined],
] as const)('%s %j', (slug, settings, message, hint) => {
  const problems = actionType(`action:${slug}`)!.check({ ...CASES[slug], ...settings });
  expect(problems).toHaveLength(1);
  expect(problems[0]!.message).toMatch(message);
  if (hint) expect(problems[0]!.hint).toMatch(hint);
});
