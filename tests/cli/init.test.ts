import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { engineTarget } from '../../cli/init/target.js';
import { documentOf, emptyFolder, MESSAGES, ORDERS, rollcall } from './support.js';

const config = async (dir: string): Promise<{ sources: unknown[]; $schema: string }> =>
  JSON.parse(await readFile(join(dir, 'rollcall.json'), 'utf8')) as { sources: unknown[]; $schema: string };

describe('init --warehouse', () => {
  test('a table of messages; the project runs', async () => {
    await using dir = await emptyFolder();
    await dir.execute(`${MESSAGES}${ORDERS}`);
    const { exit, stdout } = await rollcall(dir.dir, ['init', '--warehouse', 'warehouse.duckdb']);
    expect(exit).toBe(0);
    expect(stdout).toContain('source raw: raw messages in raw.messages');
    expect((await config(dir.dir)).sources).toEqual([
      { name: 'raw', layout: 'messages', table: 'raw.messages' },
    ]);
    expect((await rollcall(dir.dir, ['validate'])).exit).toBe(0);
    expect((await rollcall(dir.dir, ['test'])).stdout).toContain('1 passed');
    const ran = await rollcall(dir.dir, ['run', '--json']);
    expect(documentOf(ran)).toMatchObject({ definitions: [{ key: 'active_users', size: 2 }] });
  });

  test('a Segment schema; fact tables are suggested beside it', async () => {
    await using dir = await emptyFolder();
    await dir.execute(`
      create schema web; create schema shop;
      create table web.tracks (id varchar, received_at timestamp, "timestamp" timestamp, anonymous_id varchar, user_id varchar, event varchar, event_text varchar);
      create table web.identifies (id varchar, received_at timestamp, "timestamp" timestamp, anonymous_id varchar, user_id varchar);
      insert into web.tracks (id, event_text) values ('1', 'Signed Up'), ('2', 'Signed Up'), ('3', 'Other');
      create table shop.orders (order_id bigint, customer_id bigint, created_at timestamptz, total decimal(10, 2));
      create table shop.products (product_id bigint, title varchar);`);
    const ran = await rollcall(dir.dir, ['init', 'sub', '--warehouse', 'warehouse.duckdb', '--json']);
    expect(documentOf(ran)).toMatchObject({
      dir: 'sub',
      sources: [{ name: 'web', layout: 'segment', schema: 'web' }],
      suggestions: [
        {
          layout: 'table', table: 'shop.orders', event: 'Order Created',
          columns: { id: 'order_id', timestamp: 'created_at', user_id: 'customer_id', received_at: null },
        },
      ],
    }); // prettier-ignore
    const audience = JSON.parse(
      await readFile(join(dir.dir, 'sub/models/active_users.json'), 'utf8'),
    ) as unknown;
    expect(audience).toMatchObject({ definition: { event: 'Signed Up' } });
    expect(await config(join(dir.dir, 'sub'))).toMatchObject({
      targets: { dev: { path: '../warehouse.duckdb' } },
    });
  });

  test('only fact tables: they are the sources', async () => {
    await using dir = await emptyFolder();
    await dir.execute(
      'create table purchases (id bigint, user_id bigint, purchased_at timestamp, loaded_at timestamp)',
    );
    await rollcall(dir.dir, ['init', '--warehouse', 'warehouse.duckdb']);
    expect((await config(dir.dir)).sources).toEqual([
      {
        name: 'purchases', layout: 'table', table: 'main.purchases', event: 'Purchase',
        columns: { id: 'id', timestamp: 'purchased_at', user_id: 'user_id', received_at: 'loaded_at' },
      },
    ]); // prettier-ignore
    expect((await rollcall(dir.dir, ['validate'])).exit).toBe(0);
  });

  test('files refer to schemas that are there', async () => {
    await using dir = await emptyFolder();
    await dir.execute(MESSAGES);
    await rollcall(dir.dir, ['init', '--warehouse', 'warehouse.duckdb']);
    const { $schema } = await config(dir.dir);
    expect(JSON.parse(await readFile(join(dir.dir, $schema), 'utf8'))).toHaveProperty('definitions');
  });

  test('nothing that is there is touched', async () => {
    await using dir = await emptyFolder();
    await dir.execute(MESSAGES);
    await dir.write('.gitignore', 'mine\n');
    const { stdout } = await rollcall(dir.dir, ['init', '--warehouse', 'warehouse.duckdb']);
    expect(stdout).toContain('kept .gitignore');
    expect(await readFile(join(dir.dir, '.gitignore'), 'utf8')).toBe('mine\n');
    const again = await rollcall(dir.dir, ['init', '--warehouse', 'warehouse.duckdb']);
    expect([again.exit, again.stderr]).toEqual([2, expect.stringContaining('there is a rollcall.json')]);
  });

  test.each([
    [['init'], 'one of --warehouse, --type and --sample'],
    [['init', '--warehouse', 'nothing.duckdb'], 'there is no file "nothing.duckdb"'],
    [['init', '--sample', '.'], 'is not empty'],
  ])('%j', async (argv, message) => {
    await using dir = await emptyFolder();
    await dir.write('something', '');
    const { exit, stderr } = await rollcall(dir.dir, argv);
    expect([exit, stderr]).toEqual([2, expect.stringContaining(message)]);
  });

  test('a warehouse without anything like events', async () => {
    await using dir = await emptyFolder();
    await dir.execute('create table things (a int)');
    const { exit, stderr } = await rollcall(dir.dir, ['init', '--warehouse', 'warehouse.duckdb']);
    expect([exit, stderr]).toEqual([2, expect.stringContaining('no source was found')]);
  });
});

