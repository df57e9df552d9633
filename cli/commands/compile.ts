import { describe, GROUPS, type Register } from '../command.js';
import { problemsJson, type Context } from '../context.js';
import { count, plural, table } from '../output.js';

/** Lines of the table: more than this is for `--json`. */
const MOST = 60;

interface Options {
  readonly print?: boolean;
}

export const compile: Register = (program, bind) =>
  describe(program, {
    name: 'compile',
    summary: 'Write the SQL of every definition, and of the run, under target/',
    details:
      'Each definition becomes a SELECT that stands alone. The warehouse is looked at, nothing in it changes.',
    group: GROUPS.project,
    uses: ['project', 'target', 'select', 'asOf', 'json'],
    examples: [
      { run: 'compile', does: 'write target/compiled, target/run and manifest.json' },
      { run: 'compile --select win_back --print', does: 'print the SQL of one audience' },
    ],
  })
    .option('--print', 'print the SQL of what is selected')
    .action(bind(action));

async function action(context: Context, options: Options): Promise<number> {
  const { compileProject, SecondThread } = await import('../../runtime/index.js');
  const ahead: { second?: ReturnType<typeof SecondThread.for> } = {};
  const onFound = (files: number): void => {
    ahead.second = SecondThread.for(files);
  };
  const loaded = await context.load({ onFound }).catch(async (error: unknown) => {
    await ahead.second?.close();
    throw error;
  });
  const asked = { ...context.runtime(loaded), ...context.selection, ...context.asOf };
  const result = await compileProject(asked, ahead.second);
  const warnings = problemsJson(result.diagnostics);
  if (context.json) await context.document({ ...result, diagnostics: warnings });
  context.report([...loaded.warnings, ...result.diagnostics]);
  const [only] = result.definitions;
  const oneOnTerminal = result.definitions.length === 1 && context.io.stdout.isTTY === true;
  if (!context.json && only !== undefined && (options.print === true || oneOnTerminal)) {
    const many = result.definitions.length > 1;
    for (const { key, sql } of result.definitions) {
      await context.print(`${many ? `-- ${key}\n` : ''}${sql.trimEnd()}${many ? ';\n' : ''}`);
    }
    if (options.print === true) return 0;
  }
  if (!oneOnTerminal) {
    const listed = result.definitions.slice(0, MOST);
    const rows = listed.map((d) => [d.kind, d.key, context.pathFromHere(d.compiled)]);
    await context.print(
      table(context.printPaint, [{ title: 'kind' }, { title: 'key' }, { title: 'SQL' }], rows),
    );
  }
  const more = result.definitions.length - MOST;
  if (!oneOnTerminal && more > 0) await context.print(context.printPaint.dim(`… and ${count(more)} more`));
  const where = context.pathFromHere('target/run');
  await context.print(
    `\n${context.printPaint.green('✔')} ${plural(result.definitions.length, 'definition')} as of ${result.as_of}; the run's ${plural(result.run.length, 'file')} in ${where}`,
  );
  return 0;
}
