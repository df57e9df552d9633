import { Ajv, type ErrorObject } from 'ajv';

import { CompilerBug } from '../../compiler/diagnostics/index.js';

import { FILE_KINDS, type FileKind } from '../schema/index.js';
import type { CheckName, Notes } from '../schema/notes.js';
import { internalSchema } from '../schema/publish.js';
import { CHECKS } from './checks.js';

export type SchemaError = ErrorObject<string, Record<string, unknown>, unknown>;

const SCHEMA = internalSchema();
let ajv: Ajv | undefined;

/** Every violation of a file's schema, as ajv gives them. Each schema is compiled once, when first needed. */
export function schemaErrors(kind: FileKind, value: unknown): readonly SchemaError[] {
  const { $id } = SCHEMA;
  ajv ??= createAjv().addSchema(SCHEMA);
  const validate = ajv.getSchema(`${$id}#/definitions/${FILE_KINDS[kind]}`);
  if (validate === undefined) throw new CompilerBug(`there is no schema for ${kind}`);
  return validate(value) === true ? [] : ((validate.errors ?? []) as SchemaError[]);
}

/** The keys of `keys` an object has; inherited names such as `constructor` do not count. */
export function presentKeys(keys: readonly string[], value: object): string[] {
  return keys.filter((key) => Object.hasOwn(value, key));
}

function createAjv(): Ajv {
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
    // Tidying generated code takes longer than it saves on any project.
    code: { optimize: false },
    inlineRefs: false,
  });
  instance.addVocabulary(['x-what', 'x-code', 'x-hint', 'x-no-boolean']);
  instance.addKeyword({
    keyword: 'x-form',
    type: 'object',
    schemaType: 'array',
    errors: false,
    validate: (keys: readonly string[], value: object) => presentKeys(keys, value).length === 1,
  });
  instance.addKeyword({
    keyword: 'x-exactly-one',
    type: 'object',
    schemaType: 'object',
    errors: false,
    validate: (note: NonNullable<Notes['x-exactly-one']>, value: object) =>
      presentKeys(note.keys, value).length === 1,
  });
  instance.addKeyword({
    keyword: 'x-at-most-one',
    type: 'object',
    schemaType: 'object',
    errors: false,
    validate: (note: NonNullable<Notes['x-at-most-one']>, value: object) =>
      note.groups.filter((group) => presentKeys(group, value).length > 0).length <= 1,
  });
  instance.addKeyword({
    keyword: 'x-check',
    schemaType: 'string',
    errors: false,
    validate: (name: CheckName, value: unknown) => CHECKS[name](value) === undefined,
  });
  return instance;
}
