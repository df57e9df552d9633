/** The universe at `as_of` and its current custom traits, of subjects and landed identify messages. */
import { EMAIL, sourceNeeds, type BoundSource } from '../bind/index.js';
import type { Needs, ValueColumn } from '../bind/types.js';
import {
  agg,
  aggregate,
  and,
  as,
  bool,
  c,
  call,
  caseWhen,
  filter,
  join,
  nul,
  or,
  path,
  pick,
  project,
  text,
  union,
  values,
} from '../ir/build.js';
import type { Expr, Relation } from '../ir/types.js';
import { AS_OF } from './identity.js';
import { customTraits, identifyFacts, scanSpec } from './names.js';
import type { StateSchema } from './state.js';
import type { Step } from './types.js';

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
      orderBy: [c(subjects, 'first_at'), c(subjects, 'first_id')],
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
