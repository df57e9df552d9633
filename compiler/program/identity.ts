/** The map of identifiers to profiles at `as_of`. Nothing outside this file assumes how profiles come about. */
import {
  agg,
  aggregate,
  antiJoin,
  as,
  c,
  call,
  caseWhen,
  extend,
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
import type { Column, Expr, Relation } from '../ir/types.js';
import { scanSpec, temporary } from './names.js';
import { identifiersOf } from './pairs.js';
import { IDENTIFIER, STATE, type StateSchema } from './state.js';
import type { IdentitySteps } from './plan.js';
import type { Step, StepOp, TableSpec } from './types.js';

export const AS_OF: Expr = param('as_of', 'timestamp');

/** What messages say of an identifier, and what is stored of it. */
const SAID = ['first_at', 'first_id', 'seen_at', 'device_at'] as const;
const STORED = [...SAID, 'owner_no', 'owner_at'] as const;

const typed = (name: string): Column => {
  const found = STATE.subjects.find((column) => column.name === name);
  return { name, type: found?.type ?? 'text' };
};

const SEEN = temporary('seen', [...IDENTIFIER, ...SAID, 'owner', 'owner_at'].map(typed));
const CHANGED = temporary('changed_subjects', ['subject_no', ...STORED].map(typed));
const REASSIGNED = temporary('reassigned', [
  { name: 'subject_no', type: 'int' },
  { name: 'from_profile_no', type: 'int' },
  { name: 'profile_no', type: 'int' },
]);
/** What is stored of those asked about, and of their owners. */
const KNOWN = temporary('known_subjects', STATE.subjects);
const NEW_USERS = temporary('new_users', STATE.subjects);

/** Profiles whose subjects changed or changed hands in this run, but for those of new subjects. Not where anyone's may have. */
export const TOUCHED_PROFILES = temporary('touched_profiles', [{ name: 'profile_no', type: 'int' }]);

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
export function identitySteps({ schema, facts, touched }: IdentityInput): IdentitySteps {
  const by: Looked = touched
    ? { touched, known: scanSpec(KNOWN), owners: union([scanSpec(KNOWN), scanSpec(NEW_USERS)]) }
    : { touched, known: schema.scan('subjects'), owners: schema.scan('subjects') };
  const found = [
    make('seen', 'everyone seen', {
      op: 'replace',
      spec: SEEN,
      query: identifiersOf(schema.scan('identity_pairs'), touched),
    }),
    ...(touched ? [knownStep(schema, touched)] : []),
    // Users before those who may be theirs. What is known is looked at before what is new is beside it.
    make('changes.users', 'what is new of users', {
      op: 'replace',
      spec: CHANGED,
      query: changed(by, 'user_id'),
    }),
    ...(touched
      ? [
          make('users.new', 'new users', {
            op: 'replace',
            spec: NEW_USERS,
            query: added(schema, by, 'user_id'),
          }),
        ]
      : []),
    make('users', 'new users remembered', {
      op: 'append',
      table: schema.ref('subjects'),
      query: touched ? scanSpec(NEW_USERS) : added(schema, by, 'user_id'),
    }),
    make('changes.anonymous', 'what is new of anonymous ids', {
      op: 'append',
      table: CHANGED.table,
      query: changed(by, 'anonymous_id'),
    }),
    make('anonymous', 'new anonymous ids', {
      op: 'append',
      table: schema.ref('subjects'),
      query: added(schema, by, 'anonymous_id'),
    }),
    make('subjects', 'the map', {
      op: 'merge',
      table: schema.ref('subjects'),
      query: scanSpec(CHANGED),
      keys: ['subject_no'],
      set: [...STORED],
      insert: false,
    }),
    findMoved(schema),
  ];
  const changes = pick(semiJoin(scanSpec(KNOWN), scanSpec(CHANGED), ['subject_no']), ['profile_no']);
  return {
    find: [...found, ...(touched ? [touchedProfiles([changes])] : [])],
    ...handOver(schema, facts),
    done: [SEEN, CHANGED, REASSIGNED, ...(touched ? [KNOWN, NEW_USERS] : [])].map(dropped),
  };
}

/** The same where nothing landed: only who belongs to whom by now. */
export const identityByTime = ({ schema, facts }: Omit<IdentityInput, 'touched'>): IdentitySteps => ({
  find: [findMoved(schema), touchedProfiles([])],
  ...handOver(schema, facts),
  done: [dropped(REASSIGNED)],
});

const findMoved = (schema: StateSchema): Step =>
  make('reassigned', 'who changed hands', { op: 'replace', spec: REASSIGNED, query: reassigned(schema) });

/** What is stored of those asked about is read once: it is all that the following steps look at. */
function knownStep(schema: StateSchema, touched: Relation): Step {
  const seen = scanSpec(SEEN);
  const owned = filter(seen, call('is_not_null', c(seen, 'owner')));
  const owners = project(owned, [
    as('identifier_type', text('user_id')),
    as('identifier', c(owned, 'owner')),
  ]);
  return make('known', 'what is known of them', {
    op: 'replace',
    spec: KNOWN,
    query: semiJoin(schema.scan('subjects'), union([touched, owners]), IDENTIFIER),
  });
}

/** @param changes (profile_no) beside those that somebody came to or went from */
function touchedProfiles(changes: readonly Relation[]): Step {
  const moved = scanSpec(REASSIGNED);
  const sides = [pick(moved, [['from_profile_no', 'profile_no']]), pick(moved, ['profile_no'])];
  return make('touched', 'profiles that changed', {
    op: 'replace',
    spec: TOUCHED_PROFILES,
    query: union([...changes, ...sides]),
  });
}

/** Who changed hands by `as_of`, and their facts with them. */
function handOver(
  schema: StateSchema,
  facts: readonly TableSpec[],
): Pick<IdentitySteps, 'moved' | 'handOver'> {
  const rows = scanSpec(REASSIGNED);
  const moved = pick(rows, ['subject_no', 'profile_no']);
  const steps = [
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
  const count = aggregate(rows, [], [as('n', agg('count'))]);
  return { moved: make('moved', 'how many changed hands', { op: 'read', query: count }), handOver: steps };
}

const make = (id: string, title: string, op: StepOp): Step => ({
  id: `identity.${id}`,
  title: `identity: ${title}`,
  ...op,
});

const dropped = ({ table }: TableSpec): Step =>
  make(`drop.${table.name}`, 'done with it', { op: 'drop', table, object: 'table' });

type IdentifierType = 'user_id' | 'anonymous_id';

const ofType = (rows: Relation, type: IdentifierType): Relation =>
  filter(rows, call('eq', c(rows, 'identifier_type'), text(type)));

/** Where what is stored is looked up. */
interface Looked {
  /** (identifier_type, identifier) of those asked about; absent: everyone. */
  readonly touched: Relation | undefined;
  /** Rows of `subjects` as they were before: of those asked about, at least. */
  readonly known: Relation;
  /** Rows of `subjects`, new users among them: of owners, at least. */
  readonly owners: Relation;
}

/** With `owner_no`: the number of the user that `owner` names. */
function withOwner({ owners }: Looked, rows: Relation, type: IdentifierType): Relation {
  if (type === 'user_id') return extend(rows, [as('owner_no', nul('int'))]);
  const users = pick(ofType(owners, 'user_id'), [
    ['identifier', 'owner'],
    ['subject_no', 'owner_no'],
  ]);
  return join('left', rows, users, ['owner']);
}

/** With a `subject_no` that nobody has yet. Any order will do for numbers: nothing is told by them. */
export function withNumbers(schema: StateSchema, fresh: Relation): Relation {
  const subjects = schema.scan('subjects');
  const ranked = rowNumber(fresh, { partitionBy: [], orderBy: [], as: 'rank' });
  const last = call('coalesce', agg('max', [c(subjects, 'subject_no')]), int(0));
  const crossed = join('cross', ranked, aggregate(subjects, [], [as('last', last)]), []);
  return extend(crossed, [as('subject_no', call('add', c(crossed, 'last'), c(crossed, 'rank')))]);
}

/** Rows of `subjects` for those seen who have none. */
function added(schema: StateSchema, by: Looked, type: IdentifierType): Relation {
  const fresh = antiJoin(ofType(scanSpec(SEEN), type), ofType(by.known, type), ['identifier']);
  const rows = withOwner(by, withNumbers(schema, fresh), type);
  return project(
    rows,
    STATE.subjects.map(({ name }) => as(name, name === 'profile_no' ? currentProfile(rows) : c(rows, name))),
  );
}

/** Subjects of whom messages say something else than is stored, or nothing any more: they keep their number. */
function changed(by: Looked, type: IdentifierType): Relation {
  const { touched } = by;
  const stored = ofType(by.known, type);
  const seen = ofType(scanSpec(SEEN), type);
  const before = pick(stored, [
    'subject_no',
    'identifier',
    ...STORED.map((name): readonly [string, string] => [name, old(name)]),
  ]);
  const now = pick(seen, ['identifier', ...SAID, 'owner', 'owner_at']);
  const known = withOwner(by, join('inner', now, before, ['identifier']), type);
  const different = filter(
    known,
    or(...STORED.map((name) => call('is_distinct', c(known, name), c(known, old(name))))),
  );
  const asked = touched ? semiJoin(stored, touched, IDENTIFIER) : stored;
  const gone = antiJoin(asked, seen, ['identifier']);
  const nothing = CHANGED.columns.map(({ name, type: of }) =>
    as(name, name === 'subject_no' ? c(gone, name) : nul(of)),
  );
  return union([
    pick(
      different,
      CHANGED.columns.map(({ name }) => name),
    ),
    project(gone, nothing),
  ]);
}

const old = (name: string): string => `old_${name}`;

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
