/** The `models/` room: what a project's files mean. */
export * from './algebra.js';
export * from './definition.js';
export * from './journey.js';
export { formatDuration, parseDuration, parseShortDuration } from './duration.js';
export { parseInstant } from './instant.js';
export type { ProjectFs } from './files.js';
export { loadProject, type LoadOptions, type LoadResult } from './load/index.js';
export { NumberText, printJson, type JsonTree } from './json-text.js';
export { canonicalJson, compactJson, plainNumber } from './canonical-json.js';
export { loadTests, type LoadTestsOptions, type LoadTestsResult } from './load/tests.js';
export { normalise } from './normalise.js';
export {
  KEY_PATTERN,
  OPERATORS,
  REDUCERS,
  type AudienceFile,
  type ConditionJson,
  type DestinationFile,
  type PredicateJson,
  type ProjectFile,
  type TraitFile,
  type TraitFormJson,
} from './schema/index.js';
export { parseQuery, printQuery, type ParsedQuery, type PrintOptions } from './query/index.js';
export { publishedSchema, type JsonSchema } from './schema/publish.js';
export type * from './test-case.js';
export { toJson } from './to-json.js';
export { conditionsIn, conditionsInValue, countPrimaries, namesIn, referencesOf } from './walk.js';
export { readListing, type Listing, type ListedItem } from './import/listing.js';
export { convertItem, type Converted } from './import/convert.js';
