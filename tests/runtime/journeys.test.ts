/** Journeys in a warehouse: what their steps publish and send, and what a run that goes wrong leaves of them. */
import { afterEach, describe, expect, it } from 'vitest';

import { loadProject } from '../../models/index.js';
import { listDefinitions } from '../../runtime/index.js';
import { hooked, refuse, refuseMessages } from './faults.js';
import { CRM, Shop, type Message } from './shop.js';

let shop: Shop;
afterEach(async () => shop.dispose());

const [DAY1, DAY2, DAY3, DAY4] = [3, 4, 5, 6].map((day) => `2025-01-0${day}T00:00:00Z`) as [
  string,
  string,
  string,
  string,
];
const event = (name: string, user: string, at: string): Message => ({
  id: `${name} ${user} ${at}`,
  event: name,
  user,
  at,
});

const JOURNEY = {
  kind: 'journey',
  destinations: ['crm'],
  definition: {
    entry: { event: 'In' },
    exit: { event: 'Out' },
    steps: [
      { key: 'w', when: { event: 'W' } },
      { key: 'd', delay: '1 day', destinations: [] },
      { key: 'v', when: { event: 'V' } },
    ],
  },
};

async function started(more: Readonly<Record<string, unknown>> = {}): Promise<void> {
  shop = await Shop.create({ j: JOURNEY, ...more });
  await shop.write('destinations/crm.json', CRM);
  await shop.land(
    event('In', 'a', DAY1),
    event('W', 'a', DAY1),
    event('In', 'b', DAY1),
    event('V', 'a', DAY1),
  );
}

const ALL = ['j', 'j_w', 'j_d', 'j_v'];
const members = async (): Promise<readonly (readonly string[])[]> =>
  Promise.all(ALL.map((key) => shop.members(key)));

interface Payload {
  readonly type: string;
  readonly event?: string;
  readonly userId: string;
  readonly traits?: Readonly<Record<string, unknown>>;
  readonly context: { readonly personas: Readonly<Record<string, unknown>> };
}

async function sent(runId: string): Promise<readonly string[]> {
  const rows = await shop.query(`select payload from rollcall.outbox where run_id = '${runId}'`);
  return rows
    .map((row) => JSON.parse(String(row['payload'])) as Payload)
    .map(({ type, event: name, userId, traits, context: { personas } }) =>
      [
        personas['computation_class'],
        personas['computation_key'],
        userId,
        type === 'track' ? name : String(traits?.[String(personas['computation_key'])]),
      ].join(' '),
    )
    .sort();
}

describe('steps', () => {
  it('have members, history, snapshots, views and messages of their own', async () => {
    await started();
    await shop.run(DAY1);
    await shop.run(DAY2);
    await shop.land(event('Out', 'a', DAY3));
    await shop.run(DAY3);
    expect(await members()).toEqual([['b'], [], [], []]);
    expect(
      await shop.query(
        `select audience_key, cast(entered_at as text) as entered, cast(exited_at as text) as exited
         from rollcall.membership_history where profile_id = 'a' order by audience_key`,
      ),
    ).toEqual([
      { audience_key: 'j', entered: '2025-01-03 00:00:00', exited: '2025-01-05 00:00:00' },
      { audience_key: 'j_d', entered: '2025-01-04 00:00:00', exited: '2025-01-05 00:00:00' },
      { audience_key: 'j_v', entered: '2025-01-04 00:00:00', exited: '2025-01-05 00:00:00' },
      { audience_key: 'j_w', entered: '2025-01-03 00:00:00', exited: '2025-01-05 00:00:00' },
    ]);
    const snapshots = await shop.query(
      `select definition_key || ' ' || size || ' +' || entered || ' -' || exited as said from rollcall.snapshots
       where run_id = 'run_2' order by definition_key`,
    );
    expect(snapshots.map((row) => row['said'])).toEqual([
      'j 2 +0 -0',
      'j_d 1 +1 -0',
      'j_v 1 +1 -0',
      'j_w 1 +0 -0',
    ]);
    expect(await shop.query('select profile_id from rollcall.audience_j')).toEqual([{ profile_id: 'b' }]);
    expect(await shop.query('select count(*) as n from rollcall.audience_j_w')).toMatchObject([{ n: '0' }]);
    expect(await sent('run_1')).toEqual([
      'audience j a Audience Entered',
      'audience j a true',
      'audience j b Audience Entered',
      'audience j b true',
      'journey_step j_w a Audience Entered',
      'journey_step j_w a true',
    ]);
    expect(await sent('run_2')).toEqual(['journey_step j_v a Audience Entered', 'journey_step j_v a true']);
    expect(await sent('run_3')).toEqual([
      'audience j a Audience Exited',
      'audience j a false',
      'journey_step j_v a Audience Exited',
      'journey_step j_v a false',
      'journey_step j_w a Audience Exited',
      'journey_step j_w a false',
    ]);
  });

  it('are where they were when a run is made again', async () => {
    await started();
    await shop.run(DAY1);
    await shop.run(DAY2);
    const before = await shop.contents();
    await shop.run(DAY2);
    expect(await shop.contents()).toEqual(before);
  });

  it('are where they were after a run at an earlier instant', async () => {
    await started();
    await shop.run(DAY1);
    await shop.run(DAY2);
    const before = await members();
    await shop.run('2024-12-01T00:00:00Z', { asOfBehind: true });
    expect(await members()).toEqual(before);
    await shop.run(DAY4);
    expect(await members()).toEqual(before);
  });

  it('are where they were after every source is read anew', async () => {
    await started();
    await shop.run(DAY1);
    await shop.run(DAY2);
    const before = await members();
    await shop.run(DAY3, { reconcile: true });
    expect(await members()).toEqual(before);
  });
});

