/** A run: land, compute, publish. What happens once it has begun is in its result, and in `runs`. */
import type { RunOptions, RunResult } from './api.js';
import { writeRunResults } from './artifacts.js';
import { refuseBehind } from './existing.js';
import { readAsOf } from './instants.js';
import { prepareRun, type Prepared } from './prepare.js';
import { refreshReadCopy } from './read-copy.js';
import { reconcile, type Drift } from './reconcile.js';
import { Cancelled } from './retry.js';
import { Run } from './running.js';
import { withSession, type Session } from './session.js';
import { markFailed, Tracing } from './tracing.js';

/** Computes and publishes a selection (see `RunProject`). Asked to stop before it has begun, it throws `Cancelled`. */
export async function runProject(options: RunOptions): Promise<RunResult> {
  const asOf = readAsOf(options.asOf, options.now());
  const runId = options.newRunId();
  const access = { mode: 'write', owner: { runId, command: options.invocation } } as const;
  const result = await withSession(options, access, async (session) => {
    const prepared = await prepareRun(session, { ...options, asOf });
    const { runs } = prepared.stored;
    refuseBehind(asOf, runs, options.asOfBehind ?? false);
    // Before the first run there is nothing to compare with.
    const compared = options.reconcile === true && runs.lastPublished !== undefined;
    const done = compared
      ? await reconcile(options, session, { asOf, runId }, executeRun)
      : await executeRun(options, session, prepared, { asOf, runId });
    return withReadCopy(session, done);
  }).catch((error: unknown) => {
    throw options.signal?.aborted ? new Cancelled() : error;
  });
  if (options.artifacts ?? true) await writeRunResults(options.project, result);
  return result;
}

/** A run's result once what it published was copied for readers, where the target has a copy. */
async function withReadCopy(session: Session, result: RunResult): Promise<RunResult> {
  if (result.status !== 'succeeded' && result.status !== 'partial') return result;
  const problems = await refreshReadCopy(session);
  if (problems.length === 0) return result;
  return { ...result, diagnostics: [...result.diagnostics, ...problems], exit: 1 };
}

/** Executes a program that was prepared for an instant, in an open session that holds the lock. */
export const executeRun = (
  options: RunOptions,
  session: Session,
  prepared: Prepared,
  { asOf, runId }: { readonly asOf: string; readonly runId: string },
  drift?: Drift,
): Promise<RunResult> => {
  const tracing = new Tracing();
  const attributes = {
    'rollcall.run_id': runId,
    'rollcall.as_of': asOf,
    'rollcall.engine': session.dialect.name,
    'rollcall.target': session.project.config.target,
    'rollcall.project': session.project.config.name,
  };
  return tracing.span('rollcall.run', attributes, async (span) => {
    const result = await new Run(options, session, prepared, asOf, runId, tracing, drift).execute();
    const failed = result.definitions.filter(({ error }) => error !== undefined).length;
    span.setAttributes({
      'rollcall.status': result.status,
      'rollcall.definitions': result.definitions.length,
      'rollcall.definitions_failed': failed,
      'rollcall.retries': result.steps.reduce((most, { retries }) => most + retries, 0),
    });
    if (result.exit !== 0) markFailed(span, result.diagnostics.find((d) => d.severity === 'error')?.code ?? result.status); // prettier-ignore
    return result;
  });
};
