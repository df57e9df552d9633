import { describe, GROUPS, type Register } from '../command.js';
import type { Context } from '../context.js';

interface Options {
  readonly send: boolean;
  readonly failOnAlert?: boolean;
}

export const alerts: Register = (program, bind) =>
  describe(program, {
    name: 'alerts',
    summary: 'Evaluate the alerts of rollcall.json, and tell what is new',
    details:
      'run, sync and watch do so at their end. By itself it finds what they cannot: that none of them ran. What was told is not told again until it is over.',
    group: GROUPS.delivery,
    uses: ['project', 'target', 'json'],
    examples: [
      { run: 'alerts', does: 'for cron, beside the runs' },
      { run: 'alerts --no-send', does: 'what is on at present; nobody is told' },
      { run: 'alerts --fail-on-alert', does: 'exit 1 where something is on' },
    ],
  })
    .option('--no-send', 'show what is on, and tell nobody')
    .option('--fail-on-alert', 'exit 1 where an alert is on')
    .action(bind(action));

async function action(context: Context, { send, failOnAlert }: Options): Promise<number> {
  const { alertExit, alertsJson, alertsOf, printAlerts } = await import('../alerts.js');
  const loaded = await context.load();
  const result = await alertsOf(context, loaded, send);
  if (context.json) await context.document(alertsJson(result));
  await printAlerts(context, result);
  const { alerts: rules = [] } = loaded.project.config;
  if (rules.length === 0) await context.print('no alerts: add some to "alerts" of rollcall.json');
  else if (result.firing.length === 0) await context.print(`${context.printPaint.green('✔')} nothing is on`);
  return alertExit(result, failOnAlert);
}
