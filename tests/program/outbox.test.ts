import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Definition, Destination } from '../../models/definition.js';
import { definition, destination, membersOf, needsOf, valuesOf, type Stage } from './given.js';
import { World, type RunResult } from './world.js';

let world: World;
let seen = 0;
beforeEach(async () => {
  world = await World.open();
  seen = 0;
});
afterEach(async () => world.close());

/** A message of someone at noon of a day in January. */
const see = async (
  day: number,
  user_id: string | null,
  anonymous_id: string | null,
  traits?: object,
): Promise<void> =>
  world.messages([
    {
      message_id: `m${(seen += 1)}`,
      type: traits ? 'identify' : 'track',
      event: traits ? null : 'Order Completed',
      timestamp: `2024-01-${String(day).padStart(2, '0')} 12:00:00`,
      received_at: '2024-01-01',
      user_id,
      anonymous_id,
      traits,
    },
  ]);

const CRM = destination({ key: 'crm', send: ['identify'] });
const VIP = definition({ key: 'vip', destinations: [{ to: 'crm' }] });

interface Sending {
  readonly of?: Definition;
  readonly to?: readonly Destination[];
}

/** Computes on the eve of a day. */
const run = (day: number, stage: Stage, { of = VIP, to = [CRM] }: Sending = {}): Promise<RunResult> =>
  world.run({
    asOf: `2024-01-${String(day).padStart(2, '0')}T23:00:00Z`,
    needs: needsOf({ 'Order Completed': [] }),
    definitions: [{ definition: of, stage }],
    destinations: to,
  });

/** `type identifier value`, of the messages a run queued. */
const queued = async (runNo: number): Promise<readonly unknown[]> =>
  (
    await world.query(
      `select replace(identifier_type, '_id', '') || ' ' || identifier || ' ' || value as m from rollcall.outbox where run_no = ${runNo} order by 1`,
    )
  ).map((row) => row['m']);

const payloads = async (): Promise<readonly unknown[]> =>
  (await world.query('select payload from rollcall.outbox order by message_type, identifier')).map(
    (row) => JSON.parse(String(row['payload'])) as unknown,
  );

/** What delivery leaves when it has told everything. */
const deliver = async (status = 'delivered'): Promise<void> => {
  await world.sql(`insert into rollcall.deliveries (message_id, destination_key, attempt, status)
    select message_id, destination_key, 1, '${status}' from rollcall.outbox
    where message_id not in (select message_id from rollcall.deliveries)`);
  if (status !== 'delivered') return;
  await world.sql(`delete from rollcall.sent;
    insert into rollcall.sent (destination_key, definition_key, identifier_type, identifier, value)
    select destination_key, definition_key, identifier_type, identifier, arg_max(value, run_no)
    from rollcall.outbox group by all`);
};

