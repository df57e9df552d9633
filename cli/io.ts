/** What the command line needs of the world, so that a test can be the world. */
import { randomBytes } from 'node:crypto';
import type { RuntimeOptions } from '../runtime/api.js';

/** Where text goes. A process stream is one. */
export interface Sink {
  /** False when it wants us to wait for `drain`. */
  write(text: string): boolean;
  once?(event: 'drain', listener: () => void): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface Io {
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** The present, as an ISO 8601 instant in UTC. */
  readonly now: () => string;
  readonly newRunId: () => string;
  readonly signal?: AbortSignal;
  /** In place of the engines there are. */
  readonly dialectFor?: NonNullable<RuntimeOptions['dialectFor']>;
}

/** The io of this process. */
export function processIo(signal: AbortSignal): Io {
  const now = (): string => new Date().toISOString();
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    now,
    // Sorts by time, as people look for the last one.
    newRunId: () => `${now().replace(/[-:]|\.\d+/g, '')}-${randomBytes(4).toString('hex')}`,
    signal,
  };
}

/** Writes, waiting where a pipe is read slower than we write. */
export async function write(sink: Sink, text: string): Promise<void> {
  if (sink.write(text)) return;
  await new Promise<void>((resolve) => {
    if (sink.once === undefined) resolve();
    else sink.once('drain', resolve);
  });
}
