/** What the benchmarks of runs share: a project that is there, a run of it, and what its steps took. */
import type { Warehouse } from '../dialects/warehouse.js';
import { loadProject } from '../models/index.js';
import {
  runProject,
  type RunEvent,
  type RunOptions,
  type RunResult,
  type RuntimeOptions,
} from '../runtime/index.js';
import { rows } from './queries.js';

/** Reads the project of a folder: what is asked of the runtime begins with it. */
export async function projectAt(dir: string): Promise<RuntimeOptions> {
  const { project, spans, diagnostics } = await loadProject({ dir, env: {} });
  if (!project) throw new Error(JSON.stringify(diagnostics));
  return { project, spans, now: () => new Date().toISOString() };
}

/** A run that has to succeed; it writes no artifacts unless it is told to. */
export async function benchRun(
  project: RuntimeOptions,
  { runId, ...options }: { readonly runId: string; readonly asOf: string } & Partial<RunOptions>,
): Promise<RunResult> {
  const result = await runProject({
    ...project,
    invocation: 'bench',
    newRunId: () => runId,
    artifacts: false,
    ...options,
  });
  const { exit, diagnostics, definitions } = result;
  if (exit !== 0)
    throw new Error(JSON.stringify([...diagnostics, ...definitions.flatMap((d) => d.error ?? [])]));
  return result;
}

/** How long a run took from event to event, as a text; moments are left out, and how far a statement is. */
export function phases(): { readonly onEvent: (event: RunEvent) => void; readonly told: () => string } {
  const all: string[] = [];
  let last = performance.now();
  return {
    onEvent: ({ event }) => {
      if (event === 'step_progress') return;
      const now = performance.now();
      if (now - last > 50) all.push(`${event} ${((now - last) / 1000).toFixed(2)}`);
      last = now;
    },
    told: () => all.join(', '),
  };
}

/** Milliseconds that the steps of a run took whose names match. */
export async function stepsMs(w: Warehouse, run: string, names: string): Promise<number> {
  const [own] = await rows(
    w,
    `select sum(epoch_ms(completed_at - started_at)) ms from rollcall.run_steps where run_id = '${run}' and regexp_full_match(step, '${names}')`,
  );
  return Number(own?.['ms']);
}

/** Prints the steps of a run that took longest, of those that change rows. */
export async function printLongest(w: Warehouse, run: string): Promise<void> {
  const longest = await rows(
    w,
    `select step, epoch_ms(completed_at - started_at) ms, rows_changed n from rollcall.run_steps
     where run_id = '${run}' and rows_changed is not null order by ms desc nulls last limit 25`,
  );
  for (const row of longest)
    console.log(`  ${String(row['ms'])} ms ${String(row['step'])} (${String(row['n'])})`);
}
