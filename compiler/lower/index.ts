/** Lowering: one definition to one relation, over whatever a provider reads. */
import type { Definition } from '../../models/definition.js';
import type { Relation } from '../ir/types.js';
import { lowerAudience } from './audience.js';
import type { LowerContext, Provider, TraitTarget } from './provider.js';
import { lowerTrait } from './trait.js';

export { traitShape } from './trait.js';
export type { EventRequest, LowerContext, Provider, TraitTarget } from './provider.js';

/** Members (profile key) of an audience, or values (key, value, number_value, text_value) of a trait. */
export function lowerDefinition(
  definition: Definition,
  provider: Provider,
  resolveTrait: (path: string) => TraitTarget,
): Relation {
  const { history, includeAnonymous } = definition;
  const limited = history.mode === 'all' ? {} : { history: history.before ? { before: history.before } : {} };
  const context: LowerContext = { provider, resolveTrait, includeAnonymous, ...limited };
  return definition.kind === 'audience'
    ? lowerAudience(definition.condition, context)
    : lowerTrait(definition.value, context);
}
