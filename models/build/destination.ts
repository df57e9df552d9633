import type { Destination, MessageType } from '../definition.js';
import type { ObjectNode } from '../source/json.js';
import {
  asObject,
  asString,
  field,
  mark,
  optionalFlag,
  optionalString,
  strings,
  type BuildContext,
} from './context.js';
import { buildDuration } from './leaves.js';

/** A destination of a validated file, with every default of SEMANTICS §7 filled in. It stands at its key. */
export function buildDestination(context: BuildContext, node: ObjectNode): Destination {
  const key = asString(field(node, 'key'));
  const send = field(node, 'send');
  const events = field(node, 'events');
  const every = field(node, 'every');
  const name = (event: string): string | undefined =>
    events === undefined ? undefined : optionalString(asObject(events), event);
  const destination: Destination = {
    key,
    name: optionalString(node, 'name') ?? key,
    type: asString(field(node, 'type')),
    enabled: optionalFlag(node, 'enabled') ?? true,
    settings: asObject(field(node, 'settings')).value,
    ...(send && { send: strings(send) as readonly MessageType[] }),
    ...(optionalFlag(node, 'list') === true && { list: true }),
    events: {
      audience_entered: name('audience_entered') ?? 'Audience Entered',
      audience_exited: name('audience_exited') ?? 'Audience Exited',
      trait_computed: name('trait_computed') ?? 'Trait Computed',
      entity_entered: name('entity_entered') ?? 'Entity Entered',
      entity_exited: name('entity_exited') ?? 'Entity Exited',
    },
    ...(every && { every: buildDuration(every) }),
    ...(optionalFlag(node, 'backfill') === false && { backfill: false as const }),
    identifiers: (optionalString(node, 'identifiers') ?? 'all') as Destination['identifiers'],
    file: context.source.file,
  };
  return mark(context, destination, field(node, 'key') ?? node);
}
