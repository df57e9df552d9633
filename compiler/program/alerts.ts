/** What alerts ask of state: sizes, deliveries, the last run, what was told. */
import {
  agg,
  aggregate,
  and,
  as,
  c,
  call,
  cast,
  eq,
  filter,
  int,
  join,
  lit,
  not,
  or,
  pick,
  project,
  rowNumber,
  text,
} from '../ir/build.js';
import type { Column, Expr, LiteralValue, Relation } from '../ir/types.js';
import { MESSAGE_KEYS } from './deliveries.js';
import { STATE, type StateSchema } from './state.js';
import type { StepOp } from './types.js';

/** Statuses of a message that went the way it was to go: it was delivered, or was not to be. */
const WELL = ['delivered', 'superseded', 'filtered'] as const;

/** Which sizes are compared. */
export interface Compared {
  /** Of these definitions alone. */
  readonly keys: readonly string[];
  /** No snapshot before is needed, in microseconds since 1970. */
  readonly since: bigint;
  /** With the size so many microseconds before, instead of that before the last run. */
  readonly micros?: bigint;
}

/**
 * (definition_key, run_id, size, before): the size of each definition as of its last run, and the one it is compared with; only
 * of those that have both. A snapshot says by how much it differs from the one before, so that of those before no more is read
 * than lies between the two.
 */
export function sizesCompared(schema: StateSchema, { keys, since, micros }: Compared): Relation {
  const snapshots = schema.scan('snapshots');
  const recent = filter(
    snapshots,
    and(
      call('ge', c(snapshots, 'as_of'), lit({ type: 'timestamp', value: since.toString() })),
      call('in_list', c(snapshots, 'definition_key'), ...keys.map((key) => text(key))),
    ),
  );
  const definitions = pick(schema.scan('definitions'), [
    ['key', 'definition_key'],
    'first_run_at',
    'last_as_of',
  ]);
  const own = join('inner', recent, definitions, ['definition_key']);
  const ofLast = filter(own, eq(c(own, 'as_of'), c(own, 'last_as_of')));
  const numbered = join('inner', ofLast, pick(schema.scan('runs'), ['run_id', 'run_no']), ['run_id']);
  const last = nth(latestFirst(numbered, ['definition_key'], ['run_no']), 1);
  const grown = (rows: Relation): Expr => call('sub', c(rows, 'entered'), c(rows, 'exited'));
  if (micros === undefined) {
    const rows = project(last, [
      ...['definition_key', 'run_id', 'size', 'as_of', 'first_run_at'].map((name) => as(name, c(last, name))),
      as('before', call('sub', c(last, 'size'), grown(last))),
    ]);
    // The first had nothing before it.
    const isFirst = and(eq(c(rows, 'as_of'), c(rows, 'first_run_at')), eq(c(rows, 'before'), int(0)));
    return pick(filter(rows, not(isFirst)), COMPARED);
  }
  const until = (rows: Relation): Expr => call('ts_add_micros', c(rows, 'last_as_of'), int(-micros));
  const within = filter(own, call('gt', c(own, 'as_of'), until(own)));
  const changes = aggregate(
    within,
    [as('definition_key', c(within, 'definition_key'))],
    [as('grown', agg('sum', [grown(within)]))],
  );
  const known = filter(last, call('le', c(last, 'first_run_at'), until(last)));
  const rows = join('inner', known, changes, ['definition_key']);
  return project(rows, [
    ...['definition_key', 'run_id', 'size'].map((name) => as(name, c(rows, name))),
    as('before', call('sub', cast(c(rows, 'size'), 'number'), c(rows, 'grown'))),
  ]);
}

const COMPARED = ['definition_key', 'run_id', 'size', 'before'] as const;

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