describe('a journey', () => {
  it('is selected as a whole, by its key, a step, or its kind', async () => {
    await started({ other: { definition: { event: 'In' } } });
    for (const selector of ['j', 'j_d', 'kind:journey', 'kind:journey_step', 'other,j j_w']) {
      const { definitions } = await listDefinitions(await shop.options({ select: [selector] }));
      expect([selector, definitions.map(({ key }) => key).sort()]).toEqual([selector, [...ALL].sort()]);
    }
  });

  it('that is disabled keeps its members and sends nothing', async () => {
    await started();
    await shop.run(DAY1);
    await shop.model('j', { ...JOURNEY, enabled: false });
    await shop.land(event('Out', 'a', DAY2));
    await shop.run(DAY2);
    expect(await members()).toEqual([['a', 'b'], ['a'], [], []]);
    expect(await sent('run_2')).toEqual([]);
    await shop.model('j', JOURNEY);
    await shop.run(DAY3);
    expect(await members()).toEqual([['b'], [], [], []]);
  });

  it.each([
    ['computed', refuse(/insert into\s+\S*rollcall_stage_members[^]*facts_raw_w/i)],
    ['sent', refuseMessages('j_w')],
  ])('of which a step cannot be %s publishes nothing, and the next run makes up for it', async (_, hook) => {
    await started({ other: { definition: { event: 'In' } } });
    await shop.run(DAY1);
    await shop.land(event('Out', 'a', DAY2), event('W', 'b', DAY2), event('In', 'c', DAY2));
    const result = await shop.run(DAY2, { dialectFor: hooked(hook) });
    const statuses = Object.fromEntries(result.definitions.map(({ key, status }) => [key, status]));
    expect(statuses).toMatchObject({ other: 'succeeded', j_w: 'failed' });
    expect(ALL.map((key) => statuses[key])).not.toContain('succeeded');
    expect(await members()).toEqual([['a', 'b'], ['a'], [], []]);
    expect(await shop.members('other')).toEqual(['a', 'b', 'c']);
    await shop.run(DAY2);
    expect(await members()).toEqual([['b', 'c'], ['b'], [], []]);
  });

  it('that is removed is emptied with its steps, and its keys stay reserved', async () => {
    await started({ other: { definition: { event: 'In' } } });
    await shop.run(DAY1);
    await shop.remove('j');
    await shop.run(DAY2);
    expect(await members()).toEqual([[], [], [], []]);
    const rows = await shop.query("select status from rollcall.definitions where key like 'j%'");
    expect(rows.map((row) => row['status'])).toEqual(['removed', 'removed', 'removed', 'removed']);
    await shop.model('j_w', { definition: { event: 'In' } });
    await expect(shop.run(DAY3)).rejects.toThrow(/belonged to a definition that was removed/);
  });

  it('whose steps refer to each other in a circle is refused at the step', async () => {
    await started();
    const steps = [{ key: 'w', when: { audience: 'j_v' } }, ...JOURNEY.definition.steps.slice(1)];
    await shop.model('j', { ...JOURNEY, definition: { ...JOURNEY.definition, steps } });
    const error: unknown = await shop.run(DAY1).catch((failure: unknown) => failure);
    const { diagnostics } = error as { diagnostics: { code: string; message: string; span: object }[] };
    expect(diagnostics).toMatchObject([
      { code: 'cycle', message: 'Definitions refer to each other in a circle: j_w → j_v → j_d → j_w' },
    ]);
    const { project } = await loadProject({ dir: shop.dir, env: {} });
    expect(project?.definitions.length).toBe(4);
    expect(diagnostics[0]?.span).toMatchObject({ file: 'models/j.json' });
  });
});
