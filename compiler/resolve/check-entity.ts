import type { EntityStream, Reducer, Stream } from '../../models/algebra.js';
import type { Definition, EntityIdentifier } from '../../models/definition.js';
import type { Entities } from '../bind/entity.js';
import type { Diagnostic } from '../diagnostics/index.js';
import { didYouMean, orList } from '../diagnostics/suggest.js';

type Problem = Pick<Diagnostic, 'code' | 'message' | 'hint'> & {
  /** It is the reducer that is wrong. */
  readonly ofReducer?: true;
};

/** How many entities may stand inside one another. */
const MOST_LEVELS = 6;

/** What identifies a profile of each kind. */
const IDENTIFIERS: Record<Definition['of'], readonly EntityIdentifier[]> = {
  users: ['user_id', 'anonymous_id'],
  accounts: ['group_id'],
};

/**
 * What is wrong with an entity where it stands: its name, what relates its rows to the profile or to the entity around
 * it, how deep it is, what it is reduced by.
 *
 * @param around the streams whose `where` it stands in, the outermost first
 */
export function checkEntity(
  entities: Entities,
  { entity }: EntityStream,
  reducer: Reducer,
  around: readonly Stream[],
  of: Definition['of'],
): readonly Problem[] {
  const outer = around.at(-1);
  if (outer?.kind === 'event') return [insideEvent(entity, outer.event)];
  const found = entities.get(entity);
  if (!found) return [unknown(entity, entities)];
  const problems: Problem[] = [];
  if (around.length === MOST_LEVELS) {
    problems.push({
      code: 'misplaced-operand',
      message: `"${entity}" would be the seventh entity inside one another, and six are the most`,
      hint: 'relate an entity further in to the profile, or to one further out',
    });
  }
  if (outer && entities.related(outer.entity, entity).length === 0) {
    problems.push(unrelated(entity, outer.entity, entities));
  }
  if (!outer && !found.identifiers.some((type) => IDENTIFIERS[of].includes(type))) {
    problems.push(ofNobody(entity, of, entities));
  }
  const timed = TIMED[reducer.fn];
  if (timed) {
    const [what, hint] = timed;
    const message = `Rows of the entity "${entity}" have no time, so ${what}`;
    problems.push({ code: 'misplaced-operand', message, hint, ofReducer: true });
  }
  return problems;
}

/** Reducers that go by time: why there are none of rows, and what to do instead. */
const TIMED: Partial<Record<Reducer['fn'], readonly [string, string]>> = {
  first: ['none of them is the first', 'use "min"; with "as": "string" for dates'],
  last: ['none of them is the last', 'use "max"; with "as": "string" for dates'],
  periods: [
    'they fall into no periods',
    'compare a date of the rows in "where": { "property": "…", "within_last": "30 days" }',
  ],
};

const insideEvent = (entity: string, event: string): Problem => ({
  code: 'misplaced-operand',
  message: `"${entity}" is an entity and stands in the event "${event}", which its rows are not related to`,
  hint: 'put the two beside each other under "all"',
});

function unknown(entity: string, entities: Entities): Problem {
  const names = entities.names();
  const hint =
    didYouMean(entity, names) ??
    (names.length === 0
      ? 'describe it under "entities" of rollcall.json'
      : `the entities are ${orList([...names])}`);
  return { code: 'unknown-reference', message: `There is no entity "${entity}"`, hint };
}

function unrelated(entity: string, outer: string, entities: Entities): Problem {
  const others = entities.relatedTo(outer);
  const related = others.length === 0 ? 'nothing' : orList([...others]);
  return {
    code: 'unrelated-entity',
    message: `No relation leads from the entity "${outer}" to "${entity}"; it is related to ${related}`,
    hint: `say which columns are equal under "relations" of "${outer}" or of "${entity}" in rollcall.json`,
  };
}

function ofNobody(entity: string, of: Definition['of'], entities: Entities): Problem {
  const owned = (name: string): boolean =>
    entities.get(name)?.identifiers.some((type) => IDENTIFIERS[of].includes(type)) ?? false;
  const others = entities.relatedTo(entity).filter(owned);
  const inside = others.length === 0 ? '' : `, or put it into the "where" of ${orList(others)}`;
  const [whose, identifier] = of === 'users' ? ['users', 'user_id'] : ['accounts', 'group_id'];
  return {
    code: 'unrelated-entity',
    message: `Nothing relates rows of the entity "${entity}" to ${whose}`,
    hint: `say which column holds the id under "profile" of "${entity}" in rollcall.json: { "${identifier}": "…" }${inside}`,
  };
}
