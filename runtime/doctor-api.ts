/** The shapes that checking a target takes and gives. */
import type { Code, ExitCode } from '../compiler/diagnostics/index.js';
import type { RuntimeOptions } from './api.js';

/** One thing that has to be so before a run can be. */
export interface Check {
  /** `connection` `version` `clock` `state` `lock` `source …` `permissions`; the command line adds its own. */
  readonly name: string;
  readonly status: 'ok' | 'warning' | 'error';
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
  readonly code?: Code;
}

export interface DoctorOptions extends RuntimeOptions {
  readonly onCheck?: (check: Check) => void;
  /** Milliseconds that one check may take; 30 seconds unless given. */
  readonly limitMs?: number;
}

export interface DoctorResult {
  readonly checks: readonly Check[];
  /** 0 where no check is an error; else the least of 2 (configuration), 3 (locked) and 4 (refused). */
  readonly exit: ExitCode;
}

/** Checks a target: connection, versions, clock, state, lock, sources, permissions. Leaves nothing behind. */
export type Doctor = (options: DoctorOptions) => Promise<DoctorResult>;
