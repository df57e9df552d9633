/**
 * The map of identifiers to profiles at `as_of`, and what follows from it: the universe and current custom
 * traits. Nothing outside this file assumes how profiles come about.
 */
import { EMAIL, sourceNeeds, type BoundSource } from '../bind/index.js';
import type { Needs, ValueColumn } from '../bind/types.js';
import {
  agg,
  aggregate,
  and,
  antiJoin,
  as,
  c,
  call,
  bool,
  caseWhen,
  filter,
  int,
  join,
  nul,
  or,
  param,
  path,
  pick,
  project,
  rowNumber,
  text,
  union,
  values,
} from '../ir/build.js';
import type { Expr, Named, Relation } from '../ir/types.js';
import { customTraits, identifyFacts, scanSpec, temporary } from './names.js';
import { identifiersOf, ownersOf } from './pairs.js';
import { STATE, type StateSchema } from './state.js';
import type { Step, TableSpec } from './types.js';

export const AS_OF: Expr = param('as_of', 'timestamp');

const NUMBERED = temporary(
  'numbered',
  STATE.subjects.filter((column) => column.name !== 'profile_no'),
);
const MAP = temporary('subject_map', STATE.subjects);
const REASSIGNED = temporary('reassigned', [
  { name: 'subject_no', type: 'int' },
  { name: 'from_profile_no', type: 'int' },
  { name: 'profile_no', type: 'int' },
]);

const FIRSTS = ['first_at', 'first_id', 'seen_at', 'device_at'] as const;

/**
 * Brings `subjects` to `as_of` and hands changes of profile on to the facts there already are. Numbers, once
 * given, stay; an identifier that no message brings any more keeps its number and loses the rest.
 */
export function identitySteps(schema: StateSchema, facts: readonly TableSpec[]): readonly Step[] {
  const pairs = schema.scan('identity_pairs');
  return [
    {
      id: 'identity.numbers',
      title: 'identity: everyone seen',
      op: 'replace',
      spec: NUMBERED,
      query: numbered(schema, identifiersOf(pairs)),
    },
    {
      id: 'identity.map',
      title: 'identity: who belongs to whom',
      op: 'replace',
      spec: MAP,
      query: subjectMap(pairs),
    },
    {
      id: 'identity.reassigned',
      title: 'identity: who changed hands',
      op: 'replace',
      spec: REASSIGNED,
      query: reassigned(schema),
    },
    {
      id: 'identity.reassignments',
      title: 'identity: remembering who changed hands',
      op: 'append',
      table: schema.ref('reassignments'),
      query: reassignments(),
    },
    ...facts.map((spec): Step => ({
      id: `identity.reassign.${spec.table.name}`,
      title: `identity: new owners in ${spec.table.name}`,
      op: 'merge',
      table: spec.table,
      query: pick(scanSpec(REASSIGNED), ['subject_no', 'profile_no']),
      keys: ['subject_no'],
      set: ['profile_no'],
      insert: false,
    })),
    {
      id: 'identity.subjects',
      title: 'identity: the map',
      op: 'merge',
      table: schema.ref('subjects'),
      query: changedSubjects(schema),
      keys: ['subject_no'],
      set: STATE.subjects.map((column) => column.name).filter((name) => name !== 'subject_no'),
      insert: true,
    },
  ];
}

/** Every identifier, known or new, with its number and what messages say of it. */
function numbered(schema: StateSchema, seen: Relation): Relation {
  const subjects = schema.scan('subjects');
  const known = pick(subjects, ['subject_no', 'identifier_type', 'identifier']);
  const fresh = antiJoin(seen, known, ['identifier_type', 'identifier']);
  const order = ['first_at', 'identifier_type', 'identifier'].map((name) => ({ expr: c(fresh, name) }));
  const ranked = rowNumber(fresh, { partitionBy: [], orderBy: order, as: 'rank' });
  const last = aggregate(
    subjects,
    [],
    [as('last', call('coalesce', agg('max', [c(subjects, 'subject_no')]), int(0)))],
  );
  const crossed = join('cross', ranked, last, []);
  const firsts = (rows: Relation): readonly Named[] => FIRSTS.map((name) => as(name, c(rows, name)));
  const added = project(crossed, [
    as('subject_no', call('add', c(crossed, 'last'), c(crossed, 'rank'))),
    as('identifier_type', c(crossed, 'identifier_type')),
    as('identifier', c(crossed, 'identifier')),
    ...firsts(crossed),
  ]);
  const again = join('left', known, seen, ['identifier_type', 'identifier']);
  return union([
    pick(
      again,
      added.columns.map((column) => column.name),
    ),
    added,
  ]);
}

