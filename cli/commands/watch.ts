import { Option } from 'commander';

import { formatDiagnostic } from '../../compiler/diagnostics/print.js';
import { describe, GROUPS, microseconds, type Register } from '../command.js';
import type { Context } from '../context.js';
import { count, duration, instant, plural } from '../output.js';
import type { Tick, WatchEvent } from '../watching/events.js';

interface Options {
  readonly every: bigint;
  readonly sync?: boolean;
  readonly state?: string;
}

const FIVE_SECONDS = 5_000_000n;

export const watch: Register = (program, bind) =>
  describe(program, {
    name: 'watch',
    summary: 'Run again and again, so that what lands goes out within seconds',
    details:
      'Each tick is a run as of its moment; files that changed are read anew. Between ticks the warehouse is let go. Ctrl-C or SIGTERM finishes the tick and exits 0. Errors of files and settings end it; all else is tried again.',
    group: GROUPS.warehouse,
    uses: ['project', 'target', 'select', 'json', 'logFormat'],
    examples: [
      { run: 'watch --sync', does: 'every five seconds, and deliver' },
      { run: 'watch --every 1m --select tag:live', does: 'some definitions, every minute' },
      { run: 'watch --sync --json', does: 'a line of JSON a tick' },
    ],
  })
    .addOption(
      new Option('--every <duration>', 'from tick to tick: 5s, 1m, "1 hour"')
        .argParser(microseconds)
        .default(FIVE_SECONDS, '5s'),
    )
    .option('--sync', 'deliver the outbox after each run')
    .option('--state <dir>', 'a folder with the manifest.json that state:modified compares with')
    .action(bind(action));

async function action(context: Context, options: Options): Promise<number> {
  context.goesOn = true;
  const { Watcher } = await import('../watching/watcher.js');
  const { loop } = await import('../watching/loop.js');
  const { io } = context;
  const everyMs = Number(options.every / 1000n);
  const tell = await teller(context);
  const { state } = options;
  const watcher = new Watcher(context, {
    everyMs,
    sync: options.sync === true,
    ...(state === undefined ? {} : { state }),
    tell,
  });
  try {
    const { signal } = io;
    await loop((failures) => watcher.tick(failures), { everyMs, ...(signal && { signal }) });
  } finally {
    await tell(watcher.summary());
  }
  return 0;
}

/** Says what happens: to people, as lines of JSON, or both. */
async function teller(context: Context): Promise<(event: WatchEvent) => Promise<void>> {
  const machine = context.globals.logFormat === 'json';
  const log = machine && new (await import('../progress/log.js')).LogProgress(context.io);
  return async (event) => {
    if (context.json) await context.document(event);
    if (log) log.told(event);
    else await print(context, event);
  };
}

async function print(context: Context, event: WatchEvent): Promise<void> {
  const { dim, yellow, green } = context.printPaint;
  const at = dim(instant(event.at) ?? event.at);
  if ('errors' in event) {
    const color = context.errPaint.isColorSupported;
    for (const error of event.errors) context.note(formatDiagnostic(error, { color }));
  }
  switch (event.event) {
    case 'tick':
      // One that changed nothing is not worth a line.
      if (isQuiet(event)) return;
      return context.print(`${at} ${event.exit === 0 ? green('✔') : yellow('!')} ${words(event)}`);
    case 'alerts':
      for (const { alert, message } of event.firing) await context.print(`${at} ${yellow(alert)} ${message}`);
      for (const { alert, message } of event.recovered)
        await context.print(`${at} ${green('✔')} ${alert} recovered: ${message}`);
      return;
    case 'tick_failed':
      return context.print(`${at} ${yellow(`again in ${duration(event.retry_in_ms)}`)}`);
    case 'tick_waiting':
      return context.print(`${at} ${yellow('waiting for it')}`);
    case 'project_reloaded':
      return context.print(`${at} the project was read anew`);
    case 'watch_finished': {
      const { ticks, failed, messages, max_lag_ms } = event;
      const parts = [
        plural(ticks, 'tick'),
        ...(failed > 0 ? [`${count(failed)} failed`] : []),
        plural(messages, 'message'),
        ...(max_lag_ms === null ? [] : [`lag at most ${duration(max_lag_ms)}`]),
      ];
      return context.print(`${at} stopped · ${parts.join(' · ')}`);
    }
  }
}

const isQuiet = ({ new_rows, entered, exited, changed, messages, exit, delivered }: Tick): boolean =>
  exit === 0 && [new_rows, entered, exited, changed, messages, delivered].every((n) => n === 0 || n === null);

function words({ new_rows, entered, exited, messages, delivered, lag_ms, duration_ms }: Tick): string {
  return [
    new_rows === null ? 'read whole' : plural(new_rows, 'new row'),
    `+${count(entered)} −${count(exited)}`,
    plural(messages, 'message'),
    ...(delivered === null ? [] : [`${count(delivered)} delivered`]),
    ...(lag_ms === null ? [] : [`lag ${duration(lag_ms)}`]),
    duration(duration_ms),
  ].join(' · ');
}
