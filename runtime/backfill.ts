/**
 * Backfill: history built step by step, each step a run at an earlier instant, oldest first. Sources land once, with the
 * first step; the others compute what time alone changed.
 */
import { UserError, type Diagnostic } from '../compiler/diagnostics/index.js';
import * as ir from '../compiler/ir/build.js';
import type { RunOptions, RunResult } from './api.js';
import type { BackfillOptions, BackfillResult } from './time-api.js';
import { readState, type StoredState } from './existing.js';
import { elapsed, isoOf, microsOf, readAsOf, readInstant, timestamp } from './instants.js';
import {
  look,
  programOf,
  resolveSession,
  selectKeys,
  type ResolvedSession,
  type Selection,
} from './prepare.js';
import { refreshReadCopy } from './read-copy.js';
import { Cancelled } from './retry.js';
import { executeRun } from './run.js';
import { textOf, withSession, type Session } from './session.js';
import { totalsOf } from './totals.js';
import { firstStepLeft, stepAt, stepsOf, type Grid } from './steps.js';

/** Builds history (see `BackfillProject`). */
export async function backfillProject(options: BackfillOptions): Promise<BackfillResult> {
  const grid = gridOf(options);
  // A step that has begun is finished: who asks to stop is heard between two.
  const { signal, ...unstoppable } = options;
  const runId = options.newRunId();
  const access = { mode: 'write', owner: { runId, command: options.invocation } } as const;
  return withSession(unstoppable, access, (session) => {
    if (signal?.aborted) throw new Cancelled();
    return new Backfill(session, unstoppable, grid, signal).execute(runId).then(async (result) => {
      // Once, of the history as it is then.
      const problems = result.steps.done > 0 ? await refreshReadCopy(session) : [];
      const diagnostics = [...result.diagnostics, ...problems];
      return { ...result, diagnostics, exit: problems.length > 0 && result.exit === 0 ? 1 : result.exit };
    });
  });
}

function gridOf({ from, to, every, now }: BackfillOptions): Grid {
  const present = now();
  const grid = {
    from: microsOf(readInstant('--from', from)),
    to: microsOf(to === undefined ? readAsOf(undefined, present) : readInstant('--to', to)),
    every,
  };
  const wrong =
    grid.to > microsOf(present)
      ? `--to ${isoOf(grid.to)} is in the future (now is ${readAsOf(undefined, present)})`
      : grid.from > grid.to
        ? `--from ${isoOf(grid.from)} is after --to ${isoOf(grid.to)}`
        : undefined;
  if (wrong === undefined) return grid;
  throw new UserError({ code: 'invalid-as-of', severity: 'error', message: wrong });
}

/** How much of the time per step a step's own counts for in the estimate. */
const WEIGHT = 0.2;

class Backfill {
  private readonly startedAt: string;
  private readonly total: number;
  private readonly diagnostics = new Map<string, Diagnostic>();
  private perStepMs: number | undefined;

  constructor(
    private readonly session: Session,
    private readonly options: Omit<BackfillOptions, 'signal'>,
    private readonly grid: Grid,
    private readonly signal: AbortSignal | undefined,
  ) {
    this.startedAt = this.now();
    this.total = stepsOf(grid);
  }

  /** @param runId of the first step: it is what the lock names */
  async execute(runId: string): Promise<BackfillResult> {
    let project = await resolveSession(this.session);
    const selection = { ...(await selectKeys(project, this.options)), all: false };
    const skipped = await this.done(project, selection);
    this.options.onStep?.({
      event: 'backfill_started',
      at: this.now(),
      from: stepAt(this.grid, 0),
      to: stepAt(this.grid, this.total - 1),
      total: this.total,
      skipped,
    });
    let last: RunResult | undefined;
    for (let index = skipped; index < this.total; index++) {
      if (this.signal?.aborted) return this.finished('cancelled', skipped, index, last);
      const first = index === skipped;
      if (!first) project = await this.again(project, index === skipped + 1);
      last = await this.step(project, selection, index, first ? runId : this.options.newRunId(), first);
      if (last.status !== 'succeeded') return this.finished(last.status, skipped, index, last);
    }
    return this.finished('succeeded', skipped, this.total, last);
  }

