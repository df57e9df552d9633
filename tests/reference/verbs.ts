/**
 * Verbs of events (SEMANTICS §2), the plainest way: by looking at the events' instants.
 */
import type { EventStream } from './model.js';
import { isInWindow, matchingEvents, type ProfileScope } from './streams.js';
import { parseDuration } from './time.js';

/** Whether a profile's events are as a verb says; `undefined` where the stream has no verb. */
export function satisfiesVerb(stream: EventStream, scope: ProfileScope): boolean | undefined {
  const { first_time, stopped, restarted, regularly } = stream;
  if (!first_time && !stopped && !restarted && !regularly) return undefined;
  const { asOf } = scope;
  const events = matchingEvents(stream, scope);
  const ages = events.map(({ timestamp }) => asOf - timestamp);
  if (first_time) {
    const [first] = events;
    return first !== undefined && isInWindow(first, first_time, asOf);
  }
  if (stopped) {
    const quiet = parseDuration(stopped.for);
    const longest = stopped.within === undefined ? undefined : parseDuration(stopped.within);
    const isOldEnough = ages.every((age) => age > quiet);
    return isOldEnough && ages.some((age) => longest === undefined || age <= longest);
  }
  if (restarted) {
    const late = parseDuration(restarted.within);
    const quiet = late + parseDuration(restarted.after);
    return (
      ages.some((age) => age <= late) &&
      !ages.some((age) => age > late && age <= quiet) &&
      ages.some((age) => age > quiet)
    );
  }
  if (!regularly) return undefined;
  const every = parseDuration(regularly.every);
  let held = 0;
  for (let i = 0n; i < BigInt(regularly.of); i++) {
    if (ages.some((age) => age >= i * every && age < (i + 1n) * every)) held++;
  }
  return held >= regularly.at_least;
}