/** Whose each identifier is: an anonymous id's first user's, else its own. */
function subjectMap(pairs: Relation): Relation {
  const all = scanSpec(NUMBERED);
  const owners = ownersOf(pairs, AS_OF);
  const users = filter(all, call('eq', c(all, 'identifier_type'), text('user_id')));
  const numbers = pick(users, [
    ['identifier', 'owner'],
    ['subject_no', 'owner_no'],
  ]);
  const owned = project(join('inner', owners, numbers, ['owner']), [
    as('identifier_type', text('anonymous_id')),
    as('identifier', c(owners, 'anonymous_id')),
    as('owner_no', c(numbers, 'owner_no')),
  ]);
  const rows = join('left', all, owned, ['identifier_type', 'identifier']);
  return project(
    rows,
    STATE.subjects.map(({ name }) =>
      as(
        name,
        name === 'profile_no' ? call('coalesce', c(rows, 'owner_no'), c(rows, 'subject_no')) : c(rows, name),
      ),
    ),
  );
}

/** The map beside what is stored, whose columns are named `old_…`. */
function besideStored(schema: StateSchema, type: 'inner' | 'left'): Relation {
  const stored = schema.scan('subjects');
  const old = pick(stored, [
    'subject_no',
    ...['profile_no', ...FIRSTS].map((name): readonly [string, string] => [name, `old_${name}`]),
  ]);
  return join(type, scanSpec(MAP), old, ['subject_no']);
}

