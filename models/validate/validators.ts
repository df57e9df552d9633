import type { Ajv } from 'ajv';

import { CompilerBug } from '../../compiler/diagnostics/index.js';
import type { FileKind } from '../schema/index.js';
import { createAjv, schemaRef, type Validator } from './ajv.js';

let ajv: Ajv | undefined;

/**
 * The validator of a kind of file. Compiling one takes longer than reading most projects, so the build puts the
 * code that ajv makes of the schemas in the place of this file (`scripts/validators.ts`).
 */
export function validatorOf(kind: FileKind): Validator {
  ajv ??= createAjv();
  const validate = ajv.getSchema(schemaRef(kind));
  if (validate === undefined) throw new CompilerBug(`there is no schema for ${kind}`);
  return validate;
}
