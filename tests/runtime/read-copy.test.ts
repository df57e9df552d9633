/** The read copy: replaced whole after a run, while readers have it open; what stops it undoes nothing. */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { afterEach, describe, expect, it } from 'vitest';
import { backfillProject, forget } from '../../runtime/index.js';
import { hooked, refuse } from './faults.js';
import { BUYERS, order, REVENUE, Shop } from './shop.js';

const [DAY1, DAY2, DAY3] = ['2025-01-03T00:00:00Z', '2025-01-04T00:00:00Z', '2025-01-05T00:00:00Z'];

let shop: Shop;
afterEach(async () => shop.dispose());

const path = (): string => join(shop.dir, 'read/copy.duckdb');

async function started(): Promise<void> {
  shop = await Shop.create({ buyers: BUYERS, revenue: REVENUE });
  const target = { type: 'duckdb', path: 'warehouse.duckdb', threads: 1, read_copy: 'read/copy.duckdb' };
  await shop.write('rollcall.json', {
    name: 'shop',
    target: 'dev',
    targets: { dev: target },
    sources: [{ name: 'raw', layout: 'messages', table: 'raw.messages' }],
  });
  await shop.land(order('1', 'ann', '2025-01-01T10:00:00Z', 60));
}

/** Reads the copy as another program would, through a database of its own. */
async function reader(): Promise<{ ask: (sql: string) => Promise<unknown[]>; close: () => void }> {
  const instance = await DuckDBInstance.create(path(), { access_mode: 'READ_ONLY' });
  const connection: DuckDBConnection = await instance.connect();
  return {
    ask: async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJson(),
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

const MEMBERS = 'select profile_id from rollcall.memberships order by 1';

describe('a read copy', () => {
  it('is replaced after a run under a reader who has it open', async () => {
    await started();
    await shop.run(DAY1);
    const old = await reader();
    expect(await old.ask(MEMBERS)).toEqual([{ profile_id: 'ann' }]);
    await shop.land(order('2', 'bob', '2025-01-03T10:00:00Z', 20));
    expect(await shop.run(DAY2)).toMatchObject({ exit: 0, diagnostics: [] });
    expect(await old.ask(MEMBERS)).toEqual([{ profile_id: 'ann' }]);
    expect(await old.ask('select profile_id from rollcall.audience_buyers')).toEqual([{ profile_id: 'ann' }]);
    old.close();
    const now = await reader();
    expect(await now.ask(MEMBERS)).toEqual([{ profile_id: 'ann' }, { profile_id: 'bob' }]);
    now.close();
    expect(readdirSync(join(shop.dir, 'read')).sort()).toEqual(['copy.duckdb', 'copy.duckdb.rollcall-copy']);
  });

  it('holds what the contract names, as the schema does', async () => {
    await started();
    await shop.run(DAY1);
    await shop.run(DAY2);
    const copy = await reader();
    for (const table of [
      ...[
        'memberships',
        'membership_history',
        'trait_values',
        'snapshots',
        'runs',
        'definitions',
        'run_steps',
      ],
      ...['sent', 'outbox', 'deliveries', 'audience_buyers', 'entity_memberships', 'sent_entities'],
    ]) {
      const [count] = await copy.ask(`select count(*)::varchar as n from rollcall.${table}`);
      expect([table, count]).toEqual([
        table,
        (await shop.query(`select count(*) as n from rollcall.${table}`))[0],
      ]);
    }
    expect(await copy.ask('select trait_key, value from rollcall.trait_values')).toEqual([
      { trait_key: 'revenue', value: '60' },
    ]);
    // Nothing of what it was made of.
    expect(await copy.ask("select table_name from duckdb_tables() where table_name like 'facts%'")).toEqual(
      [],
    );
    copy.close();
  });

  it('that cannot be written is told, and undoes nothing', async () => {
    await started();
    mkdirSync(join(shop.dir, 'read'));
    writeFileSync(path(), 'somebody else’s');
    const result = await shop.run(DAY1);
    expect(result).toMatchObject({
      status: 'succeeded',
      exit: 1,
      diagnostics: [{ code: 'read-copy-failed' }],
    });
    expect(await shop.members('buyers')).toEqual(['ann']);
    expect(readdirSync(join(shop.dir, 'read'))).toEqual(['copy.duckdb']);
    rmSync(path());
    expect(await shop.run(DAY1)).toMatchObject({ exit: 0, diagnostics: [] });
    // Half-way: the one there was stays.
    const dialectFor = hooked(refuse(/rollcall_read_copy"?\."?rollcall"?\."?profiles/));
    expect(await shop.run(DAY2, { dialectFor })).toMatchObject({ exit: 1, status: 'succeeded' });
    const copy = await reader();
    expect(await copy.ask('select count(*)::varchar as n from rollcall.runs')).toEqual([{ n: '2' }]);
    copy.close();
    expect(readdirSync(join(shop.dir, 'read'))).toHaveLength(2);
  });

  it('does not hold who was forgotten', async () => {
    await started();
    await shop.run(DAY1);
    const { asOf: _, ...options } = await shop.options();
    await forget({ ...options, profiles: ['ann'] });
    const copy = await reader();
    expect(await copy.ask(MEMBERS)).toEqual([]);
    expect(await copy.ask("select * from rollcall.subjects where identifier = 'ann'")).toEqual([]);
    copy.close();
  });

  it('leaves nothing of those that were killed, and is written once by a backfill', async () => {
    await started();
    mkdirSync(join(shop.dir, 'read'));
    const dead = `${path()}.999999999.rollcall-draft`;
    const others = join(shop.dir, 'read/copy.duckdb.1.notes');
    for (const file of [dead, `${dead}.wal`, others]) writeFileSync(file, '');
    const { asOf: _, ...options } = await shop.options();
    const result = await backfillProject({ ...options, from: DAY1, to: DAY3, every: 86_400_000_000n });
    expect(result.exit).toBe(0);
    expect([existsSync(dead), existsSync(`${dead}.wal`), existsSync(others)]).toEqual([false, false, true]);
    const copy = await reader();
    expect(await copy.ask('select count(*)::varchar as n from rollcall.runs')).toEqual([{ n: '3' }]);
    copy.close();
  });
});
