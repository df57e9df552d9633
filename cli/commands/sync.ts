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
      { run: 'sync --select crm', does: 'one destination' },
      { run: 'sync --select crm tag:daily', does: 'to one destination, of some definitions' },
    ],
  })
    .option(...WAIT)
    .action(bind(action));

async function action(context: Context, options: { readonly wait?: bigint }): Promise<number> {
  context.wait = options.wait;
  const { choose, printSync, syncJson, syncProject } = await import('../sync.js');
  const loaded = await context.load();
  const result = await syncProject(context, loaded, await choose(context, loaded));
  if (context.json) await context.document(syncJson(result));
  await printSync(context, result);
  return result.exit;
}
