import type { Step } from '../compiler/program/types.js';

/** Which step failed; what the engine said is the `cause`. */
export class StepFailed extends Error {
  constructor(
    readonly step: Step,
    cause: unknown,
  ) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.name = 'StepFailed';
  }
}
