/** Writing many small files: only what changed, each whole or not at all. */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

import { Pace } from '../models/pace.js';

// The callback forms take a third of the processor time of the promised ones.
const [readFile, writeFile, rename] = [promisify(fs.readFile), promisify(fs.writeFile), promisify(fs.rename)];

export interface OutputFile {
  /** Relative to the root, with forward slashes. */
  readonly path: string;
  readonly content: string;
}

/**
 * Writes files under a folder. One whose content is already there is left alone, date included.
 *
 * @param there the paths that are there already, where that is known: no other is looked for
 */
export async function writeFiles(
  root: string,
  files: readonly OutputFile[],
  there?: ReadonlySet<string>,
): Promise<void> {
  const folders = new Set(files.map((file) => dirname(join(root, file.path))));
  await Promise.all([...folders].map((folder) => mkdir(folder, { recursive: true })));
  const pace = new Pace();
  await together(files, async ({ path, content }) => {
    const full = join(root, path);
    const look = there?.has(full) ?? true;
    if (pace.quick) pace.timed(() => writeAtOnce(full, content, look));
    else await writeOne(full, content, look);
  });
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

const temporaryOf = (path: string): string => `${path}.${process.pid}.tmp`;

async function writeOne(path: string, content: string, look: boolean): Promise<void> {
  if (look && (await readFile(path, 'utf8').catch(() => undefined)) === content) return;
  const temporary = temporaryOf(path);
  try {
    await writeFile(temporary, content);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** The same without waiting for anything else meanwhile (see `Pace`). */
function writeAtOnce(path: string, content: string, look: boolean): void {
  if (look && textAt(path) === content) return;
  const temporary = temporaryOf(path);
  try {
    fs.writeFileSync(temporary, content);
    fs.renameSync(temporary, path);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
}

function textAt(path: string): string | undefined {
  try {
    return fs.readFileSync(path, 'utf8');
  } catch {
    return undefined; // not there, or not to be read: writing it will tell
  }
}

/**
 * Removes SQL files under a folder that are not among those wanted: they would be read as still meant. Gives those
 * that are left.
 */
export async function pruneSql(root: string, wanted: ReadonlySet<string>): Promise<ReadonlySet<string>> {
  const found = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
  const paths = found
    .filter((entry) => entry.isFile() && entry.name.endsWith('.sql'))
    .map((entry) => join(entry.parentPath, entry.name));
  const stale = paths.filter((path) => !wanted.has(path));
  await together(stale, (path) => rm(path, { force: true }));
  return new Set(paths.filter((path) => wanted.has(path)));
}

/** A name that every file system takes: keys may be longer than a file name can be. */
export function fileName(text: string): string {
  const plain = text.replace(/[^A-Za-z0-9_-]+/g, '_');
  if (plain === text && plain.length <= 120) return plain;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 8);
  return `${plain.slice(0, 110)}_${hash}`;
}
