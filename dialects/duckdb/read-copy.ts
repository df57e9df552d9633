/**
 * A copy beside the database, in a file of its own that readers may have open all the time: it is made whole elsewhere and
 * renamed into place, so that who has the old one open goes on reading that.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isAlive } from '../lock-owner.js';
import { quoteIdentifier, quoteText } from './types.js';

/** What the new file's database is called while it is filled. */
const CATALOG = 'rollcall_read_copy';

/** Beside a copy of ours: another file of that name is not ours to replace. */
export const markOf = (path: string): string => `${path}.rollcall-copy`;

const draftOf = (path: string): string => `${path}.${process.pid}.rollcall-draft`;

/**
 * @param fill makes the tables and views in a schema of the catalog it is given
 * @throws what the file system or the engine say; the copy there was stays
 */
export async function writeReadCopy(
  path: string,
  schema: string,
  execute: (sql: string) => Promise<unknown>,
  fill: (catalog: string) => Promise<void>,
): Promise<void> {
  if (existsSync(path) && !existsSync(markOf(path)))
    throw new Error(`${path} is there and was not written as a read copy: remove it, or name another file`);
  mkdirSync(dirname(path), { recursive: true });
  removeDrafts(path);
  const draft = draftOf(path);
  try {
    await execute(`attach ${quoteText(draft)} as ${quoteIdentifier(CATALOG)}`);
    try {
      await execute(`create schema if not exists ${quoteIdentifier(CATALOG)}.${quoteIdentifier(schema)}`);
      await fill(CATALOG);
      await execute(`checkpoint ${quoteIdentifier(CATALOG)}`);
    } finally {
      await execute(`detach ${quoteIdentifier(CATALOG)}`);
    }
    await synced(draft);
    writeFileSync(
      markOf(path),
      'The file beside this one is replaced after each run: open it to read only.\n',
    );
    // What somebody wrote into the old one is not meant for the new one.
    rmSync(`${path}.wal`, { force: true });
    await rename(draft, path);
    await synced(dirname(path));
  } catch (error) {
    for (const file of [draft, `${draft}.wal`]) rmSync(file, { force: true });
    throw error;
  }
}

/** What processes that died left. Those that live are at it under names of their own. */
function removeDrafts(path: string): void {
  const folder = dirname(path);
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(`${basename(path)}.`)) continue;
    const pid = /^\.(\d+)\.rollcall-draft(\.wal|\.tmp)?$/.exec(name.slice(basename(path).length))?.[1];
    if (pid === undefined || (Number(pid) !== process.pid && isAlive(Number(pid)))) continue;
    rmSync(join(folder, name), { force: true, recursive: true });
  }
}

async function synced(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
