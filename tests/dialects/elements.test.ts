/** `some`: the test of the elements of a JSON array, wherever an expression may stand. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as ir from '../../compiler/ir/build.js';
import type { Expr, Relation } from '../../compiler/ir/types.js';
import { rewrite } from '../../compiler/rewrite/index.js';
import type { Row, Warehouse } from '../../dialects/warehouse.js';
import { duckdb, openMemory, rowsOf } from './support/duckdb.js';

let warehouse: Warehouse;
beforeAll(async () => {
  warehouse = await openMemory();
  await warehouse.execute(`create table t as select * from (values
    (1, '["a","b"]'::json, 'b', '[2,3]'::json), (2, '["c",null,1.5]'::json, 'x', '[1.5]'::json),
    (3, '[]'::json, 'a', '[]'::json), (4, '{"k":["a"]}'::json, 'a', '["a"]'::json), (5, '"a"'::json, 'a', null),
    (6, null, 'a', '["a"]'::json)) t(id, tags, word, more)`);
  await warehouse.execute(`create table u as select 1 as "no", 'a' as "rc__v" union all select 2, 'c'`);
});
afterAll(() => warehouse.close());

const T = ir.scan({ name: 't' }, [
  { name: 'id', type: 'int' },
  { name: 'tags', type: 'json' },
  { name: 'word', type: 'text' },
  { name: 'more', type: 'json' },
]);
const U = ir.scan({ name: 'u' }, [
  { name: 'no', type: 'int' },
  { name: 'rc__v', type: 'text' },
]);
const textOf = (name: string): Expr => ir.call('json_text', ir.element(name), ir.path([]));
const is = (value: Expr, name = 'e'): Expr => ir.call('eq', textOf(name), value);
const tagged = (test: Expr): Expr => ir.some(ir.c(T, 'tags'), 'e', test);

const sqlOf = (relation: Relation): string => duckdb.select(rewrite(relation), {});
const run = (relation: Relation): Promise<readonly Row[]> => rowsOf(warehouse, sqlOf(relation));
/** Ids of the rows that satisfy a predicate, as a filter and as a column. */
async function ids(predicate: Expr): Promise<readonly number[]> {
  const kept = await run(ir.pick(ir.filter(T, predicate), ['id']));
  const shown = await run(ir.project(T, [ir.as('id', ir.c(T, 'id')), ir.as('holds', predicate)]));
  expect(shown.every((row) => typeof row['holds'] === 'boolean')).toBe(true);
  const found = shown.filter((row) => row['holds'] === true).map((row) => Number(row['id']));
  expect(kept.map((row) => Number(row['id'])).sort()).toEqual([...found].sort());
  return found.sort();
}

test('is true where the test is true of some element, false of anything but an array, never null', async () => {
  expect(await ids(tagged(is(ir.text('a'))))).toEqual([1]);
  expect(await ids(ir.not(tagged(is(ir.text('a')))))).toEqual([2, 3, 4, 5, 6]);
  expect(await ids(tagged(is(ir.nul('text'))))).toEqual([]);
  expect(await ids(tagged(ir.call('is_null', textOf('e'))))).toEqual([2]);
});

test('numbers, instants and lists of an element are those of a value', async () => {
  const number = ir.call('json_number', ir.element('e'), ir.path([]));
  expect(await ids(tagged(ir.call('eq', number, ir.lit({ type: 'number', value: '1.5' }))))).toEqual([2]);
  const listed = ir.call('json_text_in', ir.element('e'), ir.path([]), ir.text('b'), ir.text('1.5'));
  expect(await ids(tagged(listed))).toEqual([1, 2]);
  const instant = ir.call('json_instant', ir.element('e'), ir.path([]));
  expect(await ids(tagged(ir.call('is_not_null', instant)))).toEqual([]);
});

test('the test reads columns of the row, and elements of another array', async () => {
  expect(await ids(tagged(is(ir.c(T, 'word'))))).toEqual([1]);
  const other = ir.some(ir.c(T, 'more'), 'o', ir.call('eq', textOf('e'), textOf('o')));
  expect(await ids(tagged(other))).toEqual([2]);
});

test('it stands beside other conditions, under not, in case and in coalesce', async () => {
  const a = tagged(is(ir.text('a')));
  const low = ir.call('lt', ir.c(T, 'id'), ir.int(3));
  expect(await ids(ir.and(low, ir.not(a)))).toEqual([2]);
  expect(await ids(ir.or(ir.not(low), a))).toEqual([1, 3, 4, 5, 6]);
  expect(await ids(ir.caseWhen([{ when: a, then: ir.bool(true) }], ir.bool(false)))).toEqual([1]);
  expect(await ids(ir.call('eq', tagged(ir.or(is(ir.text('c')), is(ir.text('a')))), low))).toEqual([
    1, 2, 3, 4, 5, 6,
  ]);
});

