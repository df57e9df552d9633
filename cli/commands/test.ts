import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import { hasErrors, UserError } from '../../compiler/diagnostics/index.js';
import type { TestResult } from '../../runtime/testing/api.js';
import { describe, GROUPS, type Register } from '../command.js';
import type { Context } from '../context.js';
import { junitXml } from '../testing/junit.js';
import { testsOf } from '../testing/load.js';
import { resultLines, summary, testJson } from '../testing/print.js';

interface Options {
  readonly junit?: string;
}

export const test: Register = (program, bind) =>
  describe(program, {
    name: 'test',
    summary: 'Test definitions: events in, members and values out',
    details:
      'Runs tests/*.json of the project, sub-folders included, each in a warehouse of its own, in memory. The target is not opened, whatever it is.',
    group: GROUPS.project,
    uses: ['project', 'select', 'json'],
    examples: [
      { run: 'test', does: 'every test' },
      { run: 'test --select win_back', does: 'those about one definition' },
      { run: 'test --select tag:core+', does: 'about what is tagged core, and all that reads it' },
      { run: 'test --junit target/junit.xml', does: 'for CI' },
    ],
  })
    .option('--junit <file>', 'also write the results as JUnit XML')
    .action(bind(action));

async function action(context: Context, { junit }: Options): Promise<number> {
  const loaded = await context.loadAll({ detached: true });
  const { project, spans, brokenKeys } = loaded;
  if (project === undefined) throw new UserError(loaded.diagnostics);
  const found = await testsOf(project, brokenKeys);
  const problems = [...loaded.diagnostics, ...found.diagnostics];
  if (hasErrors(problems)) throw new UserError(problems);
  context.report(problems);

  const { runTests } = await import('../../runtime/index.js');
  const { signal, now, dialectFor } = context.io;
  const results = await runTests({
    project,
    spans,
    tests: found.tests,
    testSpans: found.spans,
    now,
    ...context.selection,
    ...(signal === undefined ? {} : { signal }),
    ...(dialectFor && { dialectFor }),
    onResult: async (result) => {
      for (const line of resultLines(context.printPaint, result)) await context.print(line);
    },
  });
  if (junit !== undefined) await writeJunit(resolve(context.io.cwd, junit), results);
  if (context.json) await context.document(testJson(results));
  await context.print(summary(context.printPaint, results, found.tests.length));
  return results.every(({ status }) => status === 'passed') ? 0 : 1;
}

async function writeJunit(path: string, results: readonly TestResult[]): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, junitXml(results));
}
