/** Alerts as `alerts`, `run`, `sync` and `watch` evaluate them. */
import { UserError } from '../compiler/diagnostics/index.js';
import { tellChannel } from '../delivery/index.js';
import { checkAlerts, type AlertsResult, type Firing } from '../runtime/index.js';
import { problemsJson, type Context, type Loaded } from './context.js';
import { table } from './output.js';

/** Evaluates alerts and, unless told otherwise, tells the channels what is new. */
export function alertsOf(context: Context, loaded: Loaded, send = true): Promise<AlertsResult> {
  const { io } = context;
  const { channels = {} } = loaded.project.config;
  return checkAlerts({
    ...context.runtime(loaded),
    ...(send && {
      tell: async (name, notice) => {
        const channel = channels[name];
        const signal = io.signal && { signal: io.signal };
        return channel
          ? tellChannel(channel, notice, { now: io.now, ...signal })
          : 'there is no such channel';
      },
    }),
  });
}

/** The same after a command that did its work: that alerts cannot be evaluated is a warning. Undefined without alerts. */
export async function alertsAfter(context: Context, loaded: Loaded): Promise<AlertsResult | undefined> {
  if ((loaded.project.config.alerts ?? []).length === 0 || context.io.signal?.aborted) return undefined;
  try {
    return await alertsOf(context, loaded);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const why = error.diagnostics.map(({ message }) => message).join('; ');
    const message = `alerts were not evaluated: ${why}`;
    return {
      firing: [],
      recovered: [],
      told: [],
      diagnostics: [{ code: 'unchecked', severity: 'warning', message }],
    };
  }
}

export const alertsJson = (result: AlertsResult): unknown => ({
  ...result,
  diagnostics: problemsJson(result.diagnostics),
});

/** Alerts that are on, what is over, and who could not be told. */
export async function printAlerts(
  context: Context,
  { firing, recovered, told, diagnostics }: AlertsResult,
): Promise<void> {
  const paint = context.printPaint;
  if (firing.length > 0) {
    const columns = [{ title: 'alert' }, { title: 'of' }, { title: 'what' }];
    await context.print(
      `\n${table(
        paint,
        columns,
        firing.map((one) => [paint.red(one.alert), whose(one), one.message]),
      )}`,
    );
  }
  for (const { alert, message, since } of recovered)
    await context.print(`${paint.green('✔')} ${alert} recovered: ${message} (since ${since})`);
  if (told.length > 0) await context.print(paint.dim(`told ${told.join(', ')}`));
  context.report(diagnostics);
}

const whose = ({ of, key }: Firing): string => `${of} ${key}`;

/** What the exit is at least, where alerts are to count. */
export const alertExit = (result: AlertsResult | undefined, counts: boolean | undefined): number =>
  counts === true && result !== undefined && result.firing.length > 0 ? 1 : 0;
