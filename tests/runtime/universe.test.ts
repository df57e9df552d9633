/** The universe and current custom traits, brought from run to run: what they are is what a whole run makes of the same. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunOptions, RunResult } from '../../runtime/index.js';
import { hooked, refuse } from './faults.js';
import { Shop, type Message } from './shop.js';

const PAYING = { definition: { trait: 'plan', equals: 'paid' }, include_anonymous: true };
const at = (day: number): string => `2025-01-${String(day).padStart(2, '0')}T00:00:00Z`;
const noon = (day: number): string => `2025-01-${String(day).padStart(2, '0')}T12:00:00Z`;

let shop: Shop;
beforeEach(async () => {
  shop = await Shop.create({ paying: PAYING });
});
afterEach(() => shop.dispose());

let ids = 0;
const seen = (who: Pick<Message, 'user' | 'anonymous'>, when: string, received: string): Message => ({
  id: `e${(ids += 1)}`,
  event: 'Product Viewed',
  at: when,
  received,
  ...who,
});
const said = (user: string, traits: unknown, when: string, received: string): Message => ({
  id: `i${(ids += 1)}`,
  type: 'identify',
  user,
  at: when,
  received,
  traits,
});

/** An event of an anonymous id on a device that makes it known. */
const onDevice = async (anonymous: string, when: string, received: string): Promise<void> =>
  shop.sql(
    `insert into raw.messages (message_id, type, event, timestamp, received_at, anonymous_id, context) values
     ('d', 'track', 'Product Viewed', '${when}', '${received}', '${anonymous}', '{"device":{"type":"ios","advertisingId":"A"}}')`,
  );

/** Every profile with all that is said of it, by name. */
async function universe(): Promise<Readonly<Record<string, unknown>>> {
  const [column] = await shop.query(
    "select column_name n from information_schema.columns where table_schema = 'rollcall' and table_name = 'custom_traits' and column_name like 'plan%'",
  );
  const rows = await shop.query(
    `select profile_kind || ' ' || profile_id as profile, known, user_id, email, anonymous_id, latest_email, t."${String(column?.['n'])}" as plan
     from rollcall.profiles left join rollcall.custom_traits t using (profile_no) order by 1`,
  );
  return Object.fromEntries(rows.map(({ profile, ...rest }) => [String(profile), rest]));
}

const FORGET = "delete from rollcall.meta where name = 'profiles_made'";
const isMadeSince = ({ steps }: RunResult): boolean =>
  steps.some(({ step }) => step === 'shared.profiles.due');

/** A run; then what it left is compared with what is made of the same anew. */
async function run(asOf: string, more: Partial<RunOptions> = {}): Promise<{ now: unknown; since: boolean }> {
  const result = await shop.run(asOf, more);
  expect(result.exit).toBe(0);
  const now = await universe();
  await shop.sql(FORGET);
  const again = await shop.run(asOf, more);
  expect(isMadeSince(again)).toBe(false);
  expect(await universe()).toEqual(now);
  return { now, since: isMadeSince(result) };
}

const since = async (asOf: string): Promise<unknown> => {
  const made = await run(asOf);
  expect(made.since).toBe(true);
  return made.now;
};

