/** What a run is told of computing in full: `--full-refresh`, and the target's `compute`. */
import { afterEach, describe, expect, it } from 'vitest';
import type { RunOptions } from '../../runtime/index.js';
import { BUYERS, order, REVENUE, Shop, SPENDERS } from './shop.js';

const [DAY1, DAY2, DAY3] = ['2025-01-03T00:00:00Z', '2025-01-04T00:00:00Z', '2025-01-05T00:00:00Z'];

let shop: Shop;
afterEach(() => shop.dispose());

const DESTINED = { ...BUYERS, destinations: ['crm'] };
const CRM = { kind: 'destination', key: 'crm', type: 'file', settings: { path: 'crm.jsonl' } };

async function started(): Promise<void> {
  shop = await Shop.create({ buyers: DESTINED, spenders: SPENDERS, revenue: REVENUE });
  await shop.write('destinations/crm.json', CRM);
  await shop.land(
    order('1', 'ann', '2025-01-01T12:00:00Z', 200),
    order('2', 'bob', '2025-01-02T12:00:00Z', 5),
  );
  await shop.run(DAY1);
}

const modesOf = async (asOf: string, more: Partial<RunOptions> = {}): Promise<unknown> => {
  const { definitions, landing } = await shop.run(asOf, more);
  return {
    ...Object.fromEntries(definitions.map(({ key, mode, reason }) => [key, mode === 'full' ? reason : mode])),
    landing: landing.map(({ mode, reason }) => (mode === 'full' ? reason : mode)).join(),
  };
};

const ASKED = 'a full refresh was asked for';
const SOME = {
  buyers: 'incremental',
  spenders: 'incremental',
  revenue: 'incremental',
  landing: 'incremental',
};

describe('--full-refresh', () => {
  it('of some definitions computes them in full, of the facts there are', async () => {
    await started();
    expect(await modesOf(DAY2, { fullRefresh: ['spenders'] })).toEqual({ ...SOME, spenders: ASKED });
    expect(await modesOf(DAY3, { fullRefresh: ['spenders+', 'kind:trait'], select: ['revenue'] })).toEqual({
      revenue: ASKED,
      landing: 'incremental',
    });
  });

  it('of everything makes facts anew, and keeps what a project remembers', async () => {
    await started();
    // What no run would notice: facts that somebody changed, a state row that somebody took.
    const [facts] = await shop.query(
      "select table_name t from information_schema.tables where table_name like 'facts%order%'",
    );
    await shop.sql(
      `delete from rollcall."${String(facts?.['t'])}"`,
      "delete from rollcall.member_state where definition_no = (select definition_no from rollcall.definitions where key = 'spenders')",
    );
    expect(await modesOf(DAY2)).toEqual(SOME);
    expect(await shop.members('spenders')).toEqual([]);
    const all = { buyers: ASKED, spenders: ASKED, revenue: ASKED, landing: ASKED };
    expect(await modesOf(DAY3, { fullRefresh: [] })).toEqual(all);
    expect([await shop.members('buyers'), await shop.members('spenders')]).toEqual([['ann', 'bob'], ['ann']]);
    expect(
      await shop.query('select key, cast(first_run_at as text) since from rollcall.definitions order by key'),
    ).toEqual(['buyers', 'revenue', 'spenders'].map((key) => ({ key, since: '2025-01-03 00:00:00' })));
    // Nothing changed for those whose rows stood, so their history goes on and nothing is said again.
    expect(
      await shop.query(
        "select profile_id, cast(entered_at as text) since, exited_at from rollcall.membership_history where audience_key = 'buyers' order by 1",
      ),
    ).toEqual(
      ['ann', 'bob'].map((profile_id) => ({ profile_id, since: '2025-01-03 00:00:00', exited_at: null })),
    );
    expect(await shop.query('select count(*) n, count(distinct run_id) runs from rollcall.outbox')).toEqual([
      { n: '4', runs: '1' },
    ]);
    expect(await modesOf(DAY3)).toEqual(SOME);
  });

  it('with --select makes facts anew for all, and computes what is selected', async () => {
    await started();
    expect(await modesOf(DAY2, { fullRefresh: [], select: ['buyers'] })).toEqual({
      buyers: ASKED,
      landing: ASKED,
    });
    const later = 'facts were made anew since';
    expect(await modesOf(DAY3)).toEqual({ ...SOME, spenders: later, revenue: later });
  });

  it('refuses names that nothing has, or nothing selected', async () => {
    await started();
    const code = 'unknown-selector';
    await expect(shop.run(DAY2, { fullRefresh: ['byers'] })).rejects.toMatchObject({
      exit: 2,
      diagnostics: [{ code, hint: 'did you mean "buyers"?' }],
    });
    await expect(shop.run(DAY2, { fullRefresh: ['buyers'], select: ['revenue'] })).rejects.toMatchObject({
      exit: 2,
      diagnostics: [{ code }],
    });
    expect(await shop.query('select count(*) n from rollcall.runs')).toEqual([{ n: '1' }]);
  });
});

