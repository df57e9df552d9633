import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import type { Hashing } from '../../models/definition.js';
import { hashed, normalForm, shaped, shaping } from '../../delivery/hashing.js';
import { file } from '../../delivery/destinations/file.js';
import { context, destination, folder, message, never } from './support.js';
import { sync, testWarehouse } from './warehouse.js';

const sha = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('how values are written before they are hashed', () => {
  test.each([
    ['email', ' Ann@Example.COM\n', 'ann@example.com'],
    ['text', ' Müller ', 'müller'],
    ['text', '  ', undefined],
    ['text', { a: 1 }, undefined],
    ['phone', '+49 (0)30 / 123-456', '+4930123456'],
    ['phone', '0049 30 123456', '+4930123456'],
    ['phone', '030 123456', undefined],
    ['phone', 'call me', undefined],
    ['phone', '+1', undefined],
    ['phone', '+1234567890123456', undefined],
    ['phone_digits', '+49 30 123456', '4930123456'],
  ] as const)('%s of %j: %j', (as, value, expected) => {
    expect(normalForm(value, { as })).toBe(expected);
  });

  test('a number without its country gets the one that is given', () => {
    const how: Hashing = { as: 'phone', country: '49' };
    expect(['030 123456', '30123456', '+1 202 555 0123'].map((n) => normalForm(n, how))).toEqual([
      '+4930123456',
      '+4930123456',
      '+12025550123',
    ]);
  });

  test('what is hashed already is left as it is', () => {
    expect(hashed(sha('ann@example.com'), { as: 'email' })).toBe(sha('ann@example.com'));
    // The example of Google's own page on customer match.
    expect(hashed('test@example.com', { as: 'email' })).toBe(
      '973dfe463ec85785f5f95af5ba3906eedb2d931c24e69824a89ea65dba4e813b',
    );
  });
});

const identify = message(1, {
  payload: JSON.stringify({
    type: 'identify',
    userId: 'U1',
    traits: { buyers: true, email: 'Ann@example.com', phone: 'none' },
    context: { personas: {} },
  }),
});
const track = message(2, {
  type: 'track',
  identifierType: 'anonymous_id',
  identifier: 'v1',
  payload: JSON.stringify({
    type: 'track',
    anonymousId: 'v1',
    properties: { audience_key: 'buyers', buyers: true },
    context: { traits: { email: 'ann@example.com' } },
  }),
});
const RULES = {
  hash: { email: { as: 'email' }, phone: { as: 'phone' }, userId: { as: 'text' }, buyers: { as: 'text' } },
  identifierNames: { user_id: 'external_id' },
} as const;

test('a message: hashed where it has them, what cannot be hashed is left out, what it tells stays', () => {
  expect(JSON.parse(shaped(identify, RULES)!.payload)).toEqual({
    type: 'identify',
    userId: sha('u1'),
    traits: { buyers: true, email: sha('ann@example.com'), external_id: 'u1' },
    context: { personas: {} },
  });
  expect(JSON.parse(shaped(track, RULES)!.payload)).toEqual({
    type: 'track',
    anonymousId: 'v1',
    properties: { audience_key: 'buyers', buyers: true },
    context: { traits: { email: sha('ann@example.com') } },
  });
});

test('numbers are what they were, to the last digit', () => {
  const text = '{"a":12345678901234567890.123456789,"b":[1.50],"phone":4930123456789012.0,"email":1e2}';
  const some = message(4, { payload: `{"type":"identify","userId":"u4","traits":${text}}` });
  const { payload } = shaped(some, { hash: { phone: { as: 'text' }, email: { as: 'text' } } })!;
  const numbers = `"a":12345678901234567890.123456789,"b":[1.50]`;
  const hashes = `"phone":"${sha('4930123456789012')}","email":"${sha('100')}"`;
  expect(payload).toBe(`{"type":"identify","userId":"u4","traits":{${numbers},${hashes}}}`);
});

test('an identifier may have any name', () => {
  const { payload } = shaped(identify, { identifierNames: { user_id: 'constructor' } })!;
  expect(payload).toContain('"constructor":"u1"');
});

test('what was left out of a file is not taken for delivered', async () => {
  await using dir = await folder();
  await using w = await testWarehouse();
  await w.queue([
    { id: 'm1', user: 'ann' },
    { id: 'm2', user: '+49 30 123456' },
  ]);
  const definition = destination('file', { path: 'a.jsonl' }, { hash: { userId: { as: 'phone' } } });
  const { destinations } = await sync(w, { destinations: [definition], projectDir: dir.path });
  expect(destinations).toMatchObject([{ status: 'succeeded', delivered: 1, filtered: 1, waiting: 0 }]);
  expect(await w.rows('SELECT message_id, status FROM rollcall.deliveries ORDER BY 1')).toEqual([
    { message_id: 'm1', status: 'filtered' },
    { message_id: 'm2', status: 'delivered' },
  ]);
  expect(await w.rows('SELECT identifier FROM rollcall.sent')).toEqual([{ identifier: '+49 30 123456' }]);
});

test('a receiver that cannot be hashed is told nothing, and the others are', async () => {
  await using dir = await folder();
  const definition = destination('file', { path: 'a.jsonl' }, { hash: { userId: { as: 'phone' } } });
  const target = shaping(await file.open(context(definition, dir.path)), definition);
  const phone = message(3, { payload: '{"messageId":"m3","userId":"+49 30 123456"}' });
  expect(await target.send([identify, phone], never)).toMatchObject({
    outcomes: [{ status: 'filtered' }, { status: 'delivered' }],
  });
  await target.commit!();
  await target.close();
  const text = await readFile(join(dir.path, 'a.jsonl'), 'utf8');
  expect(text).toBe(`{"messageId":"m3","userId":"${sha('+4930123456')}"}\n`);
});
