/** What `watch` tells: a line each with `--json`. */
import type { DiagnosticJson } from '../../compiler/diagnostics/print.js';
import type { AlertsResult } from '../../runtime/alerts-api.js';
import type { RunStatus } from '../../runtime/api.js';
import type { Freshness } from '../../runtime/freshness-api.js';

/** A run there was, and the delivery after it. */
export interface Tick extends Omit<Freshness, 'messages'> {
  readonly event: 'tick';
  readonly at: string;
  readonly run_id: string;
  readonly as_of: string;
  readonly status: RunStatus;
  /** Of all definitions together. */
  readonly entered: number;
  readonly exited: number;
  readonly changed: number;
  readonly messages: number;
  /** Messages that went out; null without `--sync`. */
  readonly delivered: number | null;
  readonly duration_ms: number;
  readonly exit: number;
  readonly errors: readonly DiagnosticJson[];
}

/** No run could be begun. */
export interface TickFailed {
  readonly event: 'tick_failed';
  readonly at: string;
  /** In a row, this one included. */
  readonly failures: number;
  readonly retry_in_ms: number;
  readonly errors: readonly DiagnosticJson[];
}

/** Another process has the lock. */
export interface TickWaiting {
  readonly event: 'tick_waiting';
  readonly at: string;
  readonly errors: readonly DiagnosticJson[];
}

export interface WatchFinished {
  readonly event: 'watch_finished';
  readonly at: string;
  readonly ticks: number;
  readonly failed: number;
  readonly messages: number;
  /** The longest there was. */
  readonly max_lag_ms: number | null;
}

/** The files of the project changed, and count from this tick on. */
export interface Reloaded {
  readonly event: 'project_reloaded';
  readonly at: string;
}

/** Alerts that channels were told of, or could not be. */
export interface AlertsTold extends Pick<AlertsResult, 'firing' | 'recovered' | 'told'> {
  readonly event: 'alerts';
  readonly at: string;
  readonly errors: readonly DiagnosticJson[];
}

export type WatchEvent = AlertsTold | Tick | TickFailed | TickWaiting | Reloaded | WatchFinished;
