import { existsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { describe, GROUPS, type Register } from '../command.js';
import type { Context } from '../context.js';
import type { FoundSource } from '../init/layouts.js';
import type { NewTarget } from '../init/target.js';
import { misuse } from '../misuse.js';
import { count, near } from '../output.js';

interface Options {
  readonly sample?: boolean;
  readonly warehouse?: string;
  readonly type?: string;
  readonly url?: string;
  readonly set?: readonly string[];
  readonly schemas?: readonly string[];
}

export const init: Register = (program, bind) =>
  describe(program, {
    name: 'init',
    args: '[dir]',
    summary: 'Start a project, from a warehouse or from the bundled sample',
    details:
      'With --warehouse the tables of a DuckDB file, with --type those of any other warehouse, are looked at and its sources written down; with --sample a year of a grocer’s data comes along. A file that is there already is never touched, and secrets are not written into files.',
    group: GROUPS.project,
    uses: ['json'],
    examples: [
      { run: 'init shop --warehouse warehouse.duckdb', does: 'a project in shop/ on your data' },
      { run: "init shop --type postgres --url '${env:DATABASE_URL}'", does: 'on a server' },
      { run: 'init grocer --sample', does: 'one to play with' },
    ],
  })
    .option('--warehouse <file>', 'a DuckDB file to introspect')
    .option('--type <type>', 'another kind of warehouse to introspect: postgres, bigquery, snowflake')
    .option('--url <url>', 'its address; short for --set url=…')
    .option('--set <settings...>', 'its settings, name=value; ${env:NAME} stands for a variable')
    .option('--schemas <names...>', 'the schemas to look at; all unless given')
    .option('--sample', 'the bundled sample, with its data')
    .action(bind(action));

async function action(context: Context, options: Options, given?: string): Promise<number> {
  const dir = resolve(context.io.cwd, given ?? context.globals.project ?? '.');
  const name = near(context.io.cwd, dir);
  const ways = [options.sample === true, options.warehouse !== undefined, options.type !== undefined];
  if (ways.filter(Boolean).length !== 1) {
    const hint = 'rollcall init --warehouse warehouse.duckdb, --type postgres --url …, or --sample';
    throw misuse('init needs one of --warehouse, --type and --sample', hint);
  }
  if (existsSync(join(dir, 'rollcall.json'))) {
    throw misuse(
      `there is a rollcall.json in ${JSON.stringify(name)} already`,
      'choose another folder: rollcall init DIR',
    );
  }
  if (options.sample === true) return sample(context, dir, name);
  return fromWarehouse(context, dir, name, await targetFor(context, options, dir));
}

async function targetFor(context: Context, options: Options, dir: string): Promise<NewTarget> {
  const { engineTarget, fileTarget } = await import('../init/target.js');
  const { type, url, set = [], schemas, warehouse = '' } = options;
  if (type !== undefined) {
    const given = url === undefined ? set : [`url=${url}`, ...set];
    return engineTarget(type, given, schemas, context.io.env);
  }
  const file = resolve(context.io.cwd, warehouse);
  if (existsSync(file)) return fileTarget(file, dir);
  throw misuse(`there is no file ${JSON.stringify(context.pathFromHere(file))}`, 'give a DuckDB file');
}

async function fromWarehouse(
  context: Context,
  dir: string,
  name: string,
  target: NewTarget,
): Promise<number> {
  const { introspect } = await import('../init/introspect.js');
  const { writeProject } = await import('../init/write.js');
  const found = await introspect(target.place, dir);
  if (found.sources.length + found.suggestions.length === 0) {
    throw misuse(
      'no source was found in the warehouse',
      'a schema with tracks and identifies, a table with message_id, type and properties, or tables with an id, a timestamp and a user_id',
    );
  }
  await mkdir(dir, { recursive: true });
  const { written, kept } = await writeProject(dir, target.written, found);
  const sources = found.sources.length > 0 ? found.sources : found.suggestions;
  const suggestions = found.sources.length > 0 ? found.suggestions : [];
  if (context.json) await context.document({ dir: name, written, kept, sources, suggestions });
  const { green, dim, cyan } = context.printPaint;
  for (const source of sources)
    await context.print(`${green('✔')} source ${source.name}: ${sourceWords(source)}`);
  for (const path of written) await context.print(`${green('✔')} wrote ${join(name, path)}`);
  for (const path of kept) await context.print(`${dim('·')} kept ${join(name, path)}`);
  if (suggestions.length > 0) {
    await context.print(`\nThese could be events too; add them to "sources" in rollcall.json:`);
    for (const suggestion of suggestions) await context.print(`  ${JSON.stringify(suggestion)}`);
  }
  for (const variable of target.variables) {
    await context.print(`\nSet ${variable} to the secret you gave: it is not written into rollcall.json.`);
  }
  await context.print(
    `\nNext: ${cyan(`${inFolder(name)}rollcall validate`)}, ${cyan('rollcall test')}, then ${cyan('rollcall run')}`,
  );
  return 0;
}

async function sample(context: Context, dir: string, name: string): Promise<number> {
  const there = await readdir(dir).catch(() => []);
  if (there.length > 0)
    throw misuse(`${JSON.stringify(name)} is not empty`, 'give a new folder: rollcall init grocer --sample');
  const { copySample, SampleWarehouse } = await import('../init/sample.js');
  await copySample(dir);
  context.note(context.errPaint.dim('loading a year of baskets …'));
  const warehouse = await SampleWarehouse.open(dir);
  let messages: number;
  try {
    await warehouse.load();
    messages = await warehouse.land('-infinity', 'infinity');
  } finally {
    await warehouse.close();
  }
  if (context.json) await context.document({ dir: name, messages });
  const { green, cyan } = context.printPaint;
  await context.print(
    `${green('✔')} ${name}: a grocer's 2017, ${count(messages)} messages in target/grocer.duckdb`,
  );
  await context.print(
    `\nNext: ${cyan(`${inFolder(name)}rollcall run --as-of 2017-12-01`)}, then ${cyan('rollcall members win_back')}`,
  );
  return 0;
}

function sourceWords(source: FoundSource): string {
  if (source.layout === 'segment')
    return `the tables of schema ${source.schema}, as Segment and RudderStack lay them out`;
  if (source.layout === 'messages') return `raw messages in ${source.table}`;
  return `rows of ${source.table} as the event ${JSON.stringify(source.event)}`;
}

const inFolder = (name: string): string => (name === '.' ? '' : `cd ${name} && `);
