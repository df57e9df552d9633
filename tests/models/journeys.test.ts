/** Journeys as files: what they come to, and every mistake with its place and a hint. */
import { describe, expect, it } from 'vitest';

import { load, printed, readDefinition, ROLLCALL } from './support.js';

const journey = (steps: string, more = ''): string =>
  `{ "kind": "journey", "key": "j",\n  "definition": { "entry": { "event": "In" }, ${more}"steps": [\n${steps}\n] } }`;

const first = (text: string): string => {
  const { diagnostics } = readDefinition(text);
  return diagnostics
    .map(({ code, span, message, hint }) =>
      [`${span?.start.line ?? 0}:${span?.start.column ?? 0} ${code} ${message}`, hint].join(' | '),
    )
    .join('\n');
};

const W = '{ "key": "w", "when": { "event": "W" } }';

describe('what a journey publishes', () => {
  it('is itself, its steps and its branches, each with what it says of itself', async () => {
    const { project, diagnostics } = await load({
      'rollcall.json': ROLLCALL,
      'models/j.json': `{ "kind": "journey", "key": "j", "name": "Joy", "tags": ["x"], "definition": {
        "entry": { "query": "event('In').count() >= 1" },
        "steps": [
          { "key": "w", "name": "Waited", "when": { "query": "event('W').count() >= 1" } },
          { "key": "s", "split": { "if": { "event": "B" }, "then": { "key": "yes" }, "else": { "key": "no" } } },
          { "key": "d", "delay": "1 day" }
        ] } }`,
    });
    expect(diagnostics).toEqual([]);
    const found = project?.definitions.map(({ key, kind, name, tags }) => [key, kind, name, tags]);
    expect(found).toEqual([
      ['j', 'journey', 'Joy', ['x']],
      ['j_w', 'journey_step', 'Waited', ['x']],
      ['j_s', 'journey_step', 'Joy: s', ['x']],
      ['j_yes', 'journey_step', 'Joy: yes', ['x']],
      ['j_no', 'journey_step', 'Joy: no', ['x']],
      ['j_d', 'journey_step', 'Joy: d', ['x']],
    ]);
    const after = project?.definitions.flatMap((d) => (d.kind === 'journey_step' ? [d.step.after] : []));
    expect(after).toEqual([[], ['w'], ['s'], ['s'], ['yes', 'no']]);
  });

  it('has keys that others may not have', async () => {
    const { diagnostics } = await load({
      'rollcall.json': ROLLCALL,
      'models/a.json': journey(W),
      'models/b.json': '{ "kind": "audience", "key": "j_w", "definition": { "event": "W" } }',
    });
    expect(diagnostics.map(({ code, message }) => [code, message])).toEqual([
      ['duplicate-key', 'the definition key "j_w" is already used in models/a.json:3:10'],
    ]);
  });
});

describe('mistakes', () => {
  it.each([
    [
      'shares that do not come to 100',
      journey(
        '{ "key": "t", "random": { "branches": [{ "key": "a", "share": 30 }, { "key": "b", "share": 60 }] } }',
      ),
      '3:27 invalid-value the shares come to 90 percent, not 100 | 10 percent are missing',
    ],
    [
      'shares of more than 100',
      journey(
        '{ "key": "t", "random": { "branches": [{ "key": "a", "share": 50.5 }, { "key": "b", "share": 50 }] } }',
      ),
      '3:27 invalid-value the shares come to 100.5 percent, not 100 | 0.5 percent are too many',
    ],
    [
      'a loop',
      journey(
        `${W}, { "key": "s", "split": { "if": { "event": "B" },\n"then": { "key": "yes", "steps": [{ "next": "w" }] }, "else": { "key": "no" } } }`,
      ),
      '4:45 cycle the journey loops: w → s → yes → w | lead to a step further on; to let people start over there is "re_entry"',
    ],
    [
      'a step that leads to itself',
      journey(`${W}, { "next": "w" }`),
      '3:53 cycle the journey loops: w → w | lead to a step further on; to let people start over there is "re_entry"',
    ],
    [
      'next to nowhere',
      journey(`${W}, { "next": "ww" }`),
      '3:53 unknown-reference the journey has no step "ww" | did you mean "w"?',
    ],
    [
      'next into a branch by its key',
      journey(
        `{ "key": "r", "branches": [{ "key": "a", "when": { "event": "A" }, "steps": [{ "next": "b" }] }, { "key": "b" }] }`,
      ),
      '3:88 invalid-value "b" is a branch: who goes there is for its split to say | name the split, or the first step of the branch',
    ],
    [
      'steps after next',
      journey(
        `{ "key": "v", "when": { "event": "V" } }, { "next": "z" }, ${W}, { "key": "z", "delay": "1 day" }`,
      ),
      '3:60 invalid-value nobody comes here: "next" before it leads elsewhere | make "next" the last of its list',
    ],
    [
      'a step nobody comes to',
      journey(
        `{ "key": "s", "split": { "if": { "event": "B" }, "then": { "key": "y", "steps": [{ "next": "z" }] }, "else": { "key": "n", "steps": [{ "next": "z" }] } } },\n${W}, { "key": "z", "delay": "1 day" }`,
      ),
      '4:10 invalid-value nobody comes to "w": every branch before it goes on elsewhere | let one end here, or lead to it with "next"',
    ],
    [
      'a key twice',
      journey(`${W},\n${W}`),
      '4:10 duplicate-key another step of the journey has the key "w" | the key of a step is its identity in the journey: choose another',
    ],
    [
      'a branch without a condition before the last',
      journey('{ "key": "r", "branches": [{ "key": "a" }, { "key": "b", "when": { "event": "B" } }] }'),
      '3:28 missing-key "when" is missing: only the last branch takes everyone who is left | give it a condition, or make it the last',
    ],
    [
      'two kinds of step at once',
      journey('{ "key": "w", "when": { "event": "W" }, "delay": "1 day" }'),
      '3:41 ambiguous-form "when" and "delay" in one object | keep one of them',
    ],
    [
      'a step of no kind',
      journey('{ "key": "w", "event": "W" }'),
      '3:15 ambiguous-form the object is not a step of a journey | a step of a journey has one of "when", "delay", "split", "branches", "random" or "next"',
    ],
    [
      'a delay of nothing',
      journey('{ "key": "d", "delay": "0 days" }'),
      '3:24 invalid-duration "0 days" is not a positive duration | "1 day" is the shortest in days',
    ],
    [
      'no entry',
      '{ "kind": "journey", "key": "j", "definition": { "steps": [] } }',
      '1:48 missing-key "entry" is missing | ',
    ],
    [
      'query text that cannot be read',
      journey('{ "key": "w", "when": { "query": "event(" } }'),
      expect.stringMatching(/^3:4\d invalid-query/),
    ],
    [
      're_entry of another type',
      journey(W, '"re_entry": 3, '),
      '2:59 wrong-type true, false or a duration such as "30 days" is expected, not a number | ',
    ],
  ])('%s', (_, text, expected) => {
    expect(first(text)).toEqual(expected);
  });

  it('stand where they are, with the line and a caret', () => {
    const text = journey(
      '{ "key": "t", "random": { "branches": [{ "key": "a", "share": 1 }, { "key": "b", "share": 2 }] } }',
    );
    expect(printed(readDefinition(text))).toMatchInlineSnapshot(`
      "
      models/a.json:3:27 invalid-value the shares come to 3 percent, not 100
        { "key": "t", "random": { "branches": [{ "key": "a", "share": 1 }, { "key": "b", "share": 2 }] } }
                                  ^^^^^^^^^^
        hint: 97 percent are missing
      "
    `);
  });
});
