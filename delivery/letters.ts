/** Dead letters put back, and what is done with and old enough taken out. */
import {
  agg,
  aggregate,
  and,
  antiJoin,
  as,
  c,
  call,
  eq,
  filter,
  int,
  join,
  lit,
  pick,
  project,
  semiJoin,
  text,
} from '../compiler/ir/build.js';
import type { Column, Expr, Relation } from '../compiler/ir/types.js';
import { FINAL_STATUSES } from '../compiler/program/forgotten-exits.js';
import { IDENTIFIER, type StateSchema } from '../compiler/program/state.js';
import type { StepOp } from '../compiler/program/types.js';
import type { Dialect } from '../dialects/dialect.js';
import type { Row, Warehouse } from '../dialects/warehouse.js';
import { parseInstant } from '../models/instant.js';

/** Which dead letters. */
export interface Letters {
  readonly destination?: string;
  readonly definition?: string;
}

const MESSAGE = ['message_id', 'destination_key'] as const;
const WAY = ['destination_key', 'definition_key', ...IDENTIFIER] as const;

/**
 * Dead letters and whether each is stale: a newer message of the same identifier and definition was delivered since, so that it is
 * never sent again. `message_id`, `destination_key`, `attempt`, `stale` (0 or 1).
 */
export function deadLetters(state: StateSchema, { destination, definition }: Letters): Relation {
  const deliveries = state.scan('deliveries');
  const outbox = state.scan('outbox');
  const dead = filter(deliveries, call('in_list', c(deliveries, 'status'), text('rejected'), text('dead')));
  const own = filter(
    outbox,
    and(
      ...(destination === undefined ? [] : [eq(c(outbox, 'destination_key'), text(destination))]),
      ...(definition === undefined ? [] : [eq(c(outbox, 'definition_key'), text(definition))]),
    ),
  );
  const letters = join(
    'inner',
    pick(own, [...WAY, 'message_id', 'run_no']),
    pick(dead, [...MESSAGE, 'attempt']),
    MESSAGE,
  );
  const done = filter(deliveries, eq(c(deliveries, 'status'), text('delivered')));
  const told = semiJoin(semiJoin(outbox, pick(letters, WAY), WAY), pick(done, MESSAGE), MESSAGE);
  const newest = aggregate(
    told,
    WAY.map((name) => as(name, c(told, name))),
    [as('newest', agg('max', [c(told, 'run_no')]))],
  );
  const beside = join('left', letters, newest, WAY);
  const later = call('gt', call('coalesce', c(beside, 'newest'), int(-1)), c(beside, 'run_no'));
  return project(beside, [
    ...[...MESSAGE, 'attempt'].map((name) => as(name, c(beside, name))),
    as('stale', later),
  ]);
}

/** How many of them may be sent again, and how many are stale: `stale`, `messages`. */
export function countLetters(state: StateSchema, letters: Letters): Relation {
  const rows = deadLetters(state, letters);
  return aggregate(rows, [as('stale', c(rows, 'stale'))], [as('messages', agg('count'))]);
}

/** Puts them back: they wait again, with the attempts they had. */
export function putBackStep(state: StateSchema, letters: Letters): StepOp {
  const rows = deadLetters(state, letters);
  const back = filter(rows, call('not', c(rows, 'stale')));
  const query = project(back, [
    ...[...MESSAGE, 'attempt'].map((name) => as(name, c(back, name))),
    as('status', text('failed')),
  ]);
  return {
    op: 'merge',
    table: state.ref('deliveries'),
    query,
    keys: [...MESSAGE, 'attempt'],
    set: ['status'],
    insert: false,
  };
}

/** Messages to be taken out: a temporary table, so that rows of several tables go by it. */
const OLD: {
  readonly table: { readonly name: string };
  readonly columns: readonly Column[];
  readonly temporary: true;
} = {
  table: { name: 'rollcall_pruned' },
  columns: MESSAGE.map((name) => ({ name, type: 'text' })),
  temporary: true,
};

/** The steps of pruning: `first` outside of the transaction, `then` in it, `last` after it. */
export interface PruneSteps {
  readonly first: StepOp;
  /** How many messages `first` found: `messages`. */
  readonly count: Relation;
  readonly then: readonly StepOp[];
  readonly last: StepOp;
}

