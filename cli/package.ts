import { createRequire } from 'node:module';
import { dirname } from 'node:path';

const require = createRequire(import.meta.url);

/** Our own package.json. */
export const manifest = require('#package.json') as {
  readonly version: string;
  readonly description: string;
};

/** The folder the package is installed in, or checked out to: where `schemas/` and `examples/` are. */
export const packageDir = dirname(require.resolve('#package.json'));
