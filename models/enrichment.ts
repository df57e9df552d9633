/** Traits that go along with messages ("trait enrichment"): which, and by what name. */
import {
  messageTypes,
  type Definition,
  type Destination,
  type DestinationLink,
  type TraitLink,
} from './definition.js';

/**
 * Traits that go along with the messages of a definition on a link: those of the destination and those of the link, which
 * stands instead of the destination's of the same trait. A trait is not beside itself, where it is what a message tells.
 */
export function traitsAlong(
  { key }: Pick<Definition, 'key'>,
  link: Pick<DestinationLink, 'traits'>,
  destination: Pick<Destination, 'traits'>,
): readonly TraitLink[] {
  const own = link.traits ?? [];
  const others = (destination.traits ?? []).filter(({ trait }) => !own.some((one) => one.trait === trait));
  return [...others, ...own].filter(({ trait, as }) => trait !== key || as !== key);
}

/** Whose traits messages on a link can carry: those of the people they go to, and those of the accounts. */
export function levelsTold(
  definition: Pick<Definition, 'kind' | 'of'>,
  link: Pick<DestinationLink, 'send'>,
  destination: Pick<Destination, 'send' | 'list'>,
): readonly Definition['of'][] {
  const types = messageTypes(definition, link, destination);
  return [
    ...(types.some((type) => type !== 'group') ? (['users'] as const) : []),
    ...(types.includes('group') ? (['accounts'] as const) : []),
  ];
}