/**
 * Messages made before an instant that are done with, and needed for nothing: not the latest of their identifier and definition (which
 * says what was told), and not of the last `as_of` computed (which may be computed again, and must send nothing twice).
 */
export function pruneSteps(state: StateSchema, before: string): PruneSteps {
  const outbox = state.scan('outbox');
  const deliveries = state.scan('deliveries');
  const runs = state.scan('runs');
  const moment: Expr = lit({ type: 'timestamp', value: String(parseInstant(before) ?? 0n) });
  const final = filter(
    deliveries,
    call('in_list', c(deliveries, 'status'), ...FINAL_STATUSES.map((status) => text(status))),
  );
  const newest = aggregate(
    outbox,
    WAY.map((name) => as(name, c(outbox, name))),
    [as('newest', agg('max', [c(outbox, 'run_no')]))],
  );
  const last = aggregate(runs, [], [as('as_of', agg('max', [c(runs, 'as_of')]))]);
  const ofLast = pick(semiJoin(runs, last, ['as_of']), ['run_no']);
  const old = filter(outbox, call('lt', c(outbox, 'created_at'), moment));
  const beside = join('inner', antiJoin(old, ofLast, ['run_no']), newest, WAY);
  const overtaken = filter(beside, call('lt', c(beside, 'run_no'), c(beside, 'newest')));
  const query = pick(semiJoin(overtaken, pick(final, MESSAGE), MESSAGE), MESSAGE, { distinct: true });
  const staged: Relation = { kind: 'scan', table: OLD.table, columns: OLD.columns };
  const drop = (table: 'deliveries' | 'outbox'): StepOp => ({
    op: 'delete',
    table: state.ref(table),
    query: staged,
    keys: MESSAGE,
  });
  return {
    first: { op: 'replace', spec: OLD, query },
    count: aggregate(staged, [], [as('messages', agg('count'))]),
    then: [drop('deliveries'), drop('outbox')],
    last: { op: 'drop', table: OLD.table, object: 'table' },
  };
}

/** What dead letters are put back, and old messages taken out, with. */
export interface LetterSite {
  readonly warehouse: Warehouse;
  readonly dialect: Dialect;
  readonly state: StateSchema;
}

/** Puts dead letters back; stale ones stay where they are. Before the first run there are none. */
export async function putBackLetters(
  site: LetterSite,
  letters: Letters,
): Promise<{ readonly retried: number; readonly stale: number }> {
  if (!(await hasOutbox(site))) return { retried: 0, stale: 0 };
  const counts = await rowsOf(site, countLetters(site.state, letters));
  const of = (stale: string): number => {
    const row = counts.find((one) => String(one['stale']) === stale);
    return row === undefined ? 0 : Number(row['messages']);
  };
  const found = { retried: of('false'), stale: of('true') };
  if (found.retried > 0) await perform(site, putBackStep(site.state, letters));
  return found;
}

/** Takes out old messages that are needed for nothing; resolves to how many. */
export async function pruneDeliveries(site: LetterSite, before: string): Promise<number> {
  if (!(await hasOutbox(site))) return 0;
  const { first, count, then, last } = pruneSteps(site.state, before);
  await perform(site, first);
  const [row] = await rowsOf(site, count);
  const messages = Number(row?.['messages'] ?? 0);
  try {
    if (messages > 0) {
      await site.warehouse.begin();
      for (const step of then) await perform(site, step);
      await site.warehouse.commit();
    }
  } catch (error) {
    await site.warehouse.rollback().catch(() => undefined);
    throw error;
  }
  await perform(site, last);
  return messages;
}

async function hasOutbox({ warehouse, state }: LetterSite): Promise<boolean> {
  const tables = await warehouse.describeSchema(state.schema);
  return tables.some(({ table }) => table.name === 'deliveries');
}

async function perform({ warehouse, dialect }: LetterSite, op: StepOp): Promise<void> {
  const step = { ...op, id: `deliveries.${op.op}`, title: 'deliveries' };
  for (const { sql } of dialect.statements(step, {})) await warehouse.execute(sql);
}

async function rowsOf({ warehouse, dialect }: LetterSite, query: Relation): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for await (const batch of warehouse.read(dialect.select(query, {}))) rows.push(...batch.rows);
  return rows;
}
