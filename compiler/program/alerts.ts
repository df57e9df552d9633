/** What alerts ask of state: sizes, deliveries, the last run, what was told. */
import {
  agg,
  aggregate,
  as,
  c,
  call,
  eq,
  filter,
  int,
  join,
  lit,
  not,
  or,
  pick,
  rowNumber,
  text,
} from '../ir/build.js';
import type { Column, LiteralValue, Relation } from '../ir/types.js';
import { MESSAGE_KEYS } from './deliveries.js';
import { STATE, type StateSchema } from './state.js';
import type { StepOp } from './types.js';

/** Statuses of a message that went the way it was to go: it was delivered, or was not to be. */
const WELL = ['delivered', 'superseded', 'filtered'] as const;

/**
 * (definition_key, run_id, size, before): the last size of each definition and the one it is compared with; only of those that
 * have both.
 *
 * @param micros compared with the last snapshot of so long before, instead of the one before
 */
export function sizesCompared(schema: StateSchema, micros?: bigint): Relation {
  const runs = pick(schema.scan('runs'), ['run_id', 'run_no']);
  const all = join('inner', schema.scan('snapshots'), runs, ['run_id']);
  const ranked = latestFirst(all, ['definition_key'], ['run_no']);
  const last = nth(ranked, 1);
  const now = pick(last, ['definition_key', 'run_id', 'size', ['as_of', 'last_as_of']]);
  const older = micros === undefined ? nth(ranked, 2) : lastUntil(all, now, micros);
  const before = pick(older, ['definition_key', ['size', 'before']]);
  return pick(join('inner', now, before, ['definition_key']), ['definition_key', 'run_id', 'size', 'before']);
}

/** The last snapshots that are older than those of now by so much. */
function lastUntil(all: Relation, now: Relation, micros: bigint): Relation {
  const beside = join('inner', all, pick(now, ['definition_key', 'last_as_of']), ['definition_key']);
  const until = call('ts_add_micros', c(beside, 'last_as_of'), int(-micros));
  const old = filter(beside, call('le', c(beside, 'as_of'), until));
  return nth(latestFirst(old, ['definition_key'], ['as_of', 'run_no']), 1);
}

function latestFirst(rows: Relation, by: readonly string[], order: readonly string[]): Relation {
  return rowNumber(rows, {
    partitionBy: by.map((name) => c(rows, name)),
    orderBy: order.map((name) => ({ expr: c(rows, name), desc: true })),
    as: 'nth',
  });
}

const nth = (ranked: Relation, n: number): Relation => filter(ranked, eq(c(ranked, 'nth'), int(n)));

/** (destination_key, messages, lost): messages there were attempts at since, and those of which the last came to nothing. */
export function deliveryHealth(schema: StateSchema, since: LiteralValue): Relation {
  const deliveries = schema.scan('deliveries');
  const recent = filter(deliveries, call('ge', c(deliveries, 'at'), lit(since)));
  const last = nth(latestFirst(recent, MESSAGE_KEYS, ['at', 'attempt']), 1);
  const status = c(last, 'status');
  const isWell = call('in_list', status, ...WELL.map((word) => text(word)));
  const counts = or(not(isWell), eq(status, text('delivered')));
  return aggregate(
    last,
    [as('destination_key', c(last, 'destination_key'))],
    [
      as('messages', agg('count', [], { filter: counts })),
      as('lost', agg('count', [], { filter: not(isWell) })),
    ],
  );
}

/** (run_id, status, error): the last run that came to its end, or died; nobody's who was told to stop. */
export function lastEnded(schema: StateSchema): Relation {
  const runs = schema.scan('runs');
  const isOpen = call('in_list', c(runs, 'status'), text('running'), text('cancelled'));
  const ended = filter(runs, not(isOpen));
  return pick(nth(latestFirst(ended, [], ['run_no']), 1), ['run_id', 'status', 'error']);
}

/** What tells one told alert from another. */
export const TOLD_KEYS = ['alert', 'subject', 'channel'] as const;

/** Remembers what was told, and forgets what is over. */
export const rememberTold = (schema: StateSchema, rows: Relation): StepOp => ({
  op: 'merge',
  table: schema.ref('alerts'),
  query: rows,
  keys: TOLD_KEYS,
  set: STATE.alerts
    .map(({ name }) => name)
    .filter((name) => !(TOLD_KEYS as readonly string[]).includes(name)),
  insert: true,
});

export const forgetTold = (schema: StateSchema, rows: Relation): StepOp => ({
  op: 'delete',
  table: schema.ref('alerts'),
  query: rows,
  keys: TOLD_KEYS,
});

export const TOLD_COLUMNS: readonly Column[] = STATE.alerts;
