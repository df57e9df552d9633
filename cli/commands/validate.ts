import { hasErrors, type Diagnostic } from '../../compiler/diagnostics/index.js';
import type { LoadResult } from '../../models/index.js';
import { describe, GROUPS, type Register } from '../command.js';
import { problemCount, problemsJson, type Context } from '../context.js';
import { plural } from '../output.js';
import { testsOf } from '../testing/load.js';

interface Options {
  readonly offline?: boolean;
  readonly strict?: boolean;
}

export const validate: Register = (program, bind) =>
  describe(program, {
    name: 'validate',
    summary: 'Read every definition and print every problem',
    details:
      'Tests of tests/ are read as well, and not run. References, tables and columns are checked against the warehouse too, where it can be opened. Nothing is written.',
    group: GROUPS.project,
    uses: ['project', 'target', 'json'],
    examples: [
      { run: 'validate', does: 'check everything' },
      { run: 'validate --offline', does: 'only the files' },
      { run: 'validate --strict --json', does: 'for CI: a warning is an error' },
    ],
  })
    .option('--offline', 'do not open the warehouse')
    .option('--strict', 'fail on warnings too')
    .action(bind(action));

async function action(context: Context, options: Options): Promise<number> {
  const loaded = await context.loadAll();
  const { checked, diagnostics, tests } = await check(context, loaded, options);
  const failed = hasErrors(diagnostics) || (options.strict === true && diagnostics.length > 0);
  if (context.json) {
    const of = (severity: Diagnostic['severity']) =>
      problemsJson(diagnostics.filter((d) => d.severity === severity));
    await context.document({ valid: !failed, checked, errors: of('error'), warnings: of('warning') });
  }
  context.report(diagnostics);
  const { green, red } = context.printPaint;
  const found = problemCount(diagnostics);
  if (failed) await context.print(`${diagnostics.length > 0 ? '\n' : ''}${red('✖')} ${found}`);
  else {
    const { definitions = [], destinations = [] } = loaded.project ?? {};
    const what = [
      plural(definitions.length, 'definition'),
      plural(destinations.length, 'destination'),
      ...(tests > 0 ? [plural(tests, 'test')] : []),
    ];
    await context.print(
      `${diagnostics.length > 0 ? '\n' : ''}${green('✔')} ${what.join(', ')}: valid${found === '' ? '' : ` (${found})`}`,
    );
  }
  return failed ? 2 : 0;
}

interface Checked {
  readonly checked: boolean;
  readonly diagnostics: readonly Diagnostic[];
  /** How many there are. */
  readonly tests: number;
}

async function check(
  context: Context,
  { project, spans, diagnostics, brokenKeys }: LoadResult,
  options: Options,
): Promise<Checked> {
  if (project === undefined) return { checked: false, diagnostics, tests: 0 };
  const { checkDestinations } = await import('../../delivery/index.js');
  const found = await testsOf(project, brokenKeys);
  const tests = found.tests.length;
  const problems = [
    ...diagnostics,
    ...checkDestinations(project.destinations, spans),
    ...found.diagnostics.filter(({ code }) => code !== 'no-tests'), // they need not be there
  ];
  const { checkFiles, checkProject } = await import('../../runtime/index.js');
  const seen =
    options.offline === true
      ? { checked: false, diagnostics: checkFiles({ project, spans }) }
      : await checkProject(context.runtime({ project, spans }));
  // What refers to a definition that could not be read is not wrong for that.
  const dangling = (d: Diagnostic): boolean =>
    d.code === 'unknown-reference' && [...brokenKeys].some((key) => d.message.includes(`"${key}"`));
  return {
    checked: seen.checked,
    diagnostics: [...problems, ...seen.diagnostics.filter((d) => !dangling(d))],
    tests,
  };
}
