import { _, Ajv, type ErrorObject } from 'ajv';

import { internalSchema } from '../schema/publish.js';
import { FILE_KINDS, type FileKind } from '../schema/index.js';
import { KEYWORDS } from './keywords.js';

export type SchemaError = ErrorObject<string, Record<string, unknown>, unknown>;

/** Checks a value; what is wrong with it is in `errors` until the next call. */
export interface Validator {
  (value: unknown): unknown;
  errors?: readonly object[] | null;
}

/** Where ajv finds the schema of a kind of file. */
export const schemaRef = (kind: FileKind): string => `${SCHEMA.$id}#/definitions/${FILE_KINDS[kind]}`;

const SCHEMA = internalSchema();

/** An ajv that knows our schemas and keywords; each schema is compiled when it is first asked for. */
export function createAjv({ source = false } = {}): Ajv {
  const instance = new Ajv({
    strict: true,
    validateSchema: false, // a test does, once: compiling the meta-schema would cost every command
    strictRequired: false, // `if: { required: […] }` asks for a key it does not describe
    allErrors: true,
    verbose: true,
    allowUnionTypes: true,
    // A literal past the range of doubles is still a number: its text is what counts.
    strictNumbers: false,
    ownProperties: true,
    // Tidying code takes longer than it saves, unless the code is kept.
    code: { optimize: source, source, esm: source },
    inlineRefs: false,
  });
  instance.addVocabulary(['x-what', 'x-code', 'x-hint', 'x-no-boolean']);
  for (const [keyword, { type, schemaType, holds }] of Object.entries(KEYWORDS)) {
    instance.addKeyword({
      keyword,
      ...(type && { type }),
      schemaType,
      // As code, so that a validator can be written to a file.
      code(cxt) {
        const check = cxt.gen.scopeValue('func', { ref: holds, code: _`KEYWORDS[${keyword}].holds` });
        cxt.fail(_`!${check}(${cxt.schemaCode}, ${cxt.data})`);
      },
    });
  }
  return instance.addSchema(SCHEMA);
}
