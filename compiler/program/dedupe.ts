/**
 * Each message once, however often it landed (SEMANTICS §3, §10 Landing), without sorting or copying what
 * landed once: duplicated ids are found by a cheap hash, only their rows are compared, and every read after
 * is the raw rows without those ids plus the winners.
 */
import { tableText, type BoundSource, type BoundTable } from '../bind/index.js';
import { firstLandings, messageExprs } from '../bind/rows.js';
import { hashedName } from '../bind/paths.js';
import {
  agg,
  aggregate,
  antiJoin,
  as,
  c,
  call,
  extend,
  filter,
  int,
  label,
  pick,
  project,
  semiJoin,
  union,
} from '../ir/build.js';
import type { Column, Relation } from '../ir/types.js';
import { scanSpec, temporary } from './names.js';
import type { Step, TableSpec } from './types.js';

/** What a landing reads of one raw table. */
export interface LandingTable {
  readonly source: BoundSource;
  readonly table: BoundTable;
  /** The physical columns in use. */
  readonly columns: readonly string[];
}

export const tableId = (of: LandingTable): string =>
  hashedName(`${of.source.name}_${of.table.table.name}`, of.source.name, tableText(of.table.table));

const physical = (of: LandingTable): readonly Column[] =>
  of.table.raw.columns.filter((column) => of.columns.includes(column.name));

/** Rows of a table, new or winning, with their physical columns. */
const rowsTable = (of: LandingTable, purpose: 'new' | 'first'): TableSpec =>
  temporary(`${purpose}_${tableId(of)}`, physical(of));

export const newRows = (of: LandingTable): TableSpec => rowsTable(of, 'new');

const duplicates = (of: LandingTable): TableSpec =>
  temporary(`again_${tableId(of)}`, [
    { name: KEY_STREAM, type: 'text' },
    { name: KEY_ID, type: 'text' },
  ]);

const KEY_STREAM = 'rollcall_stream';
const KEY_ID = 'rollcall_message_id';
const KEY_RECEIVED = 'rollcall_received_at';
const KEY_TIMESTAMP = 'rollcall_timestamp';

/** Physical columns in use, with a message's identity beside them. */
export function keyed(of: LandingTable, rows: Relation = of.table.raw): Relation {
  const narrow = pick(rows, of.columns);
  const key = messageExprs(of.source, of.table, narrow);
  const keys = [
    as(KEY_STREAM, key('stream')),
    as(KEY_ID, key('message_id')),
    as(KEY_RECEIVED, key('received_at')),
    as(KEY_TIMESTAMP, key('timestamp')),
  ];
  const withKeys = extend(narrow, keys);
  return filter(withKeys, call('is_not_null', c(withKeys, KEY_ID)));
}

export const KEYS = {
  stream: KEY_STREAM,
  id: KEY_ID,
  receivedAt: KEY_RECEIVED,
  timestamp: KEY_TIMESTAMP,
} as const;

/** Finds ids that landed more than once and keeps the landing of each that counts. */
export function dedupeSteps(of: LandingTable): readonly Step[] {
  const again = duplicates(of);
  const first = rowsTable(of, 'first');
  const rows = keyed(of);
  const hashed = project(rows, [as('h', call('hash64', c(rows, KEY_ID)))]);
  const shared = aggregate(hashed, [as('h', c(hashed, 'h'))], [], call('gt', agg('count'), int(1)));
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
  const name = `${of.source.name}: ${tableText(of.table.table)}`;
  return [
    {
      id: `land.${of.source.name}.${of.table.table.name}.again`,
      title: `${name}: ids that landed more than once`,
      op: 'replace',
      spec: again,
      query: repeated,
    },
    {
      id: `land.${of.source.name}.${of.table.table.name}.first`,
      title: `${name}: the landing of each that counts`,
      op: 'replace',
      spec: first,
      query: firstLandings(of.source, of.table, theirs, of.columns),
    },
  ];
}

/** All rows of a table, each message once. After `dedupeSteps`. */
export function countedRows(of: LandingTable): Relation {
  const once = antiJoin(keyed(of), scanSpec(duplicates(of)), [KEY_STREAM, KEY_ID]);
  return union([pick(once, of.columns), scanSpec(rowsTable(of, 'first'))]);
}
