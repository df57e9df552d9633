/**
 * The lock beside an embedded file: DuckDB admits one process, and its own refusal says neither which run is in
 * the way nor since when. The file is written whole elsewhere and then linked into place, so nobody ever reads
 * half of it and only one of two comers succeeds.
 */
import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { UserError } from '../../compiler/diagnostics/index.js';
import { isGone, lockedBy } from '../lock-owner.js';
import type { Lease, LockOwner } from '../warehouse.js';

/** Locks this process holds: a file with our pid that is not among them was left by an earlier process. */
const held = new Set<string>();

/** The lock file of a database file. */
export function lockPath(database: string): string {
  return `${database}.rollcall-lock`;
}

/** Takes the lock, or fails with `locked` naming who has it. A lock whose process is gone is taken over. */
export function acquireLock(database: string, owner: LockOwner): Lease {
  const path = lockPath(database);
  const content = JSON.stringify(owner);
  for (let attempt = 0; attempt < 100; attempt++) {
    if (create(path, content)) return lease(path, content);
    const found = read(path);
    if (found === undefined) continue; // released since
    if (!isStale(path, found)) throw locked(path, found);
    removeStale(path, found);
  }
  throw locked(path, read(path) ?? '');
}

/** Fails with `locked` when another live process holds the lock; for those who open without taking it. */
export function refuseIfLocked(database: string): void {
  const path = lockPath(database);
  const found = read(path);
  if (found === undefined || isStale(path, found) || parse(found)?.pid === process.pid) return;
  throw locked(path, found);
}

function lease(path: string, content: string): Lease {
  held.add(path);
  return {
    release: async () => {
      if (!held.delete(path)) return;
      if (read(path) === content) rmSync(path, { force: true });
    },
  };
}

/** Whether the file is now there with this content, put there by us. */
function create(path: string, content: string): boolean {
  const draft = `${path}.${randomUUID()}`;
  writeFileSync(draft, content, { flag: 'wx' });
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * Removes a lock whose owner is dead. Two comers may find the same one, and the slower must not remove the
 * lock that the faster has taken meanwhile: hence a guard, and a second look under it.
 */
function removeStale(path: string, seen: string): void {
  const guard = `${path}.takeover`;
  if (!create(guard, JSON.stringify({ pid: process.pid, host: hostname() }))) {
    const other = read(guard);
    // Its holder died within the few calls below, or is still at them.
    if (other !== undefined && isStale(guard, other)) rmSync(guard, { force: true });
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    return;
  }
  try {
    if (read(path) === seen) rmSync(path, { force: true });
  } finally {
    rmSync(guard, { force: true });
  }
}

function isStale(path: string, content: string): boolean {
  const owner = parse(content);
  return owner !== undefined && isGone(owner, () => held.has(path));
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function parse(content: string): (Partial<LockOwner> & { pid: number }) | undefined {
  try {
    const value: unknown = JSON.parse(content);
    const isOwner =
      typeof value === 'object' && value !== null && 'pid' in value && typeof value.pid === 'number';
    return isOwner ? (value as Partial<LockOwner> & { pid: number }) : undefined;
  } catch {
    return undefined;
  }
}

const locked = (path: string, content: string): UserError =>
  lockedBy(parse(content), `wait for it to finish; if it is gone, delete ${path}`);

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
