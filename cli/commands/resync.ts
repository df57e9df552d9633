import { didYouMean } from '../../compiler/diagnostics/suggest.js';
import { ownerOf } from '../../models/definition.js';
import { describe, GROUPS, WAIT, type Register } from '../command.js';
import type { Context, Loaded } from '../context.js';
import { destinationOf, misuse } from '../misuse.js';
import { progressFor } from '../progress/index.js';

interface Options {
  readonly sync?: boolean;
  readonly wait?: bigint;
}

export const resync: Register = (program, bind) =>
  describe(program, {
    name: 'resync',
    args: '<destination> [keys...]',
    summary: 'Tell a destination again everything that is true',
    details:
      'A run of the definitions that go there: whoever is in, or has a value, is queued for it as a new message, whether or not it was told before. Messages that still wait go out before.',
    group: GROUPS.delivery,
    uses: ['project', 'target', 'asOf', 'json', 'logFormat'],
    examples: [
      { run: 'resync crm', does: 'all that goes there' },
      { run: 'resync crm big_spenders --sync', does: 'one definition, and deliver it' },
    ],
  })
    .option('--sync', 'deliver to it afterwards')
    .option(...WAIT)
    .action(bind(action));

async function action(
  context: Context,
  options: Options,
  destination: string,
  keys: readonly string[],
): Promise<number> {
  const { runProject } = await import('../../runtime/index.js');
  const { printSync, refuseBadSettings, syncAfter, syncJson } = await import('../sync.js');
  const { printRun, runJson } = await import('../run.js');
  context.wait = options.wait;
  const loaded = await context.load();
  const select = goingTo(loaded, destination, keys);
  if (options.sync === true) refuseBadSettings(loaded);
  const progress = await progressFor(context);
  const result = await runProject({
    ...context.runtime(loaded),
    ...context.asOf,
    select,
    resend: destination,
    invocation: context.invocation,
    newRunId: context.io.newRunId,
    onEvent: (event) => progress.run(event),
  }).finally(() => progress.end());
  const only = { destinations: new Set([destination]) };
  const sync = options.sync === true ? await syncAfter(context, loaded, result, only) : undefined;
  if (context.json) await context.document(runJson(result, sync && syncJson(sync), undefined));
  await printRun(context, loaded, result);
  if (sync !== undefined) await printSync(context, sync);
  return Math.max(result.exit, sync?.exit ?? 0);
}

/** The definitions that go to a destination, or of them those that are named. */
function goingTo({ project }: Loaded, to: string, keys: readonly string[]): readonly string[] {
  if (!destinationOf(project, to).enabled)
    throw misuse(
      `the destination ${JSON.stringify(to)} is paused`,
      'enable it first: it catches up with what changed',
    );
  const going = project.definitions.filter(
    ({ enabled, destinations }) =>
      enabled && destinations.some((link) => link.to === to && link.enabled !== false),
  );
  const names = going.map(({ key }) => key);
  const missing = keys.find((key) => !going.some((one) => one.key === key || ownerOf(one).key === key));
  if (missing !== undefined) {
    const exists = project.definitions.some(({ key }) => key === missing);
    const what = exists ? `does not go to ${to}, or is paused` : 'is no definition';
    throw misuse(`${JSON.stringify(missing)} ${what}`, didYouMean(missing, names));
  }
  const chosen = keys.length === 0 ? names : names.filter((key) => isNamed(project, key, keys));
  if (chosen.length === 0) throw misuse(`no definition goes to ${to}`);
  return chosen;
}

const isNamed = ({ definitions }: Loaded['project'], key: string, keys: readonly string[]): boolean =>
  definitions.some((one) => one.key === key && (keys.includes(key) || keys.includes(ownerOf(one).key)));
