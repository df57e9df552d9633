/**
 * Each message once, however often it landed (SEMANTICS §3, §10 Landing).
 *
 * What is new is found in the rows of a window, which one statement reads from the raw table (`newSteps`): those of no
 * message that landed before, each id once, and beside them what has to be told of the others. A full landing is one
 * statement over all rows, where an engine bills each time that a table is named (`countedAtOnce`). Elsewhere sorting or copying
 * what landed once would be the dearer: duplicated ids are found by a cheap hash, only their rows are compared, and
 * every read after is the raw rows without those ids plus the winners (`dedupeSteps`, `countedRows`).
 */
import { tableText, type BoundSource, type BoundTable } from '../bind/index.js';
import { firstLandings, LANDING, messageExprs, rankedLandings } from '../bind/rows.js';
import { hashedName } from '../bind/paths.js';
import {
  agg,
  aggregate,
  and,
  antiJoin,
  as,
  c,
  call,
  caseWhen,
  extend,
  filter,
  int,
  join,
  label,
  or,
  pick,
  previous,
  project,
  semiJoin,
  union,
} from '../ir/build.js';
import type { Column, Expr, Named, Relation } from '../ir/types.js';
import { DIGEST_KEYS, digestOf } from './digest.js';
import { scanSpec, temporary } from './names.js';
import type { Step, TableSpec } from './types.js';

/** What a landing reads of one raw table. */
export interface LandingTable {
  readonly source: BoundSource;
  readonly table: BoundTable;
  /** The physical columns in use. */
  readonly columns: readonly string[];
}

const tableId = (of: LandingTable): string =>
  hashedName(`${of.source.name}_${of.table.table.name}`, of.source.name, tableText(of.table.table));

const physical = (of: LandingTable): readonly Column[] =>
  of.table.raw.columns.filter((column) => of.columns.includes(column.name));

/** A temporary table of rows as they stand in the raw table, with what is put beside them. */
function physicalTable(name: string, of: LandingTable, beside: readonly Named[] = []): TableSpec {
  const own = pick(
    of.table.raw,
    physical(of).map((column) => column.name),
  );
  const like = beside.length === 0 ? own : extend(own, beside);
  return { ...temporary(name, like.columns), like };
}

const KEY_STREAM = 'rollcall_stream';
const KEY_ID = 'rollcall_message_id';
const KEY_RECEIVED = 'rollcall_received_at';
const KEY_TIMESTAMP = 'rollcall_timestamp';

/** Physical columns in use and what is beside them, with a message's identity. */
function keyed(of: LandingTable, rows: Relation = of.table.raw, beside: readonly string[] = []): Relation {
  const narrow = pick(rows, [...of.columns, ...beside]);
  const key = messageExprs(of.source, of.table, narrow);
  const keys = [
    as(KEY_STREAM, key('stream')),
    as(KEY_ID, key('message_id')),
    as(KEY_RECEIVED, key('received_at')),
    as(KEY_TIMESTAMP, key('timestamp')),
  ];
  return extend(narrow, keys);
}

const messagesOnly = (rows: Relation): Relation => filter(rows, call('is_not_null', c(rows, KEY_ID)));

/** What a row of `readRows` is. */
const STATUS = 'rollcall_status';
const LEFT_OUT = 0;
const COUNTS = 1;
const CORRECTED = 2;

/** Rows of a window, as they stand in a table, with their digests: each is asked for several times. */
const windowRows = (of: LandingTable): TableSpec =>
  physicalTable(
    `read_${tableId(of)}`,
    of,
    DIGEST_KEYS.map((half) => as(half, int(0))),
  );

const digested = (of: LandingTable, rows: Relation): Relation => {
  const narrow = pick(rows, of.columns);
  const key = messageExprs(of.source, of.table, narrow);
  return extend(narrow, digestOf(key('stream'), key('message_id'), DIGEST_KEYS));
};

/** Rows read of a table, with what each is. */
const readRows = (of: LandingTable): TableSpec =>
  physicalTable(`new_${tableId(of)}`, of, [as(STATUS, int(0))]);

const withStatus = (of: LandingTable, status: number): Relation => {
  const rows = scanSpec(readRows(of));
  return filter(rows, call('eq', c(rows, STATUS), int(status)));
};