describe('an audience', () => {
  it('is sent whole to a new destination, then as it changes; a re-entry is a message of its own', async () => {
    await see(1, 'ann', null);
    await see(1, 'bob', null);
    await run(1, membersOf('ann', 'bob'));
    expect(await queued(1)).toEqual(['user ann true', 'user bob true']);
    await deliver();
    await run(2, membersOf('ann'));
    expect(await queued(2)).toEqual(['user bob false']);
    await run(3, membersOf('ann', 'bob'));
    expect(await queued(3)).toEqual(['user bob true']);
    await run(3, membersOf('ann', 'bob'));
    expect(await queued(4)).toEqual([]);
    const ids = await world.query('select distinct message_id from rollcall.outbox');
    expect(ids).toHaveLength(4);
  });

  it('is told once, whatever becomes of the message', async () => {
    await see(1, 'ann', null);
    await run(1, membersOf('ann'));
    await run(2, membersOf('ann'));
    expect(await queued(2)).toEqual([]); // still waiting
    await deliver('rejected');
    await run(3, membersOf('ann'));
    expect(await queued(3)).toEqual([]);
  });

  it('knows what was told from `sent` alone, where the outbox has been cleared', async () => {
    await see(1, 'ann', null);
    await run(1, membersOf('ann'));
    await deliver();
    await world.sql('delete from rollcall.outbox; delete from rollcall.deliveries');
    await run(2, membersOf('ann'));
    expect(await queued(2)).toEqual([]);
    await run(3, membersOf());
    expect(await queued(3)).toEqual(['user ann false']);
  });

  it('goes to all user ids, or to anonymous ids where there is none', async () => {
    await see(1, 'ann', 'a1');
    await see(1, 'ann', 'a2');
    await see(1, null, 'a3');
    await run(1, membersOf('ann', 'a3'));
    expect(await queued(1)).toEqual(['anonymous a3 true', 'user ann true']);
  });

  it('says nothing for an anonymous id that becomes part of a member', async () => {
    await see(1, null, 'a1');
    await run(1, membersOf('a1'));
    expect(await queued(1)).toEqual(['anonymous a1 true']);
    await see(2, 'ann', 'a1');
    await run(2, membersOf('ann'));
    expect(await queued(2)).toEqual(['user ann true']);
    // The end goes to everyone who was told of the beginning.
    await run(3, membersOf());
    expect(await queued(3)).toEqual(['anonymous a1 false', 'user ann false']);
  });

  it('says so to an anonymous id that becomes part of someone who is no member', async () => {
    await see(1, null, 'a1');
    await run(1, membersOf('a1'));
    await see(2, 'ann', 'a1');
    await run(2, membersOf());
    expect(await queued(2)).toEqual(['anonymous a1 false']);
  });

  it('is sent for an identifier that is new on a member', async () => {
    await see(1, null, 'a1');
    await run(1, membersOf('a1'));
    await run(2, membersOf('a1'));
    expect(await queued(2)).toEqual([]);
    await see(3, 'ann', 'a1');
    await run(3, membersOf('ann'));
    expect(await queued(3)).toEqual(['user ann true']);
  });

  it('goes nowhere while the destination is disabled, which then catches up', async () => {
    const paused = { ...CRM, enabled: false };
    await see(1, 'ann', null);
    await see(1, 'bob', null);
    await run(1, membersOf('ann'));
    await run(2, membersOf('bob'), { to: [paused] });
    expect(await queued(2)).toEqual([]);
    await run(3, membersOf('bob'));
    expect(await queued(3)).toEqual(['user ann false', 'user bob true']);
  });

  it('is backfilled to a destination connected later', async () => {
    await see(1, 'ann', null);
    await run(1, membersOf('ann'), { of: { ...VIP, destinations: [] } });
    await run(2, membersOf('ann'));
    expect(await queued(2)).toEqual(['user ann true']);
  });

  it('with history: false, only as it changes after it was connected', async () => {
    const fromNow: Definition = { ...VIP, history: { mode: 'from_first_run' } };
    await see(1, 'ann', null);
    await see(1, 'bob', null);
    await see(1, 'cat', null);
    await run(1, membersOf('ann', 'bob'), { of: { ...fromNow, destinations: [] } });
    await run(2, membersOf('ann', 'cat'), { of: fromNow });
    expect(await queued(2)).toEqual(['user bob false', 'user cat true']);
    await run(3, membersOf(), { of: fromNow });
    expect(await queued(3)).toEqual(['user ann false', 'user cat false']);
  });

  it.each([
    ['first_added', 'anonymous a1 true'],
    ['last_added', 'anonymous a2 true'],
  ] as const)('goes to the identifier %s', async (identifiers, expected) => {
    await see(2, null, 'a2');
    await see(1, null, 'a1');
    // Identity resolution will bring several identifiers under one profile; until then, by hand.
    await run(2, membersOf());
    await world.sql(
      "update rollcall.subjects set owner_no = (select subject_no from rollcall.subjects where identifier = 'a1'), owner_at = '2024-01-01' where identifier = 'a2'",
    );
    await run(3, membersOf('a1'), { to: [{ ...CRM, identifiers }] });
    expect(await queued(2)).toEqual([expected]);
  });

  it('goes to the types that are asked for, to so many of each, and its end to all that were told', async () => {
    await see(1, 'ann', 'v1');
    await see(2, 'ann', 'v2');
    await see(3, 'ann', 'v3');
    const crm = { ...CRM, identifierTypes: ['anonymous_id', 'user_id'], identifiersAtMost: 2 } as const;
    await run(4, membersOf('ann'), { to: [crm] });
    expect(await queued(1)).toEqual(['anonymous v1 true', 'anonymous v2 true', 'user ann true']);
    await run(5, membersOf(), { to: [{ ...crm, identifierTypes: ['user_id'] }] });
    expect(await queued(2)).toEqual(['anonymous v1 false', 'anonymous v2 false', 'user ann false']);
  });
});

