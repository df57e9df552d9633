/** Relations every layout makes of its rows: events with values, messages for identity, each message once. */
import {
  agg,
  aggregate,
  and,
  as,
  bool,
  c,
  call,
  caseWhen,
  col,
  filter,
  int,
  label,
  project,
  rowNumber,
  semiJoin,
} from '../ir/build.js';
import type { Expr, Named, Relation } from '../ir/types.js';
import type { BoundSource, BoundTable } from './bound.js';
import { columnFacet, identifierOf, instantOf, textOf } from './columns.js';
import type { StandardColumns } from './tables.js';
import type { CatalogColumn, ValueColumn } from './types.js';

/** Standard columns named by the part they play, whatever the layout calls them. */
export interface Roles {
  readonly id: StandardColumns[string];
  readonly timestamp: StandardColumns[string];
  readonly receivedAt: StandardColumns[string];
  readonly userId: StandardColumns[string];
  readonly anonymousId: StandardColumns[string];
  readonly sourceId: StandardColumns[string];
}

/** EVENT_COLUMNS, what stands beside them, then one column per value. */
export function eventRows(
  rows: Relation,
  roles: Roles,
  columns: readonly ValueColumn[],
  value: (column: ValueColumn) => Expr,
  beside: readonly Named[] = [],
): Relation {
  const values = columns.map((column) => as(column.name, value(column)));
  return project(rows, [...eventColumns(roles), ...beside, ...values]);
}

/** EVENT_COLUMNS over the rows of a table. */
export const eventColumns = (roles: Roles): readonly Named[] => [
  as('message_id', textOf(roles.id)),
  as('timestamp', instantOf(roles.timestamp)),
  as('received_at', instantOf(roles.receivedAt)),
  as('user_id', identifierOf(roles.userId)),
  as('anonymous_id', identifierOf(roles.anonymousId)),
  as('source_id', textOf(roles.sourceId)),
];

/**
 * MESSAGE_COLUMNS. A mobile device only makes an *anonymous* profile known, and the messages of one carry no
 * user, so the context of others is not taken apart.
 *
 * @param mobile whether a message comes from a mobile device with an advertising id; may be null
 */
export function messageRows(
  rows: Relation,
  roles: Roles,
  stream: Expr,
  inUniverse: Expr,
  mobile?: { readonly type: Expr; readonly hasId: Expr },
): Relation {
  const user = identifierOf(roles.userId);
  const asked = and(call('is_null', user), inUniverse);
  // The type first: most messages end there.
  const has =
    mobile &&
    caseWhen(
      [{ when: and(asked, mobile.type), then: call('coalesce', mobile.hasId, bool(false)) }],
      bool(false),
    );
  return project(rows, [
    as('stream', stream),
    as('message_id', textOf(roles.id)),
    as('timestamp', instantOf(roles.timestamp)),
    as('received_at', instantOf(roles.receivedAt)),
    as('user_id', user),
    as('anonymous_id', identifierOf(roles.anonymousId)),
    as('in_universe', inUniverse),
    as('has_device', has ?? bool(false)),
  ]);
}

/**
 * Each message once: of the rows of one (stream, id), the smallest `received_at`, missing ones last, then the
 * smallest `timestamp`; what is left is decided by the texts of the columns given. Rows without an id are no
 * messages. The columns stay physical.
 */
export function firstLandings(
  source: BoundSource,
  table: BoundTable,
  rows: Relation,
  columns: readonly string[],
): Relation {
  const kept = project(
    rows,
    columns.map((name) => as(name, c(rows, name))),
  );
  const message = messageExprs(source, table, kept);
  const messages = filter(kept, call('is_not_null', message('message_id')));
  const ranked = rankedLandings(source, table, messages, columns);
  const first = filter(ranked, call('eq', col(LANDING, 'int'), int(1)));
  return project(
    first,
    columns.map((name) => as(name, c(kept, name))),
  );
}

/** Text of a column by which equals are told apart: of JSON, the whole of it. */
const tieText = (column: CatalogColumn | undefined): Expr =>
  column?.kind === 'json' ? call('json_dump', columnFacet(column, 'json')) : textOf(column);

/** Which of the landings of its id a row is: 1 counts. */
export const LANDING = 'rollcall_landing';

