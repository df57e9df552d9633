/** The universe at `as_of`, of subjects and landed identify messages. */
import { EMAIL, sourceNeeds, type BoundSource } from '../bind/index.js';
import { TIES } from '../bind/mentions.js';
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
  or,
  path,
  pick,
  project,
  semiJoin,
  text,
} from '../ir/build.js';
import type { Expr, Relation } from '../ir/types.js';
import { landedCalls } from './calls.js';
import { firsts } from './firsts.js';
import { AS_OF } from './identity.js';
import { identifyFacts } from './names.js';
import type { StateSchema } from './state.js';

/** Identify messages of all sources up to `as_of`: profile, when, and the mentions asked for. */
export const mentions = (
  schema: StateSchema,
  sources: readonly BoundSource[],
  needs: Needs,
  columns: readonly ValueColumn[],
): Relation =>
  landedCalls(
    sources,
    (source) => {
      const { traits } = sourceNeeds(source, needs);
      return source.identifies(traits) && identifyFacts(schema, source.name, traits);
    },
    [],
    columns,
  );

/** (profile_no, email, latest_email): the first and the latest email of identify messages. */
export function emailsOf(identifies: Relation): Relation {
  const said = filter(identifies, call('is_not_null', c(identifies, EMAIL.name)));
  const present = filter(said, call('not', call('json_is_null', c(said, EMAIL.name))));
  const of = (rows: Relation, which: 'first' | 'last', name: string): Relation => {
    const found = firsts({ rows, by: ['profile_no'], at: 'timestamp', ties: TIES, value: EMAIL.name, which });
    return project(found, [
      as('profile_no', c(found, 'profile_no')),
      as(name, call('json_text', c(found, EMAIL.name), path([]))),
    ]);
  };
  const both = join('left', of(said, 'last', 'latest_email'), of(present, 'first', 'email'), ['profile_no']);
  return pick(both, ['profile_no', 'email', 'latest_email']);
}

const TYPES = ['user_id', 'anonymous_id'] as const;
type IdentifierType = (typeof TYPES)[number];
const firstAt = (type: IdentifierType): string => `${type}_at`;
const firstNo = (type: IdentifierType): string => `${type}_no`;
const lastNo = (type: IdentifierType): string => `${type}_last_no`;

/** The columns of `profiles`, of subjects and emails up to `as_of`. */
export function profilesOf(subjects: Relation, emails: Relation): Relation {
  const numbered = withFirstSubjects(subjects);
  const texts = (no: string, identifier: string): Relation =>
    pick(subjects, [
      ['subject_no', no],
      ['identifier', identifier],
    ]);
  const heads = pick(subjects, [
    ['subject_no', 'profile_no'],
    ['identifier_type', 'head_type'],
    ['identifier', 'profile_id'],
  ]);
  const named = TYPES.reduce<Relation>(
    (rows, type) => join('left', rows, texts(firstNo(type), type), [firstNo(type)]),
    join('inner', numbered, heads, ['profile_no']),
  );
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

/**
 * (profile_no, device_at, user_id_no, anonymous_id_no) of the universe: the numbers of each profile's first
 * identifiers. Groups hold numbers only, so that any number of profiles fits in little memory: first the least
 * instant of each type, then who was seen at it, and only where two were, the lesser message id.
 */
function withFirstSubjects(subjects: Relation): Relation {
  const existing = call('le', c(subjects, 'first_at'), AS_OF);
  const grouped = aggregate(
    subjects,
    [as('profile_no', c(subjects, 'profile_no'))],
    [
      as('seen_at', agg('min', [c(subjects, 'seen_at')])),
      as('device_at', agg('min', [c(subjects, 'device_at')])),
      ...TYPES.map((type) =>
        as(
          firstAt(type),
          agg('min', [c(subjects, 'first_at')], { filter: and(existing, isOf(subjects, type)) }),
        ),
      ),
    ],
  );
  const universe = filter(grouped, call('le', c(grouped, 'seen_at'), AS_OF));
  const candidates = atFirst(subjects, universe);
  const found = aggregate(
    candidates,
    ['profile_no', 'device_at'].map((name) => as(name, c(candidates, name))),
    TYPES.flatMap((type) => [
      as(firstNo(type), agg('min', [c(candidates, 'subject_no')], { filter: isOf(candidates, type) })),
      as(lastNo(type), agg('max', [c(candidates, 'subject_no')], { filter: isOf(candidates, type) })),
    ]),
  );
  const tied = filter(
    found,
    or(...TYPES.map((type) => call('ne', c(found, firstNo(type)), c(found, lastNo(type))))),
  );
  const several = atFirst(semiJoin(subjects, tied, ['profile_no']), universe);
  const decided = aggregate(
    several,
    [as('profile_no', c(several, 'profile_no'))],
    TYPES.map((type) => {
      const first = agg('first', [c(several, 'subject_no')], {
        filter: isOf(several, type),
        orderBy: [c(several, 'first_id')],
      });
      return as(`${type}_decided`, first);
    }),
  );
  const rows = join('left', found, decided, ['profile_no']);
  return project(rows, [
    as('profile_no', c(rows, 'profile_no')),
    as('device_at', c(rows, 'device_at')),
    ...TYPES.map((type) =>
      as(firstNo(type), call('coalesce', c(rows, `${type}_decided`), c(rows, firstNo(type)))),
    ),
  ]);
}

const isOf = (rows: Relation, type: IdentifierType): Expr =>
  call('eq', c(rows, 'identifier_type'), text(type));

/** Subjects seen at the first instant of their type in their profile. */
function atFirst(subjects: Relation, profiles: Relation): Relation {
  const wanted = pick(subjects, ['profile_no', 'subject_no', 'identifier_type', 'first_at', 'first_id']);
  const both = join('inner', wanted, profiles, ['profile_no']);
  const isFirst = TYPES.map((type) =>
    and(isOf(both, type), call('eq', c(both, 'first_at'), c(both, firstAt(type)))),
  );
  return filter(both, or(...isFirst));
}
