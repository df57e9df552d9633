import { hasErrors, type Diagnostic } from '../../compiler/diagnostics/index.js';
import type { Check } from '../../runtime/doctor-api.js';
import { describe, GROUPS, type Register } from '../command.js';
import type { Context } from '../context.js';
import { plural, shown } from '../output.js';
import { manifest } from '../package.js';

export const doctor: Register = (program, bind) =>
  describe(program, {
    name: 'doctor',
    summary: 'Check configuration, connection and permissions of a target, and say what to fix',
    details:
      'Writes nothing that stays: tables are made in a transaction that is rolled back, or dropped again.',
    group: GROUPS.warehouse,
    uses: ['project', 'target', 'json'],
    examples: [
      { run: 'doctor', does: 'check the default target' },
      { run: 'doctor --target prod --json', does: 'another one, as one JSON document' },
    ],
  }).action(bind(action));

async function action(context: Context): Promise<number> {
  const checks: Check[] = [];
  const tell = (check: Check): void => {
    checks.push(check);
    void context.print(line(context, check));
  };
  tell(node());
  const { project, spans, diagnostics } = await context.loadAll();
  // A target can be looked at before there is anything to compute on it.
  const empty = diagnostics.find(({ code }) => code === 'empty-project');
  const config = diagnostics.filter(
    (d) => d !== empty && (d.span?.file === 'rollcall.json' || d.span === undefined),
  );
  for (const check of configuration(context, project?.config.target, config)) tell(check);
  let exit: number = checks.some(({ status }) => status === 'error') || project === undefined ? 2 : 0;
  if (project !== undefined && exit === 0) {
    if (empty) tell({ name: 'definitions', status: 'warning', ...told(empty) });
    const others = diagnostics.filter(
      (d) => d.severity === 'error' && d !== empty && !config.includes(d),
    ).length;
    if (others > 0) {
      const message = `${plural(others, 'problem')} in the project's files`;
      tell({ name: 'definitions', status: 'warning', message, hint: 'rollcall validate' });
    }
    const { doctor: examine } = await import('../../runtime/index.js');
    const result = await examine({ ...context.runtime({ project, spans }), onCheck: tell });
    exit = result.exit;
  }
  const failed = checks.filter(({ status }) => status === 'error').length;
  if (context.json) {
    await context.document({
      target: project?.config.target ?? context.globals.target ?? null,
      healthy: failed === 0,
      checks,
    });
  } else {
    const { green, red } = context.paint;
    await context.print(
      failed === 0 ? `\n${green('✔')} ready to run` : `\n${red('✖')} ${plural(failed, 'problem')}`,
    );
  }
  return exit;
}

function node(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const message = `Node ${process.versions.node}, rollcall ${manifest.version}`;
  if (major > 20 || (major === 20 && minor >= 19)) return { name: 'node', status: 'ok', message };
  return { name: 'node', status: 'error', message, hint: 'Node 20.19 or newer is needed' };
}

/** The project's file and the variables its target needs; a missing one has its place in the file. */
function configuration(
  context: Context,
  target: string | undefined,
  found: readonly Diagnostic[],
): readonly Check[] {
  const told = found
    .filter((d) => d.severity === 'error' || d.span !== undefined)
    .map(({ code, severity, message, hint, span }): Check => {
      const at = span === undefined ? '' : `${span.file}:${span.start.line}:${span.start.column} `;
      const rest = hint === undefined ? { code } : { code, hint };
      return { name: 'configuration', status: severity, message: `${at}${message}`, ...rest };
    });
  if (hasErrors(found) || target === undefined) return told;
  const file = context.pathFromHere('rollcall.json');
  return [...told, { name: 'configuration', status: 'ok', message: `${file}, target ${target}` }];
}

const told = ({ code, message, hint }: Diagnostic): Pick<Check, 'code' | 'message' | 'hint'> => ({
  message,
  code,
  ...(hint !== undefined && { hint }),
});

/** `✔ connection  duckdb answers`, and below what to do. */
function line(context: Context, { name, status, message, hint }: Check): string {
  const { green, red, yellow, dim } = context.printPaint;
  const mark = { ok: green('✔'), warning: yellow('!'), error: red('✖') }[status];
  const fix = hint === undefined || status === 'ok' ? '' : `\n  ${dim('→')} ${shown(hint, 400) ?? ''}`;
  return `${mark} ${name.padEnd(14)} ${shown(message, 400) ?? ''}${fix}`;
}
