/** How many members and values there are, came and went: one row a definition. */
import {
  agg,
  aggregate,
  antiJoin,
  as,
  c,
  call,
  caseWhen,
  eq,
  filter,
  int,
  join,
  param,
  pick,
  project,
  text,
  union,
} from '../ir/build.js';
import type { Column, Expr, Relation } from '../ir/types.js';
import { AS_OF } from './identity.js';
import { STATE, type StateSchema } from './state.js';

const COUNTS = ['size', 'entered', 'exited', 'changed'] as const;

export const COUNT_COLUMNS: readonly Column[] = [
  { name: 'definition_no', type: 'int' },
  { name: 'definition_key', type: 'text' },
  ...COUNTS.map((name): Column => ({ name, type: 'int' })),
];

/** Which of the counted rows make up each count; an audience's changes are its entries and exits. */
const SUMS: Readonly<
  Record<
    (typeof COUNTS)[number],
    { readonly of: readonly (keyof Counted)[]; readonly less?: readonly (keyof Counted)[] }
  >
> = {
  size: { of: ['members', 'values', 'entered', 'new_values'], less: ['exited', 'vanished'] },
  entered: { of: ['entered', 'new_values'] },
  exited: { of: ['exited', 'vanished'] },
  changed: { of: ['entered', 'exited', 'changed_values'] },
};

/** `members` and `values` are those there were, of all definitions. */
export interface Counted {
  readonly members: Relation;
  readonly entered: Relation;
  readonly exited: Relation;
  readonly values: Relation;
  readonly new_values: Relation;
  readonly vanished: Relation;
  readonly changed_values: Relation;
}

/**
 * (definition_no, definition_key, size, entered, exited, changed), before anything is applied.
 *
 * Rows of all definitions are counted, and then the counts asked for are chosen: asking of each member whether it is one of
 * theirs costs three times what counting it does.
 *
 * @param computed (definition_no, definition_key) of those to count
 */
export function countsOf(counted: Counted, computed: Relation): Relation {
  const parts = Object.entries(counted).map(([what, rows]: [string, Relation]) => {
    const grouped = aggregate(rows, [as('definition_no', c(rows, 'definition_no'))], [as('n', agg('count'))]);
    return project(grouped, [
      as('definition_no', c(grouped, 'definition_no')),
      as('what', text(what)),
      as('n', c(grouped, 'n')),
    ]);
  });
  const all = join('left', computed, union(parts), ['definition_no']);
  const n = (what: string): Expr =>
    call('coalesce', agg('max', [c(all, 'n')], { filter: eq(c(all, 'what'), text(what)) }), int(0));
  const sum = (terms: readonly string[]): Expr =>
    terms.map(n).reduce((total, one) => call('add', total, one));
  return aggregate(
    all,
    ['definition_no', 'definition_key'].map((name) => as(name, c(all, name))),
    COUNTS.map((name) => {
      const { of, less } = SUMS[name];
      return as(name, less ? call('sub', sum(of), sum(less)) : sum(of));
    }),
  );
}

/** Snapshots; none where nothing changed and there is one of this `as_of`: the same run again leaves no second. */
export function snapshotRows(schema: StateSchema, now: Relation): Relation {
  const snapshots = schema.scan('snapshots');
  const same = filter(snapshots, eq(c(snapshots, 'as_of'), AS_OF));
  const total = call('add', call('add', c(now, 'entered'), c(now, 'exited')), c(now, 'changed'));
  const row = project(now, [
    as('definition_key', c(now, 'definition_key')),
    as('run_id', param('run_id', 'text')),
    as('as_of', AS_OF),
    ...COUNTS.map((name) => as(name, c(now, name))),
    as('key_if_same', caseWhen([{ when: eq(total, int(0)), then: c(now, 'definition_key') }])),
  ]);
  const kept = antiJoin(row, same, [{ left: 'key_if_same', right: 'definition_key' }]);
  return pick(
    kept,
    STATE.snapshots.map((column) => column.name),
  );
}
