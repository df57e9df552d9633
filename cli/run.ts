/** What a run came to, for people and as JSON. */
import type { DefinitionResult, RunResult } from '../runtime/api.js';
import type { Reconciled } from '../runtime/reconcile-api.js';
import { problemsJson, type Context, type Loaded } from './context.js';
import { changedCell, duration, moved, plural, right, table, type Paint } from './output.js';

/** What `--json` prints of a run. */
export function runJson(result: RunResult, sync: unknown, alerts: unknown): unknown {
  const definitions = result.definitions.map(({ error, ...rest }) => ({
    ...rest,
    ...(error === undefined ? {} : { error: problemsJson([error])[0] }),
  }));
  const diagnostics = problemsJson(result.diagnostics);
  return {
    ...result,
    definitions,
    diagnostics,
    ...(sync === undefined ? {} : { sync }),
    ...(alerts === undefined ? {} : { alerts }),
  };
}

/** The table of a run, its problems and its last line. */
export async function printRun(context: Context, { warnings }: Loaded, result: RunResult): Promise<void> {
  const paint = context.printPaint;
  if (result.definitions.length > 0) {
    const columns = [
      { title: 'key' },
      { title: 'kind' },
      ...['size', 'entered', 'exited', 'changed', 'time'].map(right),
    ];
    await context.print(
      table(
        paint,
        columns,
        result.definitions.map((d) => definitionRow(paint, d)),
      ),
    );
    await context.print();
  }
  if (result.reconciled) await printReconciled(context, result.reconciled);
  const known = new Set(result.diagnostics.map((d) => d.message));
  context.report([...warnings.filter((w) => !known.has(w.message)), ...result.diagnostics]);
  const failed = result.definitions.filter(isBad).length;
  const done = result.definitions.filter((d) => d.status === 'succeeded').length;
  const mark = {
    succeeded: paint.green('✔'),
    partial: paint.yellow('!'),
    failed: paint.red('✖'),
    cancelled: paint.yellow('✖'),
  };
  const words = [
    `run ${result.run_id} ${result.status}`,
    plural(done, 'definition'),
    ...(failed > 0 ? [paint.red(`${failed} failed`)] : []),
    `as of ${result.as_of}`,
    duration(result.duration_ms),
  ];
  await context.print(`${mark[result.status]} ${words.join(' · ')}`);
  await context.print(paint.dim(`  ${context.pathFromHere('target/run_results.json')}`));
}

/** What had drifted, a line each. */
async function printReconciled(context: Context, { definitions, facts }: Reconciled): Promise<void> {
  const { green, yellow } = context.printPaint;
  if (definitions.length === 0 && facts.length === 0) {
    await context.print(`${green('✔')} reconciled: state is what the raw rows say`);
    return;
  }
  await context.print(`${yellow('!')} reconciled: state was not what the raw rows say, and is now`);
  for (const { source, facts: what, before, after } of facts) {
    const how =
      before === after ? `${plural(after, 'fact')}, some of them others` : `${before} facts, now ${after}`;
    await context.print(`  ${source}: ${what}: ${how}`);
  }
  for (const { key, sample, ...counts } of definitions) {
    const parts = (['missing', 'surplus', 'changed'] as const)
      .filter((what) => counts[what] > 0)
      .map((what) => `${counts[what]} ${what} (${sample[what].map((id) => JSON.stringify(id)).join(', ')})`);
    await context.print(`  ${key}: ${parts.join(', ')}`);
  }
  await context.print();
}

const isBad = ({ status }: DefinitionResult): boolean =>
  status === 'failed' || status === 'held' || status === 'upstream_failed';

function definitionRow(paint: Paint, d: DefinitionResult): readonly (string | number | null)[] {
  if (d.status === 'succeeded') {
    return [
      d.key,
      d.kind,
      d.size,
      moved(d.entered, '+', paint.green),
      moved(d.exited, '−', paint.red),
      changedCell(d),
      duration(d.duration_ms),
    ];
  }
  const word = d.status.replace('_', ' ');
  const bad = isBad(d);
  return [
    bad ? paint.red(d.key) : paint.dim(d.key),
    d.kind,
    bad ? paint.red(word) : paint.dim(word),
    '',
    '',
    '',
    '',
  ];
}
