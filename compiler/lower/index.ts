/** Lowering: one definition to one relation, over whatever a provider reads. */
import type { Definition } from '../../models/definition.js';
import type { Relation } from '../ir/types.js';
import { lowerAudience } from './audience.js';
import { accountProvider } from './accounts.js';
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
  const { history, of } = definition;
  // Accounts are none of them anonymous.
  const includeAnonymous = definition.includeAnonymous || of === 'accounts';
  const provider = of === 'accounts' ? accountProvider(users) : users;
  const limited = history.mode === 'all' ? {} : { history: history.before ? { before: history.before } : {} };
  const context: LowerContext = { provider, resolveTrait, of, includeAnonymous, ...limited };
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