function reassigned(schema: StateSchema): Relation {
  const rows = besideStored(schema, 'inner');
  const moved = filter(rows, call('ne', c(rows, 'profile_no'), c(rows, 'old_profile_no')));
  return pick(moved, ['subject_no', ['old_profile_no', 'from_profile_no'], 'profile_no']);
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

/** New and changed rows only: most of the map stays as it is from run to run. */
function changedSubjects(schema: StateSchema): Relation {
  const rows = besideStored(schema, 'left');
  const differs = ['profile_no', ...FIRSTS].map((name) =>
    call('is_distinct', c(rows, name), c(rows, `old_${name}`)),
  );
  return pick(
    filter(rows, or(...differs)),
    STATE.subjects.map((column) => column.name),
  );
}

/** Identify messages of all sources up to `as_of`: profile, when, and the mentions asked for. */
function mentions(
  schema: StateSchema,
  sources: readonly BoundSource[],
  needs: Needs,
  columns: readonly ValueColumn[],
): Relation {
  const parts = sources.flatMap((source) => {
    const own = sourceNeeds(source, needs);
    if (!source.identifies(own.traits)) return [];
    const facts = scanSpec(identifyFacts(schema, source.name, own.traits));
    const wanted = filter(facts, call('le', c(facts, 'timestamp'), AS_OF));
    return [
      project(wanted, [
        as('profile_no', c(wanted, 'profile_no')),
        as('timestamp', c(wanted, 'timestamp')),
        as('message_id', c(wanted, 'message_id')),
        as('source', text(source.name)),
        ...columns.map(({ name }) => as(name, c(wanted, name))),
      ]),
    ];
  });
  if (parts.length > 0) return union(parts);
  const none = [
    { name: 'profile_no', type: 'int' as const },
    { name: 'timestamp', type: 'timestamp' as const },
    { name: 'message_id', type: 'text' as const },
    { name: 'source', type: 'text' as const },
    ...columns.map(({ name }) => ({ name, type: 'json' as const })),
  ];
  return filter(
    values(none, [none.map(({ type }) => nul(type))]),
    call('is_not_null', c(values(none, []), 'profile_no')),
  );
}

const order = (rows: Relation): readonly Expr[] => [
  c(rows, 'timestamp'),
  c(rows, 'message_id'),
  c(rows, 'source'),
];

/** Latest mention of every trait path, for profiles that have any. */
export function customTraitsStep(
  schema: StateSchema,
  sources: readonly BoundSource[],
  needs: Needs,
  columns: readonly ValueColumn[],
): Step {
  const rows = mentions(schema, sources, needs, columns);
  const latest = columns.map(({ name }) => as(name, agg('last', [c(rows, name)], { orderBy: order(rows) })));
  return {
    id: 'shared.custom_traits',
    title: 'custom traits',
    op: 'replace',
    spec: customTraits(columns),
    query: aggregate(rows, [as('profile_no', c(rows, 'profile_no'))], latest),
  };
}

/** The universe at `as_of`: everyone seen by then, who is known, and their first identifiers. */
export function profilesStep(schema: StateSchema, sources: readonly BoundSource[], needs: Needs): Step {
  return {
    id: 'shared.profiles',
    title: 'profiles',
    op: 'replace',
    spec: schema.spec('profiles'),
    query: profilesOf(schema.scan('subjects'), emailsOf(mentions(schema, sources, needs, [EMAIL]))),
  };
}

/** (profile_no, email, latest_email, mailed): the first and the latest email of identify messages. */
export function emailsOf(identifies: Relation): Relation {
  const mention = c(identifies, EMAIL.name);
  const present = and(call('is_not_null', mention), call('not', call('json_is_null', mention)));
  const orderBy = order(identifies);
  const grouped = aggregate(
    identifies,
    [as('profile_no', c(identifies, 'profile_no'))],
    [
      as('first_mention', agg('first', [mention], { filter: present, orderBy })),
      as('latest_mention', agg('last', [mention], { orderBy })),
    ],
  );
  const asText = (name: string): Expr => call('json_text', c(grouped, name), path([]));
  return project(grouped, [
    as('profile_no', c(grouped, 'profile_no')),
    as('email', asText('first_mention')),
    as('latest_email', asText('latest_mention')),
  ]);
}

/** The columns of `profiles`, of subjects and emails up to `as_of`. */
export function profilesOf(subjects: Relation, emails: Relation): Relation {
  const existing = call('le', c(subjects, 'first_at'), AS_OF);
  const isType = (type: string): Expr => call('eq', c(subjects, 'identifier_type'), text(type));
  const firstOf = (type: string): Expr =>
    agg('first', [c(subjects, 'identifier')], {
      filter: and(existing, isType(type)),
      orderBy: [c(subjects, 'first_at'), c(subjects, 'first_id'), c(subjects, 'identifier')],
    });
  const grouped = aggregate(
    subjects,
    [as('profile_no', c(subjects, 'profile_no'))],
    [
      as('seen_at', agg('min', [c(subjects, 'seen_at')])),
      as('device_at', agg('min', [c(subjects, 'device_at')])),
      as('user_id', firstOf('user_id')),
      as('anonymous_id', firstOf('anonymous_id')),
    ],
  );
  const universe = filter(grouped, call('le', c(grouped, 'seen_at'), AS_OF));
  const heads = pick(subjects, [
    ['subject_no', 'profile_no'],
    ['identifier_type', 'head_type'],
    ['identifier', 'profile_id'],
  ]);
  const named = join('inner', universe, heads, ['profile_no']);
  const rows = join('left', named, emails, ['profile_no']);
  const isUser = call('eq', c(rows, 'head_type'), text('user_id'));
  const withDevice = call('coalesce', call('le', c(rows, 'device_at'), AS_OF), bool(false));
  return project(rows, [
    as('profile_no', c(rows, 'profile_no')),
    as('profile_kind', caseWhen([{ when: isUser, then: text('user') }], text('anonymous'))),
    as('profile_id', c(rows, 'profile_id')),
    as('known', or(isUser, call('is_not_null', c(rows, 'email')), withDevice)),
    as('user_id', c(rows, 'user_id')),
    as('email', c(rows, 'email')),
    as('anonymous_id', c(rows, 'anonymous_id')),
    as('latest_email', c(rows, 'latest_email')),
  ]);
}
