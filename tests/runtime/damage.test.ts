/** State that others than runs changed: refused before anything is written, or made anew; never misread. */
import { afterEach, describe, expect, it } from 'vitest';
import { BUYERS, order, REVENUE, Shop } from './shop.js';

const [DAY1, DAY2, DAY3] = ['2025-01-03T00:00:00Z', '2025-01-04T00:00:00Z', '2025-01-05T00:00:00Z'];

let shop: Shop;
afterEach(() => shop.dispose());

async function started(): Promise<void> {
  shop = await Shop.create({ buyers: BUYERS, revenue: REVENUE });
  await shop.land(order('1', 'ann', '2025-01-01T12:00:00Z', 200));
  await shop.run(DAY1);
}

/** Every table of the schema with its columns and how many rows it has. */
async function schema(): Promise<unknown> {
  const columns = await shop.query(
    "select table_name, column_name, data_type from information_schema.columns where table_schema = 'rollcall' order by all",
  );
  const names = await shop.query(
    "select table_name t from information_schema.tables where table_schema = 'rollcall' and table_type = 'BASE TABLE' order by 1",
  );
  const counts = names.map(({ t }) => `select '${String(t)}' t, count(*) n from rollcall."${String(t)}"`);
  return [columns, await shop.query(`${counts.join(' union all ')} order by 1`)];
}

async function refused(code: string, message: RegExp): Promise<void> {
  const before = await schema();
  await expect(shop.run(DAY2)).rejects.toMatchObject({
    exit: 2,
    diagnostics: [
      { code, message: expect.stringMatching(message) as unknown, hint: expect.any(String) as unknown },
    ],
  });
  expect(await schema()).toEqual(before);
}

describe('a run refuses', () => {
  it('a schema that lacks tables or columns of what is remembered nowhere else', async () => {
    await started();
    const views = ['memberships', 'membership_history', 'audience_buyers', 'trait_values'];
    await shop.sql(
      ...views.map((view) => `drop view rollcall.${view}`),
      'alter table rollcall.member_state rename column entered_at to since',
    );
    await refused('state-damaged', /^table rollcall.member_state lacks entered_at$/);
    await shop.sql(
      'alter table rollcall.member_state rename column since to entered_at',
      'alter table rollcall.subjects rename to s',
    );
    await refused('state-damaged', /^there is no table rollcall.subjects$/);
    await shop.sql('alter table rollcall.s rename to subjects', 'drop table rollcall.meta');
    await refused('state-damaged', /^there is no table rollcall.meta$/);
  });

  it('rows that no run writes', async () => {
    await started();
    await shop.sql('insert into rollcall.definitions select * from rollcall.definitions');
    await refused('state-damaged', /definitions has key (buyers|revenue) twice/);
    await shop.sql(
      "delete from rollcall.definitions where key = 'revenue'",
      "delete from rollcall.definitions where rowid > (select min(rowid) from rollcall.definitions where key = 'buyers')",
      "update rollcall.meta set value = 'one' where name = 'layout_version'",
    );
    await refused('state-damaged', /meta says of its layout "one"/);
    await shop.sql("delete from rollcall.meta where name = 'layout_version'");
    await refused('state-damaged', /meta says of its layout null/);
  });

  it('the state of a project of another name, until it is said that it was renamed', async () => {
    await started();
    await shop.configure({ name: 'store' });
    await refused('foreign-state', /holds the state of project "shop", and this is "store"/);
    await shop.sql("update rollcall.meta set value = 'store' where name = 'project'");
    expect((await shop.run(DAY2)).exit).toBe(0);
  });
});

describe('a run goes on', () => {
  it('where columns were added', async () => {
    await started();
    await shop.sql(
      'alter table rollcall.member_state add column note text',
      "alter table rollcall.definitions add column owner text default 'me'",
      'alter table rollcall.landed add column note text',
    );
    await shop.land(order('2', 'bob', '2025-01-03T12:00:00Z', 1));
    expect((await shop.run(DAY2)).exit).toBe(0);
    expect(await shop.members('buyers')).toEqual(['ann', 'bob']);
  });

  it.each(['landed', 'identity_pairs', 'landing', 'computations', 'profiles'])(
    'where %s was dropped, or has lost a column: it is made anew of the sources',
    async (table) => {
      await started();
      await shop.land(
        order('2', 'bob', '2025-01-03T12:00:00Z', 1),
        order('1', 'ann', '2025-01-01T12:00:00Z', 200),
      );
      const views = ['memberships', 'membership_history', 'audience_buyers', 'trait_values'];
      if (table === 'profiles') await shop.sql(...views.map((view) => `drop view rollcall.${view}`));
      await shop.sql(`drop table rollcall.${table}`);
      expect((await shop.run(DAY2)).exit).toBe(0);
      expect(await shop.members('buyers')).toEqual(['ann', 'bob']);
      const column = {
        landed: 'digest_low',
        identity_pairs: 'seen_at',
        landing: 'watermark',
        computations: 'relation',
      }[table];
      if (column === undefined) return;
      await shop.sql(`alter table rollcall.${table} drop column ${column}`);
      await shop.land(
        order('3', 'cid', '2025-01-04T12:00:00Z', 1),
        order('2', 'bob', '2025-01-03T12:00:00Z', 1),
      );
      expect((await shop.run(DAY3)).exit).toBe(0);
      expect(await shop.members('buyers')).toEqual(['ann', 'bob', 'cid']);
      expect(
        await shop.query('select profile_id, number_value v from rollcall.trait_values order by 1'),
      ).toEqual([
        { profile_id: 'ann', v: '200' },
        { profile_id: 'bob', v: '1' },
        { profile_id: 'cid', v: '1' },
      ]);
    },
  );

  it('and leaves nothing of a definition that is gone but its history', async () => {
    await started();
    await shop.model('viewers', { definition: { event: 'Product Viewed' } });
    await shop.land({ id: '9', event: 'Product Viewed', at: '2025-01-02T00:00:00Z', user: 'ann' });
    await shop.run(DAY2);
    const facts = "select table_name t from information_schema.tables where table_name like 'facts%viewed%'";
    const computed =
      "select count(*) n from rollcall.computations join rollcall.definitions using (definition_no) where key = 'viewers'";
    expect([(await shop.query(facts)).length, await shop.query(computed)]).toEqual([1, [{ n: '1' }]]);
    await shop.remove('viewers');
    await shop.run(DAY3);
    expect([(await shop.query(facts)).length, await shop.query(computed)]).toEqual([0, [{ n: '0' }]]);
    expect(await shop.members('buyers')).toEqual(['ann']);
  });
});