describe('"compute" of the target', () => {
  it('"full" computes everything in full, of what landed', async () => {
    await started();
    await shop.configure({ compute: 'full' });
    await shop.land(order('3', 'cid', '2025-01-03T12:00:00Z', 300));
    const full = 'the target computes in full';
    expect(await modesOf(DAY2)).toEqual({
      buyers: full,
      spenders: full,
      revenue: full,
      landing: 'incremental',
    });
    expect(await shop.members('spenders')).toEqual(['ann', 'cid']);
  });

  it('"auto" computes in full what may have changed for too many', async () => {
    shop = await Shop.create({
      buyers: BUYERS,
      regulars: { definition: { event: 'Order Completed', within: '30 days', count: { at_least: 2 } } },
      both: { definition: { all: [{ audience: 'buyers' }, { not: { audience: 'regulars' } }] } },
    });
    await shop.configure({ compute: 'auto' });
    const people = Array.from({ length: 20 }, (_, i) => `p${i + 10}`);
    // All but one ordered a month ago, at two instants.
    const ago = (i: number): string => (i < 10 ? '2024-12-05T12:00:00Z' : '2024-12-20T12:00:00Z');
    await shop.land(
      ...people.slice(1).map((user, i) => order(`1${user}`, user, ago(i), 5)),
      order('2', 'p11', '2025-01-02T12:00:00Z', 5),
      order('3', 'p10', '2024-10-02T12:00:00Z', 5),
    );
    await shop.run(DAY1);
    await shop.land(order('4', 'p10', '2025-01-03T12:00:00Z', 5));
    expect(await modesOf(DAY2)).toEqual({
      buyers: 'incremental',
      regulars: 'incremental',
      both: 'incremental',
      landing: 'incremental',
    });
    await shop.land(
      order('5', 'p10', '2025-01-04T12:00:00Z', 5),
      order('6', 'eve', '2025-01-04T13:00:00Z', 5),
    );
    expect(await modesOf('2025-01-08T00:00:00Z')).toEqual({
      buyers: 'incremental',
      // The two of whom something landed, and the ten whose order is no longer within 30 days.
      regulars: 'it may have changed for 12 of 21 profiles',
      both: 'it may have changed for 3 of 21 profiles',
      landing: 'incremental',
    });
    expect([await shop.members('buyers'), await shop.members('regulars')]).toEqual([
      [...['eve'], ...people],
      ['p10'],
    ]);
    expect(await shop.members('both')).toEqual(['eve', ...people.slice(1)]);
    const counts =
      "select size, entered, exited from rollcall.snapshots where definition_key = 'both' order by as_of desc limit 1";
    // p11 is no regular any more, p10 is one now, eve came.
    expect(await shop.query(counts)).toEqual([{ size: '20', entered: '2', exited: '1' }]);
    // An hour later nothing has changed for anyone: it is found out, and nothing is computed.
    expect(await modesOf('2025-01-08T01:00:00Z')).toMatchObject({
      buyers: 'incremental',
      both: 'incremental',
    });
    const steps = "select step from rollcall.run_steps where step like 'compute.%' and run_id = ";
    expect(
      (await shop.query(`${steps}(select arg_max(run_id, as_of) from rollcall.runs) order by step`)).map(
        ({ step }) => String(step).replace('compute.', ''),
      ),
    ).toEqual([
      'batch.1.affected',
      'batch.1.affected.share',
      'both.affected',
      'both.affected.share',
      'selective',
    ]);
    expect(await shop.query(counts)).toEqual([{ size: '20', entered: '0', exited: '0' }]);
    expect(await shop.members('both')).toEqual(['eve', ...people.slice(1)]);
  });
});
