/** Whom destinations are not told of: people who are suppressed, and those without consent. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { backfillProject, compileProject, forget, retire, type RunOptions } from '../../runtime/index.js';
import { refuse, hooked } from './faults.js';
import { BUYERS, CRM, REVENUE, Shop, order, toldOf, type Message } from './shop.js';

let shop: Shop;
afterEach(async () => shop.dispose());

const day = (n: number): string => `2025-01-0${n}T00:00:00Z`;

let ids = 0;
const buy = (n: number, user: string, revenue = 10): Message =>
  order(`o${++ids}`, user, `2025-01-0${n}T12:00:00Z`, revenue);

const traits = (n: number, user: string, own: object): Message => ({
  id: `i${++ids}`,
  type: 'identify',
  user,
  at: `2025-01-0${n}T12:00:00Z`,
  traits: own,
});

/** Preferences as consent tools send them. */
async function prefers(n: number, user: string, categoryPreferences: object): Promise<void> {
  const context = JSON.stringify({ consent: { categoryPreferences } });
  const at = `2025-01-0${n}T13:00:00Z`;
  await shop.sql(`insert into raw.messages (message_id, type, event, timestamp, received_at, user_id, context)
    values ('p${++ids}', 'track', 'Segment Consent Preference Updated', '${at}', '${at}', '${user}', '${context}')`);
}

const run = async (n: number, more: Partial<RunOptions> = {}): Promise<void> => {
  expect(await shop.run(day(n), more)).toMatchObject({ exit: 0 });
};

/** What a destination was told, sorted: `user key value`. */
async function told(destination = 'crm'): Promise<readonly string[]> {
  expect(await shop.sync()).toMatchObject({ exit: 0 });
  return (await shop.sent(`${destination}.jsonl`)).map(toldOf).sort();
}

const filtered = async (): Promise<readonly string[]> =>
  (
    await shop.query(
      'select identifier, destination_key, definition_key, value, reason from rollcall.filtered',
    )
  )
    .map((row) => Object.values(row).map(String).join(' '))
    .sort();

const destination = (key: string, more: object = {}): Promise<void> =>
  shop.write(`destinations/${key}.json`, {
    ...CRM,
    key,
    settings: { path: `${key}.jsonl` },
    send: ['identify'],
    ...more,
  });

async function started(config: object, models: Readonly<Record<string, unknown>>): Promise<void> {
  shop = await Shop.create(models);
  await shop.configure({ ...config });
  await destination('crm');
}

