import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { Condition, TraitValue } from '../../models/index.js';
import { normalise, parseQuery, printJson, printQuery, toJson } from '../../models/index.js';
import { conditions, values } from './algebra.js';
import { audience, printed, readDefinition, trait } from './support.js';

function conditionOf(json: string): Condition {
  const loaded = readDefinition(audience(json));
  if (loaded.value?.kind !== 'audience') throw new Error(printed(loaded));
  return loaded.value.condition;
}

function valueOf(json: string): TraitValue {
  const loaded = readDefinition(trait(json));
  if (loaded.value?.kind !== 'trait') throw new Error(printed(loaded));
  return loaded.value.value;
}

describe('a tree survives', () => {
  test('JSON, whatever it holds', () => {
    fc.assert(
      fc.property(conditions, (tree) => {
        expect(conditionOf(printJson(toJson(tree)))).toEqual(tree);
      }),
    );
    fc.assert(
      fc.property(values, (tree) => {
        expect(valueOf(printJson(toJson(tree)))).toEqual(tree);
      }),
    );
  });

  test('query text, whatever it holds, on one line and on many', () => {
    fc.assert(
      fc.property(conditions, fc.constantFrom(undefined, 20, 60, 100), (tree, width) => {
        const text = printQuery(tree, width === undefined ? {} : { width });
        const parsed = parseQuery(text, 'condition');
        expect(parsed.diagnostics).toEqual([]);
        expect(parsed.tree).toEqual(tree);
      }),
    );
    fc.assert(
      fc.property(values, fc.constantFrom(undefined, 40), (tree, width) => {
        const parsed = parseQuery(printQuery(tree, width === undefined ? {} : { width }), 'value');
        expect(parsed.tree).toEqual(tree);
      }),
    );
  });

  test('JSON to text to JSON, in a file', () => {
    fc.assert(
      fc.property(conditions, (tree) => {
        const json = printJson(toJson(tree));
        const query = JSON.stringify({ query: printQuery(conditionOf(json)) });
        expect(printJson(toJson(conditionOf(query)))).toBe(json);
      }),
    );
  });
});

