/** Which rows of entities an audience is about: those its conditions ask its members to have (SEMANTICS §7). */
import type { Condition, EntityStream } from './algebra.js';
import type { Definition } from './definition.js';
import { existence } from './existence.js';

/**
 * The entities whose rows can enter and exit for members of a definition, by the streams of its conditions, as they are
 * written. A condition that asks for no rows has none to list, nor has one on users of an account or on another audience;
 * entities inside others are part of the conditions on the rows around them.
 */
export const matchedStreams = (definition: Definition): readonly EntityStream[] =>
  definition.kind === 'audience' ? [...matched(definition.rules?.body ?? definition.condition, true)] : [];

/** The entities that any way out of a definition asks for, and that it lists. */
export function entitiesAsked(definition: Definition): readonly string[] {
  const asked = new Set(
    definition.destinations.flatMap(({ entities = [] }) => entities.map(({ entity }) => entity)),
  );
  if (asked.size === 0) return [];
  const listed = new Set(matchedStreams(definition).map(({ entity }) => entity));
  return [...asked].filter((entity) => listed.has(entity));
}

/** @param asked whether the condition has to hold, or not to */
function* matched(condition: Condition, asked: boolean): Generator<EntityStream> {
  switch (condition.kind) {
    case 'all':
    case 'any':
      for (const part of condition.of) yield* matched(part, asked);
      return;
    case 'not':
      yield* matched(condition.of, !asked);
      return;
    case 'test': {
      const { left, compare } = condition;
      if (left.kind !== 'reduced' || left.stream.kind !== 'entity') return;
      const must = left.reducer.fn === 'count' ? existence(compare) : undefined;
      // Where there must be none, only its opposite has rows.
      if (asked ? must !== false : must === false) yield left.stream;
      return;
    }
    case 'audience':
    case 'users':
    case 'rank':
    case 'split':
  }
}
