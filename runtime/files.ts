/** Writing many small files: only what changed, each whole or not at all. */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

// The callback forms take a third of the processor time of the promised ones, which counts by the thousand.
const [readFile, writeFile, rename] = [promisify(fs.readFile), promisify(fs.writeFile), promisify(fs.rename)];

export interface OutputFile {
  /** Relative to the root, with forward slashes. */
  readonly path: string;
  readonly content: string;
}

/** Writes files under a folder. One whose content is already there is left alone, date included. */
export async function writeFiles(root: string, files: readonly OutputFile[]): Promise<void> {
  const folders = new Set(files.map((file) => dirname(join(root, file.path))));
  await Promise.all([...folders].map((folder) => mkdir(folder, { recursive: true })));
  await together(files, (file) => writeOne(join(root, file.path), file.content));
}

/** Files open at a time: below the limit of every system, and more than its threads can serve. */
const AT_ONCE = 32;

async function together<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  const worker = async (): Promise<void> => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
}

async function writeOne(path: string, content: string): Promise<void> {
  const before = await readFile(path, 'utf8').catch(() => undefined);
  if (before === content) return;
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, content);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** Removes SQL files under a folder that are not among those wanted: they would be read as still meant. */
export async function pruneSql(root: string, wanted: ReadonlySet<string>): Promise<void> {
  const found = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
  const stale = found
    .filter((entry) => entry.isFile() && entry.name.endsWith('.sql'))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !wanted.has(path));
  await together(stale, (path) => rm(path, { force: true }));
}

/** A name that every file system takes: keys may be longer than a file name can be. */
export function fileName(text: string): string {
  const plain = text.replace(/[^A-Za-z0-9_-]+/g, '_');
  if (plain === text && plain.length <= 120) return plain;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 8);
  return `${plain.slice(0, 110)}_${hash}`;
}
