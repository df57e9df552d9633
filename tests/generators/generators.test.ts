/**
 * The generators make what they promise, and the reference evaluator keeps laws that hold of any right evaluator.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { evaluate } from '../reference/evaluate.js';
import { profileName, type Definition, type Evaluation, type Message } from '../reference/model.js';
import { AS_OF, definitionSet, history, scenario } from './index.js';

const SAMPLES = { numRuns: 150, seed: 20240301 };
const EVERYTHING = { funnels: true, elements: true, verbs: true };

/** An evaluation as plain data. */
const plain = (evaluation: Evaluation): unknown => ({
  profiles: evaluation.profiles,
  members: [...evaluation.members].sort(),
  traits: [...evaluation.traitTexts].map(([key, values]) => [key, [...values]]).sort(),
});

describe('generated definitions', () => {
  it('are valid over any history, nested events and array steps included', () => {
    fc.assert(
      fc.property(history(), definitionSet(EVERYTHING), (messages, definitions) => {
        evaluate({ messages, definitions, asOf: AS_OF });
      }),
      SAMPLES,
    );
  });

  it('cover every operator, reducer and window, and no nested events or array steps unless asked', () => {
    const text = JSON.stringify(fc.sample(definitionSet(), SAMPLES.numRuns * 4));
    const operators =
      'equals not_equals less_than at_most greater_than at_least one_of none_of contains not_contains starts_with ' +
      'ends_with exists not_exists before_date after_date within_last within_next before_last after_next';
    const reducers = 'count sum avg min max mode first last unique unique_count periods';
    const others =
      'within between since until sources include_anonymous history all any not audience trait context';
    const missing = `${operators} ${reducers} ${others}`
      .split(' ')
      .filter((word) => !text.includes(`"${word}":`));
    expect(missing).toEqual([]);
    const verbs =
      'expires_after first_time stopped restarted regularly rank split exclude holdout limit'.split(' ');
    expect(verbs.filter((word) => text.includes(`"${word}":{`) || text.includes(`"${word}":"`))).toEqual([]);
    const withVerbs = JSON.stringify(fc.sample(definitionSet({ verbs: true }), SAMPLES.numRuns * 4));
    expect(verbs.filter((word) => !withVerbs.includes(`"${word}":`))).toEqual([]);
    expect(/_parent"|"of":"parent"|"(tags|items)\.\$/.exec(text)).toBeNull();
  });

  it('often split the profiles: neither nobody nor everybody', () => {
    let audiences = 0;
    let splitting = 0;
    fc.assert(
      fc.property(history(), definitionSet(), (messages, definitions) => {
        const { profiles, members } = evaluate({ messages, definitions, asOf: AS_OF });
        for (const [, inside] of members) {
          audiences++;
          if (inside.length > 0 && inside.length < profiles.length) splitting++;
        }
      }),
      SAMPLES,
    );
    expect(splitting / audiences).toBeGreaterThan(0.25);
  });
});

describe('generated scenarios', () => {
  it('land every row once a step, in time, and run at growing instants', () => {
    fc.assert(
      fc.property(scenario(), ({ steps }) => {
        let before = '';
        let landedSoFar: Message[] = [];
        for (const { land, landed, asOf } of steps) {
          expect(asOf > before).toBe(true);
          landedSoFar = [...landedSoFar, ...land];
          expect(new Set(landed)).toEqual(new Set(landedSoFar));
          expect(landed).toHaveLength(landedSoFar.length);
          before = asOf;
        }
      }),
      SAMPLES,
    );
  });

  it('never leave open which landing of an identity counts', () => {
    fc.assert(
      fc.property(scenario(), ({ steps }) => {
        const seen = new Map<string, string>();
        for (const row of steps.at(-1)?.landed ?? []) {
          const landing = JSON.stringify([row.source, row.type, row.message_id, row.received_at]);
          expect(seen.get(landing) ?? JSON.stringify(row)).toBe(JSON.stringify(row));
          seen.set(landing, JSON.stringify(row));
        }
      }),
      SAMPLES,
    );
  });
});

describe('the reference evaluator', () => {
  it('does not depend on the order of rows or definitions, nor on a row landing twice', () => {
    fc.assert(
      fc.property(history(), definitionSet(EVERYTHING), (messages, definitions) => {
        const once = evaluate({ messages, definitions, asOf: AS_OF });
        const shuffled = [...messages, ...messages].reverse();
        const again = evaluate({ messages: shuffled, definitions: [...definitions].reverse(), asOf: AS_OF });
        expect(plain(again)).toEqual(plain(once));
      }),
      SAMPLES,
    );
  });

  it('does not see what happens after as_of', () => {
    fc.assert(
      fc.property(history(), definitionSet(), (messages, definitions) => {
        // Ids of their own: a repeated id may count by a landing that happens later.
        const rows = messages.map((row, index) => ({ ...row, message_id: String(index) }));
        const until = rows.filter((row) => row.timestamp === null || row.timestamp <= AS_OF);
        const seen = evaluate({ messages: until, definitions, asOf: AS_OF });
        expect(plain(seen)).toEqual(plain(evaluate({ messages: rows, definitions, asOf: AS_OF })));
      }),
      SAMPLES,
    );
  });

  it('splits the range of a definition into its members and those of its negation', () => {
    fc.assert(
      fc.property(
        history(),
        definitionSet(EVERYTHING),
        fc.boolean(),
        (messages, definitions, include_anonymous) => {
          const audience = definitions.find((definition) => definition.kind === 'audience');
          fc.pre(audience?.kind === 'audience');
          if (audience?.kind !== 'audience') return;
          const { kind, history: back = true, definition } = audience;
          const yes: Definition = { kind, key: 'yes', history: back, include_anonymous, definition };
          const no: Definition = { ...yes, key: 'no', definition: { not: definition } };
          const everyone: Definition = { ...yes, key: 'everyone', definition: { all: [] } };
          const all = [...definitions, yes, no, everyone];
          const { members } = evaluate({ messages, definitions: all, asOf: AS_OF });
          const names = (key: string): string[] => (members.get(key) ?? []).map(profileName);
          expect([...names('yes'), ...names('no')].sort()).toEqual(names('everyone').sort());
        },
      ),
      SAMPLES,
    );
  });
});
