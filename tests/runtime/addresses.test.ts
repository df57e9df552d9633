/** People who are told by their addresses: hashed and without any id, suppressed, forgotten, and after the definition is gone. */
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { formatDiagnostic } from '../../compiler/diagnostics/print.js';
import { loadProject } from '../../models/index.js';
import { forget, retire } from '../../runtime/index.js';
import { BUYERS, CRM, Shop, order } from './shop.js';

let shop: Shop;
afterEach(async () => shop.dispose());

const day = (n: number): string => `2025-01-0${n}T00:00:00Z`;
const sha = (text: string): string => createHash('sha256').update(text).digest('hex');

let ids = 0;
const identify = (n: number, user: string, traits: object) =>
  ({ id: `i${++ids}`, type: 'identify', user, at: day(n), traits }) as const;

const ADS = {
  ...CRM,
  key: 'ads',
  settings: { path: 'crm.jsonl' },
  send: ['identify'],
  list: true,
  identifiers: { types: ['email', 'phone'], names: { phone: 'tel' } },
  hash: { email: 'email', phone: 'phone' },
};

async function started(config: object = {}): Promise<void> {
  shop = await Shop.create({ buyers: { ...BUYERS, destinations: ['ads'] } });
  await shop.configure({
    sources: [
      {
        name: 'raw',
        layout: 'messages',
        table: 'raw.messages',
        traits: ['phone', 'do_not_contact', 'email'],
      },
    ],
    ...config,
  });
  await shop.write('destinations/ads.json', ADS);
  await shop.land(
    order('o1', 'ann', day(1), 5),
    order('o2', 'bob', day(1), 5),
    identify(1, 'ann', { email: 'Ann@Example.com', phone: '+49 30 123456' }),
    identify(1, 'bob', { email: 'bob@example.com', phone: 'call me' }),
  );
}

const run = async (n: number): Promise<void> => expect(await shop.run(day(n))).toMatchObject({ exit: 0 });

const told = async (): Promise<readonly string[]> => {
  await shop.sync();
  return (await shop.sent<{ operation: string; traits: Record<string, unknown> }>())
    .map(({ operation, traits: { buyers: _, ...own }, ...rest }) => {
      expect(rest).not.toHaveProperty('userId');
      expect(rest).not.toHaveProperty('anonymousId');
      return `${operation} ${JSON.stringify(own)}`;
    })
    .sort();
};

const ANN = [{ email: sha('ann@example.com') }, { tel: sha('+4930123456') }].map((one) =>
  JSON.stringify(one),
);
const BOB = JSON.stringify({ email: sha('bob@example.com') });
const lines = (operation: string, ...all: readonly string[]): readonly string[] =>
  all.map((one) => `${operation} ${one}`);

it('go to a list by hashes alone, and what cannot be written as asked is filtered', async () => {
  await started();
  await run(2);
  expect(await told()).toEqual(lines('add', ...ANN, BOB).toSorted());
  const filtered = await shop.query(
    "select o.identifier from rollcall.deliveries join rollcall.outbox o using (message_id) where status = 'filtered'",
  );
  expect(filtered).toEqual([{ identifier: 'call me' }]);
});

it('leave the name of a phone to a definition that is called so', async () => {
  shop = await Shop.create({ phone: { ...BUYERS, destinations: ['ads'] } });
  await shop.configure({
    sources: [{ name: 'raw', layout: 'messages', table: 'raw.messages', traits: ['email'] }],
  });
  const { hash: _, list: __, ...ads } = ADS;
  await shop.write('destinations/ads.json', {
    ...ads,
    send: ['identify', 'track'],
    identifiers: { types: ['email'] },
  });
  await shop.land(order('o1', 'ann', day(1), 5), identify(1, 'ann', { email: 'ann@example.com' }));
  await run(2);
  const payloads = await shop.query('select message_type, payload from rollcall.outbox order by 1');
  const [identified, tracked] = payloads.map(({ payload }) => String(payload));
  expect(identified?.match(/"phone"/g)).toHaveLength(2); // the trait, and the key in its context
  expect(JSON.parse(identified ?? '')).toMatchObject({ traits: { phone: true, email: 'ann@example.com' } });
  expect(JSON.parse(tracked ?? '')).toMatchObject({ properties: { phone: true } });
});

