/** What became of messages, written down: a page is one transaction of a few statements, however many messages it has. */
import {
  agg,
  aggregate,
  and,
  as,
  c,
  call,
  caseWhen,
  eq,
  filter,
  int,
  join,
  nul,
  pick,
  project,
  semiJoin,
  text,
  values,
} from '../compiler/ir/build.js';
import type { Column, Expr, Relation } from '../compiler/ir/types.js';
import { IDENTIFIER, type StateSchema } from '../compiler/program/state.js';
import type { StepOp } from '../compiler/program/types.js';
import type { Outcome } from './destination.js';
import {
  deliveredRows,
  lastOfEach,
  momentOf,
  newestOfEach,
  pendingRows,
  TOLD,
  withAttempts,
  type Page,
  type Stretch,
} from './rows.js';

/** What became of messages, and after how many attempts. */
export interface Fate {
  readonly outcome: Outcome;
  readonly tries: number;
}

/** The fate of some messages of a page. */
export interface Mark extends Fate {
  readonly ids: readonly string[];
}

export interface Recording {
  /** Messages that failed too often are given up: dead letters. */
  readonly mayDie?: boolean;
}

/** Five syncs of five tries each. */
const MOST_ATTEMPTS = 25;

/** Rows of one VALUES list: long ones are parsed slowly everywhere. */
const VALUES_ROWS = 1000;

const EXCEPTIONS: readonly Column[] = [
  { name: 'message_id', type: 'text' },
  { name: 'mark_no', type: 'int' },
];

/** Mark numbers by message id, in a table of their own: few rows, as the commonest outcome is `rest`. */
export const MARKS = {
  table: { name: 'rollcall_sync_marks' },
  columns: EXCEPTIONS,
  temporary: true,
};

/** The steps that fill `MARKS`: outside of any transaction, as not every engine has DDL in one. */
export function markSteps(marks: readonly Mark[]): readonly StepOp[] {
  const rows = marks.flatMap((mark, n) => mark.ids.map((id) => [text(id), int(n + 1)]));
  const appends: StepOp[] = [];
  for (let i = 0; i < rows.length; i += VALUES_ROWS) {
    const query = values(EXCEPTIONS, rows.slice(i, i + VALUES_ROWS));
    appends.push({ op: 'append', table: MARKS.table, query });
  }
  return [{ op: 'ensure_table', spec: MARKS }, { op: 'delete', table: MARKS.table }, ...appends];
}

/**
 * The steps of the transaction. `rest` became of every message of the page that no mark names (undefined: nothing).
 *
 * @param at when, as an ISO 8601 instant
 */
export function recordSteps(
  state: StateSchema,
  page: Page,
  rest: Fate | undefined,
  marks: readonly Mark[],
  at: string,
  { mayDie = false }: Recording = {},
): readonly StepOp[] {
  const outcomes = outcomesOf(state, page, rest, marks);
  const moment = momentOf(at);
  const all = [rest, ...marks].flatMap((m) => (m === undefined ? [] : [m.outcome]));
  return [
    // Before the deliveries: once those are in, nothing of this page waits any more.
    ...(all.some((o) => o.status === 'delivered')
      ? [tell(state, outcomes, moment, page.fromRun === page.toRun)]
      : []),
    deliver(state, mayDie ? deadWhereTriedEnough(outcomes) : outcomes, moment),
  ];
}

/** The page's waiting messages to which something happened, with `tries, status, http_status, error`. */
function outcomesOf(
  state: StateSchema,
  page: Page,
  rest: Fate | undefined,
  marks: readonly Mark[],
): Relation {
  const waiting = withAttempts(state, pendingRows(state, page), page);
  const columns = waiting.columns.map((x) => as(x.name, c(waiting, x.name)));
  if (marks.length === 0 && rest !== undefined) {
    const constant = markExprs(rest);
    return project(waiting, [...columns, ...MARK.map((x, i) => as(x.name, constant[i] ?? nul(x.type)))]);
  }
  const staged: Relation = { kind: 'scan', table: MARKS.table, columns: EXCEPTIONS };
  const joined = join('left', waiting, staged, ['message_id']);
  const numbered = project(joined, [
    ...columns,
    as('mark_no', call('coalesce', c(joined, 'mark_no'), int(0))),
  ]);
  const rows = marks.map((mark, n) => [int(n + 1), ...markExprs(mark)]);
  if (rest !== undefined) rows.push([int(0), ...markExprs(rest)]);
  return join('inner', numbered, values([{ name: 'mark_no', type: 'int' }, ...MARK], rows), ['mark_no']);
}

