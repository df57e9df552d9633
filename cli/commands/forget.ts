import type { ForgetResult } from '../../runtime/forget-api.js';
import { describe, GROUPS, WAIT, type Register } from '../command.js';
import type { Context } from '../context.js';
import { plural } from '../output.js';

interface Options {
  readonly profile: readonly string[];
  readonly exits: boolean;
  readonly wait?: bigint;
}

export const forget: Register = (program, bind) =>
  describe(program, {
    name: 'forget',
    summary: 'Erase people from all that rollcall keeps',
    details:
      'Facts, memberships, values, history, messages and identifiers of a person are erased, and raw rows do not bring them back. Destinations that know them are told that they left; these messages are erased once they are delivered. Your raw tables stay as they are.',
    group: GROUPS.warehouse,
    uses: ['project', 'target', 'json'],
    examples: [
      { run: 'forget --profile ann', does: 'erase the profile ann, and whatever it is known by' },
      { run: 'forget --profile ann --profile bob', does: 'both, or neither' },
      { run: 'forget --profile ann --no-exits', does: 'at once, telling no destination' },
    ],
  })
    .requiredOption('--profile <id>', 'a profile_id, as in memberships; may be given several times', collect)
    .option('--no-exits', 'tell destinations nothing, and keep no message to tell them')
    .option(...WAIT)
    .action(bind(action));

const collect = (id: string, before: readonly string[] = []): readonly string[] => [...before, id];

async function action(context: Context, options: Options): Promise<number> {
  context.wait = options.wait;
  const { forget: perform } = await import('../../runtime/index.js');
  const loaded = await context.load();
  const result = await perform({
    ...context.runtime(loaded),
    profiles: options.profile,
    exits: options.exits,
    // Not as typed: it is recorded, and would name them.
    invocation: 'rollcall forget',
    newRunId: context.io.newRunId,
  });
  if (context.json) await context.document(result);
  await printForgotten(context, result, options.exits);
  return 0;
}

async function printForgotten(context: Context, result: ForgetResult, exits: boolean): Promise<void> {
  const { green, yellow } = context.printPaint;
  const gone = result.profiles.filter(({ status }) => status === 'forgotten');
  const before = result.profiles.length - gone.length;
  if (gone.length > 0) {
    const counts = `${plural(gone.length, 'profile')} forgotten, with ${plural(result.identifiers, 'identifier')}`;
    await context.print(`${green('✔')} ${counts}`);
  }
  if (before > 0) await context.print(`${green('✔')} ${plural(before, 'profile')} forgotten before`);
  for (const { destination, messages, enabled } of result.messages) {
    const then = enabled
      ? 'rollcall sync delivers them, and erases them then'
      : 'it is disabled: they wait there until it is not';
    await context.print(`  ${destination}: ${plural(messages, 'message')} in the outbox; ${then}`);
  }
  for (const destination of result.untold) {
    const why = exits ? 'it is no destination of the project any more' : 'as you wanted it';
    await context.print(`${yellow('!')} ${destination} keeps what it was told: ${why}`);
  }
}
