import type { Destination, Hashing, MessageType, ReceiverType } from '../definition.js';
import type { ObjectNode } from '../source/json.js';
import {
  asArray,
  asObject,
  asString,
  field,
  mark,
  optionalFlag,
  optionalString,
  strings,
  type BuildContext,
} from './context.js';
import { traitLinks } from './definition.js';
import { buildDuration } from './leaves.js';

/** A destination of a validated file, with every default of SEMANTICS §7 filled in. It stands at its key. */
export function buildDestination(context: BuildContext, node: ObjectNode): Destination {
  const key = asString(field(node, 'key'));
  const send = field(node, 'send');
  const events = field(node, 'events');
  const every = field(node, 'every');
  const consent = field(node, 'consent');
  const traits = field(node, 'traits');
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
    ...(consent && {
      consent: Object.freeze(
        asArray(consent).items.map((item) => mark(context, { name: asString(item) }, item)),
      ),
    }),
    ...(every && { every: buildDuration(every) }),
    ...(optionalFlag(node, 'backfill') === false && { backfill: false as const }),
    ...identifiersOf(node),
    ...(traits && { traits: traitLinks(context, traits) }),
    ...hashOf(node),
    file: context.source.file,
  };
  return mark(context, destination, field(node, 'key') ?? node);
}

/** Of several identifiers of one type so many are told where `identifiers` says which, and not how many. */
const AT_MOST = 3;

type Identifiers = Pick<
  Destination,
  'identifiers' | 'identifierTypes' | 'identifiersAtMost' | 'identifierNames'
>;

function identifiersOf(node: ObjectNode): Identifiers {
  const asked = field(node, 'identifiers')?.value ?? 'all';
  if (typeof asked === 'string') return { identifiers: asked as Destination['identifiers'] };
  const {
    strategy,
    types,
    at_most: most,
    names,
  } = asked as {
    readonly strategy?: Destination['identifiers'];
    readonly types?: readonly ReceiverType[];
    readonly at_most?: number;
    readonly names?: Identifiers['identifierNames'];
  };
  return {
    identifiers: strategy ?? 'all',
    ...(types && { identifierTypes: types }),
    identifiersAtMost: most ?? AT_MOST,
    ...(names && { identifierNames: names }),
  };
}

function hashOf(node: ObjectNode): Pick<Destination, 'hash'> {
  const asked = field(node, 'hash')?.value as Readonly<Record<string, string | Hashing>> | undefined;
  if (!asked) return {};
  const hash = Object.entries(asked).map(
    ([name, how]) => [name, typeof how === 'string' ? ({ as: how } as Hashing) : how] as const,
  );
  return { hash: Object.fromEntries(hash) };
}
