import type { Diagnostic } from '../../compiler/diagnostics/index.js';
import { formatPlace } from '../../compiler/diagnostics/print.js';
import { didYouMean, orList } from '../../compiler/diagnostics/suggest.js';
import {
  messageTypes,
  ownerOf,
  shapeOf,
  type Definition,
  type Destination,
  type Spans,
} from '../definition.js';
import { spanOf } from '../source/spans.js';

interface Keyed {
  readonly key: string;
}

/**
 * Keys used more than once. Audiences and traits share one space of keys (SEMANTICS §2: an audience is
 * readable as a trait), destinations have their own. The later file is the one reported; both are named.
 */
export function duplicateKeys(items: readonly Keyed[], what: string, spans: Spans): Diagnostic[] {
  const first = new Map<string, Keyed>();
  const diagnostics: Diagnostic[] = [];
  for (const item of items) {
    const other = first.get(item.key);
    if (other === undefined) {
      first.set(item.key, item);
      continue;
    }
    const place = spans.of(other);
    diagnostics.push({
      code: 'duplicate-key',
      severity: 'error',
      message: `the ${what} key ${JSON.stringify(item.key)} is already used in ${place === undefined ? 'another file' : formatPlace(place)}`,
      hint: 'a key is the identity of one thing: choose another',
      ...spanOf(spans, item),
      definition: item.key,
    });
  }
  return diagnostics;
}

/** Keys of outputs that are made of several, and too long. */
export function longKeys(definitions: readonly Definition[], spans: Spans): Diagnostic[] {
  return definitions
    .filter(({ key, output }) => output !== undefined && key.length > MOST_CHARACTERS)
    .map((definition) => ({
      code: 'invalid-value',
      severity: 'error',
      message: `the key ${JSON.stringify(`${definition.key.slice(0, 40)}…`)} of what it publishes has ${definition.key.length} characters, more than ${MOST_CHARACTERS}`,
      hint: 'shorten the key of the step, or of the journey',
      definition: ownerOf(definition).key,
      ...spanOf(spans, definition),
    }));
}

const MOST_CHARACTERS = 255;

/** An output's links are mostly those of its definition, where they are told of once. */
const hasOwnLinks = ({ output, destinations }: Definition): boolean =>
  destinations !== output?.of.destinations;

/** Links to destinations that do not exist, and links given twice. `known` includes broken destinations. */
export function brokenLinks(
  definitions: readonly Definition[],
  known: ReadonlySet<string>,
  spans: Spans,
): Diagnostic[] {
  return definitions.filter(hasOwnLinks).flatMap(({ key, destinations }) => {
    const seen = new Set<string>();
    return destinations.flatMap((link): Diagnostic[] => {
      const base = { severity: 'error' as const, definition: key, ...spanOf(spans, link) };
      if (seen.has(link.to)) {
        return [
          {
            code: 'invalid-value',
            message: `the destination ${JSON.stringify(link.to)} is named twice`,
            ...base,
          },
        ];
      }
      seen.add(link.to);
      if (known.has(link.to)) return [];
      const message = `there is no destination ${JSON.stringify(link.to)}`;
      return [{ code: 'unknown-reference', message, hint: destinationHint(link.to, known), ...base }];
    });
  });
}

/**
 * Links that nothing would ever go out by: a definition of users makes no group calls, and a trait of accounts nothing
 * else.
 */
export function silentLinks(
  definitions: readonly Definition[],
  destinations: readonly Destination[],
  spans: Spans,
): Diagnostic[] {
  const byKey = new Map(destinations.map((destination) => [destination.key, destination]));
  return definitions.filter(hasOwnLinks).flatMap((definition) =>
    definition.destinations.flatMap((link): Diagnostic[] => {
      const destination = byKey.get(link.to);
      if (!destination || messageTypes(definition, link, destination).length > 0) return [];
      const place = spanOf(spans, link);
      const to = JSON.stringify(link.to);
      if (destination.list && shapeOf(definition.kind) === 'trait') {
        const message = `${to} takes lists, and a trait is none`;
        const hint = 'send an audience there, or the trait to a destination without "list"';
        return [
          { code: 'not-supported', severity: 'error', message, hint, definition: definition.key, ...place },
        ];
      }
      const [message, missing] =
        definition.of === 'users'
          ? [`${to} is sent group calls only, and a definition of users makes none`, '"identify" or "track"']
          : [`${to} is sent no group calls, and a trait of accounts makes nothing else`, '"group"'];
      return [
        {
          code: 'not-supported',
          severity: 'error',
          message,
          hint:
            link.send === undefined
              ? `add ${missing} to "send" of the destination, or give the link its own`
              : `add ${missing} to "send"`,
          ...place,
          definition: definition.key,
        },
      ];
    }),
  );
}

function destinationHint(to: string, known: ReadonlySet<string>): string {
  if (known.size === 0) return 'the project has no destinations: add one to the folder destinations/';
  return (
    didYouMean(to, known) ??
    (known.size <= 10 ? `the destinations are ${orList([...known])}` : 'see destinations/')
  );
}
