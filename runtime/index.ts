/** The runtime's door: runs programs on a warehouse, keeps their state, answers questions about it. */
export type * from './api.js';
export type * from './forget-api.js';
export { backfillProject } from './backfill.js';
export { checkProject, compileProject, listDefinitions, modifiedKeys } from './compile.js';
export { doctor } from './doctor.js';
export { diff, members } from './members.js';
export { preview } from './preview.js';
export { forget } from './forget.js';
export { retire } from './retire.js';
export { Cancelled } from './retry.js';
export { status } from './status.js';
export { runTests } from './testing/index.js';
export type * from './testing/api.js';
export type * from './time-api.js';
export { runProject } from './run.js';
export { openSession, targetOf, withSession, type Access, type Session } from './session.js';
export type { Manifest, ManifestDefinition } from './manifest.js';
export type { RunResults } from './artifacts.js';
