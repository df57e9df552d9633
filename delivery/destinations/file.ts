/**
 * JSON Lines, CSV or Parquet. A sync is visible whole or not at all: its messages go to a temporary file beside the target,
 * which takes the target's place by a rename. A process killed before the rename leaves nothing to see;
 * one killed after it repeats the same message ids, which a reader can drop.
 */
import { createReadStream } from 'node:fs';
import { open, rename, rm, stat, writeFile, type FileHandle } from 'node:fs/promises';
import { dirname, relative } from 'node:path';

import type {
  Attempt,
  Destination,
  DestinationType,
  OpenContext,
  OutboxMessage,
  TakesLines,
} from '../destination.js';
import { lineOf, oneLine } from '../one-line.js';
import { required } from '../settings.js';
import { beginEmpty, beginWith, locate, syncFolder, type Location } from './file-place.js';
import { LIMITS } from './limits.js';
import { listMembers } from './list.js';

const DELIVERED: Attempt = { kind: 'done', outcomes: { status: 'delivered' } };

export const file: DestinationType = {
  type: 'file',
  check: (settings) => required(settings, 'path', 'a path relative to the project folder'),
  open: async (context) => {
    const location = await locate(context);
    return location.format === 'jsonl' ? new JsonLines(location, context) : new Rows(location, context);
  },
};

/** What files of every format do alike: messages are gathered as lines, and then put in their place. */
abstract class Lines implements Destination {
  readonly limits = LIMITS.file;
  readonly where: string;
  readonly lines?: TakesLines;
  private handle: FileHandle | undefined;

  constructor(
    protected readonly location: Location,
    protected readonly context: OpenContext,
  ) {
    const path = relative(context.projectDir, location.target);
    this.where = path.startsWith('..') ? location.target : path;
    // A list's lines say more than their payloads.
    if (!context.definition.list) this.lines = { line: lineOf, take: (write) => this.take(write) };
  }

  /** Where lines are gathered. */
  protected abstract readonly draft: string;
  /** Opens the draft. */
  protected abstract begin(): Promise<FileHandle>;
  /** Makes the target of it, by a rename at last. */
  protected abstract finish(): Promise<void>;
  /** Files that are nobody's once it is over. */
  protected abstract readonly drafts: readonly string[];

  async send(batch: readonly OutboxMessage[]): Promise<Attempt> {
    try {
      this.handle ??= await this.begin();
      await this.handle.appendFile(batch.map((m) => `${this.line(m)}\n`).join(''));
      return DELIVERED;
    } catch (error) {
      // A disk that is full or shut to us stays so: nothing is gained by going on with the next batch.
      return { kind: 'stop', reason: reason(error) };
    }
  }

  /** Where nothing is there yet, lines are written where they belong; else beside it, and added. */
  private async take(write: (path: string) => Promise<number>): Promise<Attempt> {
    let before: number | undefined;
    const part = `${this.draft}.part`;
    try {
      this.handle ??= await this.begin();
      before = (await this.handle.stat()).size;
      if (before > 0) await writeFile(part, '');
      await written(() => write(before ? part : this.draft));
      if (before > 0) await appendTo(this.handle, part);
      return DELIVERED;
    } catch (error) {
      if (!(error instanceof NotWritten)) return { kind: 'stop', reason: reason(error) };
      await this.handle?.truncate(before);
      throw error.cause;
    } finally {
      await rm(part, { force: true });
    }
  }

  async commit(): Promise<void> {
    const { handle } = this;
    if (handle === undefined) return;
    await handle.sync();
    await handle.close();
    this.handle = undefined;
    await this.finish();
    await syncFolder(dirname(this.location.target));
  }

  async close(): Promise<void> {
    await this.handle?.close().catch(() => undefined);
    this.handle = undefined;
    for (const draft of [...this.drafts, `${this.draft}.part`])
      await rm(draft, { force: true }).catch(() => undefined);
  }

  protected line({ payload }: OutboxMessage): string {
    return oneLine(payload);
  }
}

class JsonLines extends Lines {
  protected readonly draft = this.location.temporary;
  protected readonly drafts = [this.draft];

  protected begin(): Promise<FileHandle> {
    return beginWith(this.location);
  }

  protected finish(): Promise<void> {
    return rename(this.location.temporary, this.location.target);
  }

  /** A list's lines say first which list it is, and what is to be done. */
  protected override line(message: OutboxMessage): string {
    const line = super.line(message);
    if (!this.context.definition.list) return line;
    return `{${listMembers(message)},${line.slice(line.indexOf('{') + 1)}`;
  }
}

/** Rows of a table: the lines are kept apart until all are there, and an engine makes the file of them. */
class Rows extends Lines {
  protected readonly draft = `${this.location.temporary}.lines`;
  private readonly rows = `${this.location.temporary}.rows`;
  protected readonly drafts = [this.location.temporary, this.draft, this.rows];

  protected begin(): Promise<FileHandle> {
    return beginEmpty(this.draft);
  }

  protected async finish(): Promise<void> {
    const { target, temporary, append, format } = this.location;
    const { writeRows } = this.context;
    if (writeRows === undefined || format === 'jsonl') throw new Error(`nothing here writes ${format}`);
    const before = append && (await isThere(target)) ? target : undefined;
    const header = before === undefined;
    const old = before !== undefined && format === 'parquet' ? { before } : {};
    await writeRows({ lines: this.draft, to: this.rows, format, header, ...old });
    if (before !== undefined && format === 'csv') {
      await synced(await beginWith(this.location), (handle) => appendTo(handle, this.rows));
      return rename(temporary, target);
    }
    await synced(await open(this.rows, 'r+'));
    return rename(this.rows, target);
  }
}

/** Does the last that is done with a file, and closes it, whatever becomes of that. */
async function synced(handle: FileHandle, work?: (handle: FileHandle) => Promise<void>): Promise<void> {
  try {
    await work?.(handle);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A file that somebody emptied has nothing to keep, and no names of columns. */
const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    ({ size }) => size > 0,
    () => false,
  );

/** Adds what a file holds. */
async function appendTo(handle: FileHandle, path: string): Promise<void> {
  for await (const part of createReadStream(path, { highWaterMark: 1 << 20 }))
    await handle.appendFile(part as Buffer);
}

/** Lines that somebody else was to write, and did not. */
class NotWritten extends Error {}

async function written(write: () => Promise<number>): Promise<void> {
  try {
    await write();
  } catch (cause) {
    throw new NotWritten('the lines were not written', { cause });
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