it('are kept from destinations with the people whose they are, and taken back', async () => {
  await started({ suppress: { trait: 'do_not_contact', equals: true } });
  await run(2);
  expect(await told()).toHaveLength(3);
  await shop.land(
    identify(2, 'ann', { do_not_contact: true }),
    identify(2, 'bob', { email: 'bob@example.org' }),
  );
  await run(3);
  const added = JSON.stringify({ email: sha('bob@example.org') });
  const now = [...lines('add', ...ANN, BOB, added), ...lines('remove', ...ANN)].toSorted();
  expect(await told()).toEqual(now);
  // What waits is not sent after all.
  await shop.land(identify(3, 'ann', { do_not_contact: false }));
  await run(4);
  await shop.land(identify(4, 'ann', { do_not_contact: true }));
  await run(5);
  expect(await told()).toEqual(now);
});

describe('whoever was told by an address is told the end', () => {
  it('where they are forgotten, and nothing names it then', async () => {
    await started();
    await run(2);
    await told();
    const options = await shop.options();
    const { messages } = await forget({ ...options, profiles: ['ann'], invocation: 'rollcall forget' });
    expect(messages).toEqual([{ destination: 'ads', messages: 2, enabled: true }]);
    expect(await told()).toEqual([...lines('add', ...ANN, BOB), ...lines('remove', ...ANN)].toSorted());
    await run(3);
    expect(await told()).toHaveLength(5);
    for (const table of ['addresses', 'sent', 'outbox', 'filtered'])
      expect(await shop.query(`select * from rollcall.${table} where identifier ilike '%ann@%' or identifier like '+49%'`)).toEqual([]); // prettier-ignore
  });

  it('but by destinations that the project has no more, which are named', async () => {
    await started();
    await run(2);
    await told();
    await shop.model('buyers', BUYERS);
    await rm(join(shop.dir, 'destinations/ads.json'));
    const options = await shop.options();
    const { messages, untold } = await forget({
      ...options,
      profiles: ['ann'],
      invocation: 'rollcall forget',
    });
    expect({ messages, untold }).toEqual({ messages: [], untold: ['ads'] });
  });

  it('where the definition is gone, or the destination asks for ids now', async () => {
    await started();
    await run(2);
    await told();
    await shop.write('destinations/ads.json', { ...ADS, identifiers: 'all' });
    await shop.remove('buyers');
    await shop.model('other', BUYERS);
    await run(3);
    const options = await shop.options();
    expect(await retire({ ...options, key: 'buyers', sendExits: true, invocation: 'rollcall retire' })).toMatchObject({ messages: 4 }); // prettier-ignore
    expect(await told()).toEqual(
      [
        ...lines('add', ...ANN, BOB),
        ...lines('remove', ANN[0] ?? '', JSON.stringify({ phone: sha('+4930123456') }), BOB),
      ].toSorted(),
    );
  });
});

it('are refused where messages need an id, where a name is left for nobody, and where there is no phone', async () => {
  shop = await Shop.create({ email: { ...BUYERS, destinations: ['ads'] } });
  await shop.write('destinations/ads.json', { ...ADS, traits: { plan: 'phone' } });
  await shop.write('destinations/seg.json', {
    kind: 'destination',
    key: 'seg',
    type: 'segment',
    settings: { write_key: 'k' },
    identifiers: { types: ['user_id', 'email'] },
  });
  const { diagnostics } = await loadProject({ dir: shop.dir, env: {} });
  expect(diagnostics.map((one) => formatDiagnostic(one)).join('\n')).toMatchInlineSnapshot(`
    "destinations/ads.json:26:5 invalid-value "phone" is the name of an identifier ("identifiers" of the destination)
          "plan": "phone"
          ^^^^^^
      hint: call it otherwise
    destinations/seg.json:3:10 not-supported "seg" drops messages without a user_id or anonymous_id, so it cannot tell people by their email
        "key": "seg",
               ^^^^^
      hint: take them out of "types": the latest email is in every message
    models/email.json:10:5 not-supported "ads" tells people by "email", and messages of "email" have that name for what they tell
          "ads"
          ^^^^^
      hint: give the definition another key, or send it elsewhere"
  `);
  await shop.remove('email');
  await shop.model('buyers', BUYERS);
  await shop.write('destinations/ads.json', ADS);
  await shop.write('destinations/seg.json', { ...CRM, key: 'seg' });
  await shop.land(identify(1, 'ann', { phones: '1' }));
  await expect(shop.run(day(2))).rejects.toThrow(
    '"ads" tells people by their phone, and there is no trait "phone"',
  );
});
