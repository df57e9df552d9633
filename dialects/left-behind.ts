/** Who is gone and gave nothing back, by the rows that are left of them. */

/** A row of a lease. */
export interface LeftRow {
  readonly token: string;
  readonly runId: string;
  /** It says that the lease was given back. */
  readonly released: boolean;
  /** It has not ended, and its process is not known to be gone. */
  readonly alive: boolean;
}

/** Runs that hold a lease which they neither gave back nor keep, and none that they keep. */
export function goneRuns(rows: readonly LeftRow[]): ReadonlySet<string> {
  const released = new Set(rows.filter((row) => row.released).map(({ token }) => token));
  const held = rows.filter(({ token }) => !released.has(token));
  const alive = new Set(held.filter((row) => row.alive).map(({ runId }) => runId));
  return new Set(held.map(({ runId }) => runId).filter((runId) => !alive.has(runId)));
}