describe('people who are suppressed', () => {
  const SUPPRESS = {
    suppress: { any: [{ trait: 'do_not_contact', equals: true }, { audience: 'complained' }] },
  };
  const COMPLAINED = { definition: { event: 'Complained' } };
  const MODELS = {
    buyers: { ...BUYERS, destinations: ['crm'] },
    revenue: { ...REVENUE, destinations: ['crm'] },
    complained: COMPLAINED,
  };

  it('are not told of, get their ends, and are told of again afterwards', async () => {
    await started(SUPPRESS, MODELS);
    await shop.land(buy(1, 'ann'), buy(1, 'bob'), buy(1, 'cid'));
    await shop.land(traits(1, 'ann', { do_not_contact: true }));
    await run(2);
    const others = ['bob buyers true', 'bob revenue 10', 'cid buyers true', 'cid revenue 10'];
    expect(await told()).toEqual(others);
    expect(await shop.members('suppressed')).toEqual(['ann']);
    const kept = ['ann crm buyers true suppressed', 'ann crm revenue 10 suppressed'];
    expect(await filtered()).toEqual(kept);
    // Told once, and nothing more while it lasts.
    await shop.land({ id: 'c1', event: 'Complained', user: 'bob', at: '2025-01-02T12:00:00Z' });
    await run(3);
    expect(await told()).toEqual([...others, 'bob buyers false', 'bob revenue null'].sort());
    expect(await shop.members('buyers')).toEqual(['ann', 'bob', 'cid']);
    await run(4);
    expect(await filtered()).toEqual([
      ...kept,
      'bob crm buyers true suppressed',
      'bob crm revenue 10 suppressed',
    ]);
    await shop.land(traits(4, 'ann', { do_not_contact: false }));
    await run(5);
    expect(await told()).toEqual(
      [...others, 'bob buyers false', 'bob revenue null', 'ann buyers true', 'ann revenue 10'].sort(),
    );
    expect(await filtered()).toHaveLength(4);
    // The setting gone, everybody is told of.
    await shop.configure();
    await run(6);
    expect((await told()).filter((line) => line.startsWith('bob'))).toEqual([
      'bob buyers false',
      'bob buyers true',
      'bob buyers true',
      'bob revenue 10',
      'bob revenue 10',
      'bob revenue null',
    ]);
  });

  it('are not sent what waits and nobody tried', async () => {
    await started(SUPPRESS, { buyers: MODELS.buyers, complained: COMPLAINED });
    await shop.land(buy(1, 'ann'), buy(1, 'bob'), traits(1, 'bob', { do_not_contact: false }));
    await run(2);
    await shop.land(traits(2, 'ann', { do_not_contact: true }));
    // A run of other definitions looks at who is suppressed all the same.
    await run(3, { select: ['buyers'] });
    expect(await told()).toEqual(['bob buyers true']);
    const taken = await shop.query(`select status, error from rollcall.deliveries where status = 'filtered'`);
    expect(taken).toEqual([{ status: 'filtered', error: 'suppressed' }]);
    await shop.land(traits(3, 'ann', { do_not_contact: null }));
    await run(4);
    expect(await told()).toEqual(['ann buyers true', 'bob buyers true']);
  });

  describe('and were to be told what was taken back', () => {
    beforeEach(async () => {
      await started(SUPPRESS, { buyers: MODELS.buyers, complained: COMPLAINED });
      await shop.land(buy(1, 'ann'), traits(1, 'ann', { do_not_contact: false }));
      await run(2);
      await shop.land(traits(2, 'ann', { do_not_contact: true }));
      await run(3);
    });

    it('are told it once nobody is suppressed any more', async () => {
      await shop.configure();
      await run(4);
      expect(await told()).toEqual(['ann buyers true']);
    });

    it('are not told the end where the definition is gone', async () => {
      await shop.remove('buyers');
      await run(4);
      const options = { ...(await shop.options()), invocation: 'rollcall retire' };
      expect(await retire({ ...options, key: 'buyers', sendExits: true })).toMatchObject({ messages: 0 });
    });

    it('are not told the end where they are forgotten', async () => {
      const options = { ...(await shop.options()), invocation: 'rollcall forget' };
      expect(await forget({ ...options, profiles: ['ann'] })).toMatchObject({ messages: [] });
      expect(await told()).toEqual([]);
    });
  });

  it('are told at one instant what was taken back from them at it', async () => {
    await started(SUPPRESS, { buyers: MODELS.buyers, complained: COMPLAINED });
    await shop.land(buy(1, 'ann'), traits(1, 'ann', { do_not_contact: false }));
    await run(4);
    await shop.land(traits(2, 'ann', { do_not_contact: true }));
    await run(4);
    expect(await told()).toEqual([]);
    await shop.land(traits(3, 'ann', { do_not_contact: false }));
    await run(4);
    expect(await told()).toEqual(['ann buyers true']);
  });

  it('are told the end of what their destination knew, where what came after is taken back', async () => {
    await started(SUPPRESS, { revenue: MODELS.revenue, complained: COMPLAINED });
    await destination('crm', { backfill: false });
    await shop.land(buy(1, 'ann', 10), traits(1, 'ann', { do_not_contact: false }));
    await run(2);
    await shop.land(buy(2, 'ann', 20));
    await run(3);
    await shop.land(traits(3, 'ann', { do_not_contact: true }));
    await run(4);
    expect(await told()).toEqual(['ann revenue null']);
  });

  it('nobody is told anything where it was never known who they are', async () => {
    await started(SUPPRESS, MODELS);
    await shop.land(buy(1, 'ann'), traits(1, 'ann', { do_not_contact: false }));
    const fails = { dialectFor: hooked(refuse(/stage_[^]*do_not_contact/i)) };
    const { definitions } = await shop.run(day(2), fails);
    const told = Object.fromEntries(definitions.map(({ key, status }) => [key, status]));
    expect(told).toMatchObject({
      suppressed: 'failed',
      buyers: 'upstream_failed',
      revenue: 'upstream_failed',
    });
    expect(await shop.query('select * from rollcall.outbox')).toEqual([]);
    await run(3);
    expect(await shop.members('buyers')).toEqual(['ann']);
    // Later it is what was published last.
    await shop.land(buy(3, 'bob'));
    const result = await shop.run(day(4), { ...fails, fullRefresh: ['suppressed'] });
    expect(result.definitions.find(({ key }) => key === 'suppressed')).toMatchObject({ status: 'failed' });
    expect(await shop.members('buyers')).toEqual(['ann', 'bob']);
  });
});

