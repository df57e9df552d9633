/**
 * Publishing one definition: what it computed (its stage table) against what is published, in one
 * transaction: rows, history, snapshot. Differences are kept aside first, so that every step after reads the
 * same ones.
 */
import {
  agg,
  aggregate,
  and,
  antiJoin,
  as,
  c,
  call,
  caseWhen,
  eq,
  filter,
  int,
  join,
  oneRow,
  or,
  param,
  pick,
  project,
  text,
  union,
} from '../ir/build.js';
import type { Column, Expr, Relation, ScalarType } from '../ir/types.js';
import { AS_OF } from './identity.js';
import { scanSpec, stageTable, temporary } from './names.js';
import { STATE, type StateSchema } from './state.js';
import type { Step, StepOp } from './types.js';

const NO = param('definition_no', 'int');
const RUN_NO = param('run_no', 'int');

const int1 = (name: string): Column => ({ name, type: 'int' });

const ENTERED = temporary('diff_entered', [int1('profile_no')]);
const EXITED = temporary('diff_exited', [int1('profile_no'), { name: 'entered_at', type: 'timestamp' }]);
const CHANGED = temporary('diff_values', [
  int1('profile_no'),
  { name: 'is_new', type: 'bool' },
  { name: 'value', type: 'text' },
  { name: 'number_value', type: 'number' },
  { name: 'text_value', type: 'text' },
]);
/** What publishing needs to know of a definition. */
export interface Publication {
  readonly key: string;
  readonly kind: 'audience' | 'trait';
}

/** The steps of publishing, in three parts, so that others can stand between them. */
export interface PublishSteps {
  /** Differences between stage and state; state is as it was before the run. */
  readonly diff: readonly Step[];
  /** `read` of `{ size, entered, exited, changed }`, after `diff`. */
  readonly counts: Step;
  /** State, history and snapshot become what was computed. */
  readonly apply: readonly Step[];
}

/** Rows of this definition in a state table, as published before the run. */
export function publishedRows(
  schema: StateSchema,
  table: 'member_state' | 'trait_state',
  no: Expr = NO,
): Relation {
  const rows = schema.scan(table);
  return filter(rows, eq(c(rows, 'definition_no'), no));
}

export function publishSteps(schema: StateSchema, publication: Publication): PublishSteps {
  const make: Make = (id, title, op, when) => ({
    id: `publish.${publication.key}.${id}`,
    title: `${publication.key}: ${title}`,
    definition: publication.key,
    ...(when && { when }),
    ...op,
  });
  const parts =
    publication.kind === 'audience' ? audience(schema, publication, make) : trait(schema, publication, make);
  const snapshot = make('snapshot', 'snapshot', {
    op: 'append',
    table: schema.ref('snapshots'),
    query: snapshotRow(schema, parts.counts),
  });
  return {
    diff: parts.diff,
    counts: make('counts', 'counting', { op: 'read', query: parts.counts }),
    apply: [...parts.apply, snapshot],
  };
}

type Make = (id: string, title: string, op: StepOp, when?: Step['when']) => Step;

interface Parts {
  readonly diff: readonly Step[];
  readonly apply: readonly Step[];
  readonly counts: Relation;
}

function audience(schema: StateSchema, { key }: Publication, make: Make): Parts {
  const stage = scanSpec(stageTable(key, 'audience'));
  const members = publishedRows(schema, 'member_state');
  const entered = scanSpec(ENTERED);
  const exited = scanSpec(EXITED);
  const gone = project(exited, [as('definition_no', NO), as('profile_no', c(exited, 'profile_no'))]);
  return {
    diff: [
      make('entered', 'who entered', {
        op: 'replace',
        spec: ENTERED,
        query: antiJoin(stage, members, ['profile_no']),
      }),
      make('exited', 'who exited', {
        op: 'replace',
        spec: EXITED,
        query: pick(antiJoin(members, stage, ['profile_no']), ['profile_no', 'entered_at']),
      }),
    ],
    apply: [
      make(
        'history',
        'closing history',
        { op: 'append', table: schema.ref('exit_state'), query: exits(exited, NO) },
        ['exited'],
      ),
      make(
        'leave',
        'members leaving',
        {
          op: 'delete',
          table: schema.ref('member_state'),
          query: gone,
          keys: ['definition_no', 'profile_no'],
        },
        ['exited'],
      ),
      make(
        'enter',
        'members entering',
        {
          op: 'append',
          table: schema.ref('member_state'),
          query: project(entered, [
            as('definition_no', NO),
            as('profile_no', c(entered, 'profile_no')),
            as('entered_at', AS_OF),
            as('run_no', RUN_NO),
          ]),
        },
        ['entered'],
      ),
    ],
    counts: counts({ size: stage, entered, exited, changed: undefined }),
  };
}

/** Rows of `exit_state` for members leaving now. */
function exits(leaving: Relation, no: Expr): Relation {
  return project(leaving, [
    as('definition_no', no),
    as('profile_no', c(leaving, 'profile_no')),
    as('entered_at', c(leaving, 'entered_at')),
    as('exited_at', AS_OF),
    as('run_no', RUN_NO),
  ]);
}

const VALUES: readonly (readonly [string, ScalarType])[] = [
  ['value', 'text'],
  ['number_value', 'number'],
  ['text_value', 'text'],
];

