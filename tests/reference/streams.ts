/**
 * Event streams: which of a profile's events a stream selects, its `where` predicates, and its children
 * (SEMANTICS §2 Condition and Predicate, §3 Windows, §4 Funnels).
 */
import { entityValue, type EntityWorld } from './entities.js';
import { holds, type ComparisonScope } from './compare.js';
import type { KnownMessage } from './messages.js';
import type {
  ChildStream,
  Comparison,
  Condition,
  Definition,
  EventStream,
  Predicate,
  ProfileRef,
  Ranking,
  ValueReference,
} from './model.js';
import { readPath } from './paths.js';
import { reduce, reducerOf } from './reducers.js';
import { hasVerb, isInWindow, satisfiesVerb } from './verbs.js';
import { parseDuration, type Micros } from './time.js';
import type { Value } from './values.js';

/** What evaluating a profile's events needs to know besides the stream. */
export interface ProfileScope {
  asOf: Micros;
  /** Events before it do not count for this definition (`history`). */
  earliest: Micros | undefined;
  /** The profile's messages, first to last. */
  messages: readonly KnownMessage[];
  /** Who is asked about. */
  profile: ProfileRef;
  entities: EntityWorld;
  /** Whose condition it is. */
  definition: Definition;
  /** The account asked about, itself or by its users. */
  account?: string;
  satisfies(condition: Condition): boolean;
  readTrait(name: string): Value[];
  /** Whether the profile is among the first of a ranking over the definition's range. */
  isRanked(ranking: Ranking): boolean;
}

/**
 * The events a stream selects, first to last.
 *
 * @param ancestors the enclosing events of a child stream, outermost first; none at the top.
 */
export function matchingEvents(
  stream: EventStream,
  scope: ProfileScope,
  ancestors: readonly KnownMessage[] = [],
): KnownMessage[] {
  const matching = scope.messages.filter(
    (event) =>
      event.event === stream.event &&
      (scope.earliest === undefined || event.timestamp >= scope.earliest) &&
      isInWindow(event, stream, scope.asOf) &&
      !isExcluded(event, stream) &&
      (stream.by === undefined || event.groupId === scope.account) &&
      isAfterParent(event, stream, ancestors.at(-1)) &&
      (stream.where === undefined || matches(event, stream.where, scope, ancestors)),
  );
  if (stream.expires_after === undefined) return matching;
  return lastSession(matching, parseDuration(stream.expires_after), scope.asOf);
}

/** From `as_of` back as long as the next event is at most so long before the one after it. */
function lastSession(events: readonly KnownMessage[], gap: Micros, asOf: Micros): KnownMessage[] {
  let reached = asOf;
  const session: KnownMessage[] = [];
  for (const event of [...events].reverse()) {
    if (reached - event.timestamp > gap) break;
    reached = event.timestamp;
    session.unshift(event);
  }
  return session;
}

/** Whether a stream's reducer compares as the condition says; without a reducer, whether there is any event. */
export function satisfiesStream(
  stream: EventStream,
  scope: ProfileScope,
  ancestors: readonly KnownMessage[] = [],
): boolean {
  if (hasVerb(stream)) return satisfiesVerb(stream, matchingEvents(stream, scope), scope.asOf);
  const { args } = reducerOf(stream) ?? { args: { at_least: 1 } };
  return holds([valueOf(stream, scope, ancestors)], args, comparisonScope(scope, ancestors));
}

/** What a stream's events come to; without a reducer, how many they are. */
export function valueOf(
  stream: EventStream,
  scope: ProfileScope,
  ancestors: readonly KnownMessage[] = [],
): Value {
  const { name, args } = reducerOf(stream) ?? { name: 'count', args: {} };
  return reduce(matchingEvents(stream, scope, ancestors), name, args, scope.asOf);
}

