/**
 * The outbox in the warehouse: what waits for a destination, page by page, and what became of it. Every
 * statement is about a whole page, so their number does not grow with the messages of a page.
 */
import { agg, aggregate, as, c, call, filter, int, pick, project, rowNumber } from '../compiler/ir/build.js';
import type { Expr, Relation } from '../compiler/ir/types.js';
import { exitsDone, sweepSteps } from '../compiler/program/forgotten-exits.js';
import type { StateSchema } from '../compiler/program/state.js';
import type { Dialect } from '../dialects/dialect.js';
import { sleep, withRetry, type Sleep } from '../dialects/retry.js';
import type { Row, Warehouse } from '../dialects/warehouse.js';
import type { Destination, OutboxMessage } from './destination.js';
import {
  MARKS,
  markSteps,
  recordSteps,
  supersedeStep,
  type Fate,
  type Mark,
  type Recording,
} from './recorder.js';
import { lineOf } from './one-line.js';
import { RecordFile } from './record-file.js';
import { fieldsOf, readRecords, recordRows } from './records.js';
import {
  ALL_LANES,
  byRun,
  lastTried,
  pendingRows,
  triedRows,
  type Lanes,
  type Page,
  type Selection,
  type Waiting,
} from './rows.js';
import { perform, performAtOnce, rowsOf, tablesOf, type Site } from './site.js';

/** Where an outbox is, and how failures that may pass are waited for. */
interface OutboxSite extends Site {
  readonly signal?: AbortSignal;
  readonly sleep?: Sleep;
}

const MESSAGE = [
  'message_id',
  'definition_key',
  'run_no',
  'message_type',
  'identifier_type',
  'identifier',
  'value',
  'payload',
];

/** Messages of one definition and type. */
export interface Kind {
  readonly definition: string;
  readonly type: string;
  readonly messages: number;
}