test('in the filter of an aggregate and in HAVING', async () => {
  const a = tagged(ir.or(is(ir.text('a')), is(ir.text('c'))));
  const count = ir.agg('count', [], { filter: a });
  expect(await run(ir.aggregate(T, [], [ir.as('n', count)]))).toEqual([{ n: '2' }]);
  const having = ir.call('ge', count, ir.int(1));
  const grouped = ir.aggregate(T, [ir.as('word', ir.c(T, 'word'))], [], having);
  expect((await run(grouped)).map((row) => row['word']).sort()).toEqual(['b', 'x']);
});

test('in a join condition that reads both sides, whatever their columns are called', async () => {
  const both = ir.some(ir.c(T, 'tags', 'left'), 'e', is(ir.c(U, 'rc__v', 'right')));
  const joined = ir.pick(ir.join('inner', T, U, [], both), ['id', 'no']);
  expect((await run(joined)).map((row) => [Number(row['id']), Number(row['no'])]).sort()).toEqual([
    [1, 1],
    [2, 2],
  ]);
});

test('what the test reads of a computed column is not computed for every element', () => {
  const dear = ir.project(T, [
    ir.as('tags', ir.c(T, 'tags')),
    ir.as('dear', ir.call('lower', ir.call('json_text', ir.c(T, 'more'), ir.path([])))),
  ]);
  const sql = sqlOf(
    ir.pick(ir.filter(dear, ir.some(ir.c(dear, 'tags'), 'e', is(ir.c(dear, 'dear')))), ['tags']),
  );
  const [, lambda = ''] = sql.split('lambda e:');
  expect(sql).toContain('lambda e:');
  expect(lambda).not.toContain('lower');
});

test('a test that is never true needs no array, and only JSON has elements', () => {
  expect(tagged(ir.bool(false))).toEqual(ir.bool(false));
  expect(() => ir.some(ir.c(T, 'word'), 'e', ir.bool(true))).toThrow('elements of a text');
});

test('unnesting gives a row an element, and none for what has none', async () => {
  const each = ir.unnest(T, ir.c(T, 'tags'), 'elements', 'e');
  const rows = await run(ir.project(each, [ir.as('id', ir.c(each, 'id')), ir.as('e', ir.c(each, 'e'))]));
  expect(rows.map((row) => [Number(row['id']), row['e']])).toEqual([
    [1, '"a"'],
    [1, '"b"'],
    [2, '"c"'],
    [2, 'null'],
    [2, '1.5'],
  ]);
});

const REACHED: readonly (readonly [json: string | null, steps: readonly string[], found: string | null])[] = [
  ['{"a":[1.10,"x",null,{"b": 2},[3]]}', ['a', '$'], '[1.1,"x",{"b":2},[3]]'],
  ['{"a":[{"b":1},null,"b",[{"b":9}],{"b":null},{},{"b":[2]}]}', ['a', '$', 'b'], '[1,[2]]'],
  ['{"a":[[1,2],3,[[4]]]}', ['a', '$', '$'], '[1,2,[4]]'],
  ['{"a":[{"b":[1,{"c":5}]},{"b":{"c":6}},{"b":[{"c":7}]}]}', ['a', '$', 'b', '$', 'c'], '[5,7]'],
  ['["b","a","b"]', ['$'], '["b","a","b"]'],
  ['{"a":[]}', ['a', '$'], null],
  ['{"a":[null]}', ['a', '$'], null],
  ['{"a":{"b":1}}', ['a', '$'], null],
  ['{"a":"[1]"}', ['a', '$'], null],
  ['{"a":null}', ['a', '$'], null],
  ['5', ['$'], null],
  ['{}', ['a', '$'], null],
  [null, ['a', '$'], null],
  ['{"":[{"*":[{"q\\"\\\\/~":1},{"q\\"\\\\/~":null}]},{"*":4},5]}', ['', '$', '*', '$', 'q"\\/~'], '[1]'],
  ['{"[*]":[{"$x":1},{"$x":2}]}', ['[*]', '$', '$x'], '[1,2]'],
  ['{"a":[{"*":{"0":[7]}}]}', ['a', '$', '*', '0', '$'], '[7]'],
  ['{"a":[{"*":[7]}]}', ['a', '$', '*', '0'], null],
  ['{"a":["null",false,0,""]}', ['a', '$'], '["null",false,0,""]'],
];

test.each(REACHED)('in %s the path %j reaches %s', async (json, steps, found) => {
  const value = json === null ? ir.nul('json') : ir.lit({ type: 'json', value: json });
  const one = ir.oneRow([ir.as('value', value)]);
  const query = ir.project(one, [
    ir.as('found', ir.call('json_elements', ir.c(one, 'value'), ir.path(steps))),
  ]);
  expect(await run(query)).toEqual([{ found }]);
});
