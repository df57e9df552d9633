/** Which version this is, for the names it gives itself. */
import { createRequire } from 'node:module';

export const { version } = createRequire(import.meta.url)('#package.json') as { version: string };