describe('only profiles that may have changed are made again', () => {
  it('where instants of what landed before have come since', async () => {
    await shop.land(
      seen({ user: 'ann' }, noon(1), noon(1)),
      said('ann', { email: 'ann@new', plan: 'paid' }, noon(2), noon(1)),
      seen({ anonymous: 'x' }, noon(1), noon(1)),
      seen({ user: 'bob', anonymous: 'x' }, noon(3), noon(1)),
      seen({ user: 'cid' }, noon(4), noon(1)),
      seen({ anonymous: 'dev' }, noon(1), noon(1)),
    );
    await onDevice('dev', noon(5), noon(1));
    await run(at(2));
    expect(await since(at(3))).toMatchObject({
      'user ann': { email: 'ann@new', latest_email: 'ann@new', plan: '"paid"' },
      'anonymous x': { known: false, anonymous_id: 'x' },
    });
    const third = await since(at(4));
    expect(third).toMatchObject({ 'user bob': { anonymous_id: 'x' } });
    expect(third).not.toHaveProperty('anonymous x');
    expect(third).not.toHaveProperty('user cid');
    expect(await since(at(5))).toMatchObject({
      'user cid': { known: true },
      'anonymous dev': { known: false },
    });
    expect(await since(at(6))).toMatchObject({ 'anonymous dev': { known: true } });
  });

  it('where something landed of them, however late', async () => {
    await shop.land(
      seen({ user: 'bob', anonymous: 'x' }, noon(3), noon(3)),
      seen({ anonymous: 'y' }, noon(3), noon(3)),
      seen({ anonymous: 'z' }, at(1), noon(3)),
      { id: 'g', type: 'group', user: 'grp', group: 'acme', at: noon(2) },
      { id: 'h', type: 'group', user: 'fay', anonymous: 's', group: 'acme', at: noon(2) },
      { ...seen({ user: 'eve', anonymous: 's' }, noon(2), noon(2)), id: 'm6' },
      { ...seen({ user: 'dan', anonymous: 't' }, noon(2), noon(2)), id: 'm9' },
      { ...seen({ user: 'eve', anonymous: 't' }, noon(2), noon(2)), id: 'm5' },
      seen({ user: 'ann' }, at(1), noon(1)),
      said('ann', { email: 'ann@2', plan: 'paid' }, noon(2), noon(2)),
      said('bob', { plan: 'paid' }, noon(2), noon(2)),
    );
    await run(at(4));
    // An earlier user of x, an earlier email of ann, a removal, a new user; nothing of y.
    await shop.land(
      seen({ user: 'cid', anonymous: 'x' }, noon(1), noon(4)),
      said('ann', { email: 'ann@1' }, noon(1), noon(4)),
      said('ann', { email: null, plan: null }, noon(3), noon(4)),
      seen({ user: 'new' }, noon(1), noon(4)),
    );
    await onDevice('z', noon(1), noon(4));
    expect(await since(at(5))).toEqual({
      'anonymous z': profile({ anonymous_id: 'z' }),
      'anonymous y': profile({ known: false, anonymous_id: 'y' }),
      'user ann': profile({ user_id: 'ann', email: 'ann@1', plan: 'null' }),
      'user bob': profile({ user_id: 'bob', plan: '"paid"' }),
      'user cid': profile({ user_id: 'cid', anonymous_id: 'x' }),
      'user dan': profile({ user_id: 'dan' }),
      'user eve': profile({ user_id: 'eve', anonymous_id: 't' }),
      'user fay': profile({ user_id: 'fay', anonymous_id: 's' }),
      'user new': profile({ user_id: 'new' }),
    });
    // An earlier anonymous id of cid: seen before, and theirs from now on. Who called for an account is somebody once seen
    // otherwise, and t is first seen with dan by the smaller id; that fay is seen with s again takes nothing back.
    await shop.land(
      seen({ user: 'grp' }, noon(3), noon(5)),
      { ...seen({ user: 'dan', anonymous: 't' }, noon(2), noon(5)), id: 'm1' },
      { ...seen({ user: 'fay', anonymous: 's' }, noon(3), noon(5)), id: 'z' },
      seen({ anonymous: 'y' }, at(1), noon(5)),
      seen({ user: 'cid', anonymous: 'y' }, noon(4), noon(5)),
    );
    const last = await since(at(6));
    expect(last).toMatchObject({
      'user cid': { anonymous_id: 'y' },
      'user dan': { anonymous_id: 't' },
      'user eve': { anonymous_id: null },
      'user fay': { anonymous_id: 's' },
      'user grp': { known: true },
    });
    expect(last).not.toHaveProperty('anonymous y');
  });
});

const profile = (over: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => ({
  known: true,
  user_id: null,
  email: null,
  anonymous_id: null,
  latest_email: null,
  plan: null,
  ...over,
});

describe('all are made again', () => {
  const started = async (): Promise<void> => {
    await shop.land(
      said('ann', { plan: 'paid' }, noon(1), noon(1)),
      seen({ anonymous: 'x' }, noon(3), noon(1)),
    );
    await shop.run(at(2));
  };

  it('for an earlier instant, and where everything is read anew', async () => {
    await started();
    expect(Object.keys((await since(at(4))) as object)).toEqual(['anonymous x', 'user ann']);
    const behind = await run(at(2), { asOfBehind: true });
    expect([behind.since, Object.keys(behind.now as object)]).toEqual([false, ['user ann']]);
    expect((await run(at(4), { fullRefresh: [] })).since).toBe(false);
  });

  it('after a run that landed and went no further', async () => {
    await started();
    await shop.land(said('bob', { plan: 'paid', email: 'b' }, noon(2), noon(2)));
    const died = await shop.run(at(3), { dialectFor: hooked(refuse(/rollcall_profiles_due/)) });
    expect(died.exit).not.toBe(0);
    expect(died.landing).toMatchObject([{ new_rows: 1 }]);
    const made = await run(at(3));
    expect(made.since).toBe(false);
    expect(made.now).toMatchObject({ 'user bob': { email: 'b', plan: '"paid"' } });
  });

  it('in state that does not say for when they were made, or of which somebody took rows', async () => {
    await started();
    // What is kept of traits is of no older version, and what it holds is not believed.
    await shop.sql(FORGET, 'update rollcall.custom_traits set profile_no = 0');
    expect(await run(at(3))).toMatchObject({ since: false, now: { 'user ann': { plan: '"paid"' } } });
    await shop.sql('delete from rollcall.profiles');
    expect(await run(at(3))).toMatchObject({ since: false, now: { 'user ann': { known: true } } });
    await shop.sql('drop table rollcall.custom_traits');
    expect((await shop.run(at(3))).exit).toBe(0);
    expect(await universe()).toMatchObject({ 'user ann': { plan: '"paid"' } });
  });
});
