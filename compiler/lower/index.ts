/** Lowering: one definition to one relation, over whatever a provider reads. */
import type { Definition } from '../../models/definition.js';
import { matchedStreams } from '../../models/matches.js';
import { ENTITY_ID } from '../bind/entity.js';
import { as, c, pick, project, text, union } from '../ir/build.js';
import type { Relation } from '../ir/types.js';
import { lowerAudience } from './audience.js';
import { accountProvider } from './accounts.js';
import { EntityPredicate } from './entity.js';
import { lowerJourney, lowerStep } from './journey.js';
import type { LowerContext, Provider, ResolveTrait } from './provider.js';
import { lowerOutput } from './query.js';
import { lowerTrait } from './trait.js';

export { traitShape } from './trait.js';
export { QUERY_ID, queryColumns, queryItself, queryRows } from './query.js';
export { ACCOUNT, usersOfAccounts } from './accounts.js';
export type {
  AccountSide,
  EntityRequest,
  EventRequest,
  LowerContext,
  Provider,
  QueryRows,
  ResolveTrait,
  TraitTarget,
} from './provider.js';

/**
 * Members (profile key) of an audience, a journey or a step of one, or values (key, value, number_value, text_value) of a trait.
 *
 * @param users what is read of users; definitions of accounts read it by account
 */
export function lowerDefinition(
  definition: Definition,
  users: Provider,
  resolveTrait: ResolveTrait,
): Relation {
  const context = contextOf(definition, users, resolveTrait);
  switch (definition.kind) {
    case 'audience':
      return lowerAudience(definition.condition, context);
    case 'trait':
      return definition.value.kind === 'sql'
        ? lowerOutput(definition, context)
        : lowerTrait(definition.value, context);
    case 'journey':
      return lowerJourney(definition, context);
    case 'journey_step':
      return lowerStep(definition, context);
  }
}

/**
 * The rows of entities that an audience's conditions ask its members to have, each once: the profile's key, `entity`,
 * `entity_id`. Rows of profiles that are no members are among them.
 *
 * @param entities those to list
 */
export function lowerMatches(
  definition: Definition,
  entities: readonly string[],
  users: Provider,
  resolveTrait: ResolveTrait,
): Relation {
  const context = contextOf(definition, users, resolveTrait);
  const streams = matchedStreams(definition).filter(({ entity }) => entities.includes(entity));
  const parts = streams.map((stream) => {
    const rows = new EntityPredicate(stream, context).rows();
    return project(rows, [
      ...context.provider.key.map(({ name }) => as(name, c(rows, name))),
      as('entity', text(stream.entity)),
      as(ENTITY_ID, c(rows, ENTITY_ID)),
    ]);
  });
  return parts.length === 1 ? union(parts) : pick(union(parts), namesOf(parts), { distinct: true });
}

const namesOf = ([first]: readonly Relation[]): readonly string[] =>
  first?.columns.map(({ name }) => name) ?? [];

function contextOf(definition: Definition, users: Provider, resolveTrait: ResolveTrait): LowerContext {
  const { history, of } = definition;
  // Accounts are none of them anonymous.
  const includeAnonymous = definition.includeAnonymous || of === 'accounts';
  const provider = of === 'accounts' ? accountProvider(users) : users;
  const limited = history.mode === 'all' ? {} : { history: history.before ? { before: history.before } : {} };
  return { provider, resolveTrait, of, includeAnonymous, ...limited };
}
