/**
 * Publishing: what this run computed (the stage tables) against what is published, for all definitions at
 * once, in one transaction: rows, history, snapshots. Differences are kept aside first, so that every step
 * after reads the same ones. A statement costs milliseconds even where nothing changed, so their number must
 * not grow with that of the definitions.
 */
import {
  antiJoin,
  as,
  bool,
  c,
  call,
  filter,
  int,
  nul,
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
import { differing, isNew } from './differing.js';
import { driftSamples } from './drift.js';
import { entityPublishing, forgetEntities } from './entity-state.js';
import { AS_OF } from './identity.js';
import { AFFECTED, publishedRows, scanSpec, STAGE, temporary } from './names.js';
import type { PublishSteps } from './plan.js';
import { COUNT_COLUMNS, countsOf, snapshotRows } from './counts.js';
import { STATE, type StateSchema } from './state.js';
import type { Step, StepOp } from './types.js';

const RUN_NO = param('run_no', 'int');

/** What a row of membership or of a trait's values is of. */
const PAIR = ['definition_no', 'profile_no'] as const;
const PAIR_COLUMNS: readonly Column[] = PAIR.map((name) => ({ name, type: 'int' }));
const VALUES: readonly (readonly [string, ScalarType])[] = [
  ['value', 'text'],
  ['number_value', 'number'],
  ['text_value', 'text'],
];

/** The definitions to publish (see `computedStep`). */
const COMPUTED = temporary('computed', [
  { name: 'definition_no', type: 'int' },
  { name: 'definition_key', type: 'text' },
  { name: 'kind', type: 'text' },
  { name: 'whole', type: 'bool' },
  { name: 'relation', type: 'text' },
]);
/** Who of those that were computed for some profiles only was a member before. */
const STANDING = temporary('diff_standing', [...PAIR_COLUMNS, { name: 'entered_at', type: 'timestamp' }]);
const ENTERED = temporary('diff_entered', PAIR_COLUMNS);
const EXITED = temporary('diff_exited', [...PAIR_COLUMNS, { name: 'entered_at', type: 'timestamp' }]);
const CHANGED = temporary('diff_values', [
  ...PAIR_COLUMNS,
  { name: 'is_new', type: 'bool' },
  ...VALUES.map(([name, type]) => ({ name, type })),
]);
const VANISHED = temporary('diff_vanished', PAIR_COLUMNS);
const COUNTED = temporary('diff_counts', COUNT_COLUMNS);
const COMPUTATIONS = temporary('computations', STATE.computations);

/** A definition whose stage is complete. */
export interface Computed {
  readonly definitionNo: number;
  readonly key: string;
  readonly kind: 'audience' | 'trait';
  /** Computed for all profiles, not just for those in `AFFECTED`. */
  readonly whole: boolean;
  /** What its relation says, where it may be computed for some profiles next time. */
  readonly relation?: string;
}

/** Names the definitions to publish: a failed one's stage is no reason to empty what it published. */
export function computedStep(definitions: readonly Computed[]): Step {
  const rows = definitions.map(({ definitionNo, key, kind, whole, relation }) => [
    int(definitionNo),
    text(key),
    text(kind),
    bool(whole),
    relation === undefined ? nul('text') : text(relation),
  ]);
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
 * @param anew whether the run makes all facts anew
 */
export function publishSteps(schema: StateSchema, withEntities: boolean, anew: boolean): PublishSteps {
  const entities = withEntities ? entityPublishing(schema, ofComputed) : { diff: [], apply: [] };
  const members = audiences(schema);
  const stored = traits(schema);
  const changed = scanSpec(CHANGED);
  const counts = scanSpec(COUNTED);
  const counting = countsOf(
    {
      members: schema.scan('member_state'),
      entered: scanSpec(ENTERED),
      exited: scanSpec(EXITED),
      values: schema.scan('trait_state'),
      new_values: filter(changed, c(changed, 'is_new')),
      vanished: scanSpec(VANISHED),
      changed_values: filter(changed, call('not', c(changed, 'is_new'))),
    },
    pick(scanSpec(COMPUTED), ['definition_no', 'definition_key']),
  );
  return {
    diff: [
      ...members.diff,
      ...stored.diff,
      ...entities.diff,
      step('counted', 'counting', { op: 'replace', spec: COUNTED, query: counting }),
    ],
    counts: step('counts', 'counts', { op: 'read', query: counts }),
    samples: step('samples', 'some of what differs', {
      op: 'read',
      query: driftSamples(schema, {
        missing: union([pick(scanSpec(ENTERED), PAIR), pick(filter(changed, c(changed, 'is_new')), PAIR)]),
        surplus: union([pick(scanSpec(EXITED), PAIR), scanSpec(VANISHED)]),
        changed: pick(filter(changed, call('not', c(changed, 'is_new'))), PAIR),
      }),
    }),
    apply: [
      // They count what is there, so they come before it changes.
      step('snapshots', 'snapshots', {
        op: 'append',
        table: schema.ref('snapshots'),
        query: snapshotRows(schema, counts),
      }),
      ...computations(schema, counts, anew),
      ...members.apply,
      ...stored.apply,
      ...entities.apply,
    ],
  };
}

/**
 * Remembers how each definition was computed; of one that has to be computed in full every time, nothing. The same run again
 * changes nothing here (SEMANTICS §6), unless it makes facts anew: what was computed of those before does not count any more.
 */
function computations(schema: StateSchema, counts: Relation, anew: boolean): readonly Step[] {
  const table = schema.ref('computations');
  const computed = scanSpec(COMPUTED);
  const now = project(computed, [
    as('definition_no', c(computed, 'definition_no')),
    as('run_no', RUN_NO),
    as('as_of', AS_OF),
    as('relation', c(computed, 'relation')),
  ]);
  const changes = ['entered', 'exited', 'changed'].map((name) => call('gt', c(counts, name), int(0)));
  const changed = pick(filter(counts, or(...changes)), ['definition_no']);
  const other = antiJoin(now, schema.scan('computations'), ['definition_no', 'as_of', 'relation']);
  const due = union([semiJoin(now, changed, ['definition_no']), antiJoin(other, changed, ['definition_no'])]);
  return [
    step('computations.new', 'how it was computed', {
      op: 'replace',
      spec: COMPUTATIONS,
      query: anew ? now : due,
    }),
    step('computations.clear', 'forgetting how it was computed before', {
      op: 'delete',
      table,
      query: pick(scanSpec(COMPUTATIONS), ['definition_no']),
      keys: ['definition_no'],
    }),
    step('computations', 'remembering how it was computed', {
      op: 'append',
      table,
      query: filter(scanSpec(COMPUTATIONS), call('is_not_null', c(scanSpec(COMPUTATIONS), 'relation'))),
    }),
  ];
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

/** Definitions to publish that were computed for all profiles, and those that were for some. */
function computedParts(): { readonly whole: Relation; readonly some: Relation } {
  const computed = scanSpec(COMPUTED);
  return {
    whole: pick(filter(computed, c(computed, 'whole')), ['definition_no']),
    // One may be computed for all profiles after all, because too many were affected.
    some: pick(filter(computed, call('not', c(computed, 'whole'))), ['definition_no']),
  };
}

/**
 * Published values that this run computed anew, whether or not they are still there: those of definitions computed for all
 * profiles, and of the others those of the profiles they were computed for.
 */
function publishedValues(schema: StateSchema): Relation {
  const rows = schema.scan('trait_state');
  const { whole, some } = computedParts();
  const affected = semiJoin(scanSpec(AFFECTED), some, ['definition_no']);
  return union([semiJoin(rows, whole, ['definition_no']), semiJoin(rows, affected, PAIR)]);
}

function audiences(schema: StateSchema): Parts {
  const stage = scanSpec(STAGE.audience);
  const entered = scanSpec(ENTERED);
  const exited = scanSpec(EXITED);
  const members = pick(schema.scan('member_state'), [...PAIR, 'entered_at']);
  const standing = scanSpec(STANDING);
  const { whole, some } = computedParts();
  const ofWhole = semiJoin(members, whole, ['definition_no']);
  return {
    diff: [
      // One look at all members there are serves both of the next.
      step('standing', 'who is a member', {
        op: 'replace',
        spec: STANDING,
        query: semiJoin(members, semiJoin(scanSpec(AFFECTED), some, ['definition_no']), PAIR),
      }),
      step('entered', 'who entered', {
        op: 'replace',
        spec: ENTERED,
        query: union([
          antiJoin(semiJoin(stage, some, ['definition_no']), standing, PAIR),
          antiJoin(semiJoin(stage, whole, ['definition_no']), ofWhole, PAIR),
        ]),
      }),
      step('exited', 'who exited', {
        op: 'replace',
        spec: EXITED,
        query: antiJoin(union([standing, ofWhole]), stage, PAIR),
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
  const names = VALUES.map(([name]) => name);
  const different = differing(ofComputed(stage), schema.scan('trait_state'), PAIR, names);
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
          as('is_new', isNew(different)),
          ...names.map((name) => as(name, c(different, name))),
        ]),
      }),
      step('vanished', 'values that vanished', {
        op: 'replace',
        spec: VANISHED,
        query: pick(antiJoin(publishedValues(schema), stage, PAIR), PAIR),
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
            ...names.map((name) => as(name, c(changed, name))),
            as('updated_at', AS_OF),
            as('run_no', RUN_NO),
          ]),
        },
        { kind: 'trait', any: ['entered', 'changed'] },
      ),
    ],
  };
}

/** Empties a removed definition: members leave, history closes, values go; nothing is sent. */
export function removeSteps(schema: StateSchema, key: string, definitionNo: number): readonly Step[] {
  const no = int(definitionNo);
  const members = publishedRows(schema, 'audience', no);
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
    make('computation', 'how it was computed', { op: 'delete', table: schema.ref('computations'), ...own }),
    make('entities', 'emptying', forgetEntities(schema, no)),
  ];
}
