/**
 * What the differences of memberships are measured against: a full join of them before and after, each a table, whose making is
 * not counted. A run looks only at the pairs it computed; the join is what one would do who does not know these.
 */
import type { Warehouse } from '../dialects/warehouse.js';
import { median } from './measure.js';
import { rows } from './queries.js';

/** Median milliseconds of five such joins between the members of two instants, and how many rows differ. */
export async function fullJoin(
  w: Warehouse,
  before: string,
  after: string,
): Promise<{ readonly ms: number; readonly changed: number }> {
  const members = (instant: string): string =>
    `select audience_key, profile_id from rollcall.membership_history
     where entered_at <= '${instant}' and (exited_at is null or exited_at > '${instant}')`;
  await w.execute(`create or replace table raw.members_before as ${members(before)}`);
  await w.execute(`create or replace table raw.members_after as ${members(after)}`);
  const joined: number[] = [];
  let changed = 0;
  for (let i = 0; i < 5; i++) {
    const start = performance.now();
    const [row] = await rows(
      w,
      `select count(*) n from raw.members_before b full join raw.members_after a using (audience_key, profile_id)
       where a.audience_key is null or b.audience_key is null`,
    );
    joined.push(performance.now() - start);
    changed = Number(row?.['n']);
  }
  await w.execute('drop table raw.members_before; drop table raw.members_after');
  return { ms: median(joined), changed };
}

/** Steps that find who entered and who exited. */
export const DIFFERENCES = 'publish.(standing|entered|exited)';
