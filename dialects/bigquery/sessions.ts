/**
 * Sessions, which hold transactions and temporary tables, and go on without whoever made them: for a day after their last
 * statement, and an open transaction with them, which is in the way of all that change the same tables. A session cannot be given
 * a name, but the job that makes it can. It is called after the run, so whoever knows that a run is gone finds its sessions:
 * by jobs' own ids, which takes no right to list jobs.
 */
import type { Job } from '@google-cloud/bigquery';
import { UserError } from '../../compiler/diagnostics/index.js';
import { StatementError, type CallOptions, type StatementLabels } from '../warehouse.js';
import type { Jobs } from './jobs.js';

/** The job that makes a run's so-manieth session. */
const jobOf = (runId: string, number: number): string =>
  `rollcall_session_${runId.replace(/[^A-Za-z0-9_-]/g, '_')}_${number}`;

/** Makes a session; `labels` say for which run, of which each process has its own. */
export async function startSession(jobs: Jobs, labels: StatementLabels = {}): Promise<string | undefined> {
  const sql = 'select 1';
  const { run_id: runId } = labels;
  const number = runId === undefined ? 0 : (await jobsOf(jobs, runId)).length + 1;
  const jobId = runId === undefined ? {} : { jobId: jobOf(runId, number) };
  const job = await jobs.start(sql, { labels, createSession: true, ...jobId });
  await jobs.result(job, sql);
  return (await jobs.statistics(job, sql)).sessionInfo?.sessionId;
}

/** Ends the sessions of a run. Those that ended by themselves, and those of another account, are left alone. */
export async function endSessionsOf(jobs: Jobs, runId: string, options?: CallOptions): Promise<void> {
  for (const job of await jobsOf(jobs, runId)) {
    const { sessionInfo } = await jobs.statistics(job, '');
    if (sessionInfo?.sessionId === undefined) continue;
    await endSession(jobs, sessionInfo.sessionId, options).catch((error: unknown) => {
      const refused = error instanceof StatementError && error.failure === 'refused';
      if (!refused && !(error instanceof UserError)) throw error;
    });
  }
}

/** Ends a session, and rolls back what it has not committed. */
export async function endSession(jobs: Jobs, session: string, options?: CallOptions): Promise<void> {
  const sql = `call bq.abort_session('${session}')`;
  const job = await jobs.start(sql, options);
  await jobs.result(job, sql);
}

/** The jobs that made a run's sessions; one of another account is not ours to look at. */
async function jobsOf(jobs: Jobs, runId: string): Promise<readonly Job[]> {
  const found: Job[] = [];
  for (;;) {
    const job = await jobs.find(jobOf(runId, found.length + 1)).catch((error: unknown) => {
      if (!(error instanceof UserError)) throw error;
    });
    if (!job) return found;
    found.push(job);
  }
}