/** Messages that failed as often as that, while the destination took others, are dead letters. */
function deadWhereTriedEnough(outcomes: Relation): Relation {
  const attempts = call('add', c(outcomes, 'attempts'), c(outcomes, 'tries'));
  const dead = and(eq(c(outcomes, 'status'), text('failed')), call('ge', attempts, int(MOST_ATTEMPTS)));
  const status = caseWhen([{ when: dead, then: text('dead') }], c(outcomes, 'status'));
  return project(
    outcomes,
    outcomes.columns.map(({ name }) => as(name, name === 'status' ? status : c(outcomes, name))),
  );
}

/**
 * Of what waits after it failed, messages that are stale: their destination was told something newer of the same identifier and
 * definition since. They are never sent.
 */
export function supersedeStep(state: StateSchema, stretch: Stretch, at: string): StepOp {
  const key = ['definition_key', ...IDENTIFIER];
  const waiting = withAttempts(state, pendingRows(state, stretch), stretch);
  const tried = filter(waiting, call('gt', c(waiting, 'attempts'), int(0)));
  const told = semiJoin(deliveredRows(state, stretch), tried, key);
  const beside = join('inner', tried, newestOfEach(told, key), key);
  const stale = filter(beside, call('gt', c(beside, 'newest'), c(beside, 'run_no')));
  const query = project(stale, [
    ...['message_id', 'destination_key'].map((name) => as(name, c(stale, name))),
    as('attempt', c(stale, 'attempts')),
    as('status', text('superseded')),
    as('http_status', nul('int')),
    as('error', nul('text')),
    as('at', momentOf(at)),
  ]);
  return { op: 'append', table: state.ref('deliveries'), query };
}

function deliver(state: StateSchema, outcomes: Relation, at: Expr): StepOp {
  const attempt = call('add', c(outcomes, 'attempts'), c(outcomes, 'tries'));
  const query = project(outcomes, [
    ...['message_id', 'destination_key'].map((name) => as(name, c(outcomes, name))),
    as('attempt', attempt),
    ...['status', 'http_status', 'error'].map((name) => as(name, c(outcomes, name))),
    as('at', at),
  ]);
  return { op: 'append', table: state.ref('deliveries'), query };
}

/** Messages of one run about one thing, of several types, all say the same of it: no need to put them in order. */
const anyOfEach = (delivered: Relation, keys: readonly string[]): Relation =>
  aggregate(
    delivered,
    keys.map((name) => as(name, c(delivered, name))),
    [as('value', agg('max', [c(delivered, 'value')]))],
  );

/** What the destination knows now: of several messages about one thing, the last. */
function tell(state: StateSchema, outcomes: Relation, at: Expr, oneRun: boolean): StepOp {
  const delivered = pick(filter(outcomes, eq(c(outcomes, 'status'), text('delivered'))), [
    ...TOLD,
    'value',
    'run_no',
    'message_id',
  ]);
  const last = (oneRun ? anyOfEach : lastOfEach)(delivered, TOLD);
  const query = project(last, [
    ...[...TOLD, 'value'].map((name) => as(name, c(last, name))),
    as('sent_at', at),
  ]);
  return {
    op: 'merge',
    table: state.ref('sent'),
    query,
    keys: TOLD,
    set: ['value', 'sent_at'],
    insert: true,
  };
}

const MARK: readonly Column[] = [
  { name: 'status', type: 'text' },
  { name: 'tries', type: 'int' },
  { name: 'http_status', type: 'int' },
  { name: 'error', type: 'text' },
];

function markExprs({ outcome, tries }: Fate): readonly Expr[] {
  const { status, httpStatus, error } = outcome;
  return [
    text(status),
    int(tries),
    httpStatus === undefined ? nul('int') : int(httpStatus),
    error === undefined ? nul('text') : text(error),
  ];
}
