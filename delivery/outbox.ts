/**
 * The outbox in the warehouse: what waits for a destination, page by page, and what became of it. Every
 * statement is about a whole page, so their number does not grow with the messages of a page, and no
 * result stays open while something is written.
 */
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
  nul,
  pick,
  project,
  rowNumber,
  text,
  values,
} from '../compiler/ir/build.js';
import type { Column, Expr, Relation } from '../compiler/ir/types.js';
import { exitsDone, FINAL_STATUSES, sweepSteps } from '../compiler/program/forgotten-exits.js';
import type { StateSchema } from '../compiler/program/state.js';
import type { StepOp } from '../compiler/program/types.js';
import type { Dialect } from '../dialects/dialect.js';
import { sleep, withRetry, type Sleep } from '../dialects/retry.js';
import type { Row, Warehouse } from '../dialects/warehouse.js';
import { parseInstant } from '../models/instant.js';
import type { Outcome, OutboxMessage } from './destination.js';

/** Which of the waiting messages. */
export interface Selection {
  readonly destination: string;
  /** Absent: of every definition. */
  readonly definitions?: readonly string[];
}

/** A stretch of the outbox, small enough to hold in memory unless it says otherwise. */
export interface Page {
  readonly selection: Selection;
  readonly fromRun: number;
  readonly toRun: number;
  /** A part of one run: message ids from `fromId` (inclusive) to `toId` (exclusive). */
  readonly fromId?: string;
  readonly toId?: string;
  /** About how many messages; only whole runs are counted exactly. */
  readonly about: number;
  /** Read in the order of runs and within a run in a fixed order; else as the engine finds them. */
  readonly sorted: boolean;
}

/** What became of messages, and after how many attempts. */
export interface Fate {
  readonly outcome: Outcome;
  readonly tries: number;
}

/** The fate of some messages of a page. */
export interface Mark extends Fate {
  readonly ids: readonly string[];
}

/** Rows of one VALUES list: long ones are parsed slowly everywhere. */
const VALUES_ROWS = 1000;

const EXCEPTIONS: readonly Column[] = [
  { name: 'message_id', type: 'text' },
  { name: 'mark_no', type: 'int' },
];

/** Where an outbox is, and how failures that may pass are waited for. */
export interface OutboxSite {
  readonly warehouse: Warehouse;
  readonly dialect: Dialect;
  readonly state: StateSchema;
  readonly signal?: AbortSignal;
  readonly sleep?: Sleep;
}

export class Outbox {
  private remembersForgotten = false;

  private readonly exceptions = {
    table: { name: 'rollcall_sync_marks' },
    columns: EXCEPTIONS,
    temporary: true,
  };

  private readonly warehouse: Warehouse;
  private readonly dialect: Dialect;
  private readonly state: StateSchema;
  private readonly signal: AbortSignal | undefined;

  constructor(private readonly site: OutboxSite) {
    this.warehouse = site.warehouse;
    this.dialect = site.dialect;
    this.state = site.state;
    this.signal = site.signal;
  }

  /** False before the first run: there is nothing to send, and nowhere to look. */
  async exists(): Promise<boolean> {
    const tables = await this.again(() =>
      this.warehouse.describeSchema(this.state.schema, this.callOptions()),
    );
    const names = new Set(tables.map((t) => t.table.name));
    this.remembersForgotten = names.has('forgotten');
    return names.has('outbox') && names.has('deliveries') && names.has('sent');
  }

  /** How many messages wait, by run, in the order of runs. */
  async waiting(selection: Selection): Promise<ReadonlyMap<number, number>> {
    const rows = pendingRows(this.state, { selection });
    const counts = aggregate(rows, [as('run_no', c(rows, 'run_no'))], [as('messages', agg('count'))]);
    const found = await this.again(async () => {
      const all: [number, number][] = [];
      for await (const row of this.rows(counts)) all.push([Number(row['run_no']), Number(row['messages'])]);
      return all;
    });
    return new Map(found.sort((a, b) => a[0] - b[0]));
  }

  /** The messages of a page that still wait. Read it to its end, or leave it, before writing anything. */
  async *read(page: Page): AsyncGenerator<readonly OutboxMessage[]> {
    const rows = pendingRows(this.state, page);
    const columns = [
      'message_id',
      'definition_key',
      'run_no',
      'message_type',
      'identifier_type',
      'identifier',
      'value',
      'payload',
    ];
    const sql = this.dialect.select(pick(rows, columns), {});
    if (page.sorted) {
      const all = await this.again(async () => {
        const messages: OutboxMessage[] = [];
        for await (const batch of this.warehouse.read(sql, this.callOptions()))
          messages.push(...batch.rows.map(messageOf));
        return messages;
      });
      if (all.length > 0) yield all.sort(byRun);
      return;
    }
    // Once some have been handed out it is too late to begin again.
    const { batches, first } = await this.again(async () => {
      const opened = this.warehouse.read(sql, this.callOptions())[Symbol.asyncIterator]();
      return { batches: opened, first: await opened.next() };
    });
    try {
      for (let next = first; next.done !== true; next = await batches.next())
        yield next.value.rows.map(messageOf);
    } finally {
      await batches.return?.();
    }
  }

