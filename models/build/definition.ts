import type { Condition, Duration, TraitValue } from '../algebra.js';
import type {
  AudienceDefinition,
  DestinationLink,
  EntityLink,
  Guard,
  History,
  MessageType,
  TraitDefinition,
  TraitLink,
} from '../definition.js';
import type { JsonNode, ObjectNode } from '../source/json.js';
import {
  asArray,
  asObject,
  asString,
  field,
  mark,
  optionalFlag,
  optionalNumber,
  optionalString,
  strings,
  type BuildContext,
} from './context.js';
import { buildDuration } from './leaves.js';
import { memberRules, membersOf } from './members.js';

/** An audience of a validated file, with every default of SEMANTICS §5 filled in. It stands at its key. */
export function buildAudience(
  context: BuildContext,
  node: ObjectNode,
  condition: Condition,
): AudienceDefinition {
  const rules = memberRules(context, node, condition);
  const definition: AudienceDefinition = {
    kind: 'audience',
    ...baseOf(context, node),
    condition: membersOf(condition, rules, []),
    ...(rules && { rules }),
  };
  return mark(context, definition, field(node, 'key') ?? node);
}

/** A trait of a validated file, likewise. */
export function buildTrait(context: BuildContext, node: ObjectNode, value: TraitValue): TraitDefinition {
  const definition: TraitDefinition = { kind: 'trait', ...baseOf(context, node), value };
  return mark(context, definition, field(node, 'key') ?? node);
}

/** What definitions of every kind say of themselves. */
export function baseOf(context: BuildContext, node: ObjectNode) {
  const key = asString(field(node, 'key'));
  const description = optionalString(node, 'description');
  const tags = field(node, 'tags');
  const guard = field(node, 'guard');
  return {
    key,
    name: optionalString(node, 'name') ?? key,
    ...(description === undefined ? {} : { description }),
    of: optionalString(node, 'of') === 'accounts' ? ('accounts' as const) : ('users' as const),
    tags: tags === undefined ? [] : strings(tags),
    enabled: optionalFlag(node, 'enabled') ?? true,
    includeAnonymous: optionalFlag(node, 'include_anonymous') ?? false,
    history: historyOf(field(node, 'history')),
    destinations: linksOf(context, field(node, 'destinations')),
    ...(guard && { guard: guard.type === 'object' ? guardLimits(guard) : (false as const) }),
    file: context.source.file,
  };
}

/** A guard of a validated object. */
export function guardLimits(node: ObjectNode): Guard {
  const minSize = optionalNumber(node, 'min_size');
  return Object.freeze({
    maxChangePercent: optionalNumber(node, 'max_change_percent') ?? 0,
    ...(minSize !== undefined && { minSize }),
  });
}

function historyOf(node: JsonNode | undefined): History {
  if (node === undefined || node.value === true) return { mode: 'all' };
  if (node.value === false) return { mode: 'from_first_run' };
  const before: Duration = buildDuration(node);
  return { mode: 'from_first_run', before };
}

/** Where changes go, of a validated list. */
export function linksOf(context: BuildContext, node: JsonNode | undefined): readonly DestinationLink[] {
  if (node === undefined) return [];
  return asArray(node).items.map((item) => {
    if (item.type === 'string') return mark(context, { to: asString(item) }, item);
    const object = asObject(item);
    const to = field(object, 'to');
    const send = field(object, 'send');
    const entities = field(object, 'entities');
    const traits = field(object, 'traits');
    const link: DestinationLink = {
      to: asString(to),
      ...(send && { send: strings(send) as readonly MessageType[] }),
      ...(optionalFlag(object, 'enabled') === false && { enabled: false as const }),
      ...(entities && { entities: entityLinks(context, entities) }),
      ...(traits && { traits: traitLinks(context, traits) }),
    };
    return mark(context, link, to ?? item);
  });
}

/** Traits by what they are called in messages, of a validated object; each stands at its entry. */
export const traitLinks = (context: BuildContext, node: JsonNode): readonly TraitLink[] =>
  Object.freeze(
    asObject(node).entries.map((one) =>
      mark(context, { trait: one.key, as: asString(one.node) }, { start: one.start, end: one.end }),
    ),
  );

const entityLinks = (context: BuildContext, node: JsonNode): readonly EntityLink[] =>
  Object.freeze(
    (node.type === 'string' ? [node] : asArray(node).items).map((item) =>
      mark(context, { entity: asString(item) }, item),
    ),
  );
