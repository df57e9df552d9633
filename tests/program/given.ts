/** What programs are given in tests: sources, definitions, and who they are about as plain relations over facts. */
import { valueColumn } from '../../compiler/bind/paths.js';
import type { Needs, ValueColumn } from '../../compiler/bind/types.js';
import { as, c, call, filter, join, param, pick, project, text, values } from '../../compiler/ir/build.js';
import type { LiteralValue, Relation } from '../../compiler/ir/types.js';
import { StateSchema } from '../../compiler/program/index.js';
import type { Definition, Destination, SourceConfig } from '../../models/definition.js';

export const STATE_SCHEMA = new StateSchema('rollcall');

export const messagesSource = (over: Partial<SourceConfig> = {}): SourceConfig => ({
  name: 'raw',
  layout: 'messages',
  table: 'raw.messages',
  columns: {},
  overlap: { amount: 3, unit: 'day' },
  traits: [],
  ...over,
});

export const segmentSource = (over: Partial<SourceConfig> = {}): SourceConfig => {
  const { table: _, ...rest } = messagesSource({ name: 'web', layout: 'segment', schema: 'web' });
  return { ...rest, ...over };
};

/** Who a definition is about, over what has landed. */
export type Stage = (facts: (event: string) => Relation) => Relation;

export const definition = (over: Partial<Definition> & { readonly key: string }): Definition =>
  ({
    kind: 'audience',
    name: over.key,
    of: 'users',
    tags: [],
    enabled: true,
    includeAnonymous: true,
    history: { mode: 'all' },
    destinations: [],
    file: `models/${over.key}.json`,
    condition: { kind: 'all', of: [] },
    ...over,
  }) as Definition;

export const destination = (over: Partial<Destination> & { readonly key: string }): Destination => ({
  name: over.key,
  type: 'file',
  enabled: true,
  settings: {},
  send: ['identify', 'track'],
  events: {
    audience_entered: 'Audience Entered',
    audience_exited: 'Audience Exited',
    trait_computed: 'Trait Computed',
    entity_entered: 'Entity Entered',
    entity_exited: 'Entity Exited',
  },
  identifiers: 'all',
  file: `destinations/${over.key}.json`,
  ...over,
});

/** Read as JSON, as `first` and `last` do: facts then keep their message ids, which the cases look at. */
export const ORDERED = valueColumn('property', 'ordered', 'json');

export const needsOf = (
  events: Readonly<Record<string, readonly ValueColumn[]>>,
  traits: readonly string[] = [],
): Needs => ({
  events: Object.entries(events).map(([event, columns]) => ({ event, columns: [...columns, ORDERED] })),
  traits: traits.map((path) => valueColumn('trait', path, 'mention')),
});

/** Profiles with an event up to `as_of`. */
export const anyEvent =
  (event: string): Stage =>
  (facts) => {
    const rows = facts(event);
    const known = filter(rows, call('le', c(rows, 'timestamp'), param('as_of', 'timestamp')));
    return pick(known, ['profile_no'], { distinct: true });
  };

/** The profiles of some identifiers, whatever their events. */
export const membersOf =
  (...identifiers: readonly string[]): Stage =>
  () =>
    pick(heldBy(identifiers.map((name) => [name, 'true'])), ['profile_no'], { distinct: true });

/** Values by identifier, as JSON text. */
export const valuesOf =
  (held: Readonly<Record<string, string>>): Stage =>
  () => {
    const rows = heldBy(Object.entries(held));
    return project(rows, [
      as('profile_no', c(rows, 'profile_no')),
      as('value', c(rows, 'value')),
      as('number_value', call('text_number', c(rows, 'value'))),
      as('text_value', c(rows, 'value')),
    ]);
  };

function heldBy(held: readonly (readonly [string, string])[]): Relation {
  const columns = [
    { name: 'identifier', type: 'text' },
    { name: 'value', type: 'text' },
  ] as const;
  const nobody = [text(''), text('')];
  const given = values(columns, [nobody, ...held.map(([name, value]) => [text(name), text(value)])]);
  const subjects = pick(STATE_SCHEMA.scan('subjects'), ['profile_no', 'identifier']);
  return join('inner', subjects, given, ['identifier']);
}

export const micros = (iso: string): LiteralValue => {
  const [whole, fraction = ''] = iso.replace('Z', '').split('.');
  const base = BigInt(Date.parse(`${whole}Z`)) * 1000n;
  return { type: 'timestamp', value: (base + BigInt(fraction.padEnd(6, '0') || '0')).toString() };
};
