/**
 * Journeys: who is inside, and who has come to each step. Where people stand is remembered (SEMANTICS §6, "journey
 * positions"): what was published before the run is read beside what this run computes of the steps before.
 */
import { durationMicros, type Condition, type Duration } from '../../models/algebra.js';
import type { JourneyDefinition, JourneyStepDefinition } from '../../models/definition.js';
import { stepKey, type Branch } from '../../models/journey.js';
import { antiJoin, c, call, filter, int, join, param, pick, semiJoin, union } from '../ir/build.js';
import type { Expr, Relation } from '../ir/types.js';
import { lowerAudience } from './audience.js';
import { bucketHash, inBucket } from './bucket.js';
import type { LowerContext } from './provider.js';

const AS_OF = param('as_of', 'timestamp');

/** Those inside: whoever was and whoever may come in, without those that `exit` holds of. */
export function lowerJourney({ key, journey }: JourneyDefinition, context: LowerContext): Relation {
  const on = keyOf(context);
  const inside = pick(context.provider.positions(key, [key]), on);
  const coming = mayEnter(key, journey.reEntry, lowerAudience(journey.entry, context), context);
  const all = union([inside, pick(coming, on)], false);
  return journey.exit ? antiJoin(all, holding(journey.exit, context), on) : all;
}

const keyOf = ({ provider }: LowerContext): readonly string[] => provider.key.map(({ name }) => name);

/** Whom a condition holds of, among people who are inside already. */
const holding = (condition: Condition, context: LowerContext): Relation =>
  lowerAudience(condition, { ...context, includeAnonymous: true });

/** Those who never left, or left long enough ago. */
function mayEnter(key: string, reEntry: boolean | Duration, rows: Relation, context: LowerContext): Relation {
  const departures = context.provider.departures(key);
  const on = keyOf(context);
  if (reEntry === false) return antiJoin(rows, departures, on);
  const left = c(departures, 'exited_at');
  // Who leaves in a run does not come in again in it.
  const barred = reEntry === true ? call('ge', left, AS_OF) : call('gt', later(left, reEntry), AS_OF);
  return antiJoin(rows, filter(departures, barred), on);
}

const later = (instant: Expr, duration: Duration): Expr =>
  call('ts_add_micros', instant, int(durationMicros(duration)));

/** Those who have come to a step and are still inside: all of them have come to one of the steps before it. */
export function lowerStep(definition: JourneyStepDefinition, context: LowerContext): Relation {
  const { step, output } = definition;
  const { key: journey } = output.of;
  const { provider } = context;
  const on = keyOf(context);
  const { rule } = step;
  const arrived = arrivals(journey, step.after, context);
  if (rule.kind === 'split') return arrived;
  if (rule.kind === 'branch') return onBranch(rule, definition, arrived, context);
  const here = provider.positions(journey, keysOf(journey, step.keeps));
  const passing =
    rule.kind === 'when' ? holding(rule.condition, context) : due(definition, rule.duration, context);
  return semiJoin(arrived, union([pick(here, on), pick(passing, on)]), on);
}

/** Those who came to a step before so long ago; whoever comes to it in this run has waited no time at all. */
function due({ step, output }: JourneyStepDefinition, wait: Duration, { provider }: LowerContext): Relation {
  const { key: journey } = output.of;
  const before = step.after.length > 0 ? keysOf(journey, step.after) : [journey];
  const since = provider.waits(journey, before);
  return filter(since, call('le', later(c(since, 'entered_at'), wait), AS_OF));
}

const keysOf = (journey: string, steps: readonly string[]): readonly string[] =>
  steps.map((step) => stepKey(journey, step));

/** Those who are at a step before, as this run computes it, each once. */
function arrivals(journey: string, after: readonly string[], context: LowerContext): Relation {
  const on = keyOf(context);
  const before = after.length > 0 ? keysOf(journey, after) : [journey];
  return union(
    before.map((key) => pick(context.provider.audience(key), on)),
    before.length === 1,
  );
}

/** Whoever is on a branch stays on it; whoever is on none takes the first that will have them. */
function onBranch(
  branch: Branch,
  { step, output }: JourneyStepDefinition,
  arrived: Relation,
  context: LowerContext,
): Relation {
  const { key: journey } = output.of;
  const { provider } = context;
  const on = keyOf(context);
  const earlier = branch.siblings.slice(0, branch.siblings.indexOf(step.key));
  const free = earlier.reduce<Relation>(
    (rows, sibling) => antiJoin(rows, provider.audience(stepKey(journey, sibling)), on),
    arrived,
  );
  const claims = output.of.journey.steps
    .filter(({ key }) => branch.siblings.includes(key))
    .flatMap(({ keeps }) => keysOf(journey, keeps));
  const stayed = semiJoin(free, provider.positions(journey, keysOf(journey, step.keeps)), on);
  const undecided = antiJoin(free, provider.positions(journey, claims), on);
  return union([pick(stayed, on), pick(taken(branch.takes, undecided, context), on)]);
}

function taken(takes: Branch['takes'], rows: Relation, context: LowerContext): Relation {
  if (takes.kind === 'rest') return rows;
  const on = keyOf(context);
  if (takes.kind === 'when') return semiJoin(rows, holding(takes.condition, context), on);
  const named = join('inner', rows, context.provider.names(), on);
  const hash = bucketHash(takes.salt, c(named, 'named_kind'), c(named, 'named_id'));
  return filter(named, inBucket(hash, takes.from, takes.to));
}
