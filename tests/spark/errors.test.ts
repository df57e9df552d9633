/** What Spark refuses is told in its words. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Warehouse } from '../../dialects/warehouse.js';
import { sparkEngine } from '../engines/spark.js';

let warehouse: Warehouse;
beforeAll(async () => {
  ({ warehouse } = await sparkEngine.open());
}, 600_000);
afterAll(() => warehouse.close());

it.each([
  ['while it runs', "select raise_error('no such thing')", /\[USER_RAISED_EXCEPTION\] no such thing/],
  ['while it is read', 'select * from nowhere', /`nowhere` cannot be found/],
])('an error %s', { timeout: 600_000 }, async (_when, sql, said) => {
  const reading = async (): Promise<void> => {
    for await (const { rows } of warehouse.read(sql)) expect(rows).toEqual([]);
  };
  await expect(reading()).rejects.toThrow(said);
});
