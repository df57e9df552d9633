/** Mistakes in verbs, rankings, splits and exclusions: each with its place, nothing written. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { BUYERS, CONFIG, documentOf, rollcall, shop, type Shop } from './support.js';

const file = (rest: string): string => `{ "kind": "audience", "key": "bad",\n  ${rest} }\n`;
const condition = (text: string): string => file(`"definition": ${text}`);
const query = (text: string): string => condition(`{ "query": ${JSON.stringify(text)} }`);

interface Mistake {
  readonly name: string;
  readonly text: string;
  /** All that is printed of it, but for the line and its carets. */
  readonly said: string;
  /** The text over the carets. */
  readonly marked: string;
  readonly hint?: string;
}

const MISTAKES: readonly Mistake[] = [
  {
    name: 'shares that do not come to 100',
    text: condition('{ "split": { "salt": "s", "shares": { "a": 10, "b": 45 }, "take": "a" } }'),
    said: '2:43 invalid-value the shares come to 55 percent, not 100',
    marked: '"shares"',
    hint: '45 percent are missing',
  },
  {
    name: 'stopped, the wrong way round',
    text: condition('{ "event": "Order Completed", "stopped": { "for": "90 days", "within": "30 days" } }'),
    said: '2:78 invalid-value "within" must be longer than "for": it counts from as_of too',
    marked: '"within"',
    hint: 'leave it out where it does not matter how long ago',
  },
  {
    name: 'more periods than there are',
    text: condition(
      '{ "event": "Order Completed", "regularly": { "at_least": 5, "of": 4, "every": "1 week" } }',
    ),
    said: '2:62 invalid-value 5 of 4 periods is more than there are',
    marked: '"at_least"',
    hint: '"at_least" is at most "of"',
  },
  {
    name: 'a verb in where',
    text: condition('{ "event": "A", "where": { "event": "B", "first_time": { "within": "7 days" } } }'),
    said: '2:58 unknown-key unknown key "first_time"',
    marked: '"first_time"',
    hint: '"first_time" is about a profile, not about an event: it stands outside "where"',
  },
  {
    name: 'a session in where',
    text: condition(
      '{ "event": "Order Completed", "where": { "event": "Order Completed", "expires_after": "1 hour" } }',
    ),
    said: '2:67 misplaced-operand "expires_after" is about the last session of a profile, not about events after another',
    marked: '"Order Completed"',
    hint: 'leave it out, or say how long after its parent the event counts with "within_parent"',
  },
  {
    name: 'a verb of an event with a slip in its where',
    text: condition(
      '{ "event": "Order Completed", "where": { "trait": "nowhere", "exists": true }, "stopped": { "for": "7 days" } }',
    ),
    said: '2:67 unknown-reference There is no trait "nowhere"',
    marked: '"nowhere"',
  },
  {
    name: 'a ranking by an audience',
    text: condition('{ "rank": { "by": { "trait": "buyers" }, "top": 10 } }'),
    said: '2:46 misplaced-operand "buyers" is an audience and has no number to go by',
    marked: '"buyers"',
    hint: 'go by a trait that has numbers, or by reduced events',
  },
  {
    name: 'the same in query text',
    text: query("top(10, trait('buyers'))"),
    said: '2:43 misplaced-operand "buyers" is an audience and has no number to go by',
    marked: "'buyers'",
    hint: 'go by a trait that has numbers, or by reduced events',
  },
  {
    name: 'a ranking by what is not there',
    text: file('"limit": { "top": 10, "by": { "trait": "spnd" } }, "definition": { "audience": "buyers" }'),
    said: '2:42 unknown-reference There is no trait "spnd"',
    marked: '"spnd"',
    hint: 'did you mean "spend"?',
  },
  {
    name: 'a ranking in a where',
    text: condition('{ "event": "A", "where": { "rank": { "by": { "trait": "spend" }, "top": 10 } } }'),
    said: '2:44 ambiguous-form the object is not a condition on an event or a row',
    marked: '"rank"',
    hint: '"rank" is about a profile: put it beside the event, under "all"',
  },
  {
    name: 'a ranking of the users of one account',
    text: file(
      '"of": "accounts", "definition": { "users": "any", "match": { "rank": { "by": { "trait": "spend" }, "top": 1 } } }',
    ),
    said: '2:64 misplaced-operand a ranking is of all that the definition ranges over, and here it would be of the users of one account',
    marked: '"rank"',
    hint: 'rank the users in an audience of theirs, and write { "audience": … } here',
  },
  {
    name: 'an exclusion of what is not there',
    text: file('"exclude": ["byers"], "definition": { "event": "Order Completed" }'),
    said: '2:15 unknown-reference There is no audience "byers"',
    marked: '"byers"',
    hint: 'did you mean "buyers"?',
  },
  {
    name: 'an exclusion of a trait',
    text: file('"exclude": ["spend"], "definition": { "event": "Order Completed" }'),
    said: '2:15 unknown-reference "spend" is a trait, not an audience',
    marked: '"spend"',
    hint: 'write { "trait": "spend", … }',
  },
  {
    name: 'an exclusion of itself',
    text: file('"exclude": ["bad"], "definition": { "event": "Order Completed" }'),
    said: '1:30 cycle Definitions refer to each other in a circle: bad → bad',
    marked: '"bad"',
    hint: 'break it by repeating the condition instead of one reference',
  },
];