/** A comparison's view of a profile, and of the events around it: the innermost is the one references read. */
export function comparisonScope(scope: ProfileScope, events: readonly KnownMessage[] = []): ComparisonScope {
  return {
    asOf: scope.asOf,
    read(reference: ValueReference): Value[] {
      if ('entity' in reference) return [entityValue(reference, scope)];
      if ('event' in reference) return [valueOf(reference, scope, events)];
      if ('trait' in reference) return scope.readTrait(reference.trait);
      if ('context' in reference) return readPath(present(events.at(-1)).context, reference.context);
      const event = reference.of === 'parent' ? events.at(-2) : events.at(-1);
      return readPath(present(event).properties, reference.property);
    },
  };
}

function present(event: KnownMessage | undefined): KnownMessage {
  if (event === undefined) throw new Error('a reference to an event where there is none');
  return event;
}

/** An excluded source is named by the `source_id` on the row or by its configured name. */
function isExcluded(event: KnownMessage, stream: EventStream): boolean {
  const excluded = stream.sources?.exclude ?? [];
  return (
    excluded.includes(event.source) || (event.sourceId !== undefined && excluded.includes(event.sourceId))
  );
}

/** A child counts only strictly after its parent, and within the span measured from it. */
function isAfterParent(event: KnownMessage, stream: ChildStream, parent: KnownMessage | undefined): boolean {
  if (parent === undefined) return true;
  const elapsed = event.timestamp - parent.timestamp;
  if (elapsed <= 0n) return false;
  if (stream.within_parent !== undefined && elapsed > parseDuration(stream.within_parent)) return false;
  if (stream.between_parent !== undefined) {
    const [near, far] = stream.between_parent;
    if (elapsed < parseDuration(near) || elapsed > parseDuration(far)) return false;
  }
  return true;
}

function matches(
  event: KnownMessage,
  where: Predicate,
  scope: ProfileScope,
  ancestors: readonly KnownMessage[],
): boolean {
  const events = [...ancestors, event];
  // A settled child makes its parent wait wherever it stands, under `not` too.
  return hasSettled(event, where, scope.asOf) && satisfiesPredicate(where, scope, events);
}

/** A predicate on the last of `events`; those before it are its ancestors. */
function satisfiesPredicate(
  predicate: Predicate,
  scope: ProfileScope,
  events: readonly KnownMessage[],
): boolean {
  if ('all' in predicate) return predicate.all.every((part) => satisfiesPredicate(part, scope, events));
  if ('any' in predicate) return predicate.any.some((part) => satisfiesPredicate(part, scope, events));
  if ('not' in predicate) return !satisfiesPredicate(predicate.not, scope, events);
  if ('event' in predicate) return satisfiesStream(predicate, scope, events);
  if ('property' in predicate || 'context' in predicate || 'trait' in predicate) {
    const comparison: Comparison = predicate;
    const reads = comparisonScope(scope, events);
    return holds(reads.read(predicate), comparison, reads);
  }
  if ('entity' in predicate) throw new Error('an entity inside an event');
  return scope.satisfies(predicate);
}

/** Whether the window of every settled child directly under an event has fully passed: parent + d ≤ as_of. */
function hasSettled(event: KnownMessage, where: Predicate, asOf: Micros): boolean {
  if ('all' in where) return where.all.every((part) => hasSettled(event, part, asOf));
  if ('any' in where) return where.any.every((part) => hasSettled(event, part, asOf));
  if ('not' in where) return hasSettled(event, where.not, asOf);
  const comparison = 'event' in where ? reducerOf(where)?.args : where;
  return [where, ...Object.values(comparison ?? {})].filter(isSettledChild).every((child) => {
    const span = child.within_parent ?? child.between_parent?.[1];
    if (span === undefined) throw new Error('a settled child without a window from its parent never settles');
    return event.timestamp + parseDuration(span) <= asOf;
  });
}

/** Children stand on either side of a comparison. */
function isSettledChild(part: unknown): part is ChildStream {
  return (
    typeof part === 'object' && part !== null && 'event' in part && 'settled' in part && part.settled === true
  );
}
