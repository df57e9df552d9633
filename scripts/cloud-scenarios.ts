/**
 * The life of a project on a warehouse of yours: `npm run cloud-scenarios -- PROJECT TARGET` plays some days of a small
 * project (run, the same run again, delivery, late data, an edit, its difference, runs that fail and runs that are killed, a second
 * comer, removal) on the target of that project's rollcall.json and on DuckDB, and compares what is seen after each. It makes two
 * schemas of its own, whose names begin with `rollcall_it_`, and drops their tables at the end.
 *
 * Without a project (nor ROLLCALL_SCENARIOS_PROJECT and ROLLCALL_SCENARIOS_TARGET) it says that it is skipped, and exits 0.
 */
import { deepStrictEqual } from 'node:assert';
import { dialectFor } from '../dialects/registry.js';
import { loadProject } from '../models/index.js';
import { LIFE, Lives } from '../tests/scenarios/life.js';

const [folder = process.env['ROLLCALL_SCENARIOS_PROJECT'], name = process.env['ROLLCALL_SCENARIOS_TARGET']] =
  process.argv.slice(2);

const say = (text: string): void => void process.stdout.write(`${text}\n`);

async function main(): Promise<number> {
  if (folder === undefined || name === undefined) {
    say('skipped: no project and target given, nor ROLLCALL_SCENARIOS_PROJECT and _TARGET set');
    return 0;
  }
  const { project, diagnostics } = await loadProject({ dir: folder, env: process.env, target: name });
  const settings = project?.config.targets[name];
  if (!project || !settings) {
    for (const { message } of diagnostics) say(message);
    return 2;
  }
  const schema = `rollcall_it_${Date.now().toString(36)}`;
  const dialect = await dialectFor(settings.type);
  const lives = new Lives({
    dialect,
    target: { ...settings, schema },
    raw: `${schema}_raw`,
    projectDir: project.dir,
  });
  let failed = 0;
  try {
    for (const step of LIFE) {
      const started = performance.now();
      try {
        const { expected, actual } = await lives.play(step);
        deepStrictEqual(actual, expected);
        say(`✔ ${step.name} (${Math.round(performance.now() - started)} ms)`);
      } catch (error) {
        failed += 1;
        say(`✖ ${step.name}\n${error instanceof Error ? error.message : String(error)}`);
      }
    }
  } finally {
    await lives.clear();
  }
  say(failed === 0 ? `${name}: as DuckDB` : `${name}: ${failed} of ${LIFE.length} differ`);
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main();
