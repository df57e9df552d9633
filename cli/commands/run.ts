import type { DefinitionResult, RunResult } from '../../runtime/api.js';
import type { Reconciled } from '../../runtime/reconcile-api.js';
import { describe, GROUPS, WAIT, type Register } from '../command.js';
import { problemsJson, type Context, type Loaded } from '../context.js';
import { changedCell, duration, plural, moved, table, type Paint } from '../output.js';
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
  const { printSync, syncJson, syncProject, throwBadSettings } = await import('../sync.js');
  const loaded = await context.load();
  // A setting that stops the delivery should stop before an hour of computing.
  if (options.sync === true) throwBadSettings(loaded.project, loaded.spans);
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
  const wanted = options.sync === true && result.status !== 'failed' && result.status !== 'cancelled';
  const keys = new Set(result.definitions.map((d) => d.key));
  const chosen = context.selection.select === undefined ? {} : { definitions: keys };
  const sync = wanted ? await syncProject(context, loaded, chosen) : undefined;
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

/** What `--json` prints of a run. */
export function runJson(result: RunResult, sync: unknown, alerts: unknown): unknown {
  const definitions = result.definitions.map(({ error, ...rest }) => ({
    ...rest,
    ...(error === undefined ? {} : { error: problemsJson([error])[0] }),
  }));
  const diagnostics = problemsJson(result.diagnostics);
  return {
    ...result,
    definitions,
    diagnostics,
    ...(sync === undefined ? {} : { sync }),
    ...(alerts === undefined ? {} : { alerts }),
  };
}

/** The table of a run, its problems and its last line. */
export async function printRun(context: Context, { warnings }: Loaded, result: RunResult): Promise<void> {
  const paint = context.printPaint;
  if (result.definitions.length > 0) {
    const columns = [
      { title: 'key' },
      { title: 'kind' },
      ...(['size', 'entered', 'exited', 'changed', 'time'] as const).map((title) => ({
        title,
        align: 'right' as const,
      })),
    ];
    await context.print(
      table(
        paint,
        columns,
        result.definitions.map((d) => definitionRow(paint, d)),
      ),
    );
    await context.print();
  }
  if (result.reconciled) await printReconciled(context, result.reconciled);
  const known = new Set(result.diagnostics.map((d) => d.message));
  context.report([...warnings.filter((w) => !known.has(w.message)), ...result.diagnostics]);
  const failed = result.definitions.filter(isBad).length;
  const done = result.definitions.filter((d) => d.status === 'succeeded').length;
  const mark = {
    succeeded: paint.green('✔'),
    partial: paint.yellow('!'),
    failed: paint.red('✖'),
    cancelled: paint.yellow('✖'),
  };
  const words = [
    `run ${result.run_id} ${result.status}`,
    plural(done, 'definition'),
    ...(failed > 0 ? [paint.red(`${failed} failed`)] : []),
    `as of ${result.as_of}`,
    duration(result.duration_ms),
  ];
  await context.print(`${mark[result.status]} ${words.join(' · ')}`);
  await context.print(paint.dim(`  ${context.pathFromHere('target/run_results.json')}`));
}

/** What had drifted, a line each. */
async function printReconciled(context: Context, { definitions, facts }: Reconciled): Promise<void> {
  const { green, yellow } = context.printPaint;
  if (definitions.length === 0 && facts.length === 0) {
    await context.print(`${green('✔')} reconciled: state is what the raw rows say`);
    return;
  }
  await context.print(`${yellow('!')} reconciled: state was not what the raw rows say, and is now`);
  for (const { source, facts: what, before, after } of facts) {
    const how =
      before === after ? `${plural(after, 'fact')}, some of them others` : `${before} facts, now ${after}`;
    await context.print(`  ${source}: ${what}: ${how}`);
  }
  for (const { key, sample, ...counts } of definitions) {
    const parts = (['missing', 'surplus', 'changed'] as const)
      .filter((what) => counts[what] > 0)
      .map((what) => `${counts[what]} ${what} (${sample[what].map((id) => JSON.stringify(id)).join(', ')})`);
    await context.print(`  ${key}: ${parts.join(', ')}`);
  }
  await context.print();
}

const isBad = ({ status }: DefinitionResult): boolean =>
  status === 'failed' || status === 'held' || status === 'upstream_failed';

function definitionRow(paint: Paint, d: DefinitionResult): readonly (string | number | null)[] {
  if (d.status === 'succeeded') {
    return [
      d.key,
      d.kind,
      d.size,
      moved(d.entered, '+', paint.green),
      moved(d.exited, '−', paint.red),
      changedCell(d),
      duration(d.duration_ms),
    ];
  }
  const word = d.status.replace('_', ' ');
  const bad = isBad(d);
  return [
    bad ? paint.red(d.key) : paint.dim(d.key),
    d.kind,
    bad ? paint.red(word) : paint.dim(word),
    '',
    '',
    '',
    '',
  ];
}