describe('a few definitions, where nothing ran yet', () => {
  const few = async (): Promise<RunOptions> => {
    await started({ suppress: { event: 'Complained' } }, { buyers: { ...BUYERS, destinations: ['crm'] } });
    await shop.land(buy(1, 'ann'));
    return shop.options({ select: ['buyers'], asOf: day(2) });
  };

  it('are compiled as they would run, with who is suppressed', async () => {
    const { definitions } = await compileProject(await few());
    expect(definitions.map(({ key }) => key)).toEqual(['buyers', 'suppressed']);
  });

  it('are built history of without asking whom anything is kept from: nobody is told', async () => {
    const { asOf: _, ...options } = await few();
    const days = { from: day(2), to: day(3), every: 86_400_000_000n };
    expect(await backfillProject({ ...options, ...days })).toMatchObject({ exit: 0 });
    expect(await shop.members('buyers')).toEqual(['ann']);
    await run(3);
    expect(await told()).toEqual(['ann buyers true']);
  });
});

describe('an audience that decides who is suppressed', () => {
  it('says nothing to anybody while it was never known who they are', async () => {
    const suppress = { any: [{ trait: 'do_not_contact', equals: true }, { audience: 'complained' }] };
    const complained = { definition: { event: 'Complained' }, destinations: ['crm'] };
    await started({ suppress }, { complained });
    const complaint = { id: 'c1', event: 'Complained', user: 'ann', at: '2025-01-01T12:00:00Z' };
    await shop.land(complaint, traits(1, 'ann', { do_not_contact: false }));
    await shop.run(day(2), { dialectFor: hooked(refuse(/stage_[^]*do_not_contact/i)) });
    expect(await told()).toEqual([]);
    await run(3);
    expect(await told()).toEqual([]);
  });
});

