/**
 * JSON Lines. A sync is visible whole or not at all: its messages go to a temporary file beside the target,
 * which takes the target's place by a rename. A process killed before the rename leaves nothing to see;
 * one killed after it repeats the same message ids, which a reader can drop.
 */
import { constants } from 'node:fs';
import {
  copyFile,
  mkdir,
  open,
  readdir,
  realpath,
  rename,
  rm,
  stat,
  type FileHandle,
} from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';

import type { Attempt, Destination, DestinationType, OpenContext, OutboxMessage } from '../destination.js';
import { required, textSetting } from '../settings.js';
import { LIMITS } from './limits.js';

const DELIVERED: Attempt = { kind: 'done', outcomes: { status: 'delivered' } };

export const file: DestinationType = {
  type: 'file',
  check: (settings) => required(settings, 'path', 'a path relative to the project folder'),
  open: async (context) => new JsonLines(await locate(context), context),
};

interface Location {
  /** The file a sync makes visible. */
  readonly target: string;
  readonly temporary: string;
  /** Whether what the target held before stays at its head. */
  readonly append: boolean;
}

class JsonLines implements Destination {
  readonly limits = LIMITS.file;
  readonly where: string;
  private handle: FileHandle | undefined;
  private committed = false;

  constructor(
    private readonly location: Location,
    context: OpenContext,
  ) {
    const path = relative(context.projectDir, location.target);
    this.where = path.startsWith('..') ? location.target : path;
  }

  async send(batch: readonly OutboxMessage[]): Promise<Attempt> {
    try {
      this.handle ??= await begin(this.location);
      await this.handle.appendFile(batch.map((m) => `${oneLine(m.payload)}\n`).join(''));
      return DELIVERED;
    } catch (error) {
      // A disk that is full or shut to us stays so: nothing is gained by going on with the next batch.
      return { kind: 'stop', reason: reason(error) };
    }
  }

  async commit(): Promise<void> {
    const { handle } = this;
    if (handle === undefined) return;
    await handle.sync();
    await handle.close();
    this.handle = undefined;
    await rename(this.location.temporary, this.location.target);
    this.committed = true;
    await syncFolder(dirname(this.location.target));
  }

  async close(): Promise<void> {
    await this.handle?.close().catch(() => undefined);
    this.handle = undefined;
    if (!this.committed) await rm(this.location.temporary, { force: true }).catch(() => undefined);
  }
}

/** One file a sync in a folder, or one file that grows. */
async function locate({ definition, projectDir, now }: OpenContext): Promise<Location> {
  const setting = textSetting(definition.settings, 'path') ?? '';
  const path = resolve(projectDir, setting);
  const hidden = `.${definition.key}.jsonl.tmp`;
  if (/[/\\]$/.test(setting) || (await isFolder(path))) {
    const stamp = now().replace(/[-:.]/g, '');
    const target = await unused(path, `${definition.key}-${stamp}`);
    return { target, temporary: join(path, hidden), append: false };
  }
  // A link stays a link: the file it leads to is the one replaced.
  const target = await realpath(path).catch(() => path);
  return { target, temporary: join(dirname(target), `.${basename(target)}${hidden}`), append: true };
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (s) => s.isDirectory(),
    () => false,
  );
}

/** A name that no file of the folder has: two syncs of one instant do not overwrite each other. */
async function unused(folder: string, stem: string): Promise<string> {
  const taken = new Set(await readdir(folder).catch((): string[] => []));
  let name = `${stem}.jsonl`;
  for (let n = 2; taken.has(name); n++) name = `${stem}-${n}.jsonl`;
  return join(folder, name);
}

/** Opens the temporary file, holding what the target holds (shared blocks where the file system can). */
async function begin({ target, temporary, append }: Location): Promise<FileHandle> {
  await mkdir(dirname(target), { recursive: true });
  await rm(temporary, { force: true }); // left behind by a process that was killed
  if (!append) return open(temporary, 'ax');
  const exists = await copyFile(target, temporary, constants.COPYFILE_FICLONE).then(
    () => true,
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    },
  );
  const handle = await open(temporary, exists ? 'a+' : 'ax');
  if (exists) await endLine(handle);
  return handle;
}

/** Someone's editor may have left the last line open; ours must not be glued to it. */
async function endLine(handle: FileHandle): Promise<void> {
  const { size } = await handle.stat();
  if (size === 0) return;
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  if (buffer[0] !== 0x0a) await handle.appendFile('\n');
}

/** Makes a rename outlast a power failure, where folders can be synced. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}

/** Line ends in JSON text stand between tokens only, so a space says the same. */
function oneLine(payload: string): string {
  return /[\r\n]/.test(payload) ? payload.replace(/[\r\n]+/g, ' ') : payload;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
