/** What the enumeration of faults found once, each by itself. */
import { afterEach, expect, it } from 'vitest';
import { duckdb } from '../../dialects/duckdb/dialect.js';
import { StatementError } from '../../dialects/warehouse.js';
import { BUYERS, CRM, REVENUE, SPENDERS, Shop, order } from '../runtime/shop.js';
import { duckdbFile } from './engines.js';
import { openHook, Place } from './place.js';
import { visited } from './points.js';

let shop: Shop | undefined;
afterEach(async () => shop?.dispose());

it('an answer that is lost while definitions are computed leaves nobody twice', async () => {
  shop = await Shop.create({
    buyers: { ...BUYERS, destinations: ['crm'] },
    spenders: SPENDERS,
    revenue: REVENUE,
  });
  await shop.write('destinations/crm.json', CRM);
  await shop.land(
    order('1', 'ann', '2025-01-01T10:00:00Z', 160),
    order('2', 'bob', '2025-01-02T11:00:00Z', 20),
  );
  // The statement was done, and its session is still there, as where a connection is a series of requests.
  const left = new Set(['rollcall_stage_members', 'rollcall_stage_values']);
  const deaf = visited(duckdb, {
    after: ({ sql }) => {
      const table = /^insert into (\w+)/.exec(sql)?.[1];
      if (table !== undefined && left.delete(table))
        throw new StatementError('no answer', sql, { failure: 'unknown' });
    },
  });
  const result = await shop.run('2025-01-03T00:00:00Z', { dialectFor: () => Promise.resolve(deaf) });
  expect(result.status).toBe('succeeded');
  expect(left.size).toBe(0);
  expect(await shop.members('buyers')).toEqual(['ann', 'bob']);
  expect(
    await shop.query('select count(*) as n, count(distinct message_id) as ids from rollcall.outbox'),
  ).toEqual([{ n: '4', ids: '4' }]);
  expect(await shop.query('select count(*) as n from rollcall.trait_values')).toEqual([{ n: '2' }]);
});

it('a warehouse that refuses to be read is no failure of the destination', async () => {
  await using hook = await openHook();
  const place = await Place.create(duckdbFile, hook);
  try {
    await place.land(1);
    expect(await place.act({ day: 1, command: 'run' })).toBe(true);
    const refusing = visited(duckdb, {
      before: ({ call, sql }) => {
        if (call === 'read' && /payload/.test(sql) && /'list'/.test(sql)) throw new StatementError('no', sql);
      },
    });
    await expect(place.act({ day: 1, command: 'sync' }, refusing)).rejects.toThrow('no');
    const failed = await place.using(async (warehouse) => {
      for await (const { rows } of warehouse.read(
        "select count(*) as n from rollcall.deliveries where status = 'failed'",
      ))
        return rows[0]?.['n'];
      return undefined;
    });
    expect(failed).toBe('0');
  } finally {
    await place.dispose();
  }
});
