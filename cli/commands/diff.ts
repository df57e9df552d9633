import { Option } from 'commander';

import type { Row } from '../../dialects/warehouse.js';
import type { DiffResult } from '../../runtime/queries-api.js';
import { describe, GROUPS, wholeNumber, type Register } from '../command.js';
import type { Context } from '../context.js';
import { count } from '../output.js';
import { rowValue } from '../rows.js';
import { rowTable } from './members.js';

interface Options {
  readonly limit?: number;
}

const SCREENFUL = 20;

export const diff: Register = (program, bind) =>
  describe(program, {
    name: 'diff',
    args: '<key>',
    summary: 'Print who entered and who left with the last run',
    details: 'Of a trait: whose value changed.',
    group: GROUPS.warehouse,
    uses: ['project', 'target', 'json'],
    examples: [
      { run: 'diff lapsing_shoppers', does: 'who came, who went' },
      { run: 'diff lapsing_shoppers --json', does: 'all of them, as JSON' },
    ],
  })
    .addOption(
      new Option('-n, --limit <rows>', 'at most so many of each; 0 is all').argParser(wholeNumber(0)),
    )
    .action(bind(action));

async function action(context: Context, options: Options, key: string): Promise<number> {
  const { diff: read } = await import('../../runtime/index.js');
  const loaded = await context.load();
  const asked = options.limit ?? (context.json ? 0 : SCREENFUL);
  const result = await read({
    ...context.runtime(loaded),
    key,
    ...(asked === 0 ? {} : { limit: asked }),
  });
  if (context.json) {
    const json = (rows: readonly Row[]): unknown => rows.map(rowValue);
    const { entered, exited, changed } = result;
    await context.document({
      ...result,
      entered: json(entered),
      exited: json(exited),
      changed: json(changed),
    });
    return 0;
  }
  const { green, red, yellow, bold, dim } = context.paint;
  await context.print(
    `${bold(key)} ${dim(`${result.kind}, ${count(result.size)} now, run ${result.run_id ?? '–'} as of ${result.as_of ?? '–'}`)}`,
  );
  const lists = [
    [green('entered'), result.entered, result.counts.entered],
    [red('exited'), result.exited, result.counts.exited],
    [yellow('changed'), result.changed, result.counts.changed],
  ] as const;
  for (const [title, rows, all] of lists) {
    if (rows.length === 0) continue;
    const part = rows.length < all ? dim(` (the first ${count(rows.length)}; --limit 0 for all)`) : '';
    await context.print(`\n${title} ${count(all)}${part}`);
    await context.print(rowTable(context, rows));
  }
  if (nothing(result)) await context.print('\nnothing changed');
  return 0;
}

function nothing({ entered, exited, changed }: DiffResult): boolean {
  return entered.length + exited.length + changed.length === 0;
}
