import { Option } from 'commander';

import { describe, GROUPS, type Register } from '../command.js';
import { problemsJson, type Context } from '../context.js';
import { plural, shown, table } from '../output.js';

interface Options {
  readonly output?: 'table' | 'keys' | 'paths' | 'json';
  readonly state?: string;
}

export const ls: Register = (program, bind) =>
  describe(program, {
    name: 'ls',
    summary: 'List what a selector selects, in the order it would be computed',
    group: GROUPS.project,
    uses: ['project', 'target', 'select', 'json'],
    examples: [
      { run: 'ls', does: 'everything' },
      { run: 'ls --select +win_back', does: 'an audience and all it refers to' },
      { run: 'ls --select tag:daily,kind:trait', does: 'a comma: both; a space: either' },
      { run: 'ls --select state:modified --output keys', does: 'what changed since the last run' },
    ],
  })
    .addOption(
      new Option('-o, --output <form>', 'how to print it')
        .choices(['table', 'keys', 'paths', 'json'])
        .default('table'),
    )
    .option('--state <dir>', 'a folder with the manifest.json that state:modified compares with')
    .action(bind(action));

async function action(context: Context, options: Options): Promise<number> {
  const { listDefinitions } = await import('../../runtime/index.js');
  const loaded = await context.load();
  const state = options.state === undefined ? {} : { state: options.state };
  const result = await listDefinitions({ ...context.runtime(loaded), ...context.selection, ...state });
  const { definitions } = result;
  context.report(result.diagnostics);
  if (context.json || options.output === 'json') {
    await context.document({ definitions, diagnostics: problemsJson(result.diagnostics) });
    return 0;
  }
  if (options.output === 'keys' || options.output === 'paths') {
    for (const d of definitions) await context.print(options.output === 'keys' ? d.key : d.file);
    return 0;
  }
  const rows = definitions.map((d) => [
    d.kind,
    d.enabled ? d.key : context.paint.dim(`${d.key} (disabled)`),
    shown(d.name, 40),
    d.tags.join(', '),
    d.destinations.join(', '),
    d.file,
  ]);
  const columns = ['kind', 'key', 'name', 'tags', 'destinations', 'file'].map((title) => ({ title }));
  await context.print(table(context.paint, columns, rows));
  await context.print(`\n${plural(definitions.length, 'definition')}`);
  return 0;
}
