import { afterEach, beforeEach, expect, it } from 'vitest';
import { factsTable } from '../../compiler/program/index.js';
import { needsOf, STATE_SCHEMA } from './given.js';
import { World } from './world.js';

const NEEDS = needsOf({ 'Order Completed': [] }, ['plan']);
const FACTS = factsTable(STATE_SCHEMA, 'raw', 'Order Completed', []).table.name;

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(async () => world.close());

let landed = 0;
const track = (
  timestamp: string,
  user_id: string | null,
  anonymous_id: string | null,
  over = {},
): object => ({
  message_id: `m${(landed += 1)}`,
  type: 'track',
  event: 'Order Completed',
  timestamp,
  received_at: '2024-01-01',
  user_id,
  anonymous_id,
  ...over,
});
const messages = async (...rows: readonly object[]): Promise<void> =>
  world.messages(rows as readonly Readonly<Record<string, unknown>>[]);

const run = async (asOf: string): Promise<void> => {
  await world.run({ asOf: `${asOf}T00:00:00Z`, needs: NEEDS });
};
const column = async (sql: string): Promise<readonly unknown[]> =>
  (await world.query(sql)).map((row) => Object.values(row).join(' '));
const profiles = async (): Promise<readonly unknown[]> =>
  column("select profile_kind || ':' || profile_id from rollcall.profiles order by 1");
/** Whose each order is. */
const owners = async (): Promise<readonly unknown[]> =>
  column(`select f.message_id || ' ' || s.identifier from rollcall.${FACTS} f
    join rollcall.subjects s on s.subject_no = f.profile_no order by f."timestamp", f.message_id`);

it('links an anonymous id to the first user it is seen with, for what came before too', async () => {
  landed = 0;
  await messages(
    track('2024-01-01', null, 'a1'),
    track('2024-01-03', 'bob', 'a1'),
    track('2024-01-02', 'ann', 'a1'),
  );
  await run('2024-02-01');
  expect(await profiles()).toEqual(['user:ann', 'user:bob']);
  expect(await owners()).toEqual(['m1 ann', 'm3 ann', 'm2 bob']);
});

it('breaks ties of time by message id, as text', async () => {
  await messages(
    track('2024-01-01', 'bob', 'a1', { message_id: 'm9' }),
    track('2024-01-01', 'ann', 'a1', { message_id: 'm10' }),
    track('2024-01-01', null, 'a1', { message_id: 'm11' }),
  );
  await run('2024-02-01');
  expect(await owners()).toEqual(['m10 ann', 'm11 ann', 'm9 bob']);
});

it('takes user x and anonymous x as two', async () => {
  await messages(track('2024-01-01', 'x', null), track('2024-01-01', null, 'x'));
  await run('2024-02-01');
  expect(await profiles()).toEqual(['anonymous:x', 'user:x']);
});

it('links, relinks and unlinks as as_of goes forth and back, and lists who changed hands', async () => {
  landed = 0;
  await messages(track('2024-01-01', null, 'a1'), track('2024-01-10', 'ann', 'a1'));
  await run('2024-01-05');
  expect(await profiles()).toEqual(['anonymous:a1']);
  expect(await owners()).toEqual(['m1 a1', 'm2 ann']);
  await run('2024-01-10');
  expect(await profiles()).toEqual(['user:ann']);
  expect(await owners()).toEqual(['m1 ann', 'm2 ann']);
  await run('2024-01-05');
  expect(await profiles()).toEqual(['anonymous:a1']);
  expect(await owners()).toEqual(['m1 a1', 'm2 ann']);
  // Late data: an older link to someone else.
  await messages(track('2024-01-08', 'bob', 'a1', { received_at: '2024-01-20' }));
  await run('2024-01-20');
  expect(await owners()).toEqual(['m1 bob', 'm3 bob', 'm2 ann']);
  expect(
    await column(`select r.run_id, s.identifier, f.identifier, t.identifier from rollcall.reassignments r
      join rollcall.subjects s using (subject_no) join rollcall.subjects f on f.subject_no = r.from_profile_no
      join rollcall.subjects t on t.subject_no = r.to_profile_no order by 1`),
  ).toEqual(['run_2 a1 a1 ann', 'run_3 a1 ann a1', 'run_4 a1 a1 bob']);
});

