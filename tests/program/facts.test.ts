import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { valueColumn } from '../../compiler/bind/paths.js';
import type { ValueColumn } from '../../compiler/bind/types.js';
import { factsTable } from '../../compiler/program/index.js';
import { needsOf, STATE_SCHEMA } from './given.js';
import { World } from './world.js';

const AS_OF = '2024-03-01T00:00:00Z';
const property = (name: string, facet: 'number' | 'text' | 'json' = 'number'): ValueColumn =>
  valueColumn('property', name, facet);
const PRICE = property('price');
const CATEGORY = property('category', 'text');
const ORDERED = property('items', 'json');

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(async () => world.close());

let ids = 0;
const message = (event: string, over: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
  message_id: `m${++ids}`,
  type: 'track',
  event,
  timestamp: '2024-01-01 10:00:00',
  received_at: '2024-01-01 10:00:05',
  user_id: 'ann',
  properties: { price: 1.5, category: 'shoes', items: [1] },
  ...over,
});

const facts = async (event: string, columns: readonly ValueColumn[]): Promise<readonly unknown[]> => {
  const values = columns.map(({ name, path }) => `, f.${name} as ${path}`).join('');
  const table = factsTable(STATE_SCHEMA, 'raw', event, columns).table.name;
  return world.query(`select s.identifier as who${values} from rollcall.${table} f
    join rollcall.subjects s using (subject_no) order by all`);
};

describe('events of one table', () => {
  const NEEDS = needsOf({
    Bought: [PRICE, ORDERED],
    Seen: [CATEGORY],
    Opened: [],
    'Page Viewed': [CATEGORY],
  });
  const together = (steps: readonly { readonly id: string }[] | undefined): readonly string[] =>
    (steps ?? []).map(({ id }) => id.replace('land.raw.', ''));

  it('are read together, and each keeps the values it needs', async () => {
    await world.messages([
      message('Bought'),
      message('Seen', { user_id: null, anonymous_id: 'device' }),
      message('Opened', { properties: null }),
      message('Unknown'),
      message('Page Viewed', { type: 'page', event: null }),
      message('Seen', { type: 'identify' }),
    ]);
    const { program } = await world.run({ asOf: AS_OF, needs: NEEDS });
    expect(together(program.land[0]?.factsFull)).toEqual([
      'events', 'facts.Bought', 'facts.Opened', 'facts.Seen', 'events.drop', 'facts.Page Viewed', 'facts.identify',
    ]); // prettier-ignore
    expect(await facts('Bought', [ORDERED, PRICE])).toEqual([{ who: 'ann', items: '[1]', price: '1.5' }]);
    expect(await facts('Seen', [CATEGORY])).toEqual([{ who: 'device', category: 'shoes' }]);
    expect(await facts('Opened', [])).toEqual([{ who: 'ann' }]);
    expect(await facts('Page Viewed', [CATEGORY])).toEqual([{ who: 'ann', category: 'shoes' }]);
  });

  it('are added to what landed before', async () => {
    await world.messages([message('Bought')]);
    await world.run({ asOf: AS_OF, needs: NEEDS });
    await world.messages([message('Bought', { user_id: 'bob' }), message('Seen')]);
    const { modes } = await world.run({ asOf: AS_OF, needs: NEEDS });
    expect(modes['raw']).toBe('incremental');
    expect(await facts('Bought', [PRICE])).toEqual([
      { who: 'ann', price: '1.5' },
      { who: 'bob', price: '1.5' },
    ]);
    expect(await facts('Seen', [CATEGORY])).toEqual([{ who: 'ann', category: 'shoes' }]);
  });

  it('are apart where their values have little in common', async () => {
    const many = (prefix: string): readonly ValueColumn[] =>
      Array.from({ length: 5 }, (_, i) => property(`${prefix}_${i}`));
    await world.messages([message('Bought', { properties: { a_0: 1, b_0: 2 } }), message('Seen')]);
    const needs = needsOf({ Bought: many('a'), Seen: many('b') });
    const { program } = await world.run({ asOf: AS_OF, needs });
    expect(together(program.land[0]?.factsFull)).toEqual(['facts.Bought', 'facts.Seen', 'facts.identify']);
    expect(await facts('Bought', many('a').slice(0, 1))).toEqual([{ who: 'ann', a_0: '1' }]);
  });
});
