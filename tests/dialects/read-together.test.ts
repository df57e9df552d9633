/** Values that DuckDB takes out of one JSON text together are those that it takes out alone. */
import { expect, it } from 'vitest';
import { as, c, call, caseWhen, project, text, values } from '../../compiler/ir/build.js';
import { duckdb, openMemory, query } from './support/duckdb.js';

const TEXTS = [
  '{"a":1,"a":2,"b":3}', '{"a":null,"b":"null"}', '{"A":1,"b":2}', '{"a":{"b":[1, 2]},"b":[]}', '{"\\u0061":7,"b":"\\u00e9\\n"}',
  '{"a":1e400,"b":-0.0}', '{"a":123456789012345678901234567890,"b":1.10}', '{"a":"","b":"\\u0000x"}', '[1]', '"a"', 'null', '', '{',
  '{"a":1}x', '{"__proto__":1,"Twin":2,"twin":3,"it\\"s":4,"a.b":5,"*":6,"":7}',
]; // prettier-ignore
const KEYS = ['a', 'b', 'c', '__proto__', 'Twin', 'twin', 'it"s', 'a.b', '*', ''];

const rows = values(
  [{ name: 'x', type: 'text' }],
  TEXTS.map((value) => [text(value)]),
);
const value = (key: string) => call('text_json_value', c(rows, 'x'), text(JSON.stringify([key])));

it('are the same, whatever the text and the keys', async () => {
  const warehouse = await openMemory();
  const all = project(rows, [
    as('x', c(rows, 'x')),
    as('guarded', caseWhen([{ when: call('contains', c(rows, 'x'), text('b')), then: value('a') }])),
    ...KEYS.map((key, i) => as(`v${i}`, value(key))),
  ]);
  expect(duckdb.select(all, {})).toContain('{"a":"JSON","b":"JSON","c":"JSON","__proto__":"JSON"}');
  const together = await query(warehouse, all);
  for (const [i, key] of KEYS.entries()) {
    const alone = await query(warehouse, project(rows, [as('x', c(rows, 'x')), as('v', value(key))]));
    for (const { x, v } of alone)
      expect([key, x, together.find((row) => row['x'] === x)?.[`v${i}`]]).toEqual([key, x, v]);
  }
  for (const row of together)
    expect(row['guarded']).toEqual(String(row['x']).includes('b') ? row['v0'] : null);
  await warehouse.close();
});
