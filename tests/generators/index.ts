/** Arbitrary histories, definitions and scenarios for property tests; see README.md. */
export { definitionSet, type DefinitionConstraints } from './definitions.js';
export { AS_OF, CUSTOM_TRAITS } from './domain.js';
export { history, type HistoryConstraints } from './history.js';
export { hostileText } from './hostile.js';
export { scenario, type Scenario, type ScenarioConstraints, type ScenarioStep } from './scenario.js';