  /**
   * Records a page: `rest` became of every message no mark names (undefined: nothing happened to them).
   * Deliveries and what the destination was last told change together or not at all. What may pass is tried again from
   * the beginning, even where nobody knows whether it was done: messages that were recorded do not wait any more.
   */
  async record(page: Page, rest: Fate | undefined, marks: readonly Mark[], at: string): Promise<void> {
    const named = marks.filter((m) => m.ids.length > 0);
    if (rest === undefined && named.length === 0) return;
    const { signal } = new AbortController(); // what was sent is recorded, whoever asks to stop
    await this.again(() => this.recordOnce(page, rest, named, at), signal);
    if (named.length > 0)
      await this.again(() => this.run({ op: 'drop', table: this.exceptions.table, object: 'table' }), signal);
  }

  private async recordOnce(
    page: Page,
    rest: Fate | undefined,
    named: readonly Mark[],
    at: string,
  ): Promise<void> {
    // Outside the transaction: not every engine has DDL in one.
    if (named.length > 0) await this.stageMarks(named);
    try {
      await this.warehouse.begin();
      const outcomes = this.outcomes(page, rest, named);
      const moment = lit({ type: 'timestamp', value: String(parseInstant(at) ?? 0n) });
      const all = [rest, ...named].flatMap((m) => (m === undefined ? [] : [m.outcome]));
      // Before the deliveries: once those are in, nothing of this page waits any more.
      if (all.some((o) => o.status === 'delivered')) await this.run(this.tell(outcomes, moment));
      await this.run(this.deliver(outcomes, moment));
      await this.warehouse.commit();
    } catch (error) {
      await this.warehouse.rollback().catch(() => undefined);
      throw error;
    }
  }

  /** Calls the warehouse, and again where the failure may pass. What reads gives up when it is asked to stop. */
  private again<T>(work: () => Promise<T>, signal = this.signal): Promise<T> {
    return withRetry(work, {
      repeatable: true,
      sleep: this.site.sleep ?? sleep,
      ...(signal && { signal }),
      onRetry: () => undefined,
    });
  }

  /** Erases what is done with of messages to people who were forgotten: it names them. */
  async sweep(): Promise<void> {
    if (!this.remembersForgotten) return;
    const done = exitsDone(this.state);
    const counted = aggregate(done, [], [as('messages', agg('count'))]);
    const messages = await this.again(async () => {
      let found = 0;
      for await (const row of this.rows(counted)) found += Number(row['messages']);
      return found;
    });
    if (messages === 0) return;
    const { first, then, last } = sweepSteps(this.state, done);
    await this.again(async () => {
      await this.run(first);
      try {
        await this.warehouse.begin();
        for (const step of then) await this.run(step);
        await this.warehouse.commit();
      } catch (error) {
        await this.warehouse.rollback().catch(() => undefined);
        throw error;
      }
    });
    await this.again(() => this.run(last));
  }

  /** Mark numbers by message id, in a table of their own: few rows, as the commonest outcome is `rest`. */
  private async stageMarks(marks: readonly Mark[]): Promise<void> {
    await this.run({ op: 'ensure_table', spec: this.exceptions });
    await this.run({ op: 'delete', table: this.exceptions.table });
    const rows = marks.flatMap((mark, n) => mark.ids.map((id) => [text(id), int(n + 1)]));
    for (let i = 0; i < rows.length; i += VALUES_ROWS) {
      const query = values(EXCEPTIONS, rows.slice(i, i + VALUES_ROWS));
      await this.run({ op: 'append', table: this.exceptions.table, query });
    }
  }

  /** The page's waiting messages to which something happened, with `tries, status, http_status, error`. */
  private outcomes(page: Page, rest: Fate | undefined, marks: readonly Mark[]): Relation {
    const waiting = withAttempts(this.state, pendingRows(this.state, page));
    const columns = waiting.columns.map((x) => as(x.name, c(waiting, x.name)));
    if (marks.length === 0 && rest !== undefined) {
      const constant = markExprs(rest);
      return project(waiting, [...columns, ...MARK.map((x, i) => as(x.name, constant[i] ?? nul(x.type)))]);
    }
    const staged: Relation = { kind: 'scan', table: this.exceptions.table, columns: EXCEPTIONS };
    const joined = join('left', waiting, staged, ['message_id']);
    const numbered = project(joined, [
      ...columns,
      as('mark_no', call('coalesce', c(joined, 'mark_no'), int(0))),
    ]);
    const rows = marks.map((mark, n) => [int(n + 1), ...markExprs(mark)]);
    if (rest !== undefined) rows.push([int(0), ...markExprs(rest)]);
    return join('inner', numbered, values([{ name: 'mark_no', type: 'int' }, ...MARK], rows), ['mark_no']);
  }

