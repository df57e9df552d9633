import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { Option } from 'commander';

import type { SyncResult } from '../../delivery/index.js';
import type { RunResult } from '../../runtime/api.js';
import { describe, GROUPS, wholeNumber, type Register } from '../command.js';
import { Context } from '../context.js';
import { count, duration, moved, plural, right, signed, sparkline, table } from '../output.js';
import type { SampleWarehouse as Sample } from '../init/sample.js';
import { misuse } from '../misuse.js';
import { packageDir } from '../package.js';

interface Options {
  readonly months: number;
}

interface Month {
  readonly messages: number;
  readonly run: RunResult;
  readonly sync: SyncResult;
}

export const demo: Register = (program, bind) =>
  describe(program, {
    name: 'demo',
    args: '[dir]',
    summary: 'Live through a year of a grocer: data lands, audiences change, changes go out',
    details:
      'Needs nothing but a folder to work in: 47,243 baskets land month by month in a DuckDB file, 52 definitions are computed after each.',
    group: GROUPS.more,
    uses: ['json'],
    examples: [
      { run: 'demo', does: 'in ./rollcall-demo' },
      { run: 'demo /tmp/grocer', does: 'somewhere else' },
    ],
  })
    .addOption(new Option('--months <n>', 'stop after so many').argParser(wholeNumber(1)).default(12))
    .action(bind(action));

/** The first of each month after one of 2017: everything before it has happened. */
const ENDS = Array.from({ length: 12 }, (_, i) => new Date(Date.UTC(2017, i + 1, 1)).toISOString());

async function action(given: Context, { months: most }: Options, folder?: string): Promise<number> {
  const started = Date.parse(given.io.now());
  const dir = resolve(given.io.cwd, folder ?? defaultFolder(given));
  await clear(dir);
  const { copySample, SampleWarehouse } = await import('../init/sample.js');
  await copySample(dir);
  // Everything from here on is what a user would do in that folder.
  const context = new Context(given.io, { ...given.globals, project: dir, select: [] }, ['demo']);
  const { bold, dim } = context.printPaint;
  await context.print(`${bold('A grocer’s year')} ${dim(context.pathFromHere('.'))}\n`);

  const months: Month[] = [];
  await withWarehouse((w) => w.load());
  const ends = ENDS.slice(0, most);
  for (const [i, to] of ends.entries()) {
    if (context.io.signal?.aborted) break;
    const from = ENDS[i - 1] ?? '-infinity';
    const messages = await withWarehouse((w) => w.land(sqlInstant(from), sqlInstant(to)));
    const month = await runMonth(context, to, messages, i === ends.length - 1);
    await context.print(monthLine(context, month, messages - (months.at(-1)?.messages ?? 0)));
    months.push(month);
    if (month.run.exit !== 0 || month.sync.exit !== 0)
      context.report([...month.run.diagnostics, ...month.sync.diagnostics]);
  }
  const last = months.at(-1);
  if (last) await compileAll(context, last.run.as_of);
  const exit = Math.max(0, ...months.map((m) => Math.max(m.run.exit, m.sync.exit)));
  if (context.json) await context.document(documentOf(context, months));
  await printYear(context, months, Date.parse(context.io.now()) - started);
  return exit;

  async function withWarehouse<T>(work: (w: Sample) => Promise<T>): Promise<T> {
    const warehouse = await SampleWarehouse.open(dir);
    try {
      return await work(warehouse);
    } finally {
      await warehouse.close();
    }
  }
}

/** In a checkout, beside the example and ignored by git; else where the user is. */
function defaultFolder({ io }: Context): string {
  const isCheckout = io.cwd === packageDir && existsSync(join(packageDir, '.git'));
  return isCheckout ? join(packageDir, 'examples', 'grocer', 'target', 'demo') : 'rollcall-demo';
}

/** The demo starts over in a folder of its own, and touches no other. */
async function clear(dir: string): Promise<void> {
  const there = await readdir(dir).catch((): string[] => []);
  if (there.length === 0) return;
  const { SAMPLE_NAME } = await import('../init/sample.js');
  const config = await readFile(join(dir, 'rollcall.json'), 'utf8').catch(() => '');
  if (!config.includes(`"name": "${SAMPLE_NAME}"`) || !there.includes('land.sql')) {
    throw misuse(
      `${JSON.stringify(dir)} is not empty and holds no earlier demo`,
      'give a new folder: rollcall demo DIR',
    );
  }
  await rm(join(dir, 'target'), { recursive: true, force: true });
}