describe('a trait', () => {
  const reduced = (fn: 'count' | 'sum'): Definition =>
    definition({
      key: 'orders',
      kind: 'trait',
      value: {
        kind: 'reduced',
        stream: { kind: 'event', event: 'Order Completed' },
        reducer: fn === 'count' ? { fn } : { fn, property: 'x' },
      },
      destinations: [{ to: 'crm' }],
    });

  it('is sent as it changes, and as null when it vanishes', async () => {
    const of = reduced('sum');
    await see(1, 'ann', null);
    await see(1, 'bob', null);
    await run(1, valuesOf({ ann: '1.5', bob: '"x"' }), { of });
    expect(await queued(1)).toEqual(['user ann 1.5', 'user bob "x"']);
    await run(2, valuesOf({ ann: '2', bob: '"x"' }), { of });
    expect(await queued(2)).toEqual(['user ann 2']);
    await run(3, valuesOf({ bob: '"x"' }), { of });
    expect(await queued(3)).toEqual(['user ann null']);
    await run(4, valuesOf({ bob: '"x"' }), { of });
    expect(await queued(4)).toEqual([]);
    await run(5, valuesOf({ ann: '2', bob: '"x"' }), { of });
    expect(await queued(5)).toEqual(['user ann 2']);
  });

  it('falls to 0 where it counts', async () => {
    const of = reduced('count');
    await see(1, 'ann', null);
    await run(1, valuesOf({ ann: '3' }), { of });
    await run(2, valuesOf({}), { of });
    expect(await queued(2)).toEqual(['user ann 0']);
    await run(3, valuesOf({}), { of });
    expect(await queued(3)).toEqual([]);
  });

  it('with history: false, says what was there only when it changes', async () => {
    const of: Definition = { ...reduced('sum'), history: { mode: 'from_first_run' } };
    await see(1, 'ann', null);
    await run(1, valuesOf({ ann: '1' }), { of: { ...of, destinations: [] } });
    await run(2, valuesOf({ ann: '1' }), { of });
    expect(await queued(2)).toEqual([]);
    await run(3, valuesOf({ ann: '2' }), { of });
    expect(await queued(3)).toEqual(['user ann 2']);
  });
});

describe('payloads', () => {
  const both: Sending = { to: [destination({ key: 'crm' })] };

  it('are those of Segment, for an audience', async () => {
    await see(1, 'o\'b"n\\', null, { email: 'ob@x.org' });
    await see(1, null, 'a1');
    await run(2, membersOf('o\'b"n\\', 'a1'), both);
    const personas = {
      computation_class: 'audience',
      computation_key: 'vip',
      computation_id: expect.stringMatching(/^aud_[0-9a-f]{27}$/) as unknown,
      namespace: 'shop',
    };
    const messageId = expect.stringMatching(/^rc_[0-9a-f]{64}$/) as unknown;
    const timestamp = '2024-01-02T23:00:00Z';
    expect(await payloads()).toEqual([
      {
        type: 'identify',
        anonymousId: 'a1',
        traits: { vip: true },
        messageId,
        timestamp,
        context: { personas },
      },
      {
        type: 'identify',
        userId: 'o\'b"n\\',
        traits: { vip: true, email: 'ob@x.org' },
        messageId,
        timestamp,
        context: { personas },
      },
      {
        type: 'track',
        event: 'Audience Entered',
        anonymousId: 'a1',
        properties: { audience_key: 'vip', vip: true },
        messageId,
        timestamp,
        context: { personas },
      },
      {
        type: 'track',
        event: 'Audience Entered',
        userId: 'o\'b"n\\',
        properties: { audience_key: 'vip', vip: true },
        messageId,
        timestamp,
        context: { traits: { email: 'ob@x.org' }, personas },
      },
    ]);
    expect(await world.query('select count(distinct message_id) as n from rollcall.outbox')).toEqual([
      { n: '4' },
    ]);
    expect(Object.keys((await payloads())[2] as object)).toEqual([
      'type',
      'event',
      'anonymousId',
      'properties',
      'messageId',
      'timestamp',
      'context',
    ]);
  });

  it('name the events as the destination wants them', async () => {
    const events = {
      audience_entered: 'In',
      audience_exited: 'Out',
      trait_computed: 'Computed',
      entity_entered: 'Row In',
      entity_exited: 'Row Out',
    };
    const to = [destination({ key: 'crm', send: ['track'], events })];
    await see(1, 'ann', null);
    await run(1, membersOf('ann'), { to });
    await run(2, membersOf(), { to });
    const sent = (await payloads()) as { event: string; properties: unknown }[];
    expect(sent.map(({ event, properties }) => [event, properties])).toEqual(
      expect.arrayContaining([
        ['In', { audience_key: 'vip', vip: true }],
        ['Out', { audience_key: 'vip', vip: false }],
      ]),
    );
  });

  it('keep a decimal as it is, and say what the link asks for', async () => {
    const of = definition({
      key: 'email',
      kind: 'trait',
      value: {
        kind: 'reduced',
        stream: { kind: 'event', event: 'x' },
        reducer: { fn: 'sum', property: 'x' },
      },
      destinations: [{ to: 'crm', send: ['identify'] }],
    });
    await see(1, 'ann', null, { email: 'ann@x.org' });
    await run(1, valuesOf({ ann: '12345678901234567890.123456789' }), { of, ...both });
    const [row] = await world.query('select payload, profile_id, run_id, created_at from rollcall.outbox');
    expect(row?.['payload']).toContain('"traits":{"email":12345678901234567890.123456789}');
    expect(row).toMatchObject({ profile_id: 'ann', run_id: 'run_1', created_at: '2030-01-01T00:00:00Z' });
  });
});
