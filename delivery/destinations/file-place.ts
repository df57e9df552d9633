/** Where a file destination writes: which file, which of its drafts, and how they begin. */
import { constants } from 'node:fs';
import { copyFile, mkdir, open, readdir, realpath, rm, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';

import { FILE_FORMATS } from '../../models/schema/index.js';
import type { OpenContext } from '../destination.js';
import { textSetting } from '../settings.js';

export type FileFormat = (typeof FILE_FORMATS)[number];

export interface Location {
  readonly format: FileFormat;
  /** The file a sync makes visible. */
  readonly target: string;
  readonly temporary: string;
  /** Whether what the target held before stays at its head. */
  readonly append: boolean;
}

/** The format that settings name, else the one that the file's name does. */
function formatOf(definition: OpenContext['definition']): FileFormat {
  const { format, path } = definition.settings;
  const named = typeof format === 'string' ? format : extname(String(path)).slice(1).toLowerCase();
  return FILE_FORMATS.find((known) => known === named) ?? 'jsonl';
}

/** One file a sync in a folder, or one file that grows. */
export async function locate({ definition, projectDir, now }: OpenContext): Promise<Location> {
  const setting = textSetting(definition.settings, 'path') ?? '';
  const path = resolve(projectDir, setting);
  const format = formatOf(definition);
  const hidden = `.${definition.key}.${format}.tmp`;
  if (/[/\\]$/.test(setting) || (await isFolder(path))) {
    const stamp = now().replace(/[-:.]/g, '');
    const target = await unused(path, `${definition.key}-${stamp}`, format);
    return { format, target, temporary: join(path, hidden), append: false };
  }
  // A link stays a link: the file it leads to is the one replaced.
  const target = await realpath(path).catch(() => path);
  return { format, target, temporary: join(dirname(target), `.${basename(target)}${hidden}`), append: true };
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (s) => s.isDirectory(),
    () => false,
  );
}

/** A name that no file of the folder has: two syncs of one instant do not overwrite each other. */
async function unused(folder: string, stem: string, format: FileFormat): Promise<string> {
  const taken = new Set(await readdir(folder).catch((): string[] => []));
  let name = `${stem}.${format}`;
  for (let n = 2; taken.has(name); n++) name = `${stem}-${n}.${format}`;
  return join(folder, name);
}

/** Opens the temporary file, holding what the target holds (shared blocks where the file system can). */
export async function beginWith({ target, temporary, append }: Location): Promise<FileHandle> {
  if (!append) return beginEmpty(temporary);
  await mkdir(dirname(target), { recursive: true });
  await rm(temporary, { force: true }); // left behind by a process that was killed
  const exists = await copyFile(target, temporary, constants.COPYFILE_FICLONE).then(
    () => true,
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    },
  );
  const handle = await open(temporary, exists ? 'a+' : 'ax');
  try {
    if (exists) await endLine(handle);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Opens a file of its own, with nothing in it. */
export async function beginEmpty(path: string): Promise<FileHandle> {
  await mkdir(dirname(path), { recursive: true });
  await rm(path, { force: true });
  return open(path, 'ax');
}

/** Someone's editor may have left the last line open; ours must not be glued to it. */
async function endLine(handle: FileHandle): Promise<void> {
  const { size } = await handle.stat();
  if (size === 0) return;
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  if (buffer[0] !== 0x0a) await handle.appendFile('\n');
}

/** Makes a rename outlast a power failure, where folders can be synced. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}
