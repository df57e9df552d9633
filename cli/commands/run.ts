import type { RunResult } from '../../runtime/api.js';
import { describe, GROUPS, WAIT, type Register } from '../command.js';
import type { Context } from '../context.js';
import { progressFor } from '../progress/index.js';

interface Options {
  readonly sync?: boolean;
  readonly asOfBehind?: boolean;
  readonly reconcile?: boolean;
  readonly fullRefresh?: true | readonly string[];
  readonly accept?: true | readonly string[];
  readonly failOnAlert?: boolean;
  readonly state?: string;
  readonly wait?: bigint;
}

export const run: Register = (program, bind) =>
  describe(program, {
    name: 'run',
    summary: 'Compute definitions, publish them, fill the outbox',
    details:
      'Only what changed since the last run is read. Nothing is sent: `rollcall sync` does that, or --sync. The result is also written to target/run_results.json.',
    group: GROUPS.warehouse,
    uses: ['project', 'target', 'select', 'asOf', 'json', 'logFormat'],
    examples: [
      { run: 'run', does: 'everything, as of now' },
      { run: 'run --select tag:daily --sync', does: 'what is tagged daily, and deliver it' },
      { run: 'run --select +win_back', does: 'an audience with all it refers to' },
      { run: 'run --as-of 2017-06-01', does: 'as of midnight UTC on the first of June' },
      { run: 'run --full-refresh win_back', does: 'everything, and win_back of all its facts' },
      { run: 'run --accept win_back', does: 'publish what its guard held back' },
      { run: 'run --wait 10m', does: 'after whoever is at it' },
      { run: 'run --json --log-format json', does: 'for an orchestrator' },
    ],
  })
    .option('--sync', 'deliver the outbox afterwards')
    .option('--as-of-behind', 'allow an --as-of before the last run')
    .option('--reconcile', 'compare state with what the raw rows say, tell what differs, and repair it')
    .option(
      '--full-refresh [selectors...]',
      'compute these in full, whatever is known; without selectors all, of facts made anew',
    )
    .option(
      '--accept [selectors...]',
      'publish these whatever their guards say; without selectors everything',
    )
    .option('--fail-on-alert', 'exit 1 where an alert is on afterwards')
    .option('--state <dir>', 'a folder with the manifest.json that state:modified compares with')
    .option(...WAIT)
    .action(bind(action));

async function action(context: Context, options: Options): Promise<number> {
  const { runProject } = await import('../../runtime/index.js');
  context.wait = options.wait;
  const { printSync, refuseBadSettings, selectedBy, syncAfter, syncJson } = await import('../sync.js');
  const { printRun, runJson } = await import('../run.js');
  const loaded = await context.load();
  if (options.sync === true) refuseBadSettings(loaded);
  const progress = await progressFor(context);
  let result: RunResult;
  try {
    result = await runProject({
      ...context.runtime(loaded),
      ...context.selection,
      ...context.asOf,
      ...(options.state === undefined ? {} : { state: options.state }),
      asOfBehind: options.asOfBehind === true,
      reconcile: options.reconcile === true,
      ...named('fullRefresh', options.fullRefresh),
      ...named('accept', options.accept),
      invocation: context.invocation,
      newRunId: context.io.newRunId,
      onEvent: (event) => progress.run(event),
    });
  } finally {
    await progress.end();
  }
  const chosen = selectedBy(context, result);
  const sync = options.sync === true ? await syncAfter(context, loaded, result, chosen) : undefined;
  const { alertExit, alertsAfter, alertsJson, printAlerts } = await import('../alerts.js');
  const alerts = result.status === 'cancelled' ? undefined : await alertsAfter(context, loaded);
  if (context.json) {
    await context.document(runJson(result, sync && syncJson(sync), alerts && alertsJson(alerts)));
  }
  await printRun(context, loaded, result);
  if (sync !== undefined) await printSync(context, sync);
  if (alerts !== undefined) await printAlerts(context, alerts);
  return Math.max(result.exit, sync?.exit ?? 0, alertExit(alerts, options.failOnAlert));
}

/** An option with selectors that stands alone is everything, by no selector. */
const named = <K extends string>(
  name: K,
  given: true | readonly string[] | undefined,
): { readonly [name in K]?: readonly string[] } =>
  given === undefined
    ? {}
    : ({ [name]: given === true ? [] : given } as { readonly [name in K]?: readonly string[] });
