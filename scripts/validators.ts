/** The validators of `models/validate/validators.ts` as a module that needs no ajv: what `dist/` has in its place. */
import standaloneCode from 'ajv/dist/standalone/index.js';

import { FILE_KINDS, type FileKind } from '../models/schema/index.js';
import { createAjv, schemaRef } from '../models/validate/ajv.js';

/** The file that the build replaces, relative to the root. */
export const REPLACED = 'models/validate/validators.ts';

/** JavaScript of the same exports; its imports are relative to the file it replaces. */
export function validatorsModule(): string {
  const kinds = Object.keys(FILE_KINDS) as FileKind[];
  const refs = Object.fromEntries(kinds.map((kind) => [kind, schemaRef(kind)]));
  const code = standaloneCode.default(createAjv({ source: true }), refs).replace('"use strict";', '');
  const table = `const VALIDATORS = { ${kinds.join(', ')} };`;
  const lookUp = 'export const validatorOf = (kind) => VALIDATORS[kind];';
  return ["import { KEYWORDS } from './keywords.js';", code, table, lookUp].join('\n');
}
