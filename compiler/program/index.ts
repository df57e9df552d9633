/** The program's door: `buildRun`, and the names and relations that lowering reads and writes. */
export { buildRun, type ComputedDefinition, type RunInput } from './run.js';
export { AS_OF } from './identity.js';
export { emailsOf, profilesOf } from './profiles.js';
export {
  FACTS_COLUMNS,
  customTraits,
  factsTable,
  identifyFacts,
  scanSpec,
  STAGE,
  temporary,
} from './names.js';
export { identifiersOf, mergeFirsts, pairsOf, withIdentifier } from './pairs.js';
export * from './plan.js';
export { LAYOUT_VERSION, STATE, StateSchema, type StateTable } from './state.js';
export type { ChangeCount, Step, StepOp, TableSpec } from './types.js';
export { audienceViewName } from './views.js';
