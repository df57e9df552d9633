/** What is written under target/: valid by its schema, whole, and nothing stale. */
import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { afterEach, describe, expect, it } from 'vitest';
import { compileProject } from '../../runtime/index.js';
import { fileName, pruneSql, writeFiles } from '../../runtime/files.js';
import { hooked, refuse } from './faults.js';
import { BUYERS, REVENUE, Shop, order } from './shop.js';

const DAY1 = '2025-01-03T00:00:00Z';

let shop: Shop | undefined;
afterEach(async () => {
  await shop?.dispose();
  shop = undefined;
});

async function started(): Promise<Shop> {
  const made = await Shop.create({
    buyers: BUYERS,
    ann: { definition: { audience: 'buyers' }, history: false },
    revenue: REVENUE,
  });
  await made.land(order('1', 'ann', '2025-01-01T10:00:00Z', 160));
  return made;
}

const json = async (path: string): Promise<unknown> => JSON.parse(await readFile(path, 'utf8')) as unknown;

async function problems(schema: string, data: unknown): Promise<unknown> {
  const ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true });
  addFormats.default(ajv);
  const validate = ajv.compile(
    (await json(new URL(`../../schemas/${schema}`, import.meta.url).pathname)) as object,
  );
  validate(data);
  return validate.errors ?? [];
}

describe('compile', () => {
  it('writes standalone SELECTs, the run and a manifest, and leaves the warehouse alone', async () => {
    shop = await started();
    const result = await compileProject(await shop.options({ asOf: DAY1 }));
    expect(result.definitions.map((d) => d.compiled)).toEqual([
      'target/compiled/models/buyers.sql',
      'target/compiled/models/ann.sql',
      'target/compiled/models/revenue.sql',
    ]);
    const buyers = await readFile(join(shop.dir, 'target/compiled/models/buyers.sql'), 'utf8');
    expect(buyers).toMatch(
      /^-- audience buyers\n-- from models\/buyers.json\n-- as_of = 2025-01-03T00:00:00Z\n/,
    );
    expect(await shop.query(buyers.replace(/;\s*$/, ''))).toMatchObject([{ profile_id: 'ann' }]);
    expect(result.run.map((path) => path.replace(/.*\/\d+_/, ''))).toEqual([
      'ensure.sql',
      'land_raw.sql',
      'identity.sql',
      'facts_raw.sql',
      'shared.sql',
      'buyers.sql',
      'revenue.sql',
      'ann.sql',
      'publish.sql',
    ]);
    const manifest = await json(join(shop.dir, 'target/manifest.json'));
    expect(await problems('manifest.v1.json', manifest)).toEqual([]);
    expect(manifest).toMatchObject({
      metadata: { schema_version: 1, project: 'shop', target: 'dev' },
      targets: { dev: { type: 'duckdb', schema: 'rollcall' } },
      definitions: [
        { key: 'buyers', upstream: [], downstream: ['ann'], sources: ['raw'] },
        { key: 'ann', upstream: ['buyers'] },
        { key: 'revenue' },
      ],
    });
    expect(
      await shop.query("select * from information_schema.tables where table_schema = 'rollcall'"),
    ).toEqual([]);
  });

  it('removes what is stale and touches nothing that stays', async () => {
    shop = await started();
    await compileProject(await shop.options({ asOf: DAY1 }));
    const path = join(shop.dir, 'target/compiled/models/buyers.sql');
    const before = (await stat(path)).mtimeMs;
    await compileProject(await shop.options({ asOf: DAY1 }));
    expect((await stat(path)).mtimeMs).toBe(before);
    await shop.remove('revenue');
    await compileProject(await shop.options({ asOf: DAY1 }));
    expect((await readdir(join(shop.dir, 'target/compiled/models'))).sort()).toEqual([
      'ann.sql',
      'buyers.sql',
    ]);
    expect((await readdir(join(shop.dir, 'target/run'))).some((name) => name.includes('revenue'))).toBe(
      false,
    );
  });

  it('of a selection keeps the others', async () => {
    shop = await started();
    await compileProject(await shop.options({ asOf: DAY1 }));
    const { definitions } = await compileProject(await shop.options({ asOf: DAY1, select: ['revenue'] }));
    expect(definitions.map((d) => d.key)).toEqual(['revenue']);
    expect(await readdir(join(shop.dir, 'target/compiled/models'))).toHaveLength(3);
  });
});

describe('run_results.json', () => {
  it('is valid whether the run succeeds or not', async () => {
    shop = await started();
    const path = join(shop.dir, 'target/run_results.json');
    await shop.run(DAY1);
    expect(await problems('run_results.v1.json', await json(path))).toEqual([]);
    await shop.remove('revenue');
    await shop.run(DAY1, { dialectFor: hooked(refuse(/insert into "?rollcall_stage_members/)) });
    const results = await json(path);
    expect(await problems('run_results.v1.json', results)).toEqual([]);
    expect(results).toMatchObject({
      status: 'failed',
      exit: 1,
      definitions: [
        {
          key: 'buyers',
          status: 'failed',
          error: { code: 'definition-failed', span: { file: 'models/buyers.json' } },
        },
        { key: 'ann', status: 'upstream_failed' },
        { key: 'revenue', status: 'removed' },
      ],
    });
    expect(await problems('manifest.v1.json', await json(join(shop.dir, 'target/manifest.json')))).toEqual(
      [],
    );
  });

  it('is not written when asked not to', async () => {
    shop = await started();
    await shop.run(DAY1, { artifacts: false });
    await expect(readdir(join(shop.dir, 'target'))).rejects.toThrow('ENOENT');
  });
});

describe('files', () => {
  it('are written fast', async () => {
    const root = await mkdtemp(join(tmpdir(), 'rollcall-files-'));
    const files = Array.from({ length: 1000 }, (_, i) => ({
      path: `a/b${i % 10}/f${i}.sql`,
      content: 'x'.repeat(2000),
    }));
    await writeFiles(root, files);
    await pruneSql(root, new Set(files.slice(0, 10).map((f) => join(root, f.path))));
    const left = await readdir(root, { recursive: true });
    expect(left.filter((name) => name.endsWith('.sql'))).toHaveLength(10);
    expect(left.filter((name) => name.endsWith('.tmp'))).toEqual([]);
    await rm(root, { recursive: true });
  });

  it('have names every file system takes', () => {
    expect(fileName('big_spenders')).toBe('big_spenders');
    expect(fileName('a/b')).toMatch(/^a_b_[0-9a-f]{8}$/);
    expect(fileName('k'.repeat(255)).length).toBeLessThan(130);
    expect(fileName('a b')).not.toBe(fileName('a_b'));
  });
});
