import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { repository, violations } from './cruise.js';

const trees: string[] = [];

/** Writes files into a folder of their own and returns the rules they break. */
async function rulesBrokenBy(files: Record<string, string>): Promise<string[]> {
  const tree = await realpath(await mkdtemp(join(tmpdir(), 'rollcall-imports-')));
  trees.push(tree);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await writeFile(join(tree, path), text);
  }
  const found = await violations(tree);
  return [...new Set(found.violations.map((violation) => violation.rule))].sort();
}

/** A file that imports another, which exists too. */
const opens = (from: string, to: string, statement = `import { x } from`): Promise<string[]> => {
  const up = '../'.repeat(from.split('/').length - 1);
  return rulesBrokenBy({
    [from]: `${statement} '${up}${to.replace(/\.ts$/, '.js')}';\n`,
    [to]: 'export type T = number;\nexport const x = 1;\n',
  });
};
const importType = 'import type { T } from';

afterEach(async () => {
  await Promise.all(trees.splice(0).map((tree) => rm(tree, { recursive: true, force: true })));
});

describe('import directions', () => {
  it('hold in this repository', async () => {
    const found = await violations(repository);
    expect(found.violations).toEqual([]);
    expect(found.files).toBeGreaterThan(0);
  });
});

describe('the guard catches', () => {
  it.each([
    ['models-doors', 'models/a.ts', 'compiler/plan.ts'],
    ['models-doors', 'models/a.ts', 'macros/b.ts'],
    ['macros-doors', 'macros/a.ts', 'models/b.ts'],
    ['compiler-doors', 'compiler/a.ts', 'runtime/b.ts'],
    ['compiler-doors', 'compiler/a.ts', 'cli/b.ts'],
    ['dialects-doors', 'dialects/duckdb/a.ts', 'compiler/plan.ts'],
    ['dialects-doors', 'dialects/a.ts', 'models/b.ts'],
    ['runtime-doors', 'runtime/a.ts', 'delivery/b.ts'],
    ['runtime-doors', 'runtime/a.ts', 'macros/b.ts'],
    ['delivery-doors', 'delivery/a.ts', 'dialects/duckdb/b.ts'],
    ['delivery-doors', 'delivery/a.ts', 'runtime/run.ts'],
    ['rooms-stay-inside', 'cli/a.ts', 'tests/b.ts'],
    ['rooms-stay-inside', 'runtime/a.ts', 'bench/b.ts'],
    ['rooms-stay-inside', 'models/a.ts', 'examples/b.ts'],
    ['reference-independent', 'tests/reference/a.ts', 'models/b.ts'],
  ])('%s: %s importing %s', async (rule, from, to) => {
    expect(await opens(from, to, importType)).toContain(rule);
    expect(await opens(from, to, 'export * from')).toContain(rule);
  });

  it('a value where only types may pass', async () => {
    expect(await opens('compiler/a.ts', 'dialects/dialect.ts')).toEqual(['compiler-dialect-types-only']);
  });

  it('an import written as a call', async () => {
    const broken = await rulesBrokenBy({
      'models/a.ts': `export const load = () => import('../runtime/b.js');\n`,
      'runtime/b.ts': 'export const x = 1;\n',
    });
    expect(broken).toEqual(['models-doors']);
  });

  it.each(['node:fs', 'fs/promises', 'node:os', 'node:child_process', 'node:timers'])(
    '%s in the compiler',
    async (name) => {
      expect(await rulesBrokenBy({ 'compiler/a.ts': `import * as it from '${name}';\n` })).toEqual([
        'compiler-pure',
      ]);
    },
  );

  it.each([
    ['driver-duckdb', '@duckdb/node-api', 'runtime/a.ts'],
    ['driver-duckdb', '@duckdb/node-api', 'dialects/emit/a.ts'],
    ['driver-bigquery', '@google-cloud/bigquery', 'dialects/duckdb/a.ts'],
    ['driver-snowflake', 'snowflake-sdk', 'cli/a.ts'],
    ['driver-postgres', 'pg', 'delivery/a.ts'],
    ['compiler-no-sql-builder', 'knex', 'compiler/a.ts'],
  ])('%s: %s in %s, installed or not', async (rule, name, from) => {
    const use = { [from]: `export const load = () => import('${name}');\n` };
    expect(await rulesBrokenBy(use)).toEqual([rule]);
    const installed = {
      [`node_modules/${name}/package.json`]: JSON.stringify({ name, version: '1.0.0', main: 'index.js' }),
      [`node_modules/${name}/index.js`]: 'module.exports = {};\n',
    };
    expect(await rulesBrokenBy({ ...use, ...installed })).toEqual([rule]);
  });

  it('a circle, and an import that leads nowhere', async () => {
    const circle = {
      'models/a.ts': `export { b } from './b.js';\nexport const a = 1;\n`,
      'models/b.ts': `export { a } from './a.js';\nexport const b = 1;\n`,
    };
    expect(await rulesBrokenBy(circle)).toEqual(['no-circular']);
    expect(await rulesBrokenBy({ 'models/a.ts': `import './nowhere.js';\n` })).toEqual(['no-unresolved']);
  });
});

describe('the guard allows', () => {
  it.each([
    ['models/a.ts', 'compiler/diagnostics/index.ts'],
    ['macros/a.ts', 'compiler/diagnostics.ts'],
    ['compiler/a.ts', 'models/b.ts'],
    ['compiler/lower/a.ts', 'macros/b.ts'],
    ['dialects/emit/a.ts', 'compiler/ir/b.ts'],
    ['dialects/a.ts', 'compiler/program.ts'],
    ['runtime/a.ts', 'compiler/plan.ts'],
    ['runtime/a.ts', 'dialects/duckdb/b.ts'],
    ['delivery/a.ts', 'dialects/warehouse.ts'],
    ['cli/a.ts', 'delivery/b.ts'],
    ['tests/unit/a.ts', 'compiler/b.ts'],
    ['tests/reference/a.ts', 'tests/support/b.ts'],
    ['bench/a.ts', 'runtime/b.ts'],
  ])('%s importing %s', async (from, to) => {
    expect(await opens(from, to)).toEqual([]);
  });

  it('types of the contracts, fingerprints, and a driver in its own folder', async () => {
    expect(await opens('compiler/a.ts', 'dialects/dialect.ts', importType)).toEqual([]);
    expect(await opens('delivery/a.ts', 'compiler/program/state.ts', importType)).toEqual([]);
    expect(await rulesBrokenBy({ 'compiler/a.ts': `import { createHash } from 'node:crypto';\n` })).toEqual(
      [],
    );
    expect(
      await rulesBrokenBy({
        'dialects/duckdb/a.ts': `export const load = () => import('@duckdb/node-api');\n`,
      }),
    ).toEqual([]);
  });
});
