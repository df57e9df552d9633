import type { RuntimeOptions } from './api.js';

export interface ForgetOptions extends RuntimeOptions {
  /** What the profiles are called: `profile_id`s of people. */
  readonly profiles: readonly string[];
  /** Whether destinations are told that they left; true unless said otherwise. */
  readonly exits?: boolean;
  /** Without the ids: it is recorded. */
  readonly invocation: string;
  readonly newRunId: () => string;
}

export interface ForgetResult {
  /** The run that forgot them; null where nobody was left to be forgotten. */
  readonly run_id: string | null;
  readonly profiles: readonly {
    readonly profile_id: string;
    readonly status: 'forgotten' | 'already_forgotten';
  }[];
  /** How many identifiers were erased. */
  readonly identifiers: number;
  /** Messages put into the outbox, by destination; those to a disabled one wait there until it is enabled. */
  readonly messages: readonly {
    readonly destination: string;
    readonly messages: number;
    readonly enabled: boolean;
  }[];
  /** Destinations that know them and cannot be told: the project has them no more, or the caller wanted it so. */
  readonly untold: readonly string[];
}

/** Erases people from state and keeps raw rows from bringing them back. Throws `UserError` (exit 2) where one is unknown: nothing is written then. */
export type Forget = (options: ForgetOptions) => Promise<ForgetResult>;
