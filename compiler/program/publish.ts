/**
 * Publishing: what this run computed (the stage tables) against what is published, for all definitions at
 * once, in one transaction: rows, history, snapshots. Differences are kept aside first, so that every step
 * after reads the same ones. A statement costs milliseconds even where nothing changed, so their number must
 * not grow with that of the definitions.
 */
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
  oneRow,
  or,
  param,
  pick,
  project,
  semiJoin,
  text,
  union,
  values,
} from '../ir/build.js';
import type { Column, Expr, Relation, ScalarType } from '../ir/types.js';
import { entityPublishing, forgetEntities } from './entity-state.js';
import { AS_OF } from './identity.js';
import { scanSpec, STAGE, temporary } from './names.js';
import type { PublishSteps } from './plan.js';
import { STATE, type StateSchema } from './state.js';
import type { Step, StepOp } from './types.js';

const NO = param('definition_no', 'int');
const RUN_NO = param('run_no', 'int');

/** What a row of membership or of a trait's values is of. */
const PAIR = ['definition_no', 'profile_no'] as const;
const PAIR_COLUMNS: readonly Column[] = PAIR.map((name) => ({ name, type: 'int' }));
const VALUES: readonly (readonly [string, ScalarType])[] = [
  ['value', 'text'],
  ['number_value', 'number'],
  ['text_value', 'text'],
];

const COMPUTED = temporary('computed', [
  { name: 'definition_no', type: 'int' },
  { name: 'definition_key', type: 'text' },
  { name: 'kind', type: 'text' },
]);
const ENTERED = temporary('diff_entered', PAIR_COLUMNS);
const EXITED = temporary('diff_exited', [...PAIR_COLUMNS, { name: 'entered_at', type: 'timestamp' }]);
const CHANGED = temporary('diff_values', [
  ...PAIR_COLUMNS,
  { name: 'is_new', type: 'bool' },
  ...VALUES.map(([name, type]) => ({ name, type })),
]);
const VANISHED = temporary('diff_vanished', PAIR_COLUMNS);