function trait(schema: StateSchema, { key }: Publication, make: Make): Parts {
  const stage = scanSpec(stageTable(key, 'trait'));
  const stored = publishedRows(schema, 'trait_state');
  const before = pick(stored, [
    'profile_no',
    ['definition_no', 'old_definition_no'],
    ...VALUES.map(([name]): readonly [string, string] => [name, `old_${name}`]),
  ]);
  const beside = join('left', stage, before, ['profile_no']);
  const isNew = call('is_null', c(beside, 'old_definition_no'));
  const differs = VALUES.map(([name]) => call('is_distinct', c(beside, name), c(beside, `old_${name}`)));
  const different = filter(beside, or(isNew, ...differs));
  const changed = scanSpec(CHANGED);
  const vanished = scanSpec(ENTERED);
  const replaced = union([pick(changed, ['profile_no']), pick(vanished, ['profile_no'])]);
  const news = filter(changed, c(changed, 'is_new'));
  const altered = filter(changed, call('not', c(changed, 'is_new')));
  return {
    diff: [
      make('changed', 'new and changed values', {
        op: 'replace',
        spec: CHANGED,
        query: project(different, [
          as('profile_no', c(different, 'profile_no')),
          as('is_new', call('is_null', c(different, 'old_definition_no'))),
          ...VALUES.map(([name]) => as(name, c(different, name))),
        ]),
      }),
      make('vanished', 'values that vanished', {
        op: 'replace',
        spec: ENTERED,
        query: pick(antiJoin(stored, stage, ['profile_no']), ['profile_no']),
      }),
    ],
    apply: [
      make(
        'forget',
        'values replaced',
        {
          op: 'delete',
          table: schema.ref('trait_state'),
          query: project(replaced, [as('definition_no', NO), as('profile_no', c(replaced, 'profile_no'))]),
          keys: ['definition_no', 'profile_no'],
        },
        ['exited', 'changed'],
      ),
      make(
        'store',
        'values stored',
        {
          op: 'append',
          table: schema.ref('trait_state'),
          query: project(changed, [
            as('definition_no', NO),
            as('profile_no', c(changed, 'profile_no')),
            ...VALUES.map(([name]) => as(name, c(changed, name))),
            as('updated_at', AS_OF),
            as('run_no', RUN_NO),
          ]),
        },
        ['entered', 'changed'],
      ),
    ],
    counts: counts({ size: stage, entered: news, exited: vanished, changed: altered }),
  };
}

/**
 * One row of counts; an audience's changes are its entries and exits. Before anything is applied the size is
 * already that of the stage.
 */
function counts(of: {
  readonly size: Relation;
  readonly entered: Relation;
  readonly exited: Relation;
  readonly changed: Relation | undefined;
}): Relation {
  const parts = Object.entries(of).flatMap(([name, rows]: [string, Relation | undefined]) => {
    if (!rows) return [];
    const counted = aggregate(rows, [], [as('n', agg('count'))]);
    return [project(counted, [as('what', text(name)), as('n', c(counted, 'n'))])];
  });
  const all = union(parts);
  const n = (name: string): Expr =>
    call('coalesce', agg('max', [c(all, 'n')], { filter: eq(c(all, 'what'), text(name)) }), int(0));
  const row = aggregate(
    all,
    [],
    ['size', 'entered', 'exited', 'changed'].map((name) => as(name, n(name))),
  );
  if (of.changed) return row;
  const changed = call('add', c(row, 'entered'), c(row, 'exited'));
  return project(row, [
    ...['size', 'entered', 'exited'].map((name) => as(name, c(row, name))),
    as('changed', changed),
  ]);
}

/** A snapshot, unless nothing changed and there is one of this `as_of`: the same run again leaves no second. */
function snapshotRow(schema: StateSchema, now: Relation): Relation {
  const key = param('definition_key', 'text');
  const snapshots = schema.scan('snapshots');
  const same = filter(
    snapshots,
    and(eq(c(snapshots, 'definition_key'), key), eq(c(snapshots, 'as_of'), AS_OF)),
  );
  const total = call('add', call('add', c(now, 'entered'), c(now, 'exited')), c(now, 'changed'));
  const row = project(now, [
    as('definition_key', key),
    as('run_id', param('run_id', 'text')),
    as('as_of', AS_OF),
    ...['size', 'entered', 'exited', 'changed'].map((name) => as(name, c(now, name))),
    as('as_of_if_same', caseWhen([{ when: eq(total, int(0)), then: AS_OF }])),
  ]);
  const kept = antiJoin(row, same, [{ left: 'as_of_if_same', right: 'as_of' }]);
  return pick(
    kept,
    STATE.snapshots.map((column) => column.name),
  );
}

/** Empties a removed definition: members leave, history closes, values go; nothing is sent. */
export function removeSteps(schema: StateSchema, key: string, definitionNo: number): readonly Step[] {
  const no = int(definitionNo);
  const members = publishedRows(schema, 'member_state', no);
  const make: Make = (id, title, op) => ({
    id: `remove.${key}.${id}`,
    title: `${key}: ${title}`,
    definition: key,
    ...op,
  });
  const own = { query: oneRow([as('definition_no', no)]), keys: ['definition_no'] };
  return [
    make('history', 'closing history', {
      op: 'append',
      table: schema.ref('exit_state'),
      query: exits(members, no),
    }),
    make('members', 'emptying', { op: 'delete', table: schema.ref('member_state'), ...own }),
    make('values', 'emptying', { op: 'delete', table: schema.ref('trait_state'), ...own }),
  ];
}
