/** A DuckDB target's settings, checked, and the options to open it with. */
import { existsSync, realpathSync } from 'node:fs';
import { tmpdir, totalmem } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { UserError } from '../../compiler/diagnostics/index.js';
import type { OpenOptions } from '../warehouse.js';

export const MEMORY = ':memory:';

const SIZE = /^(\d+(?:\.\d+)?) ?([KMGT]i?B)$/i;
const BYTES: Readonly<Record<string, number>> = {
  KB: 1000,
  MB: 1000 ** 2,
  GB: 1000 ** 3,
  TB: 1000 ** 4,
  KIB: 1024,
  MIB: 1024 ** 2,
  GIB: 1024 ** 3,
  TIB: 1024 ** 4,
};

export interface DuckDBSettings {
  /** Absolute, or `:memory:`. */
  readonly path: string;
  /** The file of the read copy, absolute. */
  readonly readCopy?: string;
  readonly config: Readonly<Record<string, string>>;
}

/** Reads the target's settings; a wrong one is a diagnostic. */
export function readSettings({ settings, projectDir, mode }: OpenOptions): DuckDBSettings {
  const { path, threads, memory_limit: memoryLimit, read_copy: readCopy } = settings;
  if (typeof path !== 'string' || path === '')
    throw invalid('path', 'the path of a DuckDB file, or ":memory:"');
  if (
    threads !== undefined &&
    !(typeof threads === 'number' && Number.isSafeInteger(threads) && threads > 0)
  ) {
    throw invalid('threads', 'a positive whole number');
  }
  if (memoryLimit !== undefined && !(typeof memoryLimit === 'string' && SIZE.test(memoryLimit))) {
    throw invalid('memory_limit', 'a size such as "4GB"');
  }
  if (readCopy !== undefined && (typeof readCopy !== 'string' || readCopy === '' || readCopy === MEMORY))
    throw invalid('read_copy', 'the path of a file');
  const file = path === MEMORY ? MEMORY : canonical(resolve(projectDir, path));
  const copy = readCopy === undefined ? undefined : canonical(resolve(projectDir, readCopy));
  if (copy === file) throw invalid('read_copy', 'another file than "path"');
  const config: Record<string, string> = {
    // What SQL means must not depend on what a server somewhere offers.
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
    memory_limit: memoryLimit === undefined ? `${defaultMemory()}MiB` : forDuckDB(memoryLimit),
    temp_directory: file === MEMORY ? join(tmpdir(), `rollcall-${process.pid}.tmp`) : `${file}.tmp`,
    // What is freed goes back to the system while statements run, not after them.
    allocator_background_threads: 'true',
    // Large inserts need not wait for each other; order comes from ORDER BY alone.
    preserve_insertion_order: 'false',
  };
  if (threads !== undefined) config['threads'] = String(threads);
  if (mode === 'read' && file !== MEMORY) config['access_mode'] = 'READ_ONLY';
  return { path: file, ...(copy !== undefined && { readCopy: copy }), config };
}

/** One name for one file, so that its lock is found whatever path led to it. */
function canonical(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  const folder = dirname(path);
  return existsSync(folder) ? join(realpathSync(folder), basename(path)) : path;
}

/**
 * What DuckDB may hold of the memory that the process is meant to keep to, three quarters: what it has freed and not given
 * back yet, what it does not count, and Node come on top.
 */
function forDuckDB(limit: string): string {
  const [, amount = '', unit = ''] = SIZE.exec(limit) ?? [];
  return `${Math.floor((Number(amount) * (BYTES[unit.toUpperCase()] ?? 1) * 3) / 4)}B`;
}

/** Three fifths of what this machine or container has: the rest is for Node and for others. */
function defaultMemory(): number {
  const constrained = process.constrainedMemory() ?? 0;
  const total = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
  return Math.max(256, Math.floor((total * 0.6) / 1024 ** 2));
}

function invalid(name: string, expected: string): UserError {
  return new UserError({
    code: 'invalid-value',
    severity: 'error',
    message: `the DuckDB target's "${name}" must be ${expected}`,
  });
}
