/** What a reader may rely on at any moment (SEMANTICS §6), as queries that find nothing. */
import type { Warehouse } from '../../dialects/warehouse.js';

/** By what it is that does not hold; in the words of SQL that DuckDB and PostgreSQL share. */
export const BROKEN: Readonly<Record<string, string>> = {
  'a member who is not in the history': `
select audience_key, profile_id, entered_at from rollcall.memberships
except select audience_key, profile_id, entered_at from rollcall.membership_history where exited_at is null`,
  'an open history of somebody who is no member': `
select audience_key, profile_id, entered_at from rollcall.membership_history where exited_at is null
except select audience_key, profile_id, entered_at from rollcall.memberships`,
  'a snapshot of another size than its audience': `
with latest as (
  select s.*, row_number() over (partition by s.definition_key order by r.run_no desc) as age
  from rollcall.snapshots as s join rollcall.runs as r on r.run_id = s.run_id),
members as (select audience_key, count(*) as n from rollcall.memberships group by 1)
select d.key, l.size, m.n from rollcall.definitions as d
join latest as l on l.definition_key = d.key and l.age = 1
left join members as m on m.audience_key = d.key
where d.kind <> 'trait' and d.status <> 'removed' and l.size <> coalesce(m.n, 0)`,
  'a snapshot whose entries are not in the history': `
select s.definition_key, s.as_of, s.entered, count(h.profile_id) as n from rollcall.snapshots as s
join rollcall.definitions as d on d.key = s.definition_key and d.kind <> 'trait'
left join rollcall.membership_history as h on h.audience_key = s.definition_key and h.entered_at = s.as_of
group by 1, 2, 3 having s.entered <> count(h.profile_id)`,
  'a snapshot whose exits are not in the history': `
select s.definition_key, s.as_of, s.exited, count(h.profile_id) as n from rollcall.snapshots as s
join rollcall.definitions as d on d.key = s.definition_key and d.kind <> 'trait'
left join rollcall.membership_history as h on h.audience_key = s.definition_key and h.exited_at = s.as_of
group by 1, 2, 3 having s.exited <> count(h.profile_id)`,
  'rows of a run that published nothing': `
select r.run_id, r.status from rollcall.runs as r where r.status not in ('succeeded', 'partial')
and (r.run_id in (select run_id from rollcall.snapshots) or r.run_id in (select run_id from rollcall.outbox)
  or r.run_id in (select run_id from rollcall.memberships) or r.run_id in (select run_id from rollcall.trait_values))`,
  'a delivery of no message': `
select message_id from rollcall.deliveries except select message_id from rollcall.outbox`,
  'two messages of one id': `
select message_id from rollcall.outbox group by 1 having count(*) > 1`,
};

/** What does not hold now, with the rows that show it. Where nothing was ever run, nothing is broken. */
export async function invariants(warehouse: Warehouse): Promise<readonly string[]> {
  const tables = new Set((await warehouse.describeSchema('rollcall')).map(({ table }) => table.name));
  if (!tables.has('memberships')) return [];
  const found: string[] = [];
  for (const [what, sql] of Object.entries(BROKEN)) {
    for await (const { rows } of warehouse.read(sql))
      found.push(...rows.map((row) => `${what}: ${JSON.stringify(row)}`));
  }
  return found;
}
