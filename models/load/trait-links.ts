/** Names of traits that go along with messages: none of them may be taken for something else. That the traits exist is for resolve to say. */
import type { Diagnostic } from '../../compiler/diagnostics/index.js';
import {
  addressTypes,
  type Definition,
  type Destination,
  type Spans,
  type TraitLink,
} from '../definition.js';
import { traitsAlong } from '../enrichment.js';
import { spanOf } from '../source/spans.js';

/** What messages say of themselves, under names of their own. */
const RESERVED: ReadonlySet<string> = new Set(['audience_key', 'trait_key', 'entities']);

type Problem = Pick<Diagnostic, 'code' | 'message' | 'hint'>;

/** What is wrong with the names under which traits go along with messages. */
export function traitLinkProblems(
  definitions: readonly Definition[],
  destinations: readonly Destination[],
  spans: Spans,
): readonly Diagnostic[] {
  const byKey = new Map(destinations.map((destination) => [destination.key, destination]));
  const found: Diagnostic[] = [];
  const tell = (at: TraitLink, problem: Problem | undefined, definition?: string): void => {
    if (!problem) return;
    const where = { ...(definition !== undefined && { definition }), ...spanOf(spans, at) };
    found.push({ severity: 'error', ...problem, ...where });
  };
  for (const destination of destinations) {
    const asked = destination.traits ?? [];
    asked.forEach((one, i) => {
      tell(one, i === 0 ? withoutMessages(destination) : undefined);
      tell(one, taken(one, destination) ?? twice(one, asked.slice(0, i)));
    });
  }
  const told = new Set<TraitLink>();
  for (const definition of definitions) {
    for (const link of definition.destinations) {
      const destination = byKey.get(link.to);
      if (!destination) continue;
      const own = link.traits ?? [];
      const all = traitsAlong(definition, link, destination);
      all.forEach((one, i) => {
        if (told.has(one)) return;
        const isOwn = own.includes(one);
        const problem =
          keyOf(definition, one, isOwn) ??
          (isOwn
            ? ((own[0] === one ? withoutMessages(destination) : undefined) ??
              taken(one, destination) ??
              twice(one, all.slice(0, i)))
            : undefined);
        if (!problem) return;
        told.add(one);
        tell(one, problem, definition.key);
      });
    }
  }
  return found;
}

/** The name is the one that a message tells the definition by. */
function keyOf(definition: Definition, { trait, as }: TraitLink, isOwn: boolean): Problem | undefined {
  if (as !== definition.key) return undefined;
  const name = JSON.stringify(as);
  return {
    code: 'invalid-value',
    message: `messages of ${name} have that name for what they tell, and ${JSON.stringify(trait)} cannot go along under it`,
    hint: isOwn ? 'call it otherwise' : 'call it otherwise, here or in "traits" of the link',
  };
}

function taken({ as }: TraitLink, destination: Destination): Problem | undefined {
  const { identifierNames = {} } = destination;
  const name = JSON.stringify(as);
  if (RESERVED.has(as)) {
    return {
      code: 'invalid-value',
      message: `${name} is what messages say of themselves`,
      hint: 'call it otherwise',
    };
  }
  const names: readonly string[] = [...Object.values(identifierNames), ...addressTypes(destination)];
  if (!names.includes(as)) return undefined;
  return {
    code: 'invalid-value',
    message: `${name} is the name of an identifier ("identifiers" of the destination)`,
    hint: 'call it otherwise',
  };
}

function twice({ as }: TraitLink, before: readonly TraitLink[]): Problem | undefined {
  const other = before.find((one) => one.as === as);
  if (!other) return undefined;
  const names = [as, other.trait].map((name) => JSON.stringify(name));
  return {
    code: 'invalid-value',
    message: `${names[0]} is what ${names[1]} goes along as`,
    hint: 'call it otherwise',
  };
}

/** A table of members has no messages that could carry anything. */
function withoutMessages({ key, type, list }: Destination): Problem | undefined {
  if (type !== 'table' || list !== true) return undefined;
  return {
    code: 'not-supported',
    message: `${JSON.stringify(key)} is a table of members, without messages that traits could go along with`,
    hint: 'take "traits" out, or "list"',
  };
}
