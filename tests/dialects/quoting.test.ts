/** Hostile strings are ordinary: as text, as names, as JSON keys. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as ir from '../../compiler/ir/build.js';
import type { Expr } from '../../compiler/ir/types.js';
import { CompilerBug } from '../../compiler/diagnostics/index.js';
import type { Warehouse } from '../../dialects/warehouse.js';
import { duckdb, given, mapped, openMemory, query } from './support/duckdb.js';

let warehouse: Warehouse;
beforeAll(async () => {
  warehouse = await openMemory();
});
afterAll(() => warehouse.close());

const TRAPS = [
  '', ' ', "'", '"', '`', '\\', "\\'", '?', '??', ':name', '$1', '{}', '%', '_', ';', '--', '/*', '*/', '*', 'a.b', 'x as y',
  'X AS Y', '~', '/', '~1', '~0', '#', '@', '$', '$.a', '[0]', '0', '-1', '007', 'null', 'select', 'Order', 'é', 'É', '😀',
  '\u0000', 'a\u0000b', '\n', '\r\n', '\t', '\u2028', 'a\uFEFF', 'a"b\\c/d~e?f', '$."a"', '"a"', '\\"', '\\u0041', '%%', "'; drop table t; --",
]; // prettier-ignore

/** Any text an engine can hold: JavaScript alone has lone surrogates. */
const anyText = fc
  .oneof(fc.constantFrom(...TRAPS), fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }))
  // Inside the engine a leading byte order mark is a character; its driver drops it from what it reads.
  .filter((text) => !text.startsWith('\uFEFF'));

describe('text', () => {
  test.each(TRAPS)('%j comes back as it went', async (text) => {
    expect(await mapped(warehouse, 'text', [text], (x) => x)).toEqual([text]);
  });

  test('any text comes back as it went', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyText, { minLength: 1, maxLength: 30 }), async (texts) => {
        expect(await mapped(warehouse, 'text', texts, (x) => x)).toEqual(texts);
      }),
      { numRuns: 60 },
    );
  });

  test('any text comes back through a predicate, a list, a parameter and JSON', async () => {
    await fc.assert(
      fc.asyncProperty(anyText, async (text) => {
        const row = ir.oneRow([ir.as('x', ir.text(text)), ir.as('p', ir.param('p', 'text'))]);
        const x = ir.c(row, 'x');
        const kept = ir.filter(
          row,
          ir.and(
            ir.eq(x, ir.text(text)),
            ir.call('in_list', x, ir.text(`${text}!`), ir.text(text)),
            ir.eq(x, ir.c(row, 'p')),
            ir.call('contains', ir.call('concat', ir.text('<'), x, ir.text('>')), ir.text(`<${text}>`)),
            ir.eq(x, ir.call('json_text', ir.call('text_json', x), ir.path([]))),
          ),
        );
        expect(await query(warehouse, kept, { p: { type: 'text', value: text } })).toEqual([
          { x: text, p: text },
        ]);
      }),
      { numRuns: 60 },
    );
  });
});

