/** What the conformance cases do not ask yet: nested events, array steps, selections and errors. */
import { describe, expect, it } from 'vitest';

import { evaluate } from './evaluate.js';
import { profileName, type Condition, type Definition, type EvaluationInput, type Message } from './model.js';

const AS_OF = '2024-03-01T00:00:00Z';

const event = (user: string, name: string, at: string, properties: Message['properties'] = {}): Message => ({
  message_id: `${user} ${name} ${at}`,
  type: 'track',
  event: name,
  timestamp: at,
  user_id: user,
  properties,
});

const audience = (definition: Condition, key = 'a'): Definition => ({ kind: 'audience', key, definition });

const members = (
  messages: Message[],
  definition: Condition,
  rest: Partial<EvaluationInput> = {},
): string[] => {
  const result = evaluate({ messages, definitions: [audience(definition)], asOf: AS_OF, ...rest });
  return (result.members.get('a') ?? []).map(profileName);
};

describe('nested events', () => {
  const ordered = { event: 'Ordered', within_parent: '1 day' };
  const abandoned = (settled: boolean): Condition => ({
    event: 'Added',
    where: { not: settled ? { ...ordered, settled } : ordered },
  });

  it('count strictly after their parent, up to the end of its span', () => {
    const messages = [
      ...['same', 'micro', 'edge', 'past', 'before'].map((user) =>
        event(user, 'Added', '2024-02-10T00:00:00Z'),
      ),
      event('same', 'Ordered', '2024-02-10T00:00:00Z'),
      event('micro', 'Ordered', '2024-02-10T00:00:00.000001Z'),
      event('edge', 'Ordered', '2024-02-11T00:00:00Z'),
      event('past', 'Ordered', '2024-02-11T00:00:00.000001Z'),
      event('before', 'Ordered', '2024-02-09T00:00:00Z'),
    ];
    expect(members(messages, { event: 'Added', where: ordered })).toEqual(['u:edge', 'u:micro']);
    const between = { event: 'Ordered', between_parent: ['1 day', '2 days'] as [string, string] };
    expect(members(messages, { event: 'Added', where: between })).toEqual(['u:edge', 'u:past']);
    expect(members(messages, { event: 'Added', where: { event: 'Ordered' } })).toEqual([
      'u:edge',
      'u:micro',
      'u:past',
    ]);
  });

  it('are tried for every parent', () => {
    const messages = [
      event('ann', 'Added', '2024-02-10T00:00:00Z'),
      event('ann', 'Ordered', '2024-02-10T01:00:00Z'),
      event('ann', 'Added', '2024-02-10T02:00:00Z'),
      event('bob', 'Added', '2024-02-10T00:00:00Z'),
      event('bob', 'Ordered', '2024-02-10T01:00:00Z'),
    ];
    expect(members(messages, abandoned(false))).toEqual(['u:ann']);
  });

  it('make their parent wait when settled', () => {
    const messages = [
      event('edge', 'Added', '2024-02-29T00:00:00Z'),
      event('waiting', 'Added', '2024-02-29T00:00:00.000001Z'),
    ];
    expect(members(messages, abandoned(false))).toEqual(['u:edge', 'u:waiting']);
    expect(members(messages, abandoned(true))).toEqual(['u:edge']);
  });

  it('read the nearest enclosing event', () => {
    const same = { property: 'sku', equals: { property: 'sku', of: 'parent' as const } };
    const funnel: Condition = {
      event: 'Viewed',
      where: {
        event: 'Added',
        where: { all: [same, { event: 'Ordered', where: same, count: { at_least: 1 } }] },
      },
    };
    const steps = (user: string, skus: string[]): Message[] =>
      ['Viewed', 'Added', 'Ordered'].map((name, i) =>
        event(user, name, `2024-02-1${i}T00:00:00Z`, { sku: skus[i] ?? '' }),
      );
    const messages = [
      ...steps('ann', ['x', 'x', 'x']),
      ...steps('bob', ['x', 'x', 'y']),
      ...steps('cyd', ['x', 'y', 'y']),
    ];
    expect(members(messages, funnel)).toEqual(['u:ann']);
  });
});

