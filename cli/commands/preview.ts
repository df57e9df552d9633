import { Option } from 'commander';

import { describe, GROUPS, wholeNumber, type Register } from '../command.js';
import { problemsJson, type Context } from '../context.js';
import { count, plural } from '../output.js';
import { rowValue } from '../rows.js';
import { rowTable } from './members.js';

interface Options {
  readonly limit?: number;
  readonly sql?: boolean;
}

export const preview: Register = (program, bind) =>
  describe(program, {
    name: 'preview',
    args: '<key>',
    summary: 'Compute one definition as it stands in its file, and publish nothing',
    group: GROUPS.warehouse,
    uses: ['project', 'target', 'asOf', 'json'],
    examples: [
      { run: 'preview win_back', does: 'its size and a sample' },
      { run: 'preview win_back --as-of 2017-06-01', does: 'as of then' },
      { run: 'preview win_back --sql', does: 'with the SQL' },
    ],
  })
    .addOption(new Option('-n, --limit <rows>', 'rows of the sample').argParser(wholeNumber(0)).default(10))
    .option('--sql', 'print the SQL too')
    .action(bind(action));

async function action(context: Context, { limit = 10, sql }: Options, key: string): Promise<number> {
  const { preview: compute } = await import('../../runtime/index.js');
  const loaded = await context.load();
  const result = await compute({ ...context.runtime(loaded), ...context.asOf, key, limit });
  context.report(result.diagnostics.filter((d) => d.definition === undefined || d.definition === key));
  if (context.json) {
    await context.document({
      ...result,
      sample: result.sample.map(rowValue),
      diagnostics: problemsJson(result.diagnostics),
    });
    return 0;
  }
  const { bold, dim } = context.paint;
  if (sql === true) await context.print(`${result.sql.trimEnd()}\n`);
  const size = plural(result.size, result.kind === 'trait' ? 'value' : 'member');
  await context.print(`${bold(key)}: ${size} ${dim(`as of ${result.as_of}, not published`)}`);
  if (result.sample.length > 0) await context.print(`\n${rowTable(context, result.sample)}`);
  if (result.sample.length < result.size)
    await context.print(dim(`… and ${count(result.size - result.sample.length)} more`));
  return 0;
}