describe('consent', () => {
  it('is asked for each destination, of all its categories', async () => {
    const consent = {
      ads: { preference: 'Advertising' },
      mail: { trait: 'newsletter', equals: true },
    };
    await started({ consent }, { buyers: { ...BUYERS, destinations: ['crm', 'ads', 'both'] } });
    await destination('ads', { consent: ['ads'] });
    await destination('both', { consent: ['ads', 'mail'] });
    await shop.land(buy(1, 'ann'), buy(1, 'bob'), buy(1, 'cid'));
    await prefers(1, 'ann', { Advertising: true, Analytics: false });
    await prefers(1, 'bob', { Advertising: true });
    await prefers(1, 'cid', { Advertising: false });
    await shop.land(traits(1, 'ann', { newsletter: true }));
    await run(2);
    expect(await told()).toEqual(['ann buyers true', 'bob buyers true', 'cid buyers true']);
    expect(await told('ads')).toEqual(['ann buyers true', 'bob buyers true']);
    expect(await told('both')).toEqual(['ann buyers true']);
    expect(await filtered()).toEqual([
      'bob both buyers true no consent: mail',
      'cid ads buyers true no consent: ads',
      'cid both buyers true no consent: ads',
    ]);
    // The last preference counts, and one that does not speak of the category changes nothing.
    await prefers(2, 'ann', { Advertising: false });
    await prefers(2, 'bob', { Analytics: true });
    await prefers(2, 'cid', { Advertising: true });
    await run(3);
    expect(await told()).toHaveLength(3);
    expect(await told('ads')).toEqual([
      'ann buyers false',
      'ann buyers true',
      'bob buyers true',
      'cid buyers true',
    ]);
    expect(await told('both')).toEqual(['ann buyers false', 'ann buyers true']);
    // Consent given again and withdrawn again is a time of its own, and is written down once.
    await run(4);
    const toAnn = async (): Promise<number> =>
      (await filtered()).filter((line) => line === 'ann ads buyers true no consent: ads').length;
    expect(await toAnn()).toBe(1);
    await prefers(4, 'ann', { Advertising: true });
    await run(5);
    expect(await told('ads')).toHaveLength(5);
    await prefers(5, 'ann', { Advertising: false });
    await run(6);
    await run(7);
    await run(8);
    expect(await toAnn()).toBe(2);
  });
});

describe('group calls', () => {
  it('that wait are about accounts, of whom no consent is asked', async () => {
    const consent = { mail: { trait: 'newsletter', equals: true } };
    const match = { users: 'any', match: BUYERS.definition };
    await started({ consent }, { active: { of: 'accounts', definition: match, destinations: ['crm'] } });
    await destination('crm', { send: ['group', 'identify'], consent: ['mail'] });
    const member = (id: string, user: string): Message => ({
      id,
      type: 'group',
      user,
      group: 'acme',
      at: day(1),
    });
    await shop.land(member('g1', 'ann'), member('g2', 'bob'), buy(1, 'ann'));
    await shop.land(traits(1, 'ann', { newsletter: true }));
    await run(2);
    await run(2);
    expect(await shop.sync()).toMatchObject({ exit: 0 });
    const sent = await shop.sent<{ type: string; userId?: string; groupId?: string }>();
    const receivers = sent.map(({ type, userId, groupId }) => `${type} ${userId ?? groupId ?? ''}`);
    expect(receivers.sort()).toEqual(['group acme', 'identify ann']);
    expect(await shop.query('select error from rollcall.deliveries where attempt = 0')).toEqual([]);
  });
});

describe('rows of entities', () => {
  it('of a message that was taken back are not told of as exited, and are told again afterwards', async () => {
    const entities = { carts: { table: 'raw.carts', id: 'id', profile: { user_id: 'who' } } };
    const suppress = { trait: 'do_not_contact', equals: true };
    const waiting = { definition: { entity: 'carts' }, destinations: [{ to: 'crm', entities: 'carts' }] };
    await started({ entities, suppress }, { waiting });
    await destination('crm', { send: ['track'] });
    await shop.sql(
      'create table raw.carts (id varchar, who varchar)',
      "insert into raw.carts values ('c1', 'ann'), ('c2', 'bob')",
    );
    await shop.land(buy(1, 'ann'), buy(1, 'bob'), traits(1, 'ann', { do_not_contact: false }));
    await run(2);
    await shop.land(traits(2, 'ann', { do_not_contact: true }));
    await run(3);
    const said = async (): Promise<readonly string[]> => {
      expect(await shop.sync()).toMatchObject({ exit: 0 });
      const all = await shop.sent<{ userId: string; event: string; properties: { entities: unknown } }>();
      return all.map((m) => `${m.userId} ${m.event} ${JSON.stringify(m.properties.entities)}`);
    };
    const bob = 'bob Audience Entered {"carts":{"entered":["c2"],"exited":[]}}';
    expect(await said()).toEqual([bob]);
    await shop.land(traits(3, 'ann', { do_not_contact: false }));
    await run(4);
    expect(await said()).toEqual([bob, 'ann Audience Entered {"carts":{"entered":["c1"],"exited":[]}}']);
  });
});