/** Rows with their place among those of their (stream, id), as `firstLandings` has it: LANDING added. */
export function rankedLandings(
  source: BoundSource,
  table: BoundTable,
  rows: Relation,
  columns: readonly string[],
): Relation {
  const message = messageExprs(source, table, rows);
  const asc = (expr: Expr): { readonly expr: Expr; readonly nulls: 'last' } => ({ expr, nulls: 'last' });
  const kinds = new Map(table.catalog.columns.map((column) => [column.name, column]));
  return rowNumber(rows, {
    partitionBy: [message('stream'), message('message_id')],
    orderBy: [
      asc(message('received_at')),
      asc(message('timestamp')),
      asc(message('user_id')),
      asc(message('anonymous_id')),
      ...columns.map((name) => asc(tieText(kinds.get(name)))),
    ],
    as: LANDING,
  });
}

/**
 * Ids in more than one row, as they stand in their physical column. Hashes find the few candidates without grouping
 * millions of texts.
 *
 * @param id the id's text, over the table's own columns
 */
export function repeatedIds(rows: Relation, column: string, id: Expr): Relation {
  const hash = call('hash64', id);
  const several = call('gt', agg('count'), int(1));
  const hashes = label(aggregate(rows, [as(HASH, hash)], [], several), 'hashes');
  const keyed = project(rows, [as(column, c(rows, column)), as(HASH, hash)]);
  const candidates = semiJoin(keyed, hashes, [HASH]);
  return aggregate(candidates, [as(column, c(candidates, column))], [], several);
}

const HASH = 'id_hash';

/** The expressions behind a table's message columns, over its physical columns. */
export function messageExprs(source: BoundSource, table: BoundTable, rows: Relation): (name: string) => Expr {
  const relation = source.messages(table, () => rows);
  const exprs = new Map<string, Named>(
    relation.kind === 'project' ? relation.exprs.map((named) => [named.name, named]) : [],
  );
  return (name) => exprs.get(name)?.expr ?? c(relation, name);
}

/** Physical columns of a table that relations made of its raw rows read, in the table's order. */
export function columnsRead(table: BoundTable, relations: readonly Relation[]): readonly string[] {
  const read = new Set<string>();
  const visit = (relation: Relation): boolean => {
    if (relation === table.raw) return true;
    if (relation.kind === 'project') {
      if (!visit(relation.input)) return false;
      // Only expressions directly over the table's own columns name physical ones.
      if (isRawRows(relation.input, table)) for (const named of relation.exprs) collect(named.expr, read);
      return true;
    }
    if (relation.kind === 'filter') {
      if (!visit(relation.input)) return false;
      if (isRawRows(relation.input, table)) collect(relation.predicate, read);
      return true;
    }
    if (relation.kind === 'union') return relation.inputs.map(visit).some(Boolean);
    if (relation.kind === 'unnest') {
      if (!visit(relation.input)) return false;
      if (isRawRows(relation.input, table)) collect(relation.expr, read);
      return true;
    }
    return false;
  };
  relations.forEach(visit);
  return table.raw.columns.map((column) => column.name).filter((name) => read.has(name));
}

const isRawRows = (relation: Relation, table: BoundTable): boolean =>
  relation === table.raw || (relation.kind === 'filter' && isRawRows(relation.input, table));

function collect(expr: Expr, into: Set<string>): void {
  switch (expr.kind) {
    case 'col':
      into.add(expr.name);
      return;
    case 'call':
      expr.args.forEach((arg) => collect(arg, into));
      return;
    case 'case':
      for (const branch of expr.whens) {
        collect(branch.when, into);
        collect(branch.then, into);
      }
      if (expr.otherwise) collect(expr.otherwise, into);
      return;
    case 'cast':
      collect(expr.expr, into);
      return;
    case 'agg':
      [...expr.args, ...(expr.orderBy ?? []), ...(expr.filter ? [expr.filter] : [])].forEach((e) =>
        collect(e, into),
      );
      return;
    case 'some':
      collect(expr.of, into);
      collect(expr.test, into);
      return;
    case 'lit':
    case 'null':
    case 'param':
    case 'element':
      return;
  }
}
