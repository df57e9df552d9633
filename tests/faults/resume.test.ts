/** What a run that came to nothing has completed is not done again by the next one (docs/architecture.md, "A run"). */
import { afterEach, expect, it } from 'vitest';
import { hooked, refuse } from '../runtime/faults.js';
import { BUYERS, REVENUE, Shop, order } from '../runtime/shop.js';

let shop: Shop;
afterEach(async () => shop.dispose());

const DAY1 = '2025-01-03T00:00:00Z';
const DAY2 = '2025-01-04T00:00:00Z';
const DAY3 = '2025-01-05T00:00:00Z';
const publishing = { dialectFor: hooked(refuse(/insert into "?rollcall"?\."?snapshots"?/i)) };

const steps = async (runId: string): Promise<readonly string[]> => {
  const rows = await shop.query(
    `select step from rollcall.run_steps where run_id = '${runId}' and status = 'succeeded' order by step`,
  );
  return rows.map(({ step }) => String(step));
};

it('what landed stays landed, and who was affected is not forgotten', async () => {
  shop = await Shop.create({ buyers: BUYERS, revenue: REVENUE });
  await shop.land(order('1', 'ann', '2025-01-01T10:00:00Z', 60));

  // The first run lands the source whole, and fails while it publishes.
  const first = await shop.run(DAY1, publishing);
  expect(first).toMatchObject({ status: 'failed', landing: [{ mode: 'full' }] });
  expect(await steps('run_1')).toContain('land.raw.watermark');
  expect(await steps('run_1')).not.toContain('publish.snapshots');
  const second = await shop.run(DAY1);
  expect(second).toMatchObject({ status: 'succeeded', landing: [{ mode: 'incremental', new_rows: 0 }] });
  expect(await steps('run_2')).not.toContain('land.raw.messages.first');
  expect(await shop.members('buyers')).toEqual(['ann']);

  // A run of new rows fails; those after it need not be told of these rows again.
  await shop.land(order('2', 'bob', '2025-01-03T10:00:00Z', 20));
  const third = await shop.run(DAY2, publishing);
  expect(third).toMatchObject({ status: 'failed', landing: [{ mode: 'incremental', new_rows: 1 }] });
  const fourth = await shop.run(DAY3);
  expect(fourth).toMatchObject({
    status: 'succeeded',
    landing: [{ mode: 'incremental', new_rows: 0 }],
    definitions: [
      { key: 'buyers', mode: 'incremental', entered: 1 },
      { key: 'revenue', mode: 'incremental', size: 2 },
    ],
  });
  expect(await shop.members('buyers')).toEqual(['ann', 'bob']);
});
