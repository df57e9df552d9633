/** Paths with `$` in each layout: what they reach, whatever the engine's types of the columns are. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bindSource, checkValue, type BoundSource } from '../../compiler/bind/index.js';
import { cutAtElements, hasElements, pathOf, pathSteps, valueColumn } from '../../compiler/bind/paths.js';
import type { Catalog, CatalogTable } from '../../compiler/bind/types.js';
import { c, project, as } from '../../compiler/ir/build.js';
import { rewrite } from '../../compiler/rewrite/index.js';
import type { Warehouse } from '../../dialects/warehouse.js';
import { duckdb, openMemory, rowsOf } from '../dialects/support/duckdb.js';
import { messagesSource } from './given.js';

let warehouse: Warehouse;
beforeAll(async () => {
  warehouse = await openMemory();
  await warehouse.execute('create schema shop');
  await warehouse.execute(
    `create table shop.orders as select 'o1' as id, timestamp '2024-02-01' as "timestamp", 'ann' as user_id,
       ['a', null, 'b'] as tags, '[{"sku":"x"},{"sku":null},{"sku":"y"}]' as items, 7 as qty,
       {lines: [{sku: 'p', n: 1}, {sku: 'q', n: 2}], note: 'z'} as cart, 'no json' as note
     union all select 'o2', timestamp '2024-02-02', 'bob', [], '{"sku":"x"}', 8, null, null`,
  );
  await warehouse.execute(
    `create table shop.messages as select 'm1' as message_id, 'track' as type, 'Ordered' as event,
       timestamp '2024-02-01' as "timestamp", 'ann' as user_id, '{"tags": ["a", 1.50], "tags.$": 1}' as properties`,
  );
});
afterAll(() => warehouse.close());

async function described(name: string): Promise<Catalog> {
  const table = { schema: 'shop', name };
  const columns = await rowsOf(
    warehouse,
    `select column_name, data_type from information_schema.columns
     where table_schema = 'shop' and table_name = '${name}' order by ordinal_position`,
  );
  const found: CatalogTable = {
    table,
    columns: columns.map((row) => ({
      name: String(row['column_name']),
      nativeType: String(row['data_type']),
      kind: duckdb.columnKind(String(row['data_type'])),
    })),
  };
  return { tables: [found], traitNames: new Map() };
}

async function reached(source: BoundSource, event: string, path: string): Promise<readonly unknown[]> {
  const column = valueColumn('property', path, 'elements');
  const events = source.events(event, [column]);
  if (!events) throw new Error(`no ${event}`);
  const shown = project(events, [as('id', c(events, 'message_id')), as('found', c(events, column.name))]);
  const rows = await rowsOf(warehouse, `${duckdb.select(rewrite(shown), {})} order by 1`);
  return rows.map((row) => row['found']);
}

it('a fact table: lists, structs and JSON text', async () => {
  const config = messagesSource({ name: 'orders', layout: 'table', table: 'shop.orders', event: 'Ordered' });
  const source = bindSource(config, await described('orders')).bound!;
  expect(await reached(source, 'Ordered', 'tags.$')).toEqual(['["a","b"]', null]);
  expect(await reached(source, 'Ordered', 'items.$.sku')).toEqual(['["x","y"]', null]);
  expect(await reached(source, 'Ordered', 'cart.lines.$.n')).toEqual(['[1,2]', null]);
  expect(await reached(source, 'Ordered', 'note.$')).toEqual([null, null]);
  expect(checkValue([source], 'Ordered', valueColumn('property', 'tag.$', 'text'))).toMatchObject({
    code: 'missing-column',
    hint: 'did you mean "tags"?',
  });
  expect(checkValue([source], 'Ordered', valueColumn('property', 'qty.$', 'text'))).toMatchObject({
    code: 'missing-column',
  });
});

it('raw messages whose properties are text', async () => {
  const source = bindSource(messagesSource({ table: 'shop.messages' }), await described('messages')).bound!;
  expect(await reached(source, 'Ordered', 'tags.$')).toEqual(['["a",1.5]']);
  expect(await reached(source, 'Ordered', '$')).toEqual([null]);
  expect(await reached(source, 'Ordered', 'tags.$.$')).toEqual([null]);
});

it('paths are cut at their first step into an array', () => {
  expect(cutAtElements(pathSteps('a.b.$.c.$'))).toEqual({ before: ['a', 'b'], rest: ['$', 'c', '$'] });
  expect(cutAtElements(pathSteps('a.$b'))).toEqual({ before: ['a', '$b'], rest: [] });
  expect([hasElements('a.$'), hasElements('$cost'), hasElements('a\\.$')]).toEqual([true, false, false]);
  for (const path of ['a.b', 'a\\.b.c', 'back\\slash.x', 'a\\\\.b', '', '.$.']) {
    expect(pathSteps(pathOf(pathSteps(path)))).toEqual(pathSteps(path));
  }
});
