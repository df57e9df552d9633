/** Writes schemas/*.json from models/schema: run it after a change there (`npm run schemas`). */
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { format, resolveConfig } from 'prettier';

import { publishedSchema } from '../models/index.js';
import { FILE_KINDS, type FileKind } from '../models/schema/index.js';

const folder = new URL('../schemas/', import.meta.url);
await mkdir(folder, { recursive: true });
for (const kind of Object.keys(FILE_KINDS) as FileKind[]) {
  const file = new URL(`${kind}.json`, folder);
  const options = { ...(await resolveConfig(file)), filepath: fileURLToPath(file) };
  await writeFile(file, await format(JSON.stringify(publishedSchema(kind)), options));
}