describe('array steps', () => {
  const messages = [
    event('ann', 'Ordered', AS_OF, {
      items: [
        { sku: 'x', n: 1 },
        { sku: 'y', n: 2 },
      ],
    }),
    event('bob', 'Ordered', AS_OF, { items: [{ sku: 'z' }, {}] }),
    event('cyd', 'Ordered', AS_OF, { items: [] }),
    event('dee', 'Ordered', AS_OF, { items: 'x' }),
  ];
  const where = (comparison: object): Condition => ({
    event: 'Ordered',
    where: { property: 'items.$.sku', ...comparison },
  });

  it('hold of some element, and negations of all of them', () => {
    expect(members(messages, where({ equals: 'x' }))).toEqual(['u:ann']);
    expect(members(messages, where({ not_equals: 'x' }))).toEqual(['u:ann', 'u:bob']);
    expect(members(messages, where({ not_contains: 'x' }))).toEqual(['u:bob', 'u:cyd', 'u:dee']);
    expect(members(messages, where({ not_exists: true }))).toEqual(['u:cyd', 'u:dee']);
  });

  it('are each on their own', () => {
    const both = {
      all: [
        { property: 'items.$.sku', equals: 'x' },
        { property: 'items.$.n', equals: 2 },
      ],
    };
    expect(members(messages, { event: 'Ordered', where: both })).toEqual(['u:ann']);
  });

  it('contribute every element to a reducer', () => {
    expect(members(messages, { event: 'Ordered', sum: { property: 'items.$.n', equals: 3 } })).toEqual([
      'u:ann',
    ]);
    expect(
      members(messages, { event: 'Ordered', unique_count: { property: 'items.$.sku', equals: 2 } }),
    ).toEqual(['u:ann']);
  });
});

describe('references', () => {
  const messages = [event('ann', 'Ordered', AS_OF), event('bob', 'Other', AS_OF)];

  it('outside the selection are read as last published', () => {
    const publishedOutsideSelection: EvaluationInput['publishedOutsideSelection'] = {
      big: { kind: 'audience', members: ['u:bob'] },
      orders: { kind: 'trait', counts: true, values: { 'u:ann': 3 } },
    };
    const read = (condition: Condition): string[] =>
      members(messages, condition, { publishedOutsideSelection });
    expect(read({ audience: 'big' })).toEqual(['u:bob']);
    expect(read({ trait: 'big', equals: false })).toEqual(['u:ann']);
    expect(read({ trait: 'orders', equals: 3 })).toEqual(['u:ann']);
    expect(read({ trait: 'orders', equals: 0 })).toEqual(['u:bob']);
  });

  it('to nothing known or in a cycle are errors', () => {
    expect(() => members(messages, { audience: 'nowhere' })).toThrow('no audience nowhere');
    expect(() => members(messages, { not: { audience: 'a' } })).toThrow('a cycle: a -> a');
  });

  it('to a disabled definition read what it last published', () => {
    const disabled: Definition = { ...audience({ event: 'Ordered' }, 'off'), enabled: false };
    const definitions = [disabled, audience({ audience: 'off' })];
    const published = { off: { kind: 'audience' as const, members: ['u:bob'] } };
    const result = evaluate({ messages, definitions, asOf: AS_OF, publishedOutsideSelection: published });
    expect([...result.members.keys()]).toEqual(['a']);
    expect(result.members.get('a')).toEqual([{ kind: 'user', id: 'bob' }]);
  });
});

describe('definitions that are not valid', () => {
  it.each<[string, Condition, string]>([
    ['two operators', { trait: 'x', equals: 1, not_equals: 2 }, 'more than one operator'],
    ['no operator', { trait: 'x' }, 'without an operator'],
    [
      'two reducers',
      { event: 'x', count: { equals: 1 }, sum: { property: 'p', equals: 1 } },
      'more than one reducer',
    ],
    ['an ordering by a boolean', { trait: 'email', less_than: true }, 'less_than with a boolean'],
    ['an unknown unit', { event: 'x', within: '1 month' }, 'not a duration'],
  ])('%s', (_, condition, message) => {
    const identify: Message = { ...event('ann', 'x', AS_OF), type: 'identify', traits: { email: 'e' } };
    expect(() => members([identify, event('ann', 'x', AS_OF)], condition)).toThrow(message);
  });
});

it('tells user x from anonymous x', () => {
  const anonymous: Message = {
    message_id: 'm',
    type: 'track',
    event: 'Ordered',
    timestamp: AS_OF,
    anonymous_id: 'x',
  };
  const { profiles } = evaluate({
    messages: [event('x', 'Ordered', AS_OF), anonymous],
    definitions: [],
    asOf: AS_OF,
  });
  expect(profiles.map(profileName)).toEqual(['a:x', 'u:x']);
});
