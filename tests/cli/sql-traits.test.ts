/** SQL traits on the command line: what a user sees of good ones, of rows that are wrong, and of mistakes. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';

import { attachedDuckDB } from '../engines/duckdb-attached.js';
import {
  CONFIG,
  CRM,
  documentOf,
  MESSAGES,
  ORDERS,
  emptyFolder,
  rollcall,
  type Ran,
  type Shop,
} from './support.js';

const SALES = `
  create schema shop;
  create table shop.sales (customer varchar, total decimal(10, 2), sold timestamp);
  insert into shop.sales values ('a', 10, '2025-02-01'), ('a', 5, '2025-02-02'), ('b', 7, '2025-02-03');
`;

async function salesShop(): Promise<Shop> {
  const made = await emptyFolder();
  await made.write('rollcall.json', { ...CONFIG, vars: { since: 60, secret: 'hunter2' } });
  await made.write('destinations/crm.json', CRM);
  await made.execute(`${MESSAGES}${ORDERS}${SALES}`);
  return made;
}

const trait = (key: string, definition: unknown, more: object = {}) => ({
  kind: 'trait',
  key,
  definition,
  ...more,
});
const QUERY = `select customer as user_id, count(*) as sale_count, sum(total) as sale_total
from {{source "shop.sales"}}
where {{recent column="sold"}}
group by customer
`;
const RECENT = '{{identifier column}} > {{days_ago (var "since")}}\n';

async function ran(s: Shop, ...argv: string[]): Promise<Ran> {
  return rollcall(s.dir, argv);
}

async function query(s: Shop, sql: string): Promise<unknown[]> {
  const settings = { type: 'duckdb', path: 'warehouse.duckdb' };
  const warehouse = await attachedDuckDB.open({ settings, projectDir: s.dir, mode: 'read' });
  const rows: unknown[] = [];
  try {
    for await (const batch of warehouse.read(sql)) rows.push(...batch.rows.map((row) => Object.values(row)));
  } finally {
    await warehouse.close();
  }
  return rows;
}

const values = (s: Shop): Promise<unknown[]> =>
  query(s, 'select trait_key, profile_id, value from rollcall.trait_values order by all');
const states = (s: Shop): Promise<unknown[]> =>
  query(s, 'select key, status from rollcall.definitions order by all');

describe('a query in a file, with a macro', () => {
  let s: Shop;
  beforeAll(async () => {
    s = await salesShop();
    await s.write('macros/recent.hbs', RECENT);
    await s.write('models/sales/sales.sql', QUERY);
    await s.write(
      'models/sales/sales.json',
      trait('sales', { sql_file: 'sales.sql' }, { destinations: ['crm'], tags: ['t'] }),
    );
    await s.write('models/big.json', {
      kind: 'audience',
      key: 'big',
      definition: { trait: 'sale_total', at_least: 10 },
    });
  });
  afterAll(() => s[Symbol.asyncDispose]());

  it('computes each column, and an audience of one', async () => {
    expect((await ran(s, 'validate')).exit).toBe(0);
    expect(await ran(s, 'run')).toMatchObject({ exit: 0 });
    expect(await values(s)).toEqual([
      ['sale_count', 'a', '2'],
      ['sale_count', 'b', '1'],
      ['sale_total', 'a', '15'],
      ['sale_total', 'b', '7'],
    ]);
    expect(await states(s)).toEqual([
      ['big', 'live'],
      ['sale_count', 'live'],
      ['sale_total', 'live'],
      ['sales', 'live'],
    ]);
    expect(await query(s, `select definition_key, size from rollcall.snapshots order by all`)).toEqual([
      ['big', '1'],
      ['sale_count', '2'],
      ['sale_total', '2'],
    ]);
    expect(
      await query(s, `select definition_key, count(*) from rollcall.outbox group by 1 order by 1`),
    ).toEqual([
      ['sale_count', '4'],
      ['sale_total', '4'],
    ]);
  });

  it('is listed, compiled, previewed and shown by its columns', async () => {
    const list = documentOf<{ definitions: { key: string; upstream: string[] }[] }>(
      await ran(s, 'ls', '--json', '--select', 'sale_count+'),
    );
    expect(list.definitions.map(({ key, upstream }) => [key, upstream]).sort()).toEqual([
      ['big', ['sale_total']],
      ['sale_count', ['sales']],
      ['sale_total', ['sales']],
      ['sales', []],
    ]);
    expect((await ran(s, 'compile')).exit).toBe(0);
    const sql = await readFile(join(s.dir, 'target/compiled/models/sales/sales.sql'), 'utf8');
    expect(sql).toContain('from shop.sales');
    expect(sql).not.toContain('hunter2');
    expect(
      await readFile(join(s.dir, 'target/compiled/models/sales/sales/sale_count.sql'), 'utf8'),
    ).toContain('profile_id');
    const preview = documentOf<{ size: number; sample: unknown[] }>(
      await ran(s, 'preview', 'sale_total', '--json'),
    );
    expect(preview.size).toBe(2);
    const several = await ran(s, 'preview', 'sales');
    expect(several).toMatchObject({ exit: 2 });
    expect(several.stderr).toContain('sales computes 2 traits');
    expect((await ran(s, 'members', 'sales')).stderr).toContain(
      'name one of them: "sale_count" or "sale_total"',
    );
    expect((await ran(s, 'members', 'sale_count')).stdout).toContain('a');
    expect((await ran(s, 'diff', 'sale_count')).exit).toBe(0);
    expect((await ran(s, 'status')).stdout).toContain('sale_total');
  });

  it('changes its fingerprint with the file, a macro or a variable, and with nothing else', async () => {
    const fingerprints = async (): Promise<string> => {
      const { definitions } = documentOf<{ definitions: { key: string; fingerprint: string }[] }>(
        await ran(s, 'ls', '--json'),
      );
      return definitions
        .filter(({ key }) => key !== 'big')
        .map(({ fingerprint }) => fingerprint)
        .join();
    };
    const before = await fingerprints();
    await s.write('models/sales/sales.sql', `-- the same\n${QUERY.replaceAll('\n', '\n   ')};`);
    await s.write('macros/unused.hbs', '{{nothing}}');
    expect(await fingerprints()).toBe(before);
    await s.write('macros/recent.hbs', RECENT.replace('>', '>='));
    const macro = await fingerprints();
    expect(macro).not.toBe(before);
    await s.write('rollcall.json', { ...CONFIG, vars: { since: 61 } });
    expect(await fingerprints()).not.toBe(macro);
    await s.write('models/sales/sales.sql', QUERY.replace('count(*)', 'count(total)'));
    expect(await fingerprints()).not.toBe(macro);
    const modified = documentOf<{ definitions: { key: string }[] }>(
      await ran(s, 'ls', '--json', '--select', 'state:modified'),
    );
    expect(modified.definitions.map(({ key }) => key).sort()).toEqual(['sale_count', 'sale_total', 'sales']);
  });

  it('null and duplicate ids fail it alone, with samples; the last good values stay', async () => {
    await s.write('models/sales/sales.sql', QUERY);
    await s.write('macros/recent.hbs', RECENT);
    await s.write('rollcall.json', { ...CONFIG, vars: { since: 60 } });
    expect((await ran(s, 'run')).exit).toBe(0);
    const good = await values(s);
    await s.write('models/other.json', trait('other', { event: 'Order Completed', count: {} }));
    await s.write(
      'models/sales/sales.sql',
      QUERY.replace(
        'count(*) as sale_count, sum(total) as sale_total',
        '1 as sale_count, total as sale_total',
      ).replace('group by customer', ''),
    );
    await s.execute(`insert into shop.sales values (null, 1, '2025-02-01'), ('', 2, '2025-02-01')`);
    const failed = await ran(s, 'run', '--json');
    expect(failed.exit).toBe(1);
    expect(await states(s)).toEqual([
      ['big', 'not_computing'],
      ['other', 'live'],
      ['sale_count', 'failed'],
      ['sale_total', 'failed'],
      ['sales', 'failed'],
    ]);
    const message =
      'sales: 2 rows have no customer ({"sale_count":1,"sale_total":1}, {"sale_count":1,"sale_total":2}); 1 customer stands in several rows ("a" 2 times)'.replaceAll(
        'customer',
        'user_id',
      );
    expect(await query(s, `select distinct error from rollcall.definitions where status = 'failed'`)).toEqual(
      [[message]],
    );
    expect(failed.stdout + failed.stderr).toContain('in several rows');
    const kept = (await values(s)).filter((row) => (row as string[])[0] !== 'other');
    expect(kept).toEqual(good);
  });

  it('a column that is gone is a trait that was removed; its key stays reserved', async () => {
    await s.execute(`delete from shop.sales where coalesce(customer, '') = ''`);
    await s.write('models/big.json', {
      kind: 'audience',
      key: 'big',
      definition: { trait: 'sale_count', at_least: 2 },
    });
    await s.write('models/sales/sales.sql', QUERY.replace(', sum(total) as sale_total', ''));
    expect(await ran(s, 'run')).toMatchObject({ exit: 0 });
    expect(
      await query(s, `select key, status from rollcall.definitions where key like 'sale%' order by 1`),
    ).toEqual([
      ['sale_count', 'live'],
      ['sale_total', 'removed'],
      ['sales', 'live'],
    ]);
    expect((await values(s)).map((row) => (row as string[])[0])).not.toContain('sale_total');
    await s.write('models/sales/sales.sql', QUERY);
    expect((await ran(s, 'validate')).stderr).toContain('retired-key');
  });

  it('rows of ids that are no profile are counted', async () => {
    await s.write('models/sales/sales.sql', QUERY.replace(', sum(total) as sale_total', ''));
    await s.execute(`insert into shop.sales values ('stranger', 1, '2025-02-01')`);
    const { stderr } = await ran(s, 'run');
    expect(stderr).toContain("unknown-ids sales: 1 row has an id that is no profile's, and is left out");
  });
});

test('rollcall test lands the tables that queries read', async () => {
  await using s = await salesShop();
  await s.write('macros/recent.hbs', RECENT);
  await s.write('models/sales.json', trait('sales', { sql: QUERY }));
  await s.write('models/big.json', {
    kind: 'audience',
    key: 'big',
    definition: { trait: 'sale_total', at_least: 10 },
  });
  const seen = (user_id: string) => ({ event: 'Seen', user_id });
  await s.write('tests/sales.json', {
    tests: [
      {
        name: 'sales of the last weeks count',
        steps: [
          {
            land: [seen('ann'), seen('bob')],
            tables: {
              'shop.sales': [
                { customer: 'ann', total: 12.5, sold: '2025-02-20T00:00:00Z' },
                { customer: 'bob', total: 1, sold: '2025-02-20T00:00:00Z' },
                { customer: 'bob', total: 100, sold: '2024-02-20T00:00:00Z' },
              ],
            },
            as_of: '2025-03-01T00:00:00Z',
            expect: { traits: { sale_count: { ann: 1, bob: 1 } }, members: { big: ['ann'] } },
          },
        ],
      },
    ],
  });
  const passed = await ran(s, 'test');
  expect([passed.exit, passed.stderr]).toEqual([0, '']);
});

describe('mistakes', () => {
  /** What `validate` says of a query in a file, the first problem of it. */
  async function said(s: Shop, sql: string, files: Readonly<Record<string, unknown>> = {}): Promise<string> {
    await s.write('models/q.sql', sql);
    await s.write('models/q.json', trait('q', { sql_file: 'q.sql' }));
    for (const [name, content] of Object.entries(files)) await s.write(name, content);
    const { exit, stderr } = await ran(s, 'validate');
    expect(exit).toBe(2);
    return stderr;
  }

  let s: Shop;
  beforeAll(async () => {
    s = await salesShop();
    await s.write('macros/broken.hbs', '\n{{identifier column}} > {{days_ago days}}');
  });
  afterAll(() => s[Symbol.asyncDispose]());

  it.each<[string, string]>([
    [
      'insert into t values (1)',
      'models/q.sql:1:1 invalid-sql the query is no SELECT: it has INSERT\n  insert into t values (1)\n  ^^^^^^\n  hint: a SQL trait is one SELECT, which may begin with WITH',
    ],
    [
      'with x as (\n  delete from t returning 1\n) select * from x',
      'models/q.sql:2:3 invalid-sql the query is no SELECT: it has DELETE\n    delete from t returning 1\n    ^^^^^^',
    ],
    [
      'with x as (select 1) update t set a = 1',
      'models/q.sql:1:22 invalid-sql the query is no SELECT: it has UPDATE',
    ],
    ['select 1 as user_id; drop table t', 'models/q.sql:1:22 invalid-sql the query goes on after its end'],
    [
      'select user_id, 1 as x into t from y',
      'models/q.sql:1:24 invalid-sql the query writes: SELECT … INTO makes a table',
    ],
    ["copy t to 'x'", 'models/q.sql:1:1 invalid-sql the query is no SELECT: it has COPY'],
    ["attach 'x' as y", 'invalid-sql the query is no SELECT: it has ATTACH'],
    ['-- nothing\n', 'models/q.sql:1:1 invalid-sql the query is empty'],
    ['select \'{{var "since"}}\' as user_id', 'models/q.sql:1:9 invalid-sql a macro cannot stand in quotes'],
    ["select 'x as user_id", 'models/q.sql:1:8 invalid-sql the quote is not closed'],
    [
      'select 1 as user_id,\n  {{reff "a"}} as x',
      'models/q.sql:2:5 invalid-macro there is no macro "reff"\n    {{reff "a"}} as x\n      ^^^^\n  hint: did you mean "ref"?',
    ],
    [
      'select {{{as_of}}} as user_id',
      'models/q.sql:1:8 invalid-macro values are never put into a query as they are',
    ],
    [
      'select 1 as user_id, {{broken column="a"}} as x',
      'macros/broken.hbs:2:25 invalid-macro in the macro "broken": days_ago: how many is expected',
    ],
    [
      'select user_id, 1 as x from {{ref "qq"}}',
      'models/q.sql:1:29 unknown-reference There is no definition "qq"',
    ],
    [
      'select customer as user_id, 1 as x from {{source "shop.sale"}}',
      'models/q.sql:1:41 missing-table There is no table shop.sale. Schema shop has: sales\n  select customer as user_id, 1 as x from {{source "shop.sale"}}\n                                          ^^^^^^^^^^^^^^^^^^^^^^\n  hint: did you mean "sales"?',
    ],
    [
      'select 1 as x',
      'models/q.sql:1:1 invalid-sql the query has no column "user_id" or "anonymous_id". Its columns: x',
    ],
    [
      'select 1 as user_id, 2 as anonymous_id, 3 as x',
      'invalid-sql the query has two ids: user_id and anonymous_id',
    ],
    ['select 1 as user_id', 'invalid-sql the query has no column but the id'],
    [
      'select 1 as user_id, 2 as "Big Total"',
      'invalid-sql the column "Big Total" cannot be the key of a trait',
    ],
    [
      'select 1 as user_id, nope as x',
      'invalid-sql the warehouse refuses the query: Binder Error: Referenced column "nope" was not found',
    ],
  ])('%j', async (sql, message) => {
    expect(await said(s, sql)).toContain(message);
  });

  it('a column whose key another definition has', async () => {
    const taken = { 'models/taken.json': trait('x', { event: 'Order Completed', count: {} }) };
    const text = await said(s, 'select user_id, 1 as x from {{source "raw"}}', taken);
    expect(text).toContain(
      'models/q.json:3:10 duplicate-key the column "x" of "q" is a trait, and its key is already used in models/taken.json:3:10',
    );
  });

  it('a trait that is used before its type is known', async () => {
    const text = await said(s, 'select user_id, nope as late from {{source "raw"}}', {
      'models/late.json': { kind: 'audience', key: 'slow', definition: { trait: 'late', at_least: 1 } },
      'models/taken.json': { kind: 'audience', key: 'qs', definition: { trait: 'q', at_least: 1 } },
    });
    expect(text).toContain(
      'unknown-type "late" may be a column of a query whose columns are not known: q (models/q.json)',
    );
    expect(text).toContain(
      'unknown-type "q" is used before its type is known: the columns of its query are not',
    );
  });

  it('two queries that read each other', async () => {
    const text = await said(s, 'select user_id, 1 as one from {{ref "two"}}', {
      'models/late.json': trait('r', { sql: 'select user_id, 2 as two from {{ref "one"}}' }),
      'models/taken.json': { kind: 'audience', key: 'qs', definition: { trait: 'one', at_least: 1 } },
    });
    expect(text).toContain('cycle Definitions refer to each other in a circle: ');
  });

  it('a file that is not there, or not in the project', async () => {
    await s.write('models/late.json', trait('r', { sql_file: 'gone.sql' }));
    await s.write('models/taken.json', trait('r2', { sql_file: '../../etc/passwd' }));
    const { stderr } = await ran(s, 'validate');
    expect(stderr).toContain(
      'models/late.json:5:17 unreadable-file the query cannot be read from models/gone.sql: it does not exist',
    );
    expect(stderr).toContain(
      'models/taken.json:5:17 unreadable-file "../../etc/passwd" is not a file of the project',
    );
  });
});
