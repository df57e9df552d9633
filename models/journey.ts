/** Journeys: what their definitions say, with the order of steps worked out (docs/semantics.md, "Journeys"). */
import type { Condition, Duration } from './algebra.js';

/** Who may come in again after leaving; a duration counts from the last time they left. */
export type ReEntry = boolean | Duration;

/** What lets a member of a step before go on to this one. */
export type StepRule =
  /** Waits until it holds. */
  | { readonly kind: 'when'; readonly condition: Condition }
  /** So long after the step before was reached. */
  | { readonly kind: 'delay'; readonly duration: Duration }
  /** Everyone who comes to the split; its branches come after it. */
  | { readonly kind: 'split' }
  | Branch;

/** One way on from a split, for those that the branches before it do not take. */
export interface Branch {
  readonly kind: 'branch';
  /** Keys of the split's branches, in order. */
  readonly siblings: readonly string[];
  readonly takes:
    /** Waits until it holds, unless another branch takes the rest. */
    | { readonly kind: 'when'; readonly condition: Condition }
    | { readonly kind: 'rest' }
    /** A stretch of percents `[from, to)` that a hash of the salt and the profile falls in. */
    | { readonly kind: 'share'; readonly salt: string; readonly from: string; readonly to: string };
}

/** One step, in an order in which each comes after those it may be reached from. */
export interface JourneyStep {
  /** As it stands in the file; what it publishes is keyed `<journey>_<step>`. */
  readonly key: string;
  /** Keys of the steps it may be reached from; none: the journey itself. */
  readonly after: readonly string[];
  readonly rule: StepRule;
  /**
   * Whoever was at one of these has been here: the step, and those further on. It matters after an edit; until then
   * members of the others are members of it.
   */
  readonly keeps: readonly string[];
}

export interface Journey {
  readonly entry: Condition;
  /** Whoever it holds of leaves, and does not come in. */
  readonly exit?: Condition;
  readonly reEntry: ReEntry;
  readonly steps: readonly JourneyStep[];
}

/** The key that a step of a journey publishes under. */
export const stepKey = (journey: string, step: string): string => `${journey}_${step}`;

/**
 * Keys of what a step is computed from: its journey, the steps before it, and of a branch those before it, which choose
 * first.
 */
export function stepsReadBy(journey: string, { after, rule, key }: JourneyStep): readonly string[] {
  const chosen = rule.kind === 'branch' ? rule.siblings.slice(0, rule.siblings.indexOf(key)) : [];
  return [journey, ...[...after, ...chosen].map((name) => stepKey(journey, name))];
}

/** Every condition of a journey, in its order. */
export const conditionsOfJourney = ({ entry, exit, steps }: Journey): readonly Condition[] => [
  entry,
  ...(exit ? [exit] : []),
  ...steps.flatMap(({ rule }) => conditionOfStep(rule) ?? []),
];

/** The condition a step asks, where it asks one. */
export function conditionOfStep(rule: StepRule): Condition | undefined {
  if (rule.kind === 'when') return rule.condition;
  return rule.kind === 'branch' && rule.takes.kind === 'when' ? rule.takes.condition : undefined;
}
