/** The contract's relations over compact state (SEMANTICS §6): text ids and keys come back in at the edge. */
import { as, c, eq, filter, join, nul, pick, project, stable, text, union } from '../ir/build.js';
import type { Relation } from '../ir/types.js';
import type { StateSchema } from './state.js';
import type { View } from './types.js';

/** `memberships`, `membership_history` and `trait_values`, and beyond the contract `entity_memberships`. */
export const contractViews = (schema: StateSchema): readonly View[] => [
  { view: schema.ref('memberships'), query: memberships(schema) },
  { view: schema.ref('membership_history'), query: history(schema) },
  { view: schema.ref('trait_values'), query: traitValues(schema) },
  { view: schema.ref('entity_memberships'), query: entityMemberships(schema) },
];

/** Name of the view of one audience. */
export const audienceViewName = (key: string): string => `audience_${key}`;

/** Members of each audience, with the first identifier of each type; what is the same in all of them is printed once. */
export function audienceViews(schema: StateSchema, keys: readonly string[]): readonly View[] {
  const profiles = pick(schema.scan('profiles'), ['profile_no', 'user_id', 'email', 'anonymous_id']);
  const members = join('left', withProfileId(schema, schema.scan('member_state')), profiles, ['profile_no']);
  const shown = ['profile_id', 'entered_at', 'user_id', 'email', 'anonymous_id'];
  const rows = stable(pick(members, ['definition_no', ...shown]), 'members');
  const named = withKey(schema, rows);
  return keys.map((key) => ({
    view: schema.ref(audienceViewName(key)),
    query: pick(filter(named, eq(c(named, 'key'), text(key))), shown),
  }));
}
function memberships(schema: StateSchema): Relation {
  const named = withKey(schema, withProfileId(schema, schema.scan('member_state')));
  return pick(withRunId(schema, named), [['key', 'audience_key'], 'profile_id', 'entered_at', 'run_id']);
}

function history(schema: StateSchema): Relation {
  const members = schema.scan('member_state');
  const open = project(members, [
    as('definition_no', c(members, 'definition_no')),
    as('profile_no', c(members, 'profile_no')),
    as('entered_at', c(members, 'entered_at')),
    as('exited_at', nul('timestamp')),
  ]);
  const closed = pick(schema.scan('exit_state'), ['definition_no', 'profile_no', 'entered_at', 'exited_at']);
  const named = withKey(schema, withProfileId(schema, union([open, closed])));
  return pick(named, [['key', 'audience_key'], 'profile_id', 'entered_at', 'exited_at']);
}

function traitValues(schema: StateSchema): Relation {
  const named = withKey(schema, withProfileId(schema, schema.scan('trait_state')));
  return pick(withRunId(schema, named), [
    ['key', 'trait_key'],
    'profile_id',
    'value',
    'number_value',
    'text_value',
    'updated_at',
    'run_id',
  ]);
}

/** The rows of entities that members have, where a link asks for them. */
function entityMemberships(schema: StateSchema): Relation {
  const named = withKey(schema, withProfileId(schema, schema.scan('entity_state')));
  return pick(withRunId(schema, named), [
    ['key', 'audience_key'],
    'profile_id',
    'entity',
    'entity_id',
    'entered_at',
    'run_id',
  ]);
}

/** A profile is named by the identifier whose number it bears. */
export function withProfileId(schema: StateSchema, rows: Relation): Relation {
  const heads = pick(schema.scan('subjects'), [
    ['subject_no', 'profile_no'],
    ['identifier', 'profile_id'],
  ]);
  return join('inner', rows, heads, ['profile_no']);
}

const withKey = (schema: StateSchema, rows: Relation): Relation =>
  join('inner', rows, pick(schema.scan('definitions'), ['definition_no', 'key']), ['definition_no']);

const withRunId = (schema: StateSchema, rows: Relation): Relation =>
  join('left', rows, pick(schema.scan('runs'), ['run_no', 'run_id']), ['run_no']);
