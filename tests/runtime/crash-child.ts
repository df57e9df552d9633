/** Runs a project and dies, as by `kill -9`, just before its nth statement. Arguments: folder, as_of, n, run id. */
import { loadProject } from '../../models/index.js';
import { runProject } from '../../runtime/index.js';
import { hooked } from './faults.js';
import { NOW } from './shop.js';

const [dir = '', asOf = '', nth = '', runId = ''] = process.argv.slice(2);
const { project, spans } = await loadProject({ dir, env: {} });
if (!project) throw new Error('the project does not load');
let left = Number(nth);
const dialectFor = hooked(() => {
  left -= 1;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
});
await runProject({
  project,
  spans,
  asOf,
  dialectFor,
  now: () => NOW,
  newRunId: () => runId,
  invocation: 'rollcall run',
});
