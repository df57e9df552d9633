/** Alerts of a project: what is worth telling people of, and how they are reached. */
import type { Duration } from './algebra.js';

/** A definition, a destination or a channel that an alert names: an object, so that it has a place. */
export interface NameRef {
  readonly name: string;
}

/** Which definitions a rule looks at; with neither, all that it applies to. */
interface OfDefinitions {
  readonly definitions?: readonly NameRef[];
  readonly tags?: readonly NameRef[];
}

interface OfDestinations {
  readonly destinations?: readonly NameRef[];
}

export type AlertRule =
  | (OfDefinitions & {
      readonly on: 'size_change';
      readonly percent: number;
      /** Absent: since the run before. */
      readonly within?: Duration;
      readonly minSize?: number;
    })
  | (OfDestinations & {
      readonly on: 'delivery';
      readonly percent: number;
      readonly within: Duration;
      readonly minMessages: number;
    })
  | (OfDestinations & { readonly on: 'waiting'; readonly after: Duration })
  | (OfDefinitions & { readonly on: 'stale'; readonly after: Duration })
  | (OfDefinitions & { readonly on: 'failed' });

export interface Alert {
  /** What it is known by: no two of a project have the same. */
  readonly name: string;
  readonly rule: AlertRule;
  /** Channels. */
  readonly to: readonly NameRef[];
}

export type Channel = {
  readonly name: string;
  /** Targets it is used with; absent: all. */
  readonly targets?: readonly NameRef[];
} & (
  | { readonly type: 'slack'; readonly url: string }
  | { readonly type: 'webhook'; readonly url: string; readonly headers: Readonly<Record<string, string>> }
  | { readonly type: 'email'; readonly server: string; readonly from: string; readonly to: readonly string[] }
);
