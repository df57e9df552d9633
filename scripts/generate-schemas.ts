/** Writes schemas/*.json from models/schema: run it after a change there (`npm run schemas`). */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { publishedSchema } from '../models/index.js';
import { FILE_KINDS, type FileKind } from '../models/schema/index.js';
import { ROOT, writeFormatted } from './written.js';

const folder = join(ROOT, 'schemas');
await mkdir(folder, { recursive: true });
for (const kind of Object.keys(FILE_KINDS) as FileKind[]) {
  await writeFormatted(join(folder, `${kind}.json`), JSON.stringify(publishedSchema(kind)));
}
