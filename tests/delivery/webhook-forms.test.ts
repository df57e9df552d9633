/** What a webhook can be told to send: signed, with headers that speak of it, one by one, as lists. */
import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

import type { OutboxMessage } from '../../delivery/destination.js';
import { webhook } from '../../delivery/destinations/webhook.js';
import type { Destination } from '../../models/definition.js';
import { context, destination, message, messages, sendAll } from './support.js';
import { faultyServer, status, type FaultyServer } from './server.js';

async function send(
  server: FaultyServer,
  settings: Record<string, unknown>,
  all: readonly OutboxMessage[] = messages(2),
  over: Partial<Destination> = {},
) {
  const target = await webhook.open(context(destination('webhook', { url: server.url, ...settings }, over)));
  await sendAll(target, all);
  await target.close();
}

test('a signature is of the body and the time, and each attempt has its own', async () => {
  await using server = await faultyServer((n) => (n === 1 ? status(500, {}, 'about s3cret key') : undefined));
  const payload = '{"messageId":"m1","userId":"ümlaut \\" \\n"}';
  await send(server, { signing_secret: 's3cret key' }, [message(1, { payload })]);
  expect(server.requests).toHaveLength(2);
  for (const { headers, text } of server.requests) {
    const [, time, hash] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['x-rollcall-signature']))!;
    expect(Number(time)).toBe(Date.parse('2025-03-01T12:00:00Z') / 1000);
    expect(hash).toBe(createHmac('sha256', 's3cret key').update(`${time}.${text}`).digest('hex'));
    expect(JSON.stringify(headers)).not.toContain('s3cret');
  }
});

test('the function of the page verifies what arrives, and nothing else', async () => {
  await using server = await faultyServer();
  await send(server, { signing_secret: 'secret' });
  const page = await readFile(new URL('../../docs/destinations.md', import.meta.url), 'utf8');
  const code = /```js\n([^]*?)```/.exec(page)![1]!;
  type Verify = (secret: string, header: string, body: string, now?: number) => boolean;
  const pasted = `data:text/javascript,${encodeURIComponent(`${code}\nexport { isOurs };`)}`;
  const { isOurs } = (await import(/* @vite-ignore */ pasted)) as { readonly isOurs: Verify };
  const { headers, text } = server.requests[0]!;
  const [header, then] = [String(headers['x-rollcall-signature']), Date.parse('2025-03-01T12:00:09Z')];
  expect(isOurs('secret', header, text, then)).toBe(true);
  expect(isOurs('another', header, text, then)).toBe(false);
  expect(isOurs('secret', header, `${text} `, then)).toBe(false);
  expect(isOurs('secret', header.replace('t=1', 't=2'), text, then)).toBe(false);
  expect(isOurs('secret', header, text, then + 600_000)).toBe(false);
});

test('headers speak of what is sent, and a request is of one kind of it', async () => {
  await using server = await faultyServer();
  const headers = { 'X-What': '{{ destination }}/{{definition}}/{{type}}', 'X-Plain': 'a {b} }}' };
  const all = [
    message(1),
    message(2, { type: 'track' }),
    message(3, { definition: 'big' }),
    message(4),
    message(5, { runNo: 2 }),
  ];
  await send(server, { headers }, all);
  expect(server.requests.map((r) => [r.headers['x-what'], r.ids.join()])).toEqual([
    ['crm/buyers/identify', 'm1,m4'],
    ['crm/buyers/track', 'm2'],
    ['crm/big/identify', 'm3'],
    ['crm/buyers/identify', 'm5'],
  ]);
  expect(server.requests[0]!.headers['x-plain']).toBe('a {b} }}');
  expect(webhook.check({ url: 'http://x', headers: { a: '{{user}}' } })).toEqual([
    {
      message: 'the header "a" holds {{user}}, which there is not',
      hint: 'there are "{{destination}}", "{{definition}}", "{{type}}" or "{{message_id}}"',
      setting: 'headers',
    },
  ]);
});

test('one message a request is the body itself', async () => {
  await using server = await faultyServer();
  await send(server, { body: 'message', headers: { 'x-id': '{{message_id}}' } });
  expect(server.requests.map((r) => [r.headers['x-id'], r.text])).toEqual(
    messages(2).map((m) => [m.messageId, m.payload]),
  );
});

test('lists: a request is of one list and one direction, and a removal never overtakes what a run before it added', async () => {
  await using server = await faultyServer();
  const [yes, no] = [{ value: 'true' }, { value: 'false' }];
  const all = [
    message(1, yes),
    message(2, no),
    message(3, { ...yes, definition: 'big' }),
    message(4, yes),
    message(5, { ...no, runNo: 2, identifier: 'u1' }),
  ];
  await send(server, {}, all, { list: true });
  const said = server.requests.map((r) => {
    const { list: key, operation } = r.body as unknown as Record<string, unknown>;
    return [key, operation, r.ids.join()];
  });
  expect(said).toEqual([
    ['buyers', 'add', 'm1,m4'],
    ['buyers', 'remove', 'm2'],
    ['big', 'add', 'm3'],
    ['buyers', 'remove', 'm5'],
  ]);
});
