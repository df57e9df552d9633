/** The process that dies (see `Player.killed`). */
import { dialectFor } from '../../dialects/registry.js';
import { loadProject, type TargetConfig } from '../../models/index.js';
import { runProject } from '../../runtime/index.js';
import { dyingAt, type Dying } from './dying.js';

interface Told {
  readonly dir: string;
  readonly projectDir: string;
  readonly target: TargetConfig;
  readonly dying: Dying;
  readonly asOf: string;
}

const { dir, projectDir, target, dying, asOf } = JSON.parse(process.env['ROLLCALL_DYING'] ?? '') as Told;
const { project, spans } = await loadProject({ dir, env: {} });
if (!project) throw new Error('the project does not load');
const dialect = await dialectFor(target.type);
const open: typeof dialect.open = async (options) =>
  dyingAt(await dialect.open({ ...options, projectDir }), dying, () => process.kill(process.pid, 'SIGKILL'));
const result = await runProject({
  project: {
    ...project,
    config: { ...project.config, targets: { it: { ...target, compute: 'incremental' } } },
  },
  spans,
  asOf,
  now: () => new Date().toISOString(),
  newRunId: () => `dead-${process.pid}`,
  invocation: 'scenarios',
  command: 'scenarios',
  artifacts: false,
  dialectFor: () => Promise.resolve(Object.create(dialect, { open: { value: open } }) as typeof dialect),
});
process.stderr.write(JSON.stringify(result.diagnostics));
process.exitCode = result.exit;