test('demo lives through a month', { timeout: 180_000 }, async () => {
  await using dir = await emptyFolder();
  const ran = await rollcall(dir.dir, ['demo', 'here', '--months', '1', '--json']);
  expect(ran.exit).toBe(0);
  const document = documentOf<{ audiences: { key: string; size: number }[] }>(ran);
  expect(document).toMatchObject({ months: [{ as_of: '2017-02-01T00:00:00Z', status: 'succeeded' }] });
  expect(document.audiences.find((a) => a.key === 'active_shoppers')!.size).toBeGreaterThan(500);
  expect(ran.stderr).toContain('2017-02-01');

  const again = await rollcall(join(dir.dir, 'here'), ['status', '--json']);
  expect(again.exit).toBe(0);
  await dir.write('other/file', '');
  expect((await rollcall(dir.dir, ['demo', 'other'])).stderr).toContain('holds no earlier demo');
});

describe('init --type', () => {
  const settings = ['--set', 'path=${env:SHOP_FILE}', 'schema=rollcall', 'threads=1'];

  test('any engine by its settings; the project runs, on the target it was made for', async () => {
    await using dir = await emptyFolder();
    await dir.execute(MESSAGES);
    const env = { SHOP_FILE: join(dir.dir, 'warehouse.duckdb') };
    const ran = await rollcall(dir.dir, ['init', 'shop', '--type', 'duckdb', ...settings], { env });
    expect(ran).toMatchObject({ exit: 0, stdout: expect.stringContaining('raw messages in raw.messages') });
    expect(await config(join(dir.dir, 'shop'))).toMatchObject({
      target: 'dev',
      targets: { dev: { type: 'duckdb', path: '${env:SHOP_FILE}', schema: 'rollcall', threads: 1 } },
      sources: [{ name: 'raw', layout: 'messages', table: 'raw.messages' }],
    });
    expect((await rollcall(join(dir.dir, 'shop'), ['run'], { env })).exit).toBe(0);
    expect((await rollcall(join(dir.dir, 'shop'), ['run'])).stderr).toContain('SHOP_FILE');
  });

  test('looks at the schemas it is told to', async () => {
    await using dir = await emptyFolder();
    await dir.execute(`${MESSAGES}create schema other;`);
    const env = { SHOP_FILE: join(dir.dir, 'warehouse.duckdb') };
    const argv = ['init', 'shop', '--type', 'duckdb', ...settings, '--schemas', 'other'];
    expect((await rollcall(dir.dir, argv, { env })).stderr).toContain('no source was found');
  });

  test('secrets are not written, nor shown', () => {
    const secret = 'hunter2-planted';
    const given = [
      `url=postgres://app:${secret}@db/shop`,
      `password=${secret}`,
      'private_key=${env:KEY}',
      'port=5432',
    ];
    const { written, place, variables } = engineTarget('postgres', given, undefined, { KEY: 'a-key' });
    expect(written).toEqual({
      type: 'postgres',
      url: '${env:POSTGRES_URL}',
      password: '${env:POSTGRES_PASSWORD}',
      private_key: '${env:KEY}',
      port: 5432,
    });
    expect(variables).toEqual(['POSTGRES_URL', 'POSTGRES_PASSWORD']);
    expect(place.settings).toMatchObject({ password: secret, private_key: 'a-key' });
  });

  test('mistakes', async () => {
    await using dir = await emptyFolder();
    const fails = async (...argv: string[]) => (await rollcall(dir.dir, ['init', ...argv])).stderr;
    expect(await fails('--type', 'oracle', '--set', 'url=x')).toMatch(/"oracle" is not supported/);
    expect(await fails('--type', 'duckdb', '--set', 'hunter2')).toMatch(/--set takes name=value/);
    expect(await fails('--type', 'duckdb', '--set', 'hunter2')).not.toMatch(/hunter2/);
    expect(await fails('--type', 'duckdb', '--set', 'path=${env:NOWHERE}')).toMatch(/NOWHERE is not set/);
    expect(await fails('--type', 'duckdb', '--sample')).toMatch(/one of --warehouse, --type and --sample/);
  });
});
