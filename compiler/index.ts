/**
 * The compiler's door: definitions in, a program out. Pure: no I/O, no clock, no engine names.
 *
 * `resolveProject` checks every definition against the catalog and orders them; `compileRun` makes the
 * program of a run; `standaloneSelect` makes one definition's own SELECT over the raw sources.
 */
export {
  checkNames,
  resolveProject,
  type Found,
  type Meaning,
  type ResolvedProject,
  type ResolvedDefinition,
  type ResolveInput,
} from './resolve/index.js';
export { compileRun, rememberedOf, type CompileRunInput } from './compile-run.js';
export { standaloneSelect, type Remembered, type StandaloneSelect } from './standalone/index.js';
export { describableQueries, readQueries, tablesNamed } from './sql/index.js';
export { fingerprint, SEMANTIC_VERSION } from './plan/fingerprint.js';
export { select, type SelectInput } from './plan/select.js';
