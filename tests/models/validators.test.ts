import { build } from 'esbuild';
import { parse } from 'jsonc-parser';
import { expect, test } from 'vitest';

import { validatorOf } from '../../models/validate/validators.js';
import type { FileKind } from '../../models/schema/index.js';
import { REPLACED, validatorsModule } from '../../scripts/validators.js';
import { BAD, GOOD } from './corpus.js';

/** The module that the build puts in the place of ajv, as it is bundled. */
async function generated(): Promise<{ validatorOf: typeof validatorOf }> {
  const resolveDir = new URL('../..', import.meta.url).pathname;
  const { outputFiles } = await build({
    stdin: {
      contents: validatorsModule(),
      sourcefile: REPLACED,
      resolveDir: `${resolveDir}/models/validate`,
    },
    bundle: true,
    format: 'esm',
    platform: 'node',
    write: false,
  });
  const code = outputFiles[0]?.text ?? '';
  expect(code).not.toContain('node_modules/ajv/dist/core'); // what is left of ajv are its helpers
  return (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as never;
}

test('the validators of the build find what ajv finds, in every file of the corpus', async () => {
  const built = await generated();
  const found = (of: typeof validatorOf, kind: FileKind, value: unknown): unknown => {
    const validate = of(kind);
    return { valid: validate(value), errors: validate.errors };
  };
  for (const [name, { kind, text }] of [...Object.entries(GOOD), ...Object.entries(BAD)]) {
    const value: unknown = parse(text);
    expect(found(built.validatorOf, kind, value), name).toEqual(found(validatorOf, kind, value));
  }
});