/** The examples of QUERY-LANGUAGE and of SEMANTICS §2: text, and what it says in JSON. */
const EXAMPLES: readonly (readonly [string, string])[] = [
  [
    "event('Shoes Bought').where( property('price') >= 100 ).within(7 days).count() >= 1",
    '{"event":"Shoes Bought","where":{"property":"price","at_least":100},"within":"7 days"}',
  ],
  [
    "event('Shoes Bought').where( property('price') >= trait('avg_spend') AND event('Shoes Returned').within(parent: 5 days).count() >= 1 ).within(30 days).count() >= 1",
    '{"event":"Shoes Bought","within":"30 days","where":{"all":[{"property":"price","at_least":{"trait":"avg_spend"}},{"event":"Shoes Returned","within_parent":"5 days"}]}}',
  ],
  [
    "NOT ( event('Shoes Bought').count() >= 1 AND trait('total_spend') > 200 )",
    '{"not":{"all":[{"event":"Shoes Bought"},{"trait":"total_spend","greater_than":200}]}}',
  ],
  ["ALL NOT event('Shoes Bought').count() >= 1", '{"users":"all","match":{"not":{"event":"Shoes Bought"}}}'],
  [
    "entity('orders').where( property('total') > 500 ).count() >= 1 OR trait('VIP') = 'true'",
    '{"any":[{"entity":"orders","where":{"property":"total","greater_than":500}},{"trait":"VIP","equals":"true"}]}',
  ],
  ["event('Order Completed').within(30 days).count() >= 1", '{"event":"Order Completed","within":"30 days"}'],
  ['trait("plan").one_of("business", "enterprise")', '{"trait":"plan","one_of":["business","enterprise"]}'],
  ["trait('plan').one_of(['business', 'enterprise'])", '{"trait":"plan","one_of":["business","enterprise"]}'],
  ["trait('address.city') == 'Berlin'", '{"trait":"address.city","equals":"Berlin"}'],
  ["not audience('big_spenders')", '{"not":{"audience":"big_spenders"}}'],
  ["5 <= trait('visits')", '{"trait":"visits","at_least":5}'],
  ["true = trait('vip')", '{"trait":"vip","equals":true}'],
  [
    "trait('a').exists() Or trait('b').absent() anD trait('c').omits('x', 'y')",
    '{"any":[{"trait":"a","exists":true},{"all":[{"trait":"b","not_exists":true},{"trait":"c","not_contains":["x","y"]}]}]}',
  ],
  [
    "event('Order Completed').unique(property('category')).count() >= 3",
    '{"event":"Order Completed","unique_count":{"property":"category","at_least":3}}',
  ],
  [
    "event('A').since('2025-01-01').until('2025-02-01').sources({exclude: ['src_1']}).max(property('x') as string) != 'b'",
    '{"event":"A","since":"2025-01-01","until":"2025-02-01","sources":{"exclude":["src_1"]},"max":{"property":"x","as":"string","not_equals":"b"}}',
  ],
  [
    "event('A').where(NOT event('B').where(property('id').equals(property(parent: 'id'))).between(parent: 1 hour, 2 days).settled().count() > 0).by('group_id').expires_after(2 weeks).count() >= 1",
    '{"event":"A","by":"group_id","expires_after":"2 weeks","where":{"not":{"event":"B","between_parent":["1 hour","2 days"],"settled":true,"where":{"property":"id","equals":{"property":"id","of":"parent"}},"count":{"greater_than":0}}}}',
  ],
  [
    "event('A').where(property('x') > 1).within(7 days).where(property('y') = 'b' OR trait('c').exists()).count() >= 1",
    '{"event":"A","within":"7 days","where":{"all":[{"property":"x","greater_than":1},{"any":[{"property":"y","equals":"b"},{"trait":"c","exists":true}]}]}}',
  ],
  [
    "event('A').sources({exclude: 'src_1', 'src_2'}).count() = literal(2)",
    '{"event":"A","sources":{"exclude":["src_1","src_2"]},"count":{"equals":2}}',
  ],
  ["literal('pro') = trait('plan')", '{"trait":"plan","equals":"pro"}'],
  [
    "event('Page Viewed').where(context('page.url').contains('/pricing')).count() >= 1",
    '{"event":"Page Viewed","where":{"context":"page.url","contains":"/pricing"}}',
  ],
  [
    "event('A').where(audience('b') AND NOT audience('c')).count() >= 1",
    '{"event":"A","where":{"all":[{"audience":"b"},{"not":{"audience":"c"}}]}}',
  ],
  [
    "trait('x') > event('A').avg(property('y'))",
    '{"trait":"x","greater_than":{"event":"A","avg":{"property":"y"}}}',
  ],
  ["trait('signed_up').within_last(1 week)", '{"trait":"signed_up","within_last":"1 week"}'],
  [
    "event('A').within(4 weeks).periods(1 week, 4) >= 3",
    '{"event":"A","regularly":{"at_least":3,"of":4,"every":"1 week"}}',
  ],
  [
    "event('A').within(7 days).count() >= 1 AND event('A').count() = event('A').within(7 days).count()",
    '{"event":"A","first_time":{"within":"7 days"}}',
  ],
  [
    "event('A').between(1 day, 7 days).count() >= 1 AND event('A').count() = event('A').within(7 days).count()",
    '{"event":"A","first_time":{"between":["1 day","7 days"]}}',
  ],
  [
    "event('A').within(30 days).count() = 0 AND event('A').within(90 days).count() >= 1",
    '{"event":"A","stopped":{"for":"30 days","within":"90 days"}}',
  ],
  [
    "event('A').within(1 week).count() >= 1 AND event('A').within(37 days).count() = event('A').within(1 week).count() AND event('A').count() > event('A').within(37 days).count()",
    '{"event":"A","restarted":{"within":"1 week","after":"30 days"}}',
  ],
  ["top(100, trait('spend'))", '{"rank":{"by":{"trait":"spend"},"top":100}}'],
  [
    "bottom(12.5 percent, event('A').sum(property('v')), NOT audience('b'))",
    '{"rank":{"by":{"event":"A","sum":{"property":"v"}},"percent":12.5,"order":"ascending","among":{"not":{"audience":"b"}}}}',
  ],
  [
    "NOT split('s', 10, 55)",
    '{"not":{"split":{"salt":"s","shares":{"control":10,"a":45,"b":45},"take":"a"}}}',
  ],
  [
    "event('A').where(property('x') = 1).within(1 day).where(property('y') = 2).count() >= 1",
    '{"event":"A","where":{"all":[{"property":"x","equals":1},{"property":"y","equals":2}]},"within":"1 day"}',
  ],
  ["trait('x') = 1.50", '{"trait":"x","equals":1.50}'],
];

describe('examples', () => {
  test.each(EXAMPLES)('%s', (text, json) => {
    const { tree, diagnostics } = parseQuery(text, 'condition');
    expect(diagnostics).toEqual([]);
    expect(tree).toEqual(conditionOf(json));
    if (tree !== undefined) expect(parseQuery(printQuery(tree), 'condition').tree).toEqual(tree);
  });

  test('a trait value', () => {
    const { tree } = parseQuery(
      "event('Product Viewed').within(30 days).mode(property('category'), 2)",
      'value',
    );
    expect(tree).toEqual(
      valueOf(
        '{"event":"Product Viewed","within":"30 days","mode":{"property":"category","min_frequency":2}}',
      ),
    );
  });

  test('parentheses keep chains apart, and one child is no chain', () => {
    const nested = parseQuery(
      "trait('a').exists() AND (trait('b').exists() AND trait('c').exists())",
      'condition',
    );
    expect(nested.tree).toMatchObject({ kind: 'all', of: [{ kind: 'test' }, { kind: 'all' }] });
    expect(conditionOf('{"all":[{"any":[{"trait":"a","exists":true}]}]}')).toEqual(
      parseQuery("((trait('a').exists()))", 'condition').tree,
    );
    expect(normalise({ kind: 'all', of: [{ kind: 'audience', key: 'a' }] })).toEqual({
      kind: 'audience',
      key: 'a',
    });
  });

  test('long text is broken where people would break it', () => {
    const { tree } = parseQuery(EXAMPLES[1]![0], 'condition');
    expect(`\n${printQuery(tree!, { width: 70 })}\n`).toMatchInlineSnapshot(`
      "
      event('Shoes Bought')
        .where(
          property('price') >= trait('avg_spend')
          AND event('Shoes Returned').within(parent: 5 days).count() >= 1
        )
        .within(30 days)
        .count() >= 1
      "
    `);
  });
});
