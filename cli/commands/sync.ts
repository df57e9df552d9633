import { describe, GROUPS, WAIT, type Register } from '../command.js';
import type { Context } from '../context.js';

export const sync: Register = (program, bind) =>
  describe(program, {
    name: 'sync',
    summary: 'Deliver what waits in the outbox to its destinations',
    details:
      'What fails stays in the outbox for the next sync; what a destination refuses for good does not. --select takes destinations by their keys as well as definitions.',
    group: GROUPS.delivery,
    uses: ['project', 'target', 'select', 'json', 'logFormat'],
    examples: [
      { run: 'sync', does: 'everything to everywhere' },
      { run: 'sync --dry-run', does: 'what would be sent, and how long it would take' },
      { run: 'sync --select crm', does: 'one destination' },
      { run: 'sync --select crm tag:daily', does: 'to one destination, of some definitions' },
    ],
  })
    .option('--dry-run', 'say what would be sent, with samples in --json, and send nothing')
    .option('--fail-on-alert', 'exit 1 where an alert is on afterwards')
    .option(...WAIT)
    .action(bind(action));

interface Options {
  readonly dryRun?: boolean;
  readonly failOnAlert?: boolean;
  readonly wait?: bigint;
}

async function action(context: Context, options: Options): Promise<number> {
  context.wait = options.wait;
  const { choose, printSync, syncJson, syncProject } = await import('../sync.js');
  const loaded = await context.load();
  if (options.dryRun) {
    const { printRehearsal, rehearseProject } = await import('../rehearsal.js');
    return printRehearsal(context, await rehearseProject(context, loaded, await choose(context, loaded)));
  }
  const result = await syncProject(context, loaded, await choose(context, loaded));
  const { alertExit, alertsAfter, alertsJson, printAlerts } = await import('../alerts.js');
  const alerts = await alertsAfter(context, loaded);
  if (context.json) {
    const also = alerts === undefined ? {} : { alerts: alertsJson(alerts) };
    await context.document({ ...syncJson(result), ...also });
  }
  await printSync(context, result);
  if (alerts !== undefined) await printAlerts(context, alerts);
  return Math.max(result.exit, alertExit(alerts, options.failOnAlert));
}
