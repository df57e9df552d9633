import { pino, type Logger } from 'pino';

import { diagnosticJson } from '../../compiler/diagnostics/print.js';
import type { SyncEvent } from '../../delivery/index.js';
import type { RunEvent } from '../../runtime/api.js';
import type { BackfillEvent } from '../../runtime/time-api.js';
import type { Io } from '../io.js';
import type { WatchEvent } from '../watching/events.js';
import type { Progress } from './progress.js';
import { Seldom } from './seldom.js';

/** An event a line, for orchestrators: `--log-format json`. */
export class LogProgress implements Progress {
  private readonly logger: Logger;
  /** How far a statement is. */
  private readonly seldom = new Seldom();

  constructor(io: Io) {
    this.logger = pino(
      { base: null, timestamp: false, formatters: { level: (level) => ({ level }) } },
      { write: (line: string) => void io.stderr.write(line) },
    );
  }

  run(event: RunEvent): void {
    if (event.event === 'step_progress' && !this.seldom.isDue(event.at)) return;
    if (event.event === 'definition_failed')
      this.logger.error({ ...event, error: diagnosticJson(event.error) });
    else if (event.event === 'warning')
      this.logger.warn({ ...event, diagnostic: diagnosticJson(event.diagnostic) });
    else if (event.event === 'retry') this.logger.warn(event);
    else this.logger.info(event);
  }

  sync(event: SyncEvent): void {
    const bad = event.event === 'destination_finished' && event.error !== null;
    this.logger[bad ? 'error' : 'info'](event);
  }

  /** Of commands that make many runs. */
  told(event: BackfillEvent | WatchEvent): void {
    this.logger[event.event === 'tick_failed' ? 'error' : 'info'](event);
  }

  async end(): Promise<void> {
    // written as they came
  }
}
