import type { SyncEvent } from '../../delivery/index.js';
import type { RunEvent } from '../../runtime/api.js';

/** Where events of runs and deliveries go. */
export interface Progress {
  run(event: RunEvent): void;
  sync(event: SyncEvent): void;
  /** Leaves the screen to whoever prints next. */
  end(): Promise<void>;
}

/** Shows nothing: the caller tells in its own way. */
export const SILENT: Progress = { run: () => undefined, sync: () => undefined, end: async () => undefined };