  /**
   * State as the step before left it. What landed with the first may have brought names that definitions are checked
   * against; after that nothing does.
   */
  private async again(project: ResolvedSession, landed: boolean): Promise<ResolvedSession> {
    if (landed) return resolveSession(this.session, await look(this.session));
    return { ...project, stored: await readState(this.session) };
  }

  /** The first step that is left. */
  private async done({ resolved, stored }: ResolvedSession, selection: Selection): Promise<number> {
    const enabled = selection.keys.filter((key) => resolved.byKey.get(key)?.definition.enabled);
    if (enabled.length === 0) throw nothingSelected();
    const past = {
      last: stored.runs.lastPublished?.asOf,
      ran: await this.ran(stored),
      selected: enabled.map((key) => stored.definitions.get(key)),
    };
    return firstStepLeft(this.grid, past, this.options.asOfBehind ?? false);
  }

  /** The `as_of` of runs that published, since the first step's. */
  private async ran(stored: StoredState): Promise<readonly string[]> {
    const runs = stored.scan('runs');
    if (!runs) return [];
    const is = (status: string): ReturnType<typeof ir.eq> => ir.eq(ir.c(runs, 'status'), ir.text(status));
    const from = ir.lit(timestamp(stepAt(this.grid, 0)));
    const published = ir.and(ir.or(is('succeeded'), is('partial')), ir.call('ge', ir.c(runs, 'as_of'), from));
    const rows = await this.session.rows(ir.pick(ir.filter(runs, published), ['as_of']));
    return rows.map((row) => textOf(row, 'as_of'));
  }

  private async step(
    project: ResolvedSession,
    selection: Selection,
    index: number,
    runId: string,
    first: boolean,
  ): Promise<RunResult> {
    const asOf = stepAt(this.grid, index);
    const startedAt = this.now();
    const { dialect } = this.session;
    const prepared = programOf(
      project,
      selection,
      { asOf, landed: !first, silent: true, accepted: 'everything' },
      dialect,
    );
    const options: RunOptions = { ...this.options, artifacts: false };
    const result = await executeRun(options, this.session, prepared, { asOf, runId });
    for (const diagnostic of result.diagnostics) this.diagnostics.set(JSON.stringify(diagnostic), diagnostic);
    const took = elapsed(startedAt, this.now());
    // The first one lands: it says nothing of the others.
    if (!first) this.perStepMs = (this.perStepMs ?? took) * (1 - WEIGHT) + took * WEIGHT;
    const left = this.total - index - 1;
    this.options.onStep?.({
      event: 'backfill_step',
      at: this.now(),
      as_of: asOf,
      run_id: runId,
      index: index + 1,
      total: this.total,
      status: result.status,
      ...totalsOf(result.definitions),
      duration_ms: took,
      left_ms: left === 0 ? 0 : this.perStepMs === undefined ? null : Math.round(this.perStepMs * left),
    });
    return result;
  }

  private finished(
    status: BackfillResult['status'],
    skipped: number,
    done: number,
    last: RunResult | undefined,
  ): BackfillResult {
    const { grid, total } = this;
    return {
      status,
      from: stepAt(grid, 0),
      to: stepAt(grid, total - 1),
      steps: { total, skipped, done: done - skipped, left: total - done },
      last: last && {
        run_id: last.run_id,
        as_of: last.as_of,
        status: last.status,
        definitions: last.definitions,
      },
      duration_ms: elapsed(this.startedAt, this.now()),
      diagnostics: [...this.diagnostics.values()],
      exit: status === 'succeeded' ? 0 : status === 'cancelled' ? 130 : (last?.exit ?? 1),
    };
  }

  private now(): string {
    return readAsOf(undefined, this.options.now());
  }
}

const nothingSelected = (): UserError =>
  new UserError({
    code: 'unknown-selector',
    severity: 'error',
    message: 'nothing that is selected is enabled',
  });