describe('names', () => {
  const names = TRAPS.filter((name) => name !== '' && !name.includes('\0'));

  test.each(names)('%j names a column, a table and a CTE', async (name) => {
    const columns = [{ name, type: 'int' as const }];
    const spec = { table: { schema: 'main', name: `t${name}` }, columns };
    const step = { id: 'a', title: 'a' };
    const one = ir.label(
      ir.project(ir.oneRow([ir.as(name, ir.int(1))]), [ir.as(name, ir.col(name, 'int'))], { distinct: true }),
      name,
    );
    for (const { sql } of duckdb.statements({ ...step, op: 'replace', spec, query: one }, {}))
      await warehouse.execute(sql);

    const scan = ir.scan(spec.table, columns);
    const grouped = ir.label(
      ir.aggregate(scan, [ir.as(name, ir.c(scan, name))], [ir.as('n', ir.agg('count'))]),
      name,
    );
    const twice = ir.join('inner', grouped, ir.pick(grouped, [[name, `${name}2`]]), [
      { left: name, right: `${name}2` },
    ]);
    expect(await query(warehouse, twice)).toEqual([{ [name]: '1', n: '1', [`${name}2`]: '1' }]);
    const found = await warehouse.describeTable(spec.table);
    expect(found?.columns.map((c) => c.name)).toEqual([name]);
    await warehouse.execute(`drop table ${duckdb.quoteIdentifier(`t${name}`)}`);
  });

  test('any name comes back as it went', async () => {
    const anyName = fc
      .oneof(fc.constantFrom(...names), fc.string({ unit: 'grapheme', minLength: 1 }))
      .filter((name) => !name.includes('\0'));
    await fc.assert(
      fc.asyncProperty(anyName, async (name) => {
        const row = ir.oneRow([ir.as(name, ir.int(1))]);
        const rows = await query(warehouse, ir.filter(row, ir.eq(ir.col(name, 'int'), ir.int(1))));
        expect(rows.map((r) => Object.entries(r))).toEqual([[[name, '1']]]);
      }),
      { numRuns: 60 },
    );
  });

  test('a NUL in a name is refused, as SQL would end there', () => {
    expect(() => duckdb.quoteIdentifier('a\0"; drop table t')).toThrow(CompilerBug);
  });

  test('names that differ in case alone stay apart inside a query', async () => {
    const row = ir.project(ir.oneRow([ir.as('Plan', ir.int(1)), ir.as('plan', ir.int(2))]), [
      ir.as('Plan', ir.col('Plan', 'int')),
      ir.as('PLAN', ir.col('plan', 'int')),
    ], { distinct: true }); // prettier-ignore
    const rows = await query(warehouse, ir.filter(row, ir.eq(ir.col('PLAN', 'int'), ir.int(2))));
    expect(rows).toEqual([{ Plan: '1', PLAN: '2' }]);
  });
});

describe('JSON keys', () => {
  const read = async (json: string, steps: readonly string[]): Promise<unknown> => {
    const row = ir.oneRow([ir.as('j', given('json', json))]);
    const [found] = await query(warehouse, ir.project(row, [
      ir.as('text', ir.call('json_text', ir.c(row, 'j'), ir.path(steps))),
      ir.as('value', ir.call('json_value', ir.c(row, 'j'), ir.path(steps))),
      ir.as('mention', ir.call('json_mention', ir.c(row, 'j'), ir.path(steps))),
    ])); // prettier-ignore
    return found;
  };
  const nothing = { text: null, value: null, mention: null };
  const found = { text: 'x', value: '"x"', mention: '"x"' };

  test.each(TRAPS)('%j is one key', async (key) => {
    expect(await read(JSON.stringify({ other: 1, [key]: 'x' }), [key])).toEqual(found);
    expect(await read(JSON.stringify({ [key]: { [key]: { a: 'x' } } }), [key, key, 'a'])).toEqual(found);
    expect(await read(JSON.stringify({ other: 'x' }), [key])).toEqual(nothing);
    expect(await read(JSON.stringify([['x']]), [key])).toEqual(nothing);
    expect(await read(JSON.stringify({ [key]: ['x', { [key]: 'x' }] }), [key, key])).toEqual(nothing);
    expect(await read(JSON.stringify({ [key]: [['x'], ['x']] }), [key, '0', '0'])).toEqual(nothing);
  });

  test('any path finds what is there, and nothing else', async () => {
    const steps = fc.array(anyText, { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(steps, steps, async (path, other) => {
        const json = JSON.stringify(path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), 'x'));
        expect(await read(json, path)).toEqual(found);
        const isPath = other.length === path.length && other.every((step, i) => step === path[i]);
        const isParent = other.length < path.length && other.every((step, i) => step === path[i]);
        if (!isPath && !isParent) expect(await read(json, other)).toEqual(nothing);
      }),
      { numRuns: 60 },
    );
  });

  test('any key is written exactly', async () => {
    await fc.assert(
      fc.asyncProperty(anyText, anyText, async (key, value) => {
        const columns = [{ name: 'k', type: 'text' }] as const;
        const keys = ir.values(columns, [[ir.text(key)]]);
        const object = (k: Expr): Expr =>
          ir.call('json_dump', ir.call('json_object', k, ir.call('text_json', ir.text(value))));
        const rows = ir.project(keys, [
          ir.as('j', object(ir.text(key))),
          ir.as('of_column', object(ir.c(keys, 'k'))),
        ]);
        const [row] = await query(warehouse, rows);
        const expected: unknown = JSON.parse(JSON.stringify({ [key]: value }));
        expect(JSON.parse(String(row?.['j']))).toEqual(expected);
        expect(JSON.parse(String(row?.['of_column']))).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });
});