  private deliver(outcomes: Relation, at: Expr): StepOp {
    const attempt = call('add', c(outcomes, 'attempts'), c(outcomes, 'tries'));
    const query = project(outcomes, [
      ...['message_id', 'destination_key'].map((name) => as(name, c(outcomes, name))),
      as('attempt', attempt),
      ...['status', 'http_status', 'error'].map((name) => as(name, c(outcomes, name))),
      as('at', at),
    ]);
    return { op: 'append', table: this.state.ref('deliveries'), query };
  }

  /** What the destination knows now: of several messages about one thing, the last. */
  private tell(outcomes: Relation, at: Expr): StepOp {
    const keys = ['destination_key', 'definition_key', 'identifier_type', 'identifier'];
    const delivered = filter(outcomes, eq(c(outcomes, 'status'), text('delivered')));
    const ranked = rowNumber(delivered, {
      partitionBy: keys.map((name) => c(delivered, name)),
      orderBy: [{ expr: c(delivered, 'run_no'), desc: true }, { expr: c(delivered, 'message_id') }],
      as: 'nth',
    });
    const last = filter(ranked, eq(c(ranked, 'nth'), int(1)));
    const query = project(last, [
      ...[...keys, 'value'].map((name) => as(name, c(last, name))),
      as('sent_at', at),
    ]);
    return {
      op: 'merge',
      table: this.state.ref('sent'),
      query,
      keys,
      set: ['value', 'sent_at'],
      insert: true,
    };
  }

  private async run(op: StepOp): Promise<void> {
    const step = { ...op, id: `sync.${op.op}`, title: 'recording deliveries' };
    for (const { sql } of this.dialect.statements(step, {})) await this.warehouse.execute(sql);
  }

  private async *rows(query: Relation): AsyncGenerator<Row> {
    const sql = this.dialect.select(query, {});
    for await (const batch of this.warehouse.read(sql, this.callOptions())) yield* batch.rows;
  }

  private callOptions(): { readonly signal?: AbortSignal } {
    return this.signal === undefined ? {} : { signal: this.signal };
  }
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

/** Outbox rows of a selection, or of a page of it, without a final delivery. */
function pendingRows(state: StateSchema, page: Partial<Page> & Pick<Page, 'selection'>): Relation {
  const { destination, definitions } = page.selection;
  const outbox = state.scan('outbox');
  const deliveries = state.scan('deliveries');
  const ofDestination = (r: Relation): Expr => eq(c(r, 'destination_key'), text(destination));
  const inIds = (r: Relation): Expr =>
    and(
      ...(page.fromId === undefined ? [] : [call('ge', c(r, 'message_id'), text(page.fromId))]),
      ...(page.toId === undefined ? [] : [call('lt', c(r, 'message_id'), text(page.toId))]),
    );
  const wanted = and(
    ofDestination(outbox),
    ...(definitions === undefined
      ? []
      : [call('in_list', c(outbox, 'definition_key'), ...definitions.map(text))]),
    ...(page.fromRun === undefined ? [] : [call('ge', c(outbox, 'run_no'), int(page.fromRun))]),
    ...(page.toRun === undefined ? [] : [call('le', c(outbox, 'run_no'), int(page.toRun))]),
    inIds(outbox),
  );
  const final = call('in_list', c(deliveries, 'status'), ...FINAL_STATUSES.map((status) => text(status)));
  const done = pick(filter(deliveries, and(ofDestination(deliveries), final, inIds(deliveries))), [
    'message_id',
  ]);
  return antiJoin(filter(outbox, wanted), done, ['message_id']);
}

/** Adds `attempts`: how often each message was tried before. */
function withAttempts(state: StateSchema, waiting: Relation): Relation {
  const deliveries = state.scan('deliveries');
  const failed = filter(deliveries, eq(c(deliveries, 'status'), text('failed')));
  const before = aggregate(
    failed,
    [as('message_id', c(failed, 'message_id'))],
    [as('attempts', agg('max', [c(failed, 'attempt')]))],
  );
  const joined = join('left', waiting, before, ['message_id']);
  const kept = waiting.columns.map((x) => as(x.name, c(joined, x.name)));
  return project(joined, [...kept, as('attempts', call('coalesce', c(joined, 'attempts'), int(0)))]);
}

function messageOf(row: Row): OutboxMessage {
  const of = (name: string): string => String(row[name] ?? '');
  return {
    messageId: of('message_id'),
    definition: of('definition_key'),
    runNo: Number(row['run_no'] ?? 0),
    type: of('message_type'),
    identifierType: of('identifier_type'),
    identifier: of('identifier'),
    value: row['value'] == null ? null : String(row['value']),
    payload: of('payload'),
  };
}

function byRun(a: OutboxMessage, b: OutboxMessage): number {
  return (
    a.runNo - b.runNo ||
    order(a.definition, b.definition) ||
    order(a.identifier, b.identifier) ||
    order(a.type, b.type) ||
    order(a.messageId, b.messageId)
  );
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
