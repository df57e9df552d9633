import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface NewFile {
  readonly path: string;
  readonly text: string;
}

/**
 * Writes files, all or none: each is written beside its place first, and when one cannot be put there, those that
 * were are put back as they had been.
 */
export async function writeAll(files: readonly NewFile[]): Promise<void> {
  const undo: (() => Promise<void>)[] = [];
  try {
    for (const { path } of files) {
      const made = await mkdir(dirname(path), { recursive: true });
      if (made !== undefined) undo.push(() => rm(made, { recursive: true, force: true }));
    }
    for (const { path, text } of files) {
      undo.push(() => rm(temporary(path), { force: true }));
      await writeFile(temporary(path), text);
    }
    for (const { path } of files) {
      const before = await readFile(path).catch(() => undefined);
      await rename(temporary(path), path);
      undo.push(() => (before === undefined ? rm(path, { force: true }) : writeFile(path, before)));
    }
  } catch (error) {
    for (const step of undo.reverse()) await step().catch(() => undefined);
    throw error;
  }
}

const temporary = (path: string): string => `${path}.${process.pid}.tmp`;
