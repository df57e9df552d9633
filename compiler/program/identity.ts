/** The map of identifiers to profiles at `as_of`. Nothing outside this file assumes how profiles come about. */
import {
  agg,
  aggregate,
  antiJoin,
  as,
  c,
  call,
  caseWhen,
  filter,
  int,
  join,
  nul,
  or,
  param,
  pick,
  project,
  rowNumber,
  semiJoin,
  text,
  union,
} from '../ir/build.js';
import type { Column, Expr, Named, Relation } from '../ir/types.js';
import { scanSpec, temporary } from './names.js';
import { identifiersOf } from './pairs.js';
import { STATE, type StateSchema } from './state.js';
import type { Step, StepOp, TableSpec } from './types.js';

export const AS_OF: Expr = param('as_of', 'timestamp');

const IDENTIFIER = ['identifier_type', 'identifier'] as const;
/** What messages say of an identifier, and what is stored of it. */
const SAID = ['first_at', 'first_id', 'seen_at', 'device_at'] as const;
const STORED = [...SAID, 'owner_no', 'owner_at'] as const;

const typed = (name: string): Column => {
  const found = STATE.subjects.find((column) => column.name === name);
  return { name, type: found?.type ?? 'text' };
};
const old = (name: string): string => `old_${name}`;

const SEEN = temporary('seen', [...IDENTIFIER, ...SAID, 'owner', 'owner_at'].map(typed));
const NUMBERED = temporary('numbered', [
  ...['subject_no', ...IDENTIFIER, ...SAID, 'owner', 'owner_at'].map(typed),
  ...['profile_no', ...STORED].map((name) => ({ ...typed(name), name: old(name) })),
]);
const CHANGED = temporary('changed_subjects', STATE.subjects);
const REASSIGNED = temporary('reassigned', [
  { name: 'subject_no', type: 'int' },
  { name: 'from_profile_no', type: 'int' },
  { name: 'profile_no', type: 'int' },
]);

export interface IdentityInput {
  readonly schema: StateSchema;
  /** Facts that stay, and follow their subjects to other profiles. */
  readonly facts: readonly TableSpec[];
  /** (identifier_type, identifier) of those whose pairs may have changed; absent: anyone's. */
  readonly touched?: Relation;
}

/**
 * Brings `subjects` to `as_of` and hands changes of profile on to the facts there already are. Numbers, once
 * given, stay; an identifier that no message brings any more keeps its number and loses the rest.
 */
export function identitySteps({ schema, facts, touched }: IdentityInput): readonly Step[] {
  const make = (id: string, title: string, op: StepOp): Step => ({
    id: `identity.${id}`,
    title: `identity: ${title}`,
    ...op,
  });
  const moved = pick(scanSpec(REASSIGNED), ['subject_no', 'profile_no']);
  return [
    make('seen', 'everyone seen', {
      op: 'replace',
      spec: SEEN,
      query: identifiersOf(schema.scan('identity_pairs'), touched),
    }),
    make('numbers', 'a number for everyone', {
      op: 'replace',
      spec: NUMBERED,
      query: numbered(schema, touched),
    }),
    make('changes', 'what is new of whom', {
      op: 'replace',
      spec: CHANGED,
      query: changed(schema, touched !== undefined),
    }),
    make('subjects', 'the map', {
      op: 'merge',
      table: schema.ref('subjects'),
      query: scanSpec(CHANGED),
      keys: ['subject_no'],
      set: [...STORED],
      insert: true,
    }),
    make('reassigned', 'who changed hands', { op: 'replace', spec: REASSIGNED, query: reassigned(schema) }),
    make('reassignments', 'remembering who changed hands', {
      op: 'append',
      table: schema.ref('reassignments'),
      query: reassignments(),
    }),
    ...[...facts, schema.spec('subjects')].map((spec) =>
      make(`reassign.${spec.table.name}`, `new owners in ${spec.table.name}`, {
        op: 'merge',
        table: spec.table,
        query: moved,
        keys: ['subject_no'],
        set: ['profile_no'],
        insert: false,
      }),
    ),
  ];
}

