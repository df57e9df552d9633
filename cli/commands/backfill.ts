import { Option } from 'commander';

import type { BackfillResult } from '../../runtime/time-api.js';
import { describe, GROUPS, microseconds, type Register } from '../command.js';
import { problemsJson, type Context } from '../context.js';
import { duration, instant, plural } from '../output.js';
import { stepProgressFor } from '../progress/steps.js';

interface Options {
  readonly from: string;
  readonly to?: string;
  readonly every: bigint;
  readonly asOfBehind?: boolean;
  readonly state?: string;
}

const DAY = 86_400_000_000n;

export const backfill: Register = (program, bind) =>
  describe(program, {
    name: 'backfill',
    summary: 'Build history step by step, as if there had been a run each day',
    details:
      'Sources land once; each step computes what changed since the one before. Nothing is queued for destinations: the next run tells them what is true by then. Stopped (Ctrl-C finishes the step), it goes on where it was.',
    group: GROUPS.warehouse,
    uses: ['project', 'target', 'select', 'json', 'logFormat'],
    examples: [
      { run: 'backfill --from 2016-06-01 --to 2017-06-01', does: 'a year, day by day' },
      {
        run: 'backfill --from 2017-05-01 --every 1h --select win_back',
        does: 'one audience by the hour, until now',
      },
      {
        run: 'backfill --from 2017-01-01 --select new_one --as-of-behind',
        does: 'a new definition behind the others',
      },
    ],
  })
    .requiredOption('--from <instant>', 'the first step: an ISO 8601 date or instant')
    .option('--to <instant>', 'no step is later (default: now)')
    .addOption(
      new Option('--every <duration>', 'from step to step: 1d, 12h, "1 week"')
        .argParser(microseconds)
        .default(DAY, '1d'),
    )
    .option('--as-of-behind', 'allow steps before the last run, of definitions that have not been run since')
    .option('--state <dir>', 'a folder with the manifest.json that state:modified compares with')
    .action(bind(action));

async function action(context: Context, options: Options): Promise<number> {
  context.goesOn = true;
  const { backfillProject } = await import('../../runtime/index.js');
  const loaded = await context.load();
  const { from, to, every, state } = options;
  const progress = await stepProgressFor(context);
  context.io.signal?.addEventListener('abort', () => {
    progress.end();
    context.note('finishing the step; asked again, it stops at once');
  });
  let printed: Promise<void> = Promise.resolve();
  let result: BackfillResult;
  try {
    result = await backfillProject({
      ...context.runtime(loaded),
      ...context.selection,
      from,
      ...(to === undefined ? {} : { to }),
      every,
      ...(state === undefined ? {} : { state }),
      asOfBehind: options.asOfBehind === true,
      invocation: context.invocation,
      newRunId: context.io.newRunId,
      onEvent: (event) => progress.run(event),
      onStep: (event) => {
        progress.told(event);
        if (context.json) printed = printed.then(() => context.document(event));
      },
    });
  } finally {
    progress.end();
    await printed;
  }
  const { last, diagnostics, ...rest } = result;
  if (context.json) {
    const run = last && { run_id: last.run_id, as_of: last.as_of, status: last.status };
    const problems = problemsJson(diagnostics);
    await context.document({ event: 'backfill_finished', ...rest, last: run ?? null, diagnostics: problems });
  }
  await print(context, result);
  return result.exit;
}

async function print(context: Context, result: BackfillResult): Promise<void> {
  const { green, red, yellow } = context.printPaint;
  const { status, steps, last, duration_ms } = result;
  context.report(result.diagnostics);
  const mark = { succeeded: green('✔'), cancelled: yellow('!'), partial: red('✖'), failed: red('✖') }[status];
  const words = [
    ...(steps.done > 0 || steps.left > 0 ? [`${plural(steps.done, 'step')} run`] : ['nothing left to run']),
    ...(steps.skipped > 0 ? [`${plural(steps.skipped, 'step')} run before`] : []),
    ...(steps.left > 0 ? [`${plural(steps.left, 'step')} left`] : []),
    ...(last ? [`as of ${instant(last.as_of) ?? last.as_of}`] : []),
    duration(duration_ms),
  ];
  await context.print(`${mark} backfill ${status} · ${words.join(' · ')}`);
  if (status === 'cancelled') await context.print('  the same command goes on from here');
}