async function runMonth(
  context: Context,
  asOf: string,
  messages: number,
  artifacts: boolean,
): Promise<Month> {
  const { runProject } = await import('../../runtime/index.js');
  const { syncProject } = await import('../sync.js');
  const { SILENT } = await import('../progress/index.js');
  const loaded = await context.load();
  const run = await runProject({
    ...context.runtime(loaded),
    asOf,
    invocation: context.invocation,
    newRunId: context.io.newRunId,
    artifacts, // of the last run: the files are the same each month, but for their parameters
  });
  return { messages, run, sync: await syncProject(context, loaded, {}, SILENT) };
}

/** Each definition's SELECT, for the reader to open. */
async function compileAll(context: Context, asOf: string): Promise<void> {
  const { compileProject } = await import('../../runtime/index.js');
  await compileProject({ ...context.runtime(await context.load()), asOf });
}

const sqlInstant = (text: string): string => text.replace('T', ' ').replace('Z', '');

function monthLine(context: Context, { run, sync }: Month, landed: number): string {
  const { bold, dim, green, red, yellow } = context.printPaint;
  const total = (of: 'entered' | 'exited'): number => run.definitions.reduce((n, d) => n + (d[of] ?? 0), 0);
  const sent = sync.destinations.reduce((n, d) => n + d.delivered, 0);
  return [
    bold(run.as_of.slice(0, 10)),
    `${count(landed).padStart(6)} messages landed`,
    green(signed(total('entered'), '+').padStart(7)),
    red(signed(total('exited'), '−').padStart(7)),
    `${count(sent).padStart(7)} sent`,
    dim(duration(run.duration_ms)),
    ...(run.status === 'succeeded' ? [] : [yellow(run.status)]),
  ].join('  ');
}

interface Year {
  readonly key: string;
  readonly size: number;
  readonly entered: number;
  readonly exited: number;
  readonly sizes: readonly number[];
}

function yearOf(months: readonly Month[]): readonly Year[] {
  const last = months.at(-1)?.run.definitions ?? [];
  return last
    .filter((d) => d.kind !== 'trait')
    .map(({ key, size }) => {
      const of = months.map((m) => m.run.definitions.find((d) => d.key === key));
      return {
        key,
        size: size ?? 0,
        entered: of.reduce((n, d) => n + (d?.entered ?? 0), 0),
        exited: of.reduce((n, d) => n + (d?.exited ?? 0), 0),
        sizes: of.map((d) => d?.size ?? 0),
      };
    });
}

async function printYear(context: Context, months: readonly Month[], ms: number): Promise<void> {
  const paint = context.printPaint;
  const columns = [
    { title: 'audience' },
    right('size'),
    right('entered'),
    right('exited'),
    { title: '2017, month by month' },
  ];
  const rows = yearOf(months).map((a) => [
    a.key,
    a.size,
    moved(a.entered, '+', paint.green),
    moved(a.exited, '−', paint.red),
    paint.cyan(sparkline(a.sizes)),
  ]);
  await context.print(`\n${table(paint, columns, rows)}`);
  const { database, sql, batches } = places(context);
  const definitions = months.at(-1)?.run.definitions.length ?? 0;
  await context.print(
    `\n${paint.green('✔')} ${plural(months.length, 'run')} of ${plural(definitions, 'definition')} in ${duration(ms)}`,
  );
  await context.print(`  warehouse  ${database}`);
  await context.print(`  SQL        ${sql}`);
  await context.print(`  sent       ${batches}`);
  const project = context.pathFromHere('.');
  await context.print(`\nNext: ${paint.cyan(`rollcall members win_back --project ${project}`)}`);
}

function places(context: Context): {
  readonly database: string;
  readonly sql: string;
  readonly batches: string;
} {
  return {
    database: context.pathFromHere('target/grocer.duckdb'),
    sql: context.pathFromHere('target/compiled'),
    batches: context.pathFromHere('target/out'),
  };
}

function documentOf(context: Context, months: readonly Month[]): unknown {
  return {
    dir: context.projectDir,
    ...places(context),
    months: months.map(({ run, sync, messages }) => ({
      as_of: run.as_of,
      run_id: run.run_id,
      status: run.status,
      messages,
      delivered: sync.destinations.reduce((n, d) => n + d.delivered, 0),
      duration_ms: run.duration_ms,
    })),
    audiences: yearOf(months),
  };
}