/** A definition whose stage is complete. */
export interface Computed {
  readonly definitionNo: number;
  readonly key: string;
  readonly kind: 'audience' | 'trait';
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

/** Names the definitions to publish: a failed one's stage is no reason to empty what it published. */
export function computedStep(definitions: readonly Computed[]): Step {
  const rows = definitions.map(({ definitionNo, key, kind }) => [int(definitionNo), text(key), text(kind)]);
  return {
    id: 'publish.computed',
    title: 'what was computed',
    op: 'replace',
    spec: COMPUTED,
    query: values(COMPUTED.columns, rows),
  };
}

/**
 * The steps that publish the definitions `computedStep` names.
 *
 * @param withEntities whether rows of entities are kept of any, or were
 */
export function publishSteps(schema: StateSchema, withEntities: boolean): PublishSteps {
  const entities = withEntities ? entityPublishing(schema, ofComputed) : { diff: [], apply: [] };
  const members = audiences(schema);
  const stored = traits(schema);
  const changed = scanSpec(CHANGED);
  const counts = countsOf({
    members: scanSpec(STAGE.audience),
    entered: scanSpec(ENTERED),
    exited: scanSpec(EXITED),
    values: scanSpec(STAGE.trait),
    new_values: filter(changed, c(changed, 'is_new')),
    vanished: scanSpec(VANISHED),
    changed_values: filter(changed, call('not', c(changed, 'is_new'))),
  });
  return {
    diff: [...members.diff, ...stored.diff, ...entities.diff],
    counts: step('counts', 'counting', { op: 'read', query: counts }),
    apply: [
      ...members.apply,
      ...stored.apply,
      ...entities.apply,
      step('snapshots', 'snapshots', {
        op: 'append',
        table: schema.ref('snapshots'),
        query: snapshotRows(schema, counts),
      }),
    ],
  };
}

const step = (id: string, title: string, op: StepOp, when?: Step['when']): Step => ({
  id: `publish.${id}`,
  title,
  ...(when && { when }),
  ...op,
});

type Parts = Pick<PublishSteps, 'diff' | 'apply'>;

/** Rows of definitions that were computed, all of them. */
const ofComputed = (rows: Relation): Relation =>
  semiJoin(rows, pick(scanSpec(COMPUTED), ['definition_no']), ['definition_no']);

/** Published rows of the definitions that this run computed, whether or not they still have any. */
const publishedOf = (schema: StateSchema, table: 'member_state' | 'trait_state'): Relation =>
  ofComputed(schema.scan(table));

function audiences(schema: StateSchema): Parts {
  const stage = scanSpec(STAGE.audience);
  const entered = scanSpec(ENTERED);
  const exited = scanSpec(EXITED);
  const published = publishedOf(schema, 'member_state');
  return {
    diff: [
      step('entered', 'who entered', {
        op: 'replace',
        spec: ENTERED,
        query: antiJoin(ofComputed(stage), schema.scan('member_state'), PAIR),
      }),
      step('exited', 'who exited', {
        op: 'replace',
        spec: EXITED,
        query: pick(antiJoin(published, stage, PAIR), [...PAIR, 'entered_at']),
      }),
    ],
    apply: [
      step(
        'history',
        'closing history',
        { op: 'append', table: schema.ref('exit_state'), query: exits(exited, c(exited, 'definition_no')) },
        { kind: 'audience', any: ['exited'] },
      ),
      step(
        'leave',
        'members leaving',
        { op: 'delete', table: schema.ref('member_state'), query: pick(exited, PAIR), keys: PAIR },
        { kind: 'audience', any: ['exited'] },
      ),
      step(
        'enter',
        'members entering',
        {
          op: 'append',
          table: schema.ref('member_state'),
          query: project(entered, [
            ...PAIR.map((name) => as(name, c(entered, name))),
            as('entered_at', AS_OF),
            as('run_no', RUN_NO),
          ]),
        },
        { kind: 'audience', any: ['entered'] },
      ),
    ],
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

function traits(schema: StateSchema): Parts {
  const stage = scanSpec(STAGE.trait);
  const before = pick(schema.scan('trait_state'), [
    ...PAIR,
    ['run_no', 'old_run_no'],
    ...VALUES.map(([name]): readonly [string, string] => [name, `old_${name}`]),
  ]);
  const beside = join('left', ofComputed(stage), before, PAIR);
  const isNew = call('is_null', c(beside, 'old_run_no'));
  const differs = VALUES.map(([name]) => call('is_distinct', c(beside, name), c(beside, `old_${name}`)));
  const different = filter(beside, or(isNew, ...differs));
  const changed = scanSpec(CHANGED);
  const vanished = scanSpec(VANISHED);
  const replaced = union([pick(changed, PAIR), pick(vanished, PAIR)]);
  return {
    diff: [
      step('changed', 'new and changed values', {
        op: 'replace',
        spec: CHANGED,
        query: project(different, [
          ...PAIR.map((name) => as(name, c(different, name))),
          as('is_new', call('is_null', c(different, 'old_run_no'))),
          ...VALUES.map(([name]) => as(name, c(different, name))),
        ]),
      }),
      step('vanished', 'values that vanished', {
        op: 'replace',
        spec: VANISHED,
        query: pick(antiJoin(publishedOf(schema, 'trait_state'), stage, PAIR), PAIR),
      }),
    ],
    apply: [
      step(
        'forget',
        'values replaced',
        { op: 'delete', table: schema.ref('trait_state'), query: replaced, keys: PAIR },
        { kind: 'trait', any: ['exited', 'changed'] },
      ),
      step(
        'store',
        'values stored',
        {
          op: 'append',
          table: schema.ref('trait_state'),
          query: project(changed, [
            ...PAIR.map((name) => as(name, c(changed, name))),
            ...VALUES.map(([name]) => as(name, c(changed, name))),
            as('updated_at', AS_OF),
            as('run_no', RUN_NO),
          ]),
        },
        { kind: 'trait', any: ['entered', 'changed'] },
      ),
    ],
  };
}

const COUNTS = ['size', 'entered', 'exited', 'changed'] as const;

/** Which of the counted rows make up each count; an audience's changes are its entries and exits. */
const SUMS: Readonly<Record<(typeof COUNTS)[number], readonly (keyof Counted)[]>> = {
  size: ['members', 'values'],
  entered: ['entered', 'new_values'],
  exited: ['exited', 'vanished'],
  changed: ['entered', 'exited', 'changed_values'],
};

interface Counted {
  readonly members: Relation;
  readonly entered: Relation;
  readonly exited: Relation;
  readonly values: Relation;
  readonly new_values: Relation;
  readonly vanished: Relation;
  readonly changed_values: Relation;
}

/** One row of counts a definition. Before anything is applied the size is already that of the stage. */
function countsOf(counted: Counted): Relation {
  const parts = Object.entries(counted).map(([what, rows]: [string, Relation]) => {
    const grouped = aggregate(rows, [as('definition_no', c(rows, 'definition_no'))], [as('n', agg('count'))]);
    return project(grouped, [
      as('definition_no', c(grouped, 'definition_no')),
      as('what', text(what)),
      as('n', c(grouped, 'n')),
    ]);
  });
  const computed = pick(scanSpec(COMPUTED), ['definition_no', 'definition_key']);
  const all = join('left', computed, union(parts), ['definition_no']);
  const n = (what: string): Expr =>
    call('coalesce', agg('max', [c(all, 'n')], { filter: eq(c(all, 'what'), text(what)) }), int(0));
  return aggregate(
    all,
    ['definition_no', 'definition_key'].map((name) => as(name, c(all, name))),
    COUNTS.map((name) =>
      as(
        name,
        SUMS[name].map(n).reduce((sum, one) => call('add', sum, one)),
      ),
    ),
  );
}

/** Snapshots; none where nothing changed and there is one of this `as_of`: the same run again leaves no second. */
function snapshotRows(schema: StateSchema, now: Relation): Relation {
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

/** Empties a removed definition: members leave, history closes, values go; nothing is sent. */
export function removeSteps(schema: StateSchema, key: string, definitionNo: number): readonly Step[] {
  const no = int(definitionNo);
  const members = publishedRows(schema, 'member_state', no);
  const make = (id: string, title: string, op: StepOp): Step => ({
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
    make('entities', 'emptying', forgetEntities(schema, no)),
  ];
}
