/**
 * Scenarios for incremental runs: messages land in steps, some long after they happened, and time passes between runs.
 */
import fc from 'fast-check';

import type { Definition, Message } from '../reference/model.js';
import { formatInstant, parseDuration, requireInstant } from '../reference/time.js';
import { definitionSet, type DefinitionConstraints } from './definitions.js';
import { AS_OF } from './domain.js';
import { draft, landed, type HistoryConstraints } from './history.js';

export interface ScenarioStep {
  /** The rows that land before this step's run. */
  land: Message[];
  /** Every row landed so far, these included. */
  landed: Message[];
  /** The run's instant; strictly after the step's before. */
  asOf: string;
}

export interface Scenario {
  definitions: Definition[];
  steps: ScenarioStep[];
}

export interface ScenarioConstraints extends HistoryConstraints, DefinitionConstraints {
  /** At most this many steps; 4 unless given. */
  maxSteps?: number;
}

/** Time between runs, in microseconds: across a window's edge, onto it, past it. */
const PAUSES = [1n, ...['1 second', '1 hour', '1 day', '7 days', '30 days'].map(parseDuration)];

/**
 * A scenario: definitions, and one to four steps of rows that land and an instant to run at.
 *
 * Rows land late, with timestamps far before the last run, and ids land again in later steps, with a smaller
 * `received_at` too. Every row is received at most a day before its step's instant, so it always lies within the default
 * overlap of three days and no step needs `run --reconcile`. The first run of every definition is the first step's.
 */
export function scenario(constraints: ScenarioConstraints = {}): fc.Arbitrary<Scenario> {
  const { minLength = 5, maxLength = 60, maxSteps = 4 } = constraints;
  return fc
    .record({
      definitions: definitionSet(constraints),
      drafts: fc.array(draft(maxSteps), { minLength, maxLength, size: 'medium' }),
      pauses: fc.array(fc.constantFrom(...PAUSES), { maxLength: maxSteps - 1 }),
    })
    .map(({ definitions, drafts, pauses }) => {
      const instants = [requireInstant(AS_OF)];
      for (const pause of pauses) instants.push((instants.at(-1) ?? 0n) + pause);
      // Drafts are made for the most steps there may be; with fewer they land in the last one.
      const last = instants.length - 1;
      const rows = landed(drafts, (landing) => instants[Math.min(landing, last)] ?? 0n);
      const steps = instants.map((asOf, step) => {
        const landing = (row: { landing: number }): number => Math.min(row.landing, last);
        return {
          land: rows.filter((row) => landing(row) === step).map((row) => row.message),
          landed: rows.filter((row) => landing(row) <= step).map((row) => row.message),
          asOf: formatInstant(asOf),
        };
      });
      return { definitions, steps };
    });
}
