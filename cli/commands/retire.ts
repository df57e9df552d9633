import { describe, GROUPS, WAIT, type Register } from '../command.js';
import type { Context } from '../context.js';
import { plural } from '../output.js';

interface Options {
  readonly release?: boolean;
  readonly sendExits?: boolean;
  readonly wait?: bigint;
}

export const retire: Register = (program, bind) =>
  describe(program, {
    name: 'retire',
    args: '<key>',
    summary: 'Finish with the key of a definition that was removed',
    details:
      'A removed key stays reserved, and its members stay at the destinations they were sent to, until you say otherwise.',
    group: GROUPS.warehouse,
    uses: ['project', 'target', 'json'],
    examples: [
      { run: 'retire old_audience --send-exits', does: 'tell destinations that everyone left' },
      { run: 'retire old_audience --release', does: 'let a new definition have the key' },
    ],
  })
    .option('--send-exits', 'put the exits of its members into the outbox')
    .option('--release', 'free the key')
    .option(...WAIT)
    .action(bind(action));

async function action(context: Context, options: Options, key: string): Promise<number> {
  context.wait = options.wait;
  const { retire: perform } = await import('../../runtime/index.js');
  const loaded = await context.load();
  const result = await perform({
    ...context.runtime(loaded),
    key,
    release: options.release === true,
    sendExits: options.sendExits === true,
    invocation: context.invocation,
    newRunId: context.io.newRunId,
  });
  if (context.json) await context.document(result);
  const { green } = context.printPaint;
  if (options.sendExits === true) {
    await context.print(
      `${green('✔')} ${key}: ${plural(result.messages, 'message')} in the outbox; rollcall sync delivers them`,
    );
  }
  if (result.released) await context.print(`${green('✔')} ${key}: the key is free`);
  return 0;
}
