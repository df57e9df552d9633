/** docs/diagnostics.md has a row for every code, and no row for another. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

import { CODES } from '../../compiler/diagnostics/index.js';

const page = readFileSync(new URL('../../docs/diagnostics.md', import.meta.url), 'utf8');
const documented = [...page.matchAll(/^\| `([a-z-]+)` +\|/gm)].map(([, code]) => code);

it('every code is documented, once, and every documented code exists', () => {
  expect([...documented].sort()).toEqual(Object.keys(CODES).sort());
});
