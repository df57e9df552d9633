import type { Static, TImport } from '@sinclair/typebox';

import { alertDefs } from './alerts.js';
import { commonDefs } from './common.js';
import { conditionDefs } from './conditions.js';
import { definitionDefs } from './definitions.js';
import { destinationDefs } from './destinations.js';
import { journeyDefs } from './journeys.js';
import { projectDefs } from './project.js';
import { testDefs } from './tests.js';
import { withholdingDefs } from './withholding.js';

/** Every named schema. The types of the files below are derived from it, and `schemas/*.json` generated. */
export const defs = {
  ...commonDefs,
  ...conditionDefs,
  ...definitionDefs,
  ...journeyDefs,
  ...destinationDefs,
  ...projectDefs,
  ...alertDefs,
  ...withholdingDefs,
  ...testDefs,
};

type File<K extends keyof typeof defs> = Static<TImport<typeof defs, K>>;

export type ConditionJson = File<'Condition'>;
export type PredicateJson = File<'Predicate'>;
export type TraitFormJson = File<'TraitForm'>;
export type AudienceFile = File<'Audience'>;
export type TraitFile = File<'Trait'>;
export type DestinationFile = File<'Destination'>;
export type ProjectFile = File<'Project'>;

/** The files with a published schema, by the name of it. */
export const FILE_KINDS = {
  audience: 'Audience',
  trait: 'Trait',
  journey: 'Journey',
  destination: 'Destination',
  rollcall: 'Project',
  test: 'TestFile',
} as const satisfies Record<string, keyof typeof defs>;

export type FileKind = keyof typeof FILE_KINDS;

export { OPERATORS } from './comparisons.js';
export { KEY_PATTERN } from './common.js';
export { REDUCERS } from './reducers.js';
export { VERBS, type Verb } from './verbs.js';
export { ACTION_SLUGS, type ActionSlug } from './actions.js';
export { FILE_FORMATS } from './destination-settings.js';
export { DESTINATION_TYPES } from './destinations.js';
export { SOURCE_LAYOUTS, STANDARD_COLUMNS, TARGET_TYPES } from './project.js';
export { MESSAGE_TYPES } from './tests.js';
