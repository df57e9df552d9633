/** Whether the files of a project are other than they were: by their names, sizes and dates. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What a project is read from (SEMANTICS §9). */
const READ = ['models', 'destinations', 'macros'] as const;

/** A text that is another one once a file was added, removed or written. */
export async function stampOf(dir: string): Promise<string> {
  const found = await Promise.all(READ.map((folder) => filesOf(join(dir, folder))));
  const files = [join(dir, 'rollcall.json'), ...found.flat().sort()];
  return (await Promise.all(files.map(stampOfFile))).join('\n');
}

async function filesOf(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
}

async function stampOfFile(path: string): Promise<string> {
  const { mtimeMs, size } = await stat(path).catch(() => ({ mtimeMs: 0, size: -1 }));
  return `${path} ${mtimeMs} ${size}`;
}
