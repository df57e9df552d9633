/** What is done with, old enough and needed for nothing is taken out of the outbox and the deliveries. */
import { agg, aggregate, antiJoin, as, c, call, filter, join, pick, semiJoin } from '../compiler/ir/build.js';
import type { Column, Relation } from '../compiler/ir/types.js';
import { finalMessages, MESSAGE_KEYS } from '../compiler/program/deliveries.js';
import type { StateSchema } from '../compiler/program/state.js';
import type { StepOp } from '../compiler/program/types.js';
import { momentOf, newestOfEach, TOLD } from './rows.js';
import { perform, performAtOnce, rowsOf, tablesOf, type Site } from './site.js';

/** Messages to be taken out: a temporary table, so that rows of several tables go by it. */
const OLD = {
  table: { name: 'rollcall_pruned' },
  columns: MESSAGE_KEYS.map((name): Column => ({ name, type: 'text' })),
  temporary: true,
} as const;

/**
 * Takes out messages made before an instant, with their deliveries; resolves to how many. Those stay that are the latest of their
 * identifier and definition (they say what was told), and those of the last `as_of` computed (it may be computed again, and must send
 * nothing twice).
 */
export async function pruneDeliveries(site: Site, before: string): Promise<number> {
  if (!(await tablesOf(site)).has('deliveries')) return 0;
  await perform(site, { op: 'replace', spec: OLD, query: oldMessages(site.state, before) });
  const old: Relation = { kind: 'scan', table: OLD.table, columns: OLD.columns };
  const [row] = await rowsOf(site, aggregate(old, [], [as('messages', agg('count'))]));
  const messages = Number(row?.['messages'] ?? 0);
  const takeOut = (table: 'deliveries' | 'outbox'): StepOp => ({
    op: 'delete',
    table: site.state.ref(table),
    query: old,
    keys: MESSAGE_KEYS,
  });
  if (messages > 0) await performAtOnce(site, [takeOut('deliveries'), takeOut('outbox')]);
  await perform(site, { op: 'drop', table: OLD.table, object: 'table' });
  return messages;
}

/** `message_id`, `destination_key`. */
function oldMessages(state: StateSchema, before: string): Relation {
  const outbox = state.scan('outbox');
  const runs = state.scan('runs');
  const last = aggregate(runs, [], [as('as_of', agg('max', [c(runs, 'as_of')]))]);
  const ofLast = pick(semiJoin(runs, last, ['as_of']), ['run_no']);
  const old = filter(outbox, call('lt', c(outbox, 'created_at'), momentOf(before)));
  const beside = join('inner', antiJoin(old, ofLast, ['run_no']), newestOfEach(outbox, TOLD), TOLD);
  const overtaken = filter(beside, call('lt', c(beside, 'run_no'), c(beside, 'newest')));
  return pick(semiJoin(overtaken, finalMessages(state), MESSAGE_KEYS), MESSAGE_KEYS, { distinct: true });
}
