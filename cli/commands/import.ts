import { readFile } from 'node:fs/promises';
import { join, posix, resolve } from 'node:path';

import { Argument, Option } from 'commander';

import { hasErrors, UserError, type Diagnostic } from '../../compiler/diagnostics/index.js';
import type { Listing } from '../../models/index.js';
import { describe, GROUPS, type Register } from '../command.js';
import { problemsJson, type Context } from '../context.js';
import { planImport, type ImportPlan, type PlannedItem } from '../importing/plan.js';
import { writeAll } from '../importing/write.js';
import { schemaFolder, schemaRef } from '../init/schemas.js';
import { misuse } from '../misuse.js';
import { plural, shown, table } from '../output.js';

interface Options {
  readonly into: string;
  readonly as: 'query' | 'json';
  readonly force?: boolean;
}

const FORMATS = ['segment'] as const;

export const importDefinitions: Register = (program, bind) =>
  describe(program, {
    name: 'import',
    summary: 'Write definitions from what another tool lists',
    details:
      'From Segment: files of audiences and computed traits as its Public API lists them. A file or key that is there already is never touched without --force.',
    group: GROUPS.project,
    uses: ['project', 'json'],
    examples: [
      { run: 'import segment audiences.json', does: 'a file for each, below models/imported/' },
      { run: 'import segment audiences.json traits.json --into models/segment', does: 'elsewhere' },
      { run: 'import segment audiences.json --as json', does: 'in the JSON form instead of query text' },
    ],
  })
    .addArgument(new Argument('<format>', 'what the files are').choices(FORMATS))
    .argument('<files...>', 'the listings')
    .option('--into <folder>', 'where files go, below models/', 'models/imported')
    .addOption(
      new Option('--as <form>', 'how definitions are written').choices(['query', 'json']).default('query'),
    )
    .option('--force', 'replace definitions and files that are there already')
    .action(bind(action));

async function action(
  context: Context,
  options: Options,
  _format: string,
  files: readonly string[],
): Promise<number> {
  const into = folderOf(options.into);
  const loaded = await context.loadAll({ detached: true });
  const { project, brokenKeys } = loaded;
  if (project === undefined) throw new UserError(loaded.diagnostics);
  const { convertItem } = await import('../../models/index.js');
  const listings = await Promise.all(files.map((file) => listingOf(context, file)));
  const diagnostics = listings.flatMap((listing) => listing.diagnostics);
  if (hasErrors(diagnostics)) throw new UserError(diagnostics);

  const items = listings.flatMap((listing) => listing.items).map((item) => convertItem(item, options.as));
  const plan = planImport(items, { project, brokenKeys, into, force: options.force === true });
  await write(plan, project.dir);
  await report(context, plan, diagnostics);
  return plan.refused.length > 0 ? 1 : 0;
}

async function listingOf({ io }: Context, file: string): Promise<Listing> {
  const { readListing } = await import('../../models/index.js');
  const bytes = await readFile(resolve(io.cwd, file));
  return readListing(bytes.toString('utf8').replace(/^\ufeff/, ''), file.replaceAll('\\', '/'));
}

/** Definitions are read below models/, and nowhere else. */
function folderOf(given: string): string {
  const folder = posix.normalize(given.replaceAll('\\', '/')).replace(/\/+$/, '');
  if (folder === 'models' || folder.startsWith('models/')) return folder;
  throw misuse(
    `--into ${JSON.stringify(given)} is not below models/, where definitions are read`,
    `--into ${posix.join('models', posix.basename(folder))}`,
  );
}

async function write({ writable }: ImportPlan, dir: string): Promise<void> {
  if (writable.length === 0) return;
  const folder = await schemaFolder(dir);
  const files = writable.flatMap(({ file, kind, text }) => {
    const path = join(dir, file);
    return text === undefined
      ? []
      : [{ path, text: text(schemaRef(folder, path, kind === 'trait' ? kind : 'audience')) }];
  });
  await writeAll(files);
}

async function report(context: Context, plan: ImportPlan, diagnostics: readonly Diagnostic[]): Promise<void> {
  const { writable, refused } = plan;
  const problems = [...diagnostics, ...refused.flatMap((item) => item.errors)];
  if (context.json) {
    await context.document({
      imported: writable.map((item) => itemJson(item)),
      refused: refused.map((item) => ({ ...itemJson(item), errors: problemsJson(item.errors) })),
      warnings: problemsJson(diagnostics),
    });
  }
  const { green, red, yellow, dim } = context.printPaint;
  const rows = [...writable, ...refused].map((item) => {
    const isWritten = item.errors.length === 0;
    return [
      isWritten ? green('✔') : red('✖'),
      item.kind,
      shown(item.enabled ? item.key : `${item.key} (disabled)`, 50),
      isWritten ? item.file : red('not imported'),
      shown(notesOf(item).join('; '), 90),
    ];
  });
  const columns = ['', 'kind', 'key', 'file', 'notes'].map((title) => ({ title }));
  if (rows.length > 0) await context.print(`${table(context.printPaint, columns, rows)}\n`);
  context.report(problems);
  if (problems.length > 0) context.note('');
  const count = `${plural(writable.length, 'definition')} imported`;
  if (rows.length === 0) await context.print(yellow('nothing to import: the listing is empty'));
  else if (refused.length === 0) await context.print(`${green('✔')} ${count}`);
  else await context.print(`${red('✖')} ${count}, ${refused.length} not`);
  if (writable.length > 0) await context.print(dim('Next: rollcall validate'));
}

const notesOf = ({ renamedFrom, notes }: PlannedItem): readonly string[] => [
  ...(renamedFrom === undefined ? [] : [`was ${JSON.stringify(renamedFrom)}`]),
  ...notes,
];

function itemJson({ kind, key, name, enabled, file, renamedFrom, notes }: PlannedItem) {
  return { kind, key, name, enabled, file, renamed_from: renamedFrom ?? null, notes };
}
