/**
 * Verbs of events, sessions, rankings, splits, and what an audience says of its members besides its condition.
 */
import fc from 'fast-check';

import type { Condition, EventStream, MemberRules, Ranking, Split } from '../reference/model.js';
import { DURATIONS, instant, NUMBER_TRAITS, SPANS } from './domain.js';
import { hostileText } from './hostile.js';
import type { LanguageConstraints } from './predicates.js';
import { REFERENCE_PREFIX } from './references.js';

/** A verb, for a stream without a window or a reducer. */
export function verb(): fc.Arbitrary<Partial<EventStream>> {
  const duration = fc.constantFrom(...DURATIONS);
  const since = instant();
  const firstTime = fc.oneof(
    duration.map((within) => ({ within })),
    fc.constantFrom(...SPANS).map((between) => ({ between })),
    since.map((from) => ({ since: from })),
    fc.tuple(instant(), instant()).map(([a, b]) => (a < b ? { since: a, until: b } : { since: b, until: a })),
  );
  const stopped = fc.oneof(
    duration.map((quiet) => ({ for: quiet })),
    fc.constantFrom(...SPANS).map(([quiet, within]) => ({ for: quiet, within })),
  );
  return fc.oneof(
    firstTime.map((first_time) => ({ first_time })),
    stopped.map((value) => ({ stopped: value })),
    fc.tuple(duration, duration).map(([within, after]) => ({ restarted: { within, after } })),
    fc
      .tuple(fc.integer({ min: 1, max: 3 }), fc.nat(2), duration)
      .map(([at_least, more, every]) => ({ regularly: { at_least, of: at_least + more, every } })),
  );
}

/** Short and long, so that sessions are cut and are not. */
export const sessionGap = (): fc.Arbitrary<string> =>
  fc.constantFrom('1 second', '1 hour', '1 day', '7 days', '30 days', '90 days');

/** A place in a ranking; the number is a trait's (custom, or a trait yet to be linked) or that of reduced events. */
export function ranking(reduced: fc.Arbitrary<EventStream>): fc.Arbitrary<Ranking> {
  const by: fc.Arbitrary<Ranking['by']> = fc.oneof(
    fc.constantFrom(...NUMBER_TRAITS).map((trait) => ({ trait })),
    fc.nat(11).map((n) => ({ trait: `${REFERENCE_PREFIX}${n}` })),
    reduced,
  );
  const size = fc.oneof(
    fc.integer({ min: 1, max: 4 }).map((top) => ({ top })),
    fc.constantFrom(0.000001, 10, 33.333333, 50, 100).map((percent) => ({ percent })),
  );
  const order = fc.constantFrom({}, { order: 'ascending' as const }, { order: 'descending' as const });
  return fc.tuple(by, size, order).map(([number, sized, ordered]) => ({ by: number, ...sized, ...ordered }));
}

export function rankCondition(
  reduced: fc.Arbitrary<EventStream>,
  among: fc.Arbitrary<Condition>,
): fc.Arbitrary<Condition> {
  return fc
    .tuple(ranking(reduced), fc.option(among, { nil: undefined }))
    .map(([rank, who]): Condition => ({ rank: { ...rank, ...(who && { among: who }) } }));
}

export function split(): fc.Arbitrary<Split> {
  const salt = fc.oneof({ weight: 3, arbitrary: fc.constantFrom('exp', 'x') }, hostileText({ minLength: 1 }));
  const part = fc.constantFrom<Omit<Split, 'salt'>>(
    { from: 0, to: 50 },
    { from: 50 },
    { to: 12.5 },
    { shares: { a: 33.333333, b: 33.333333, c: 33.333334 }, take: 'b' },
    { shares: { control: 10, rest: 90 }, take: 'rest' },
  );
  return fc.tuple(salt, part).map(([text, of]) => ({ salt: text, ...of }));
}

/** Sometimes an exclusion, a holdout, a limit. */
export function memberRules(
  constraints: LanguageConstraints,
  reduced: fc.Arbitrary<EventStream>,
): fc.Arbitrary<MemberRules> {
  if (constraints.verbs !== true) return fc.constant({});
  const rarely = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
    fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
  const exclude = fc.oneof(
    fc.constant(false as const),
    fc.array(
      fc.nat(11).map((n) => `${REFERENCE_PREFIX}${n}`),
      { minLength: 1, maxLength: 2 },
    ),
  );
  const holdout = fc.constantFrom<NonNullable<MemberRules['holdout']>>(
    { percent: 10 },
    { percent: 50, salt: 'exp' },
  );
  return fc.tuple(rarely(exclude), rarely(holdout), rarely(ranking(reduced))).map(([out, held, limit]) => ({
    ...(out === undefined ? {} : { exclude: out }),
    ...(held && { holdout: held }),
    ...(limit && { limit }),
  }));
}
