import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { audiences, happened, traits } from './grocer-expected.js';
import { grocer, land, records, withWarehouse, type Query, type Row } from './grocer-warehouse.js';

/** The instants of the README's tables. Campaign 8 was sent exactly 30 days before the first. */
const instants = ['2017-06-07', '2017-12-01'] as const;

let folder: string;
let database: string;
/** By key, at each of the instants, with what had been received by then. */
const sizes: Record<string, number[]> = {};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grocer-'));
  database = join(folder, 'grocer.duckdb');
  for (const asOf of instants) {
    await land(database, { to: asOf });
    await withWarehouse(database, (query) => measure(query, asOf));
  }
  await land(database);
  await land(database, { from: '2017-03-01', to: '2017-09-01' });
}, 120_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

async function measure(query: Query, asOf: string): Promise<void> {
  await query(`CREATE TEMP MACRO as_of() AS TIMESTAMP '${asOf}'`);
  await query(happened);
  for (const [key, sql] of Object.entries({ ...traits, ...audiences })) {
    const { size } = await one(query, `SELECT CAST(count(*) AS INTEGER) AS size FROM (${sql})`);
    (sizes[key] ??= []).push(size as number);
  }
}

const one = async (query: Query, sql: string): Promise<Row> => (await query(sql))[0]!;

async function json(file: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(grocer, file), 'utf8')) as Record<string, unknown>;
}

async function filesIn(path: string): Promise<string[]> {
  const names = await readdir(join(grocer, path), { recursive: true });
  return names.filter((name) => name.endsWith('.json')).map((name) => join(path, name));
}

/** Sizes by key, at both instants, as the tables of the README have them. */
async function documentedSizes(): Promise<Record<string, number[]>> {
  const readme = await readFile(join(grocer, 'README.md'), 'utf8');
  const rows = readme.matchAll(/^\| `(\w+)` +\|[^|]*\| +([\d,]+) \| +([\d,]+) \|$/gm);
  const count = (text = ''): number => Number(text.replaceAll(',', ''));
  return Object.fromEntries([...rows].map(([, key = '', ...counts]) => [key, counts.map(count)]));
}

describe('the definitions of the grocer', () => {
  it('are named and placed by their key, and each has an expectation', async () => {
    const found: Record<string, string[]> = { audience: [], trait: [] };
    for (const file of await filesIn('models')) {
      const definition = await json(file);
      expect(basename(file, '.json')).toBe(definition['key']);
      expect(definition['tags']).toContain(basename(dirname(file)));
      found[definition['kind'] as string]!.push(definition['key'] as string);
    }
    expect(found['audience']!.sort()).toEqual(Object.keys(audiences).sort());
    expect(found['trait']!.sort()).toEqual(Object.keys(traits).sort());
  });

  it('name the schema of their kind of file', async () => {
    const files = ['rollcall.json', ...(await filesIn('models')), ...(await filesIn('destinations'))];
    for (const file of files) {
      const { $schema, kind = 'rollcall' } = await json(file);
      const schema = resolve(grocer, dirname(file), $schema as string);
      expect(relative(grocer, schema)).toBe(`../../schemas/${kind as string}.json`);
      expect(existsSync(schema), schema).toBe(true);
    }
  });
});

describe('the warehouse of the grocer', () => {
  it('gives the sizes of the README as it fills', async () => {
    expect(sizes).toEqual(await documentedSizes());
  });

  it('lands a span once, however often it is landed', async () => {
    await withWarehouse(database, async (query) => {
      const { differences } = await one(
        query,
        `SELECT CAST(count(*) AS INTEGER) AS differences FROM (
           (FROM raw.messages EXCEPT ALL FROM staging.messages)
           UNION ALL (FROM staging.messages EXCEPT ALL FROM raw.messages))`,
      );
      expect(differences).toBe(0);
    });
  });

  it('holds a message for each record of the files', async () => {
    const receipts = await records('transactions_sample.csv.gz');
    const distinct = (field: string): number => new Set(receipts.map((line) => line[field])).size;
    const counts = await withWarehouse(database, (query) =>
      query(
        `SELECT coalesce(event, type) AS what, CAST(count(*) AS INTEGER) AS n FROM raw.messages GROUP BY 1`,
      ),
    );
    expect(Object.fromEntries(counts.map((row) => [row['what'], row['n']]))).toEqual({
      'Order Completed': distinct('basket_id'),
      'Product Purchased': receipts.length,
      'Campaign Received': (await records('campaigns.csv')).length,
      'Coupon Redeemed': (await records('coupon_redemptions.csv')).length,
      identify: (await records('demographics.csv')).length,
    });
  });

  it('neither loses nor invents money', async () => {
    const cents = (amount: string): number => Math.round(Number(amount) * 100);
    const receipts = await records('transactions_sample.csv.gz');
    const total = receipts.reduce((sum, line) => sum + cents(line['sales_value']!), 0);
    const sums = await withWarehouse(database, (query) =>
      query(`SELECT CAST(100 * sum(CAST(properties->>'revenue' AS DECIMAL(18, 2))) AS INTEGER) AS cents
             FROM raw.messages WHERE event IN ('Order Completed', 'Product Purchased') GROUP BY event`),
    );
    expect(sums).toEqual([{ cents: total }, { cents: total }]);
  });

  it('knows who, when and what of every message', async () => {
    const counts = await withWarehouse(database, (query) =>
      one(
        query,
        `SELECT CAST(count(*) - count(DISTINCT message_id) AS INTEGER) AS ambiguous,
           CAST(count_if("timestamp" IS NULL OR received_at IS NULL OR user_id IS NULL) AS INTEGER) AS unknown,
           CAST(count_if(received_at <= "timestamp") AS INTEGER) AS landed_before_it_happened,
           CAST(count_if((type = 'track') <> (properties IS NOT NULL)) AS INTEGER) AS without_properties,
           CAST(count_if((type = 'identify') <> (traits IS NOT NULL)) AS INTEGER) AS without_traits
         FROM raw.messages`,
      ),
    );
    expect(counts).toEqual({
      ambiguous: 0,
      unknown: 0,
      landed_before_it_happened: 0,
      without_properties: 0,
      without_traits: 0,
    });
  });

  it('gets some baskets and redemptions days late, whole', async () => {
    const late = await withWarehouse(database, (query) =>
      one(
        query,
        `SELECT avg(CAST(late AS INTEGER)) AS share, CAST(max(days) AS INTEGER) AS days,
           CAST(count_if(pieces > 1) AS INTEGER) AS broken_baskets
         FROM (
           SELECT any_value(received_at - "timestamp" > INTERVAL 1 HOUR) AS late,
             max(date_diff('hour', "timestamp", received_at) // 24) AS days,
             count(DISTINCT received_at) AS pieces
           FROM raw.messages WHERE event IN ('Order Completed', 'Product Purchased')
           GROUP BY properties->>'order_id')`,
      ),
    );
    expect(late['share']).toBeGreaterThan(0.025);
    expect(late['share']).toBeLessThan(0.035);
    expect(late).toMatchObject({ days: 9, broken_baskets: 0 });
  });
});
