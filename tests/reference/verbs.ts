/**
 * Windows and verbs of events (SEMANTICS §2, §3), the plainest way: by looking at the events' instants.
 */
import type { KnownMessage } from './messages.js';
import type { EventStream } from './model.js';
import { parseDuration, requireInstant, type Micros } from './time.js';

/** Both bounds of every window count, to the microsecond. */
export function isInWindow(
  event: KnownMessage,
  stream: Pick<EventStream, 'within' | 'between' | 'since' | 'until'>,
  asOf: Micros,
): boolean {
  const { timestamp } = event;
  if (stream.within !== undefined && timestamp < asOf - parseDuration(stream.within)) return false;
  if (stream.between !== undefined) {
    const [near, far] = stream.between;
    if (timestamp < asOf - parseDuration(far) || timestamp > asOf - parseDuration(near)) return false;
  }
  if (stream.since !== undefined && timestamp < requireInstant(stream.since)) return false;
  if (stream.until !== undefined && timestamp > requireInstant(stream.until)) return false;
  return true;
}

export const hasVerb = ({ first_time, stopped, restarted, regularly }: EventStream): boolean =>
  [first_time, stopped, restarted, regularly].some((verb) => verb !== undefined);

/** Whether events, first to last, are as the stream's verb says. */
export function satisfiesVerb(
  { first_time, stopped, restarted, regularly }: EventStream,
  events: readonly KnownMessage[],
  asOf: Micros,
): boolean {
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
  if (!regularly) throw new Error('no verb');
  const every = parseDuration(regularly.every);
  let held = 0;
  for (let i = 0n; i < BigInt(regularly.of); i++) {
    if (ages.some((age) => age >= i * every && age < (i + 1n) * every)) held++;
  }
  return held >= regularly.at_least;
}
