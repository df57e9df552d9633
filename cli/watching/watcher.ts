/** One watch: its ticks, what they came to, and which failures it outlives. */
import type { UserError } from '../../compiler/diagnostics/index.js';
import { diagnosticJson } from '../../compiler/diagnostics/print.js';
import type { SyncResult } from '../../delivery/index.js';
import { runProject, totalsOf, type RunResult } from '../../runtime/index.js';
import { problemsJson, type Context, type Loaded } from '../context.js';
import { alertsAfter } from '../alerts.js';
import { asUserError } from '../errors.js';
import { SILENT } from '../progress/index.js';
import { refuseBadSettings, selectedBy, syncAfter } from '../sync.js';
import { stampOf } from './changed.js';
import type { Tick, WatchEvent, WatchFinished } from './events.js';
import { backoff, type Outcome } from './loop.js';

export interface WatcherOptions {
  readonly everyMs: number;
  readonly sync: boolean;
  readonly state?: string;
  readonly tell: (event: WatchEvent) => Promise<void>;
}

export class Watcher {
  private loaded: { readonly stamp: string; readonly project: Loaded } | undefined;
  private busy = false;
  private ticks = 0;
  private failed = 0;
  private messages = 0;
  private maxLag: number | null = null;

  constructor(
    private readonly context: Context,
    private readonly options: WatcherOptions,
  ) {}

  /**
   * One tick: a run, and a delivery where that was asked for. Throws what a watch cannot outlive: errors of the project's
   * files and settings, and our own mistakes.
   */
  async tick(failures: number): Promise<Outcome> {
    const project = await this.load();
    try {
      const startedAt = this.context.io.now();
      const result = await this.run(project);
      this.busy = false;
      const sent = await this.deliver(project, result);
      await this.tellTick(result, sent, startedAt);
      await this.tellAlerts(project);
      // One that published in part serves the others: it is tried again as always.
      return result.status === 'failed' ? 'failed' : 'done';
    } catch (error) {
      const known = asUserError(error);
      if (known === undefined || !outlived(known)) throw error;
      if (known.exit === 3) return this.wait(known);
      this.failed++;
      const retry_in_ms = backoff(this.options.everyMs, failures + 1);
      const errors = problemsJson(known.diagnostics);
      await this.tell({ event: 'tick_failed', at: this.now(), failures: failures + 1, retry_in_ms, errors });
      return 'failed';
    }
  }

  summary(): WatchFinished {
    const { ticks, failed, messages, maxLag } = this;
    return { event: 'watch_finished', at: this.now(), ticks, failed, messages, max_lag_ms: maxLag };
  }

  /** The project, read anew when its files changed. */
  private async load(): Promise<Loaded> {
    const stamp = await stampOf(this.context.projectDir);
    if (this.loaded?.stamp === stamp) return this.loaded.project;
    const again = this.loaded !== undefined;
    const project = await this.context.load();
    if (this.options.sync) refuseBadSettings(project);
    this.loaded = { stamp, project };
    if (again) await this.tell({ event: 'project_reloaded', at: this.now() });
    return project;
  }

  private run(project: Loaded): Promise<RunResult> {
    const { context, options } = this;
    // A run that has begun is finished: who asks to stop is heard after it.
    const { signal: _, ...runtime } = context.runtime(project);
    return runProject({
      ...runtime,
      ...context.selection,
      ...(options.state === undefined ? {} : { state: options.state }),
      invocation: context.invocation,
      newRunId: context.io.newRunId,
      artifacts: false,
      freshness: true,
    });
  }

  private async deliver(project: Loaded, result: RunResult): Promise<SyncResult | undefined> {
    const { context, options } = this;
    if (!options.sync || context.io.signal?.aborted) return undefined;
    return syncAfter(context, project, result, selectedBy(context, result), SILENT);
  }

  private async tellTick(result: RunResult, sent: SyncResult | undefined, startedAt: string): Promise<void> {
    const { freshness, run_id, as_of, status } = result;
    const at = this.now();
    const lag_ms = freshness?.lag_ms ?? null;
    const errors = [...result.diagnostics, ...(sent?.diagnostics ?? [])].filter(
      (d) => d.severity === 'error',
    );
    this.ticks++;
    this.messages += freshness?.messages ?? 0;
    if (lag_ms !== null) this.maxLag = Math.max(this.maxLag ?? 0, lag_ms);
    const tick: Tick = {
      event: 'tick',
      at,
      run_id,
      as_of,
      status,
      new_rows: freshness?.new_rows ?? null,
      newest_received_at: freshness?.newest_received_at ?? null,
      ...totalsOf(result.definitions),
      messages: freshness?.messages ?? 0,
      delivered: sent?.destinations.reduce((all, d) => all + d.delivered, 0) ?? null,
      lag_ms,
      duration_ms: Date.parse(at) - Date.parse(startedAt),
      exit: Math.max(result.exit, sent?.exit ?? 0),
      errors: errors.map(diagnosticJson),
    };
    await this.tell(tick);
  }

  /** Alerts are evaluated at every tick, and told of when there is news. */
  private async tellAlerts(project: Loaded): Promise<void> {
    const alerts = await alertsAfter(this.context, project);
    if (!alerts || alerts.told.length + alerts.diagnostics.length === 0) return;
    const { firing, recovered, told } = alerts;
    const errors = problemsJson(alerts.diagnostics);
    await this.tell({ event: 'alerts', at: this.now(), firing, recovered, told, errors });
  }

  /** Told once, until the lock was had again. */
  private async wait({ diagnostics }: UserError): Promise<Outcome> {
    const told = this.busy;
    this.busy = true;
    if (!told) await this.tell({ event: 'tick_waiting', at: this.now(), errors: problemsJson(diagnostics) });
    return 'busy';
  }

  private tell(event: WatchEvent): Promise<void> {
    return this.options.tell(event);
  }

  private now(): string {
    return this.context.io.now();
  }
}

/**
 * What may be otherwise at the next tick: a lock, a warehouse that does not answer, a clock that went back. What is wrong
 * in the project's files stays wrong until someone changes them.
 */
const outlived = ({ exit, diagnostics }: UserError): boolean =>
  exit !== 2 || diagnostics.every(({ code }) => code === 'invalid-as-of');
