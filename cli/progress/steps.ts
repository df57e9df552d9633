/** Progress of a backfill on standard error: a line that redraws itself on a terminal, now and then a line elsewhere. */
import type { RunEvent } from '../../runtime/api.js';
import type { BackfillEvent } from '../../runtime/time-api.js';
import type { Context } from '../context.js';
import { count, duration, instant, plural } from '../output.js';
import { Seldom } from './seldom.js';

export interface StepProgress {
  run(event: RunEvent): void;
  told(event: BackfillEvent): void;
  /** Leaves the screen to whoever prints next. */
  end(): void;
}

/** The progress that suits where standard error goes. */
export async function stepProgressFor(context: Context): Promise<StepProgress> {
  const { io, globals } = context;
  if (globals.logFormat === 'json') {
    const { LogProgress } = await import('./log.js');
    const log = new LogProgress(io);
    return {
      run: (event) => log.run(event),
      told: (event) => log.told(event),
      end: () => undefined,
    };
  }
  const live = io.stderr.isTTY === true && io.env['CI'] === undefined && io.env['TERM'] !== 'dumb';
  return new Lines(context, live);
}

/** `34 % · 124/365 · 2016-05-04 00:00 · +12 −3 · 51 s left`. */
function stepWords(event: BackfillEvent & { readonly event: 'backfill_step' }): string {
  const { index, total, as_of, entered, exited, left_ms } = event;
  return [
    `${Math.floor((100 * index) / total)} %`,
    `${count(index)}/${count(total)}`,
    instant(as_of),
    `+${count(entered)} −${count(exited)}`,
    ...(left_ms === null || left_ms === 0 ? [] : [`${duration(left_ms)} left`]),
  ].join(' · ');
}

class Lines implements StepProgress {
  private readonly seldom = new Seldom();
  private drawn = false;

  constructor(
    private readonly context: Pick<Context, 'note' | 'errPaint' | 'io'>,
    private readonly live: boolean,
  ) {}

  run(event: RunEvent): void {
    if (event.event === 'retry') {
      const { step, attempt, delay_ms, error } = event;
      this.keep(
        this.context.errPaint.yellow(`retry ${attempt} of ${step} in ${duration(delay_ms)}: ${error}`),
      );
    } else if (event.event === 'landing_started') this.draw(`landing ${event.source}`);
  }

  told(event: BackfillEvent): void {
    if (event.event === 'backfill_started') {
      const { skipped, total, from, to } = event;
      const before = skipped === 0 ? '' : `, ${plural(skipped, 'step')} of them run before`;
      this.keep(`${plural(total, 'step')} from ${instant(from) ?? from} to ${instant(to) ?? to}${before}`);
      return;
    }
    if (this.live) this.draw(stepWords(event));
    else if (this.seldom.isDue(event.at, event.index === event.total)) this.context.note(stepWords(event));
  }

  end(): void {
    this.draw('');
    this.drawn = false;
  }

  /** A line that stays. */
  private keep(text: string): void {
    this.draw('');
    this.context.note(text);
  }

  /** The line that is redrawn. */
  private draw(text: string): void {
    if (!this.live || (text === '' && !this.drawn)) return;
    const { stderr } = this.context.io;
    const width = (stderr.columns ?? 80) - 1;
    stderr.write(`\r\u001b[K${text.slice(0, width)}`);
    this.drawn = text !== '';
  }
}