/** The messages that `newSteps` or `countedAtOnce` read, each once, with their physical columns. */
export const newRows = (of: LandingTable): Relation => pick(withStatus(of, COUNTS), of.columns);

/** Rows that landed again earlier than what counted until then. After `newSteps`. */
export const correctedRows = (of: LandingTable): Relation => withStatus(of, CORRECTED);

/** Rows among those read that lack an id or a timestamp, with others. */
export const auditedRows = (of: LandingTable): Relation => pick(scanSpec(readRows(of)), of.columns);

/** What landed before, of the source. Columns: DIGEST_KEYS, then LANDED. */
export const LANDED = {
  source: 'landed_source',
  receivedAt: 'landed_received_at',
  timestamp: 'landed_timestamp',
} as const;

/**
 * Finds what is new in the tables of a source. Windows are read first, by themselves: how many rows they have is then
 * known, and engines hash those instead of all that ever landed, which is read once for all tables.
 *
 * @param window the raw rows of a table to look at
 * @param landed what landed before, see LANDED: with the `received_at` that rows of windows have, and earlier ones. Nearly all
 *   rows of a window that landed before are found among the former; only for others all that ever landed is looked through
 */
export function newSteps(
  tables: readonly LandingTable[],
  window: (of: LandingTable) => Relation,
  landed: { readonly recent: Relation; readonly older: Relation },
): readonly Step[] {
  const [first] = tables;
  if (!first) return [];
  const reads = tables.map((of): Step => ({
    ...named(of, 'read', 'rows since the last landing'),
    op: 'replace',
    spec: windowRows(of),
    query: digested(of, window(of)),
  }));
  const known = temporary(`known_${hashedName(first.source.name, first.source.name)}`, landed.recent.columns);
  const asked = union(tables.map((of) => pick(messagesOnly(inWindow(of)), DIGEST_KEYS)));
  const knownStep: Step = {
    id: `land.${first.source.name}.known`,
    title: `${first.source.name}: which of them landed before`,
    op: 'replace',
    spec: known,
    query: union([
      semiJoin(landed.recent, asked, DIGEST_KEYS),
      semiJoin(landed.older, antiJoin(asked, landed.recent, DIGEST_KEYS), DIGEST_KEYS),
    ]),
  };
  return [...reads, knownStep, ...tables.map((of) => newStep(of, scanSpec(known)))];
}

/** Lets go of the windows that `newSteps` read, when nothing asks of them any more. */
export const windowsDone = (tables: readonly LandingTable[]): readonly Step[] =>
  tables.map((of) => ({
    ...named(of, 'read.drop', 'rows since the last landing are told apart'),
    op: 'drop',
    table: windowRows(of).table,
    object: 'table',
  }));

const inWindow = (of: LandingTable): Relation => keyed(of, scanSpec(windowRows(of)), DIGEST_KEYS);

/**
 * Messages that landed and should be among the rows of a window, and are not. After `newSteps`.
 *
 * @param landed what landed before within the window, see LANDED
 */
export const goneFrom = (tables: readonly LandingTable[], landed: Relation): Relation =>
  antiJoin(landed, union(tables.map((of) => pick(inWindow(of), DIGEST_KEYS))), DIGEST_KEYS);

function newStep(of: LandingTable, before: Relation): Step {
  const rows = join('left', inWindow(of), before, DIGEST_KEYS);
  const received = { now: c(rows, KEY_RECEIVED), before: c(rows, LANDED.receivedAt) };
  const happened = { now: c(rows, KEY_TIMESTAMP), before: c(rows, LANDED.timestamp) };
  const same = call('not', call('is_distinct', received.now, received.before));
  const isNew = call('is_null', c(rows, LANDED.source));
  const isCorrected = or(isEarlier(received), and(same, isEarlier(happened)));
  const told = filter(rows, or(isNew, call('is_null', happened.now), isCorrected));
  return readStep(of, 'new rows', told, [
    { when: and(isNew, call('is_not_null', c(rows, KEY_ID))), then: COUNTS },
    { when: and(call('not', isNew), isCorrected), then: CORRECTED },
  ]);
}

/** All messages of a table, each once, by one statement over it: `newRows` are they. */
export function countedAtOnce(of: LandingTable): Step {
  const rows = keyed(of);
  return readStep(of, 'each message once', rows, [
    { when: call('is_not_null', c(rows, KEY_ID)), then: COUNTS },
  ]);
}