/** Everyone asked about, with the number they have or get, and beside what is stored of them. */
function numbered(schema: StateSchema, touched: Relation | undefined): Relation {
  const subjects = schema.scan('subjects');
  const seen = scanSpec(SEEN);
  const stored = pick(subjects, [
    'subject_no',
    ...IDENTIFIER,
    ...['profile_no', ...STORED].map((name): readonly [string, string] => [name, old(name)]),
  ]);
  const names = NUMBERED.columns.map((column) => column.name);
  const known = pick(join('inner', seen, stored, IDENTIFIER), names);

  const fresh = antiJoin(seen, stored, IDENTIFIER);
  const orderBy = ['first_at', ...IDENTIFIER].map((name) => ({ expr: c(fresh, name) }));
  const ranked = rowNumber(fresh, { partitionBy: [], orderBy, as: 'rank' });
  const last = aggregate(
    subjects,
    [],
    [as('last', call('coalesce', agg('max', [c(subjects, 'subject_no')]), int(0)))],
  );
  const crossed = join('cross', ranked, last, []);
  const added = project(
    crossed,
    NUMBERED.columns.map(({ name, type }): Named => {
      if (name === 'subject_no') return as(name, call('add', c(crossed, 'last'), c(crossed, 'rank')));
      return as(name, name.startsWith('old_') ? nul(type) : c(crossed, name));
    }),
  );

  const gone = antiJoin(touched ? semiJoin(stored, touched, IDENTIFIER) : stored, seen, IDENTIFIER);
  const kept = ['subject_no', ...IDENTIFIER];
  const vanished = project(
    gone,
    NUMBERED.columns.map(({ name, type }): Named => {
      return as(name, kept.includes(name) || name.startsWith('old_') ? c(gone, name) : nul(type));
    }),
  );
  return union([known, added, vanished]);
}

/** Rows of `subjects` that are new or not as stored. Those stored keep their profile for now. */
function changed(schema: StateSchema, partial: boolean): Relation {
  const rows = scanSpec(NUMBERED);
  const users = (of: Relation, as_: string): Relation => {
    const own = filter(of, call('eq', c(of, 'identifier_type'), text('user_id')));
    return pick(own, [
      ['identifier', 'owner'],
      ['subject_no', as_],
    ]);
  };
  const here = join('left', rows, users(rows, 'owner_here'), ['owner']);
  // An owner whose own pairs did not change is not among those numbered now.
  const both = partial ? join('left', here, users(schema.scan('subjects'), 'owner_there'), ['owner']) : here;
  const owner = partial
    ? call('coalesce', c(both, 'owner_here'), c(both, 'owner_there'))
    : c(both, 'owner_here');
  const owned = project(both, [
    ...rows.columns.map(({ name }) => as(name, c(both, name))),
    as('owner_no', owner),
  ]);
  const isNew = call('is_null', c(owned, old('profile_no')));
  const differs = STORED.map((name) => call('is_distinct', c(owned, name), c(owned, old(name))));
  const different = filter(owned, or(isNew, ...differs));
  return project(
    different,
    STATE.subjects.map(({ name }) =>
      as(
        name,
        name === 'profile_no'
          ? call('coalesce', c(different, old(name)), currentProfile(different))
          : c(different, name),
      ),
    ),
  );
}

/** Whose a subject is at `as_of`: its owner's from `owner_at` on, else its own. */
const currentProfile = (rows: Relation): Expr =>
  caseWhen(
    [{ when: call('le', c(rows, 'owner_at'), AS_OF), then: c(rows, 'owner_no') }],
    c(rows, 'subject_no'),
  );

function reassigned(schema: StateSchema): Relation {
  const subjects = schema.scan('subjects');
  const rows = project(subjects, [
    as('subject_no', c(subjects, 'subject_no')),
    as('from_profile_no', c(subjects, 'profile_no')),
    as('profile_no', currentProfile(subjects)),
  ]);
  return filter(rows, call('ne', c(rows, 'profile_no'), c(rows, 'from_profile_no')));
}

function reassignments(): Relation {
  const rows = scanSpec(REASSIGNED);
  return project(rows, [
    as('run_id', param('run_id', 'text')),
    as('as_of', AS_OF),
    as('subject_no', c(rows, 'subject_no')),
    as('from_profile_no', c(rows, 'from_profile_no')),
    as('to_profile_no', c(rows, 'profile_no')),
  ]);
}