it('keeps numbers for ever', async () => {
  await messages(track('2024-01-01', 'ann', 'a1'));
  await run('2024-02-01');
  const before = await column('select subject_no, identifier from rollcall.subjects order by 1');
  await messages(track('2023-01-01', 'bob', 'a0', { received_at: '2024-01-02' }));
  await run('2024-02-01');
  const after = await column('select subject_no, identifier from rollcall.subjects order by 1');
  expect(after.slice(0, before.length)).toEqual(before);
  expect(after).toHaveLength(4);
});

it('counts group and alias calls for links, not for the universe', async () => {
  await messages(
    { ...track('2024-01-01', 'ann', 'a1'), type: 'group' },
    { ...track('2024-01-01', 'bob', null), type: 'alias' },
    track('2024-01-02', null, 'a1'),
  );
  await run('2024-01-01');
  expect(await profiles()).toEqual([]);
  await run('2024-01-02');
  expect(await profiles()).toEqual(['user:ann']);
});

it('knows who has a user id, an email or a mobile advertising id by then', async () => {
  const device = (type: string, advertisingId: unknown): object => ({
    context: { device: { type, advertisingId } },
  });
  const identify = (timestamp: string, id: string, traits: unknown): object => ({
    ...track(timestamp, null, id),
    type: 'identify',
    event: null,
    traits,
  });
  await messages(
    track('2024-01-01', null, 'android', device('Android', 'x')),
    track('2024-01-01', null, 'desktop', device('desktop', 'x')),
    track('2024-01-01', null, 'nameless', device('ios', '')),
    track('2024-01-01', null, 'number', device('ios', 1)),
    track('2024-01-01', null, 'later', device('ios', 'x')),
    { ...track('2024-01-01', null, 'grouped', device('ios', 'x')), type: 'group' },
    track('2024-01-01', null, 'grouped'),
    identify('2024-01-01', 'mailed', { email: '' }),
    identify('2024-01-01', 'unmailed', { email: null }),
    identify('2024-01-01', 'gone', { email: 'gone@x.org' }),
    identify('2024-01-02', 'gone', { email: null }),
    identify('2024-01-01', 'soon', { plan: 'pro' }),
    identify('2024-03-01', 'soon', { email: 'soon@x.org' }),
  );
  await world.sql("update raw.messages set timestamp = '2024-03-01' where anonymous_id = 'later'");
  await messages(track('2024-01-01', null, 'later'));
  await run('2024-02-01');
  expect(await column('select profile_id from rollcall.profiles where known order by 1')).toEqual([
    'android',
    'gone',
    'mailed',
  ]);
  expect(
    await column(
      "select profile_id, email, coalesce(latest_email, '-') from rollcall.profiles where email is not null order by 1",
    ),
  ).toEqual(['gone gone@x.org -', 'mailed  ']);
  await run('2024-03-01');
  expect(await column('select profile_id from rollcall.profiles where known order by 1')).toEqual([
    'android',
    'gone',
    'later',
    'mailed',
    'soon',
  ]);
});

it('gives the first identifier of each type', async () => {
  await messages(
    track('2024-01-02', 'ann', 'a2'),
    track('2024-01-01', null, 'a1'),
    track('2024-01-03', 'ann', 'a1'),
    track('2023-01-01', null, 'a3'),
    track('2024-03-01', 'ann', 'a3'),
  );
  await run('2024-02-01');
  expect(
    await column('select profile_id, user_id, anonymous_id from rollcall.profiles where user_id is not null'),
  ).toEqual(['ann ann a1']);
  await run('2024-03-01');
  expect(await column('select profile_id, user_id, anonymous_id from rollcall.profiles')).toEqual([
    'ann ann a3',
  ]);
});