function readStep(
  of: LandingTable,
  title: string,
  rows: Relation,
  statuses: readonly { readonly when: Expr; readonly then: number }[],
): Step {
  const ranked = rankedLandings(of.source, of.table, rows, of.columns);
  const isFirst = call('eq', c(ranked, LANDING), int(1));
  const status = caseWhen(
    statuses.map(({ when, then }) => ({
      when: then === COUNTS ? and(when, isFirst) : when,
      then: int(then),
    })),
    int(LEFT_OUT),
  );
  const told = project(ranked, [
    ...[...of.columns, KEY_ID, KEY_TIMESTAMP].map((name) => as(name, c(ranked, name))),
    as(STATUS, status),
  ]);
  const kept = filter(
    told,
    or(
      call('ne', c(told, STATUS), int(LEFT_OUT)),
      call('is_null', c(told, KEY_ID)),
      call('is_null', c(told, KEY_TIMESTAMP)),
    ),
  );
  return {
    ...named(of, 'new', title),
    op: 'replace',
    spec: readRows(of),
    query: pick(kept, [...of.columns, STATUS]),
  };
}

const named = ({ source, table }: LandingTable, id: string, title: string): Pick<Step, 'id' | 'title'> => ({
  id: `land.${source.name}.${table.table.name}.${id}`,
  title: `${source.name}: ${tableText(table.table)}: ${title}`,
});

interface Instants {
  readonly now: Expr;
  readonly before: Expr;
}

/** Strictly earlier, where a missing instant is later than any. */
function isEarlier({ now, before }: Instants): Expr {
  return or(call('lt', now, before), and(call('is_not_null', now), call('is_null', before)));
}

const duplicates = (of: LandingTable): TableSpec =>
  temporary(`again_${tableId(of)}`, [
    { name: KEY_STREAM, type: 'text' },
    { name: KEY_ID, type: 'text' },
  ]);

const winners = (of: LandingTable): TableSpec => physicalTable(`first_${tableId(of)}`, of);

/** Hashes that several rows have, `h`; some may be told several times. */
function sharedHashes(rows: Relation, bySorting: boolean): Relation {
  const hashed = project(rows, [as('h', call('hash64', c(rows, KEY_ID)))]);
  const h = c(hashed, 'h');
  if (!bySorting) return aggregate(hashed, [as('h', h)], [], call('gt', agg('count'), int(1)));
  const sorted = previous(hashed, { arg: h, partitionBy: [], orderBy: [{ expr: h }], as: 'before' });
  return pick(filter(sorted, call('eq', c(sorted, 'h'), c(sorted, 'before'))), ['h']);
}

/**
 * Finds ids that landed more than once and keeps the landing of each that counts.
 *
 * @param bySorting hashes that repeat are found by putting all in order; else by counting each
 */
export function dedupeSteps(of: LandingTable, bySorting: boolean): readonly Step[] {
  const again = duplicates(of);
  const rows = messagesOnly(keyed(of));
  const shared = sharedHashes(rows, bySorting);
  const ids = project(rows, [
    as(KEY_STREAM, c(rows, KEY_STREAM)),
    as(KEY_ID, c(rows, KEY_ID)),
    as('h', call('hash64', c(rows, KEY_ID))),
  ]);
  const suspects = semiJoin(ids, label(shared, 'shared_hashes'), ['h']);
  const repeated = aggregate(
    suspects,
    [as(KEY_STREAM, c(suspects, KEY_STREAM)), as(KEY_ID, c(suspects, KEY_ID))],
    [],
    call('gt', agg('count'), int(1)),
  );
  const theirs = semiJoin(rows, scanSpec(again), [KEY_STREAM, KEY_ID]);
  return [
    {
      ...named(of, 'again', 'ids that landed more than once'),
      op: 'replace',
      spec: again,
      query: repeated,
    },
    {
      ...named(of, 'first', 'the landing of each that counts'),
      op: 'replace',
      spec: winners(of),
      query: firstLandings(of.source, of.table, theirs, of.columns),
    },
  ];
}

/** All rows of a table, each message once. After `dedupeSteps`. */
export function countedRows(of: LandingTable): Relation {
  const once = antiJoin(messagesOnly(keyed(of)), scanSpec(duplicates(of)), [KEY_STREAM, KEY_ID]);
  return union([pick(once, of.columns), scanSpec(winners(of))]);
}
