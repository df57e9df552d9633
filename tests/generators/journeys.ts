/** Journeys over a small world of their own, in which people come to steps often: few events, short windows. */
import fc from 'fast-check';

import type { Condition, Definition, JourneyStep, Message, SplitSide } from '../reference/model.js';
import { formatInstant, requireInstant } from '../reference/time.js';

const EVENTS = ['A', 'B', 'C', 'D'];
const HOUR = 3_600_000_000n;
const START = requireInstant('2024-01-01T00:00:00Z');

export interface JourneyScenario {
  definitions: Definition[];
  steps: { land: Message[]; landed: Message[]; asOf: string }[];
}

/** One or two journeys, an audience of a step, and two to six runs some hours apart. */
export function journeyScenario(): fc.Arbitrary<JourneyScenario> {
  return fc
    .record({
      first: journey('j'),
      second: fc.option(journey('k'), { nil: undefined }),
      pauses: fc.array(fc.constantFrom(0n, 1n, 12n * HOUR, 24n * HOUR, 48n * HOUR), {
        minLength: 1,
        maxLength: 5,
      }),
      rows: fc.array(row(), { minLength: 5, maxLength: 40 }),
    })
    .map(({ first, second, pauses, rows }) => {
      const instants = [START + 24n * HOUR];
      for (const pause of pauses) instants.push((instants.at(-1) ?? 0n) + pause);
      const messages = rows.map(({ run, back, ...rest }, i) => {
        const asOf = instants[run % instants.length] ?? START;
        const message: Message = {
          message_id: `m${i}`,
          type: 'track',
          ...rest,
          timestamp: formatInstant(asOf - back),
          received_at: formatInstant(asOf),
        };
        return { run: run % instants.length, message };
      });
      const reader: Definition = {
        kind: 'audience',
        key: 'reader',
        definition: { all: [{ audience: 'j' }, { not: { audience: `j_${firstKey(first)}` } }] },
      };
      return {
        definitions: [first, ...(second ? [second] : []), reader],
        steps: instants.map((asOf, i) => ({
          land: messages.filter(({ run }) => run === i).map(({ message }) => message),
          landed: messages.filter(({ run }) => run <= i).map(({ message }) => message),
          asOf: formatInstant(asOf),
        })),
      };
    });
}

/** Six users and two anonymous ids, who may turn out to be one of them. */
const row = () =>
  fc.record({
    run: fc.nat(5),
    event: fc.constantFrom(...EVENTS),
    back: fc.constantFrom(0n, 1n, HOUR, 24n * HOUR, 30n * HOUR),
    user_id: fc.constantFrom('u0', 'u1', 'u2', 'u3', null),
    anonymous_id: fc.constantFrom('x', 'y', null, null),
  });

const condition = (): fc.Arbitrary<Condition> => {
  const event = fc
    .record({ event: fc.constantFrom(...EVENTS), within: fc.constantFrom('1 day', '12 hours', undefined) })
    .map(({ event, within }): Condition => ({ event, ...(within !== undefined && { within }) }));
  return fc.oneof(
    { weight: 5, arbitrary: event },
    { weight: 1, arbitrary: event.map((of): Condition => ({ not: of })) },
    { weight: 1, arbitrary: fc.tuple(event, event).map((all): Condition => ({ all })) },
  );
};

function journey(key: string): fc.Arbitrary<Definition> {
  return fc
    .record({
      entry: condition(),
      exit: fc.option(condition(), { nil: undefined, freq: 2 }),
      re_entry: fc.constantFrom<boolean | string>(false, true, '1 day', '13 hours'),
      steps: list(2),
      include_anonymous: fc.boolean(),
      history: fc.constantFrom<boolean | string>(true, true, '1 day'),
    })
    .map(({ entry, exit, re_entry, steps, include_anonymous, history }): Definition => {
      const form = { entry, ...(exit && { exit }), re_entry, steps: named(steps) };
      return { kind: 'journey', key, include_anonymous, history, definition: form };
    });
}

function list(depth: number): fc.Arbitrary<JourneyStep[]> {
  const leaf = fc.oneof(
    condition().map((when): JourneyStep => ({ key: '', when })),
    fc.constantFrom('1 second', '12 hours', '1 day').map((delay): JourneyStep => ({ key: '', delay })),
  );
  if (depth === 0) return fc.array(leaf, { maxLength: 2 });
  // One branch of each split leads to what follows it: else nobody would come there.
  const side = (mayEnd: boolean): fc.Arbitrary<SplitSide> =>
    fc
      .record({ steps: list(depth - 1), ends: mayEnd ? fc.boolean() : fc.constant(false) })
      .map(({ steps, ends }) => ({
        key: '',
        // What it leads to is said when the keys are known.
        steps: ends ? [...steps, { next: '' }] : steps,
      }));
  const split = fc.oneof(
    fc
      .tuple(condition(), side(true), side(false))
      .map(([test, then, other]): JourneyStep => ({ key: '', split: { if: test, then, else: other } })),
    fc
      .tuple(
        fc.array(fc.tuple(condition(), side(true)), { minLength: 1, maxLength: 2 }),
        side(false),
        condition(),
        fc.boolean(),
      )
      .map(([some, last, test, rest]): JourneyStep => ({
        key: '',
        branches: [
          ...some.map(([when, branch]) => ({ ...branch, when })),
          rest ? last : { ...last, when: test },
        ],
      })),
    fc.tuple(fc.integer({ min: 1, max: 99 }), side(true), side(false)).map(([share, a, b]): JourneyStep => ({
      key: '',
      random: {
        salt: 's',
        branches: [
          { ...a, share },
          { ...b, share: 100 - share },
        ],
      },
    })),
  );
  return fc.array(fc.oneof({ weight: 2, arbitrary: leaf }, { weight: 1, arbitrary: split }), {
    minLength: 1,
    maxLength: 3,
  });
}

/** Gives every step a key; a `next` leads to the last step of the journey, or is left out where it stands in that. */
function named(steps: readonly JourneyStep[]): JourneyStep[] {
  let count = 0;
  const last = 'last';
  const visit = (list: readonly JourneyStep[]): JourneyStep[] =>
    list.map((step): JourneyStep => {
      if ('next' in step) return { next: last };
      const key = `s${count++}`;
      const side = <S extends SplitSide>(one: S): S => ({
        ...one,
        key: `s${count++}`,
        steps: visit(one.steps ?? []),
      });
      if ('split' in step) {
        const { if: test, then, else: other } = step.split;
        return { key, split: { if: test, then: side(then), else: side(other) } };
      }
      if ('branches' in step) return { key, branches: step.branches.map(side) };
      if ('random' in step)
        return { key, random: { ...step.random, branches: step.random.branches.map(side) } };
      return { ...step, key };
    });
  return [...visit(steps), { key: last, when: { event: 'D' } }];
}

function firstKey(definition: Definition): string {
  const [step] = definition.kind === 'journey' ? definition.definition.steps : [];
  if (step === undefined || 'next' in step) throw new Error('a journey begins with a step');
  return step.key;
}
