/** Links that ask for entities (SEMANTICS §7): whether there is anything that could enter, and a message to say so. */
import type { Diagnostic } from '../../compiler/diagnostics/index.js';
import { didYouMean, orList } from '../../compiler/diagnostics/suggest.js';
import {
  messageTypes,
  nounOf,
  type Definition,
  type Destination,
  type DestinationLink,
  type EntityLink,
  type Spans,
} from '../definition.js';
import { matchedStreams } from '../matches.js';
import { spanOf } from '../source/spans.js';
import { entitiesIn } from '../walk.js';

type Problem = Pick<Diagnostic, 'code' | 'message' | 'hint'>;

/** What is wrong with the entities that links of definitions ask for. */
export function entityLinkProblems(
  definitions: readonly Definition[],
  destinations: readonly Destination[],
  spans: Spans,
): readonly Diagnostic[] {
  const byKey = new Map(destinations.map((destination) => [destination.key, destination]));
  return definitions
    .filter(({ output, destinations: links }) => links !== output?.of.destinations)
    .flatMap((definition) =>
      definition.destinations.flatMap((link) => {
        const asked = link.entities ?? [];
        return asked.flatMap((one, i) => {
          const again = asked.slice(0, i).some(({ entity }) => entity === one.entity);
          const problem = again
            ? twice(one)
            : (notListed(definition, one) ?? (i === 0 ? untold(definition, link, byKey) : undefined));
          return problem
            ? [{ ...problem, severity: 'error' as const, definition: definition.key, ...spanOf(spans, one) }]
            : [];
        });
      }),
    );
}

const twice = ({ entity }: EntityLink): Problem => ({
  code: 'invalid-value',
  message: `the entity ${JSON.stringify(entity)} is named twice`,
});

/** Nothing of it could enter or exit. */
function notListed(definition: Definition, { entity }: EntityLink): Problem | undefined {
  const name = JSON.stringify(entity);
  if (definition.kind !== 'audience') {
    return {
      code: 'not-supported',
      message: `rows of ${name} enter and exit for members of an audience, and this is ${nounOf(definition.kind)}`,
      hint: 'take "entities" out, or link an audience with the condition',
    };
  }
  const listed = [...new Set(matchedStreams(definition).map((stream) => stream.entity))];
  if (listed.includes(entity)) return undefined;
  const others = listed.length === 0 ? undefined : `${orList(listed)} can be asked for`;
  if (entitiesIn(definition.rules?.body ?? definition.condition).includes(entity)) {
    return {
      code: 'not-supported',
      message: `no row of ${name} can enter: the definition asks for none, or asks inside another condition`,
      hint:
        others ??
        'rows are listed of an "entity" condition that asks for some, not of one under "not" and not of one inside another entity, "users" or "rank"',
    };
  }
  const hint =
    didYouMean(entity, listed) ?? others ?? 'rows are listed of the "entity" conditions of the definition';
  return {
    code: 'unknown-reference',
    message: `the definition has no condition on the entity ${name}`,
    hint,
  };
}

/** No message would carry it. */
function untold(
  definition: Definition,
  link: DestinationLink,
  destinations: ReadonlyMap<string, Destination>,
): Problem | undefined {
  const destination = destinations.get(link.to);
  if (!destination || messageTypes(definition, link, destination).includes('track')) return undefined;
  return {
    code: 'not-supported',
    message: `entities go out with track messages, and ${JSON.stringify(link.to)} is sent none`,
    hint: `add "track" to "send"${link.send === undefined ? ' of the destination, or give the link its own' : ''}`,
  };
}
