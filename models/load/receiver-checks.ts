/** Destinations that tell people by addresses: whether they can, and whether a name is left for the address. */
import type { Diagnostic } from '../../compiler/diagnostics/index.js';
import { addressTypes, type Definition, type Destination, type Spans } from '../definition.js';
import { spanOf } from '../source/spans.js';

/** Without an id of ours the tracking API takes nothing. */
const WANT_IDS: ReadonlySet<string> = new Set(['segment', 'rudderstack']);

/** What is wrong with destinations that tell people by addresses, and with what goes there. */
export function receiverProblems(
  definitions: readonly Definition[],
  destinations: readonly Destination[],
  spans: Spans,
): readonly Diagnostic[] {
  const byKey = new Map(destinations.map((destination) => [destination.key, destination]));
  const unable = destinations.filter(
    ({ type, ...one }) => WANT_IDS.has(type) && addressTypes(one).length > 0,
  );
  const unnamed = definitions.flatMap((definition) =>
    definition.destinations.flatMap((link): readonly Diagnostic[] => {
      const destination = byKey.get(link.to);
      if (!destination || !addressTypes(destination).some((type) => type === definition.key)) return [];
      const [to, key] = [link.to, definition.key].map((name) => JSON.stringify(name));
      return [
        {
          code: 'not-supported',
          severity: 'error',
          message: `${to} tells people by ${key}, and messages of ${key} have that name for what they tell`,
          hint: 'give the definition another key, or send it elsewhere',
          definition: definition.key,
          ...spanOf(spans, link),
        },
      ];
    }),
  );
  return [
    ...unable.map((destination): Diagnostic => ({
      code: 'not-supported',
      severity: 'error',
      message: `${JSON.stringify(destination.key)} drops messages without a user_id or anonymous_id, so it cannot tell people by their ${addressTypes(destination).join(' or ')}`,
      hint: 'take them out of "types": the latest email is in every message',
      ...spanOf(spans, destination),
    })),
    ...unnamed,
  ];
}
