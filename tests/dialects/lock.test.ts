import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { UserError } from '../../compiler/diagnostics/index.js';
import { acquireLock, lockPath, refuseIfLocked } from '../../dialects/duckdb/lock.js';
import type { LockOwner, Warehouse } from '../../dialects/warehouse.js';
import { duckdb } from './support/duckdb.js';

let folder: string;
let path: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-lock-'));
  path = join(folder, 'w.duckdb');
});
afterEach(async () => {
  for (const child of children.splice(0)) await kill(child);
  rmSync(folder, { recursive: true, force: true });
});

const owner = (over: Partial<LockOwner> = {}): LockOwner => ({
  run_id: 'r2',
  pid: process.pid,
  host: hostname(),
  since: '2024-02-02T00:00:00Z',
  command: 'rollcall run --select x',
  ...over,
});

const open = (mode: 'read' | 'write', by?: LockOwner): Promise<Warehouse> =>
  duckdb.open({ settings: { path }, projectDir: folder, mode, ...(by ? { owner: by } : {}) });

/** Another process that has the file open, with the lock or without. */
async function holder(owned: 'owned' | 'plain'): Promise<ChildProcess> {
  const script = fileURLToPath(new URL('support/hold-lock.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, path, owned], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('exit', (code) => reject(new Error(`holder ended with ${code}`)));
  });
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

async function failure(promise: Promise<unknown>): Promise<UserError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('it went through');
}

describe('a second comer', () => {
  test('is told who holds the lock, and since when', async () => {
    const child = await holder('owned');
    for (const attempt of [open('write', owner()), open('read'), open('write')]) {
      const error = await failure(attempt);
      expect(error.exit).toBe(3);
      expect(error.diagnostics[0]?.code).toBe('locked');
      expect(error.message).toContain(
        `rollcall run (pid ${child.pid} on ${hostname()}, run r1) since 2024-01-01T00:00:00Z`,
      );
      expect(error.diagnostics[0]?.hint).toContain(lockPath(path));
    }
  });

  test('takes over from a process that was killed', async () => {
    const child = await holder('owned');
    await kill(child);
    expect(existsSync(lockPath(path))).toBe(true);
    const warehouse = await open('write', owner());
    expect(JSON.parse(readFileSync(lockPath(path), 'utf8'))).toEqual(owner());
    await warehouse.close();
    expect(existsSync(lockPath(path))).toBe(false);
    expect(readdirSync(folder)).toEqual(['w.duckdb']);
  });

  test('of a process that is paused has to wait, even where its lock file is gone: so it may go on', async () => {
    const child = await holder('owned');
    child.kill('SIGSTOP');
    expect((await failure(open('write', owner()))).exit).toBe(3);
    rmSync(lockPath(path));
    // The engine's own lock of the file is still there, and stays until the process ends.
    expect((await failure(open('write', owner()))).exit).toBe(4);
  });

  test('of a file that another program holds without the lock gets exit 4 and its pid', async () => {
    const child = await holder('plain');
    const error = await failure(open('write', owner()));
    expect(error.exit).toBe(4);
    expect(error.diagnostics[0]?.code).toBe('warehouse-unavailable');
    expect(error.message).toContain(`PID ${child.pid}`);
    expect(existsSync(lockPath(path))).toBe(false);
  });

  test('of a file that another program has open for a moment waits that long', async () => {
    const child = await holder('plain');
    setTimeout(() => child.kill('SIGKILL'), 200);
    await (await open('write', owner())).close();
  });

  test('in the same process is refused too, until the first has closed', async () => {
    const first = await open('write', owner());
    expect((await failure(open('write', owner({ run_id: 'r3' })))).exit).toBe(3);
    await first.close();
    await first.close();
    await (await open('write', owner({ run_id: 'r3' }))).close();
  });
});

describe('a lock left behind', () => {
  const leave = (content: string): void => writeFileSync(lockPath(path), content);
  const dead = 2 ** 22 + 12345; // beyond the largest pid

  test('by a dead process here is taken over, and does not stop readers', async () => {
    leave(JSON.stringify(owner({ pid: dead })));
    refuseIfLocked(path);
    await acquireLock(path, owner()).release();
    expect(existsSync(lockPath(path))).toBe(false);
  });

  test('by an earlier process that had our pid is taken over', async () => {
    leave(JSON.stringify(owner({ since: '2020-01-01T00:00:00Z' })));
    await acquireLock(path, owner()).release();
  });

  test('by a process elsewhere is respected', () => {
    leave(JSON.stringify(owner({ pid: dead, host: 'another.example' })));
    expect(() => acquireLock(path, owner())).toThrow(/pid .* on another\.example/);
  });

  test('that nobody can read is respected', () => {
    for (const content of ['', 'null', '{"pid":', '{"pid":"x"}']) {
      leave(content);
      expect(() => acquireLock(path, owner())).toThrow(/an unknown process/);
      expect(() => refuseIfLocked(path)).toThrow(UserError);
    }
  });

  test('with a guard left behind too', async () => {
    leave(JSON.stringify(owner({ pid: dead })));
    writeFileSync(`${lockPath(path)}.takeover`, JSON.stringify({ pid: dead, host: hostname() }));
    await acquireLock(path, owner()).release();
    expect(readdirSync(folder)).toEqual([]);
  });
});

test('a lock that was taken over meanwhile is not removed by its former owner', async () => {
  const lease = acquireLock(path, owner());
  writeFileSync(lockPath(path), JSON.stringify(owner({ run_id: 'other' })));
  await lease.release();
  expect(existsSync(lockPath(path))).toBe(true);
});

test('of many comers to a stale lock exactly one gets it', async () => {
  writeFileSync(lockPath(path), JSON.stringify(owner({ pid: 2 ** 22 + 12345 })));
  const script = `
    const { acquireLock } = await import(${JSON.stringify(new URL('../../dialects/duckdb/lock.ts', import.meta.url).href)});
    const owner = { run_id: 'r', pid: process.pid, host: ${JSON.stringify(hostname())}, since: '', command: 'c' };
    try { acquireLock(${JSON.stringify(path)}, owner); process.stdout.write('got'); } catch { process.stdout.write('not'); }
    setTimeout(() => process.exit(), 4000);`;
  const outcomes = await Promise.all(
    Array.from({ length: 4 }, () => {
      const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      children.push(child);
      return new Promise<string>((resolve) => {
        child.stdout?.once('data', (data: Buffer) => resolve(data.toString()));
        child.once('exit', () => resolve('ended'));
      });
    }),
  );
  expect(outcomes.filter((outcome) => outcome === 'got')).toHaveLength(1);
});
