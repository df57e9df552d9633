/** The shapes of alerts, as commands and artifacts show them. */
import type { Diagnostic } from '../compiler/diagnostics/index.js';
import type { AlertRule } from '../models/alerts.js';
import type { RuntimeOptions } from './api.js';

/** Something an alert is on about, at present. */
export interface Firing {
  /** The alert's name. */
  readonly alert: string;
  readonly on: AlertRule['on'];
  /** Whose: a definition, a destination, or the runs of the project. */
  readonly of: 'definition' | 'destination' | 'project';
  /** Its key; the project's name. */
  readonly key: string;
  readonly message: string;
  /** What tells this time from an earlier one; empty where it goes on until it is over. */
  readonly occurrence: string;
}

/** Something that is over. */
export interface Recovered {
  readonly alert: string;
  readonly of: Firing['of'];
  readonly key: string;
  /** What had been told. */
  readonly message: string;
  /** Since when it was on: ISO instant. */
  readonly since: string;
}

/** What one channel is told at once. */
export interface Notice {
  readonly project: string;
  readonly target: string;
  /** ISO instant. */
  readonly at: string;
  readonly firing: readonly Firing[];
  readonly recovered: readonly Recovered[];
}

/** Tells a channel; says why it could not, without secrets. */
export type Tell = (channel: string, notice: Notice) => Promise<string | undefined>;

export interface AlertOptions extends RuntimeOptions {
  /** Absent: nobody is told, and nothing is remembered. */
  readonly tell?: Tell;
}

export interface AlertsResult {
  /** Everything that is on, whether or not it was told before. */
  readonly firing: readonly Firing[];
  /** What was told as on, and is over. */
  readonly recovered: readonly Recovered[];
  /** Channels that were told something just now. */
  readonly told: readonly string[];
  /** Warnings: who could not be told. */
  readonly diagnostics: readonly Diagnostic[];
}
