/** What an engine cannot do, found out before a run begins or while it lands. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { UserError } from '../../compiler/diagnostics/index.js';
import type { Dialect } from '../../dialects/dialect.js';
import { dialectHere } from '../engines/duckdb-attached.js';
import { Shop } from './shop.js';

const [DAY1, DAY2] = ['2025-01-03T00:00:00Z', '2025-01-04T00:00:00Z'];
const event = 'Ordered';
const regulars = { definition: { event, count: { at_least: 1 } } };

let shop: Shop;
beforeEach(async () => {
  shop = await Shop.create({ regulars });
  await shop.land({ id: '1', event, at: '2025-01-01T00:00:00Z', user: 'ann' });
});
afterEach(() => shop.dispose());

/** DuckDB, but that it refuses to say what computes. */
const unable = {
  dialectFor: async (type: string): Promise<Dialect> => {
    const real = await dialectHere(type);
    return {
      ...real,
      statements: (step, params) => {
        if (step.id.startsWith('compute.')) throw new UserError([{ code: 'not-supported', severity: 'error', message: 'cannot' }]); // prettier-ignore
        return real.statements(step, params);
      },
    };
  },
};

const landed = (): Promise<unknown> => shop.query('select count(*) n from rollcall.landed');

it('of a definition that never ran costs nothing', async () => {
  await expect(shop.run(DAY1, unable)).rejects.toMatchObject({ diagnostics: [{ message: 'cannot' }] });
  expect(await shop.query("select * from duckdb_schemas() where schema_name = 'rollcall'")).toEqual([]);
});

it('of one that ran before, as it is, undoes what landed, and the next run goes on', async () => {
  await shop.run(DAY1);
  await shop.land({ id: '2', event, at: '2025-01-03T00:00:00Z', user: 'bob' });
  const result = await shop.run(DAY2, unable);
  expect(result).toMatchObject({ status: 'failed', exit: 2, diagnostics: [{ message: 'cannot' }] });
  expect(await landed()).toEqual([{ n: '1' }]);
  expect(await shop.run(DAY2)).toMatchObject({ status: 'succeeded', exit: 0 });
  expect(await shop.members('regulars')).toEqual(['ann', 'bob']);
});

it('of one that means something else than it did costs nothing', async () => {
  await shop.run(DAY1);
  await shop.model('regulars', { definition: { event, count: { at_least: 2 } } });
  await expect(shop.run(DAY2, unable)).rejects.toMatchObject({ diagnostics: [{ message: 'cannot' }] });
  expect(await shop.query('select count(*) n from rollcall.runs')).toEqual([{ n: '1' }]);
});
