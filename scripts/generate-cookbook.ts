/** Writes docs/cookbook.md from examples/cookbook: run it after a change there (`npm run cookbook`). */
import { writeFile } from 'node:fs/promises';

import { cookbookPage } from '../examples/cookbook/page.js';

await writeFile(new URL('../docs/cookbook.md', import.meta.url), await cookbookPage());