const SPEND = {
  kind: 'trait',
  key: 'spend',
  definition: { event: 'Order Completed', sum: { property: 'revenue' } },
};

describe('mistakes in verbs', () => {
  let made: Shop;
  beforeAll(async () => {
    made = await shop();
    await made.write('models/spend.json', SPEND);
  });
  afterAll(() => made[Symbol.asyncDispose]());

  test.each(MISTAKES)('$name: $said', async ({ text, said, marked, hint }) => {
    await made.write('models/bad.json', text);
    for (const command of ['validate', 'run']) {
      const { exit, stderr } = await rollcall(made.dir, [command]);
      const [first, source = '', carets = '', last] = stderr.split('\n');
      const [start, end] = [carets.indexOf('^'), carets.lastIndexOf('^') + 1];
      expect([command, exit, first, source.slice(start, end)]).toEqual([
        command,
        2,
        `models/bad.json:${said}`,
        marked,
      ]);
      if (hint !== undefined) expect(last).toBe(`  hint: ${hint}`);
    }
  });
});

describe('exclusions of the project', () => {
  const EXCLUDING = `${JSON.stringify(CONFIG).slice(0, -1)},\n"exclude": ["byers", "spend"] }`;

  test('what is no audience is told once, where it stands', async () => {
    await using made = await shop();
    await made.write('models/spend.json', SPEND);
    await made.write('rollcall.json', EXCLUDING);
    const { exit, stderr } = await rollcall(made.dir, ['run']);
    expect(exit).toBe(2);
    expect(stderr.trimEnd().split('\n')).toEqual([
      'rollcall.json:2:13 unknown-reference there is no audience "byers"',
      '  "exclude": ["byers", "spend"] }',
      '              ^^^^^^^',
      '  hint: did you mean "buyers"?',
      'rollcall.json:2:22 unknown-reference "spend" is a trait, not an audience',
      '  "exclude": ["byers", "spend"] }',
      '                       ^^^^^^^',
      '  hint: only audiences can be excluded',
      '',
      '2 errors',
    ]);
  });

  test('a broken file is broken, not missing', async () => {
    await using made = await shop();
    await made.write('models/byers.json', '{ "kind": "audience", "key": "byers", "naem": 1 }');
    await made.write('rollcall.json', EXCLUDING.replace(', "spend"', ''));
    const { exit, stderr } = await rollcall(made.dir, ['validate']);
    expect(exit).toBe(2);
    expect(stderr).toContain('models/byers.json');
    expect(stderr).not.toContain('rollcall.json');
  });

  test('one that is excluded later leaves, and a selection is told what it misses', async () => {
    await using made = await shop();
    expect((await rollcall(made.dir, ['run'])).exit).toBe(0);
    await made.write('models/best.json', {
      kind: 'audience',
      key: 'best',
      definition: { event: 'Order Completed', sum: { property: 'revenue', at_least: 20 } },
    });
    await made.write('rollcall.json', { ...CONFIG, exclude: ['best'] });
    const alone = await rollcall(made.dir, ['run', '--select', 'buyers']);
    expect([alone.exit, alone.stderr]).toEqual([2, expect.stringContaining('select +buyers')]);
    expect((await rollcall(made.dir, ['run'])).exit).toBe(0);
    const { stdout } = await rollcall(made.dir, ['members', 'buyers', '--json']);
    expect(JSON.stringify(JSON.parse(stdout))).not.toContain('"b"');
    expect(stdout).toContain('"a"');
  });
});

describe('what an audience says besides its condition is part of its meaning', () => {
  test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['a limit', { limit: { top: 1, by: { trait: 'spend' } } }, {}],
    ['a holdout', { holdout: { percent: 10 } }, {}],
    ['an exclusion', { exclude: ['best'] }, {}],
    ['an exclusion of the project', {}, { exclude: ['best'] }],
  ])('%s', async (_, more, config) => {
    await using made = await shop();
    await made.write('models/spend.json', SPEND);
    await made.write('models/best.json', {
      kind: 'audience',
      key: 'best',
      definition: { rank: { by: { trait: 'spend' }, top: 1 } },
    });
    const modified = async (): Promise<string[]> => {
      const ran = await rollcall(made.dir, ['ls', '--select', 'state:modified', '--json']);
      return documentOf<{ definitions: { key: string }[] }>(ran).definitions.map(({ key }) => key);
    };
    expect((await rollcall(made.dir, ['run'])).exit).toBe(0);
    expect(await modified()).toEqual([]);
    await made.write('models/buyers.json', { ...BUYERS, ...more });
    await made.write('rollcall.json', { ...CONFIG, ...config });
    expect(await modified()).toEqual(['buyers']);
  });
});
