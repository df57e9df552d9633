/**
 * Who lost the lock must not go on. Where a lock belongs to a session of the engine's, as PostgreSQL's does, it is lost with the
 * session; the warehouse opens another and takes the lock again, but somebody may have come and gone in between, and then
 * all this run knows of the state is of before. Runs are numbered in the order they begin, and only who holds the lock begins
 * one: so a later run than one's own says that somebody came.
 */
import { UserError } from '../compiler/diagnostics/index.js';
import { STATE } from '../compiler/program/state.js';
import * as ir from '../compiler/ir/build.js';
import type { Session } from './session.js';

/**
 * Looks, at the beginning of a transaction and as part of it; costs nothing while the session is the one it was.
 *
 * @param lastRun number of the last run this one knows of: its own once it has begun; undefined before any
 * @returns the look
 * @throws `locked` (exit 3), by the look, where another run has begun since
 */
export function fenceOf(
  { warehouse, dialect, state }: Session,
  runId: string,
  lastRun: () => number | undefined,
): () => Promise<void> {
  let seen = warehouse.session?.();
  return async () => {
    const now = warehouse.session?.();
    if (now === seen) return;
    const table = await warehouse.describeTable(state.ref('runs'));
    if (table) {
      const runs = ir.scan(state.ref('runs'), STATE.runs);
      const last = ir.aggregate(runs, [], [ir.as('last', ir.agg('max', [ir.c(runs, 'run_no')]))]);
      for await (const { rows } of warehouse.read(dialect.select(last, {}))) {
        const found = Number(rows[0]?.['last'] ?? 0);
        if (found > (lastRun() ?? 0)) throw lost(runId);
      }
    }
    seen = now;
  };
}

const lost = (runId: string): UserError =>
  new UserError(
    {
      code: 'locked',
      severity: 'error',
      message: `run ${runId} lost its connection, and its lock with it: another run has come since`,
      hint: 'nothing of the open transaction was written; run again',
    },
    3,
  );
