import type { SyncEvent } from '../../delivery/index.js';
import type { RunEvent } from '../../runtime/api.js';
import type { Context } from '../context.js';
import { count, duration, plural } from '../output.js';
import { landed, howFar, syncSummary } from './words.js';
import type { Progress } from './progress.js';
import { Seldom } from './seldom.js';

/** A line for each thing done: what the log of a scheduled job should hold. */
export class LineProgress implements Progress {
  private readonly seldom = new Seldom();

  constructor(private readonly context: Pick<Context, 'note' | 'errPaint'>) {}

  run(event: RunEvent): void {
    const { dim, red, yellow } = this.context.errPaint;
    switch (event.event) {
      case 'run_started':
        this.seldom.isDue(event.at, true);
        return this.line(dim(`run ${event.run_id} as of ${event.as_of}`));
      case 'landing_finished':
        return this.line(`landed ${event.source}: ${landed(event)} ${dim(duration(event.duration_ms))}`);
      case 'profiles_finished':
        return this.line(`profiles ${dim(duration(event.duration_ms))}`);
      case 'definition_finished':
        // The table at the end tells them one by one; a log wants a sign of life.
        if (!this.seldom.isDue(event.at, event.index === event.total)) return;
        return this.line(`computed ${event.index}/${event.total}`);
      case 'definition_failed':
        return this.line(
          `${dim(`${event.index}/${event.total}`)} ${event.kind} ${event.key} ${red(event.status === 'failed' ? 'failed' : 'not computed')}`,
        );
      case 'publish_finished':
        return this.line(
          `published ${plural(event.definitions, 'definition')} ${dim(duration(event.duration_ms))}`,
        );
      case 'step_progress':
        if (!this.seldom.isDue(event.at)) return;
        return this.line(dim(`${event.step} ${howFar(event)}`));
      case 'retry':
        return this.line(
          yellow(`retry ${event.attempt} of ${event.step} in ${event.delay_ms} ms: ${event.error}`),
        );
      default:
        return;
    }
  }

  sync(event: SyncEvent): void {
    if (event.event === 'destination_started') {
      this.line(`${event.destination} → ${event.where}: ${count(event.waiting)} waiting`);
    } else if (event.event === 'destination_finished')
      this.line(`${event.destination}: ${syncSummary(event)}`);
  }

  async end(): Promise<void> {
    // every line is out
  }

  private line(text: string): void {
    this.context.note(text);
  }
}
