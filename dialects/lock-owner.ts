/** Who holds a lock, told to the second comer; and whether they can still be there. */
import { hostname } from 'node:os';
import { UserError } from '../compiler/diagnostics/index.js';
import type { LockOwner } from './warehouse.js';

/**
 * Whether the owner's process is known to be gone: it ran on this machine, and no process has its number. One with
 * our own number is ours only if `isOurs` says so; else it was an earlier process.
 */
export function isGone({ host, pid }: Partial<LockOwner>, isOurs: () => boolean): boolean {
  if (host !== hostname() || pid === undefined || !Number.isSafeInteger(pid) || pid <= 0) return false;
  return pid === process.pid ? !isOurs() : !isAlive(pid);
}

/** Whether a process of this machine has a number. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Others' processes may not be asked.
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

/** The second comer's error (exit 3). `hint` says what to do about a holder who is gone. */
export function lockedBy(owner: Partial<LockOwner> | undefined, hint: string): UserError {
  const who = owner
    ? `${owner.command ?? 'another process'} (pid ${owner.pid ?? 'unknown'} on ${owner.host ?? 'an unknown host'}` +
      `${owner.run_id ? `, run ${owner.run_id}` : ''}) since ${owner.since ?? 'an unknown time'}`
    : 'an unknown process';
  return new UserError(
    { code: 'locked', severity: 'error', message: `the warehouse is in use by ${who}`, hint },
    3,
  );
}