export class Outbox {
  private remembersForgotten = false;
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
    const names = await this.again(() => tablesOf(this.site, this.callOptions()));
    this.remembersForgotten = names.has('forgotten');
    return names.has('outbox') && names.has('deliveries') && names.has('sent');
  }

  /** How many messages wait, by run, in the order of runs. */
  async waiting(selection: Selection, lanes: Lanes = ALL_LANES): Promise<readonly Waiting[]> {
    const pending = await this.counts(byRun(pendingRows(this.state, { selection, lanes })));
    const runs = [...pending.keys()].sort((a, b) => a - b);
    const [first] = runs;
    if (first === undefined) return [];
    const those = { selection, lanes, fromRun: first };
    const tried = await this.counts(byRun(triedRows(this.state, those)));
    // A page of several runs holds those between them as well, of which nothing waits.
    const isFresh = (run: number, before: number): boolean =>
      ![...tried.keys()].some((one) => one > before && one <= run);
    return runs.map((run, i) => ({
      run,
      messages: pending.get(run) ?? 0,
      fresh: isFresh(run, runs[i - 1] ?? first - 1),
    }));
  }

  /** How many messages wait, by definition and type; in the order of these. */
  async kinds(selection: Selection): Promise<readonly Kind[]> {
    const pending = pendingRows(this.state, { selection });
    const by = ['definition_key', 'message_type'].map((name) => as(name, c(pending, name)));
    const rows = await this.all(aggregate(pending, by, [as('messages', agg('count'))]));
    const kinds = rows.map((row): Kind => ({
      definition: String(row['definition_key']),
      type: String(row['message_type']),
      messages: Number(row['messages']),
    }));
    const name = ({ definition, type }: Kind): string => `${definition} ${type}`;
    return kinds.sort((a, b) => (name(a) < name(b) ? -1 : 1));
  }

  /** The first messages that wait of each definition and type. */
  async sample(selection: Selection, most: number): Promise<readonly OutboxMessage[]> {
    const pending = pendingRows(this.state, { selection });
    const placed = rowNumber(pending, {
      partitionBy: [c(pending, 'definition_key'), c(pending, 'message_type')],
      orderBy: [{ expr: c(pending, 'run_no') }, { expr: c(pending, 'message_id') }],
      as: 'place',
    });
    const first = filter(placed, call('le', c(placed, 'place'), int(most)));
    return (await this.all(pick(first, MESSAGE))).map(messageOf).sort(inOrder);
  }

  /** When a message was last tried at a destination: an ISO instant. */
  async lastTried(destination: string): Promise<string | undefined> {
    const rows = await this.all(lastTried(this.state, destination));
    const at = rows[0]?.['at'];
    return typeof at === 'string' ? at : undefined;
  }

  /** The messages of a page that still wait. */
  async *read(page: Page): AsyncGenerator<readonly OutboxMessage[]> {
    const waiting = pendingRows(this.state, page);
    if (page.sorted) {
      const sql = this.dialect.select(pick(waiting, MESSAGE), {});
      const all = await this.again(async () => {
        const messages: OutboxMessage[] = [];
        for await (const batch of this.warehouse.read(sql, this.callOptions()))
          messages.push(...batch.rows.map(messageOf));
        return messages;
      });
      if (all.length > 0) yield all.sort(inOrder);
      return;
    }
    const records = this.dialect.select(recordRows(waiting), {});
    for await (const rows of this.stream(records)) yield readRecords(rows, page.fromRun);
  }

  /**
   * A long page that still waits as a file, where the engine writes files of this machine; to be closed. Where there is none, nor
   * where it could not be written, the page is to be read.
   */
  async aside(page: Page): Promise<RecordFile | undefined> {
    if (page.sorted || !this.writesLines) return undefined;
    const fields = (rows: Relation): readonly Expr[] => fieldsOf(rows, lineOf(rows));
    try {
      return await RecordFile.of((path) => this.again(() => this.writeLines(page, fields, path)));
    } catch {
      return undefined; // whatever was the matter shows when it is read, or has passed: that it was to stop, too
    }
  }

  /** Whether `writeLines` can be asked. */
  get writesLines(): boolean {
    return this.warehouse.writeLines !== undefined;
  }

  /**
   * Puts a line for each message of a page that still waits into a file, of fields with `FIELD_END` between them; resolves to how many
   * there are. In no order but that of the engine.
   */
  async writeLines(page: Page, fields: (rows: Relation) => readonly Expr[], path: string): Promise<number> {
    const rows = pendingRows(this.state, page);
    const columns = fields(rows).map((field, i) => as(`field_${i + 1}`, field));
    const sql = this.dialect.select(project(rows, columns), {});
    const written = await this.warehouse.writeLines?.(sql, path, this.callOptions());
    return written ?? 0;
  }

  /**
   * Records a page: `rest` became of every message no mark names (undefined: nothing happened to them).
   * Deliveries and what the destination was last told change together or not at all. What may pass is tried again from
   * the beginning, even where nobody knows whether it was done: messages that were recorded do not wait any more.
   */
  async record(
    page: Page,
    rest: Fate | undefined,
    marks: readonly Mark[],
    at: string,
    how: Recording = {},
  ): Promise<void> {
    const named = marks.filter((m) => m.ids.length > 0);
    if (rest === undefined && named.length === 0) return;
    const { signal } = new AbortController(); // what was sent is recorded, whoever asks to stop
    let first = true;
    await this.again(async () => {
      // Whoever tries again does not know whether it was done before.
      const looked: Page = first ? page : { ...page, fresh: false };
      first = false;
      if (named.length > 0) for (const step of markSteps(named)) await perform(this.site, step);
      await performAtOnce(this.site, recordSteps(this.state, looked, rest, named, at, how));
    }, signal);
    if (named.length > 0)
      await this.again(() => perform(this.site, { op: 'drop', table: MARKS.table, object: 'table' }), signal);
  }

  /**
   * Records that all of a page came to a fate, once `holds` resolves to true. Resolves to whether it did; if not, or if that cannot be
   * told, it is to be recorded as it came.
   */
  async foresee(page: Page, fate: Fate, at: string, holds: Promise<boolean>): Promise<boolean> {
    const steps = recordSteps(this.state, page, fate, [], at);
    try {
      await performAtOnce(this.site, steps, async () => {
        if (!(await holds)) throw new Error('it came otherwise');
      });
      return true;
    } catch {
      return false;
    }
  }

  /** Writes a page's messages within the warehouse, and that they were delivered, at once; `check` as `performAtOnce` has it. */
  async write(
    page: Page,
    { prepare, steps }: NonNullable<Destination['inside']>,
    at: string,
    check: () => void,
  ): Promise<void> {
    const { signal } = new AbortController();
    const delivered: Fate = { outcome: { status: 'delivered' }, tries: 1 };
    let first = true;
    await this.again(async () => {
      const looked: Page = first ? page : { ...page, fresh: false };
      first = false;
      for (const step of prepare) await perform(this.site, step);
      const rows = pendingRows(this.state, looked);
      const recorded = recordSteps(this.state, looked, delivered, [], at);
      await performAtOnce(this.site, [...steps(rows), ...recorded], check);
    }, signal);
  }

  /** Gives up messages that failed before, and of whose identifier the destination was told something newer since. */
  async supersede(selection: Selection, lanes: Lanes, at: string): Promise<void> {
    await this.again(() => perform(this.site, supersedeStep(this.state, { selection, lanes }, at)));
  }

  /** Erases what is done with of messages to people who were forgotten: it names them. */
  async sweep(): Promise<void> {
    if (!this.remembersForgotten) return;
    const done = exitsDone(this.state);
    const counted = aggregate(done, [], [as('messages', agg('count'))]);
    const [row] = await this.all(counted);
    if (Number(row?.['messages'] ?? 0) === 0) return;
    const { first, then, last } = sweepSteps(this.state, done);
    await this.again(async () => {
      await perform(this.site, first);
      await performAtOnce(this.site, then);
    });
    await this.again(() => perform(this.site, last));
  }

  /** Rows of a query as they come; what may pass is asked again until there are any. */
  private async *stream(sql: string): AsyncGenerator<readonly Row[]> {
    const { batches, first } = await this.again(async () => {
      const opened = this.warehouse.read(sql, this.callOptions())[Symbol.asyncIterator]();
      return { batches: opened, first: await opened.next() };
    });
    try {
      for (let next = first; next.done !== true; next = await batches.next()) yield next.value.rows;
    } finally {
      await batches.return?.();
    }
  }

  private all(query: Relation): Promise<readonly Row[]> {
    return this.again(() => rowsOf(this.site, query, this.callOptions()));
  }

  /** Messages by run. */
  private async counts(query: Relation): Promise<ReadonlyMap<number, number>> {
    const rows = await this.all(query);
    return new Map(rows.map((row) => [Number(row['run_no']), Number(row['messages'])]));
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

  private callOptions(): { readonly signal?: AbortSignal } {
    return this.signal === undefined ? {} : { signal: this.signal };
  }
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

function inOrder(a: OutboxMessage, b: OutboxMessage): number {
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
