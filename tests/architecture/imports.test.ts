/** The guard of import directions itself. That they hold here, `npm run check:imports` says, which is part of `.ci/run`. */
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { violations } from './cruise.js';

const trees: string[] = [];

/** Writes files into a folder of their own. */
async function treeOf(files: Readonly<Record<string, string>>): Promise<string> {
  const tree = await realpath(await mkdtemp(join(tmpdir(), 'rollcall-imports-')));
  trees.push(tree);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await writeFile(join(tree, path), text);
  }
  return tree;
}

/** The rules that files break. */
async function rulesBrokenBy(files: Readonly<Record<string, string>>): Promise<string[]> {
  const found = await violations(await treeOf(files));
  return [...new Set(found.violations.map((violation) => violation.rule))].sort();
}

const VALUE = 'import { x } from';
const TARGET = 'export type T = number;\nexport const x = 1;\n';

const importing = (from: string, to: string, statement: string): string =>
  `${statement} '${'../'.repeat(from.split('/').length - 1)}${to.replace(/\.ts$/, '.js')}';\n`;

/** A file that imports another, which exists too. */
const opens = (from: string, to: string, statement = VALUE): Promise<string[]> =>
  rulesBrokenBy({ [from]: importing(from, to, statement), [to]: TARGET });

/** The same for many in one tree, each with a file of its own: the rules that each breaks. */
async function rulesBrokenByEach(
  ways: readonly (readonly [from: string, to: string, statement: string])[],
): Promise<readonly (readonly string[])[]> {
  const named = ways.map(([from, ...rest], i) => [from.replace(/\.ts$/, `_${i}.ts`), ...rest] as const);
  const files = named.flatMap(([from, to, statement]) => [
    [from, importing(from, to, statement)] as const,
    [to, TARGET] as const,
  ]);
  const { violations: found } = await violations(await treeOf(Object.fromEntries(files)));
  return named.map(([from]) => found.filter((one) => one.from === from).map(({ rule }) => rule));
}

const importType = 'import type { T } from';

afterEach(async () => {
  await Promise.all(trees.splice(0).map((tree) => rm(tree, { recursive: true, force: true })));
});

describe('the guard catches', () => {
  const closed = [
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
  ] as const;
  // One tree for all of them, as a cruise takes longer than a case.
  const broken = async (): Promise<readonly (readonly string[])[]> =>
    rulesBrokenByEach(
      closed.flatMap(([, ...way]) => [importType, 'export * from'].map((by) => [...way, by])),
    );

  it('imports of rooms that are closed', async () => {
    const found = await broken();
    for (const [i, [rule, from, to]] of closed.entries())
      for (const which of [0, 1]) expect(found[2 * i + which], `${from} importing ${to}`).toContain(rule);
  });

  it('a value where only types may pass', async () => {
    expect(await opens('compiler/a.ts', 'dialects/dialect.ts')).toEqual(['compiler-dialect-types-only']);
  });

  it('what few commands print with, loaded by all of them', async () => {
    expect(await opens('cli/commands/a.ts', 'cli/progress/log.ts')).toEqual(['progress-when-asked']);
    const asked = {
      'cli/commands/a.ts': `export const load = () => import('../progress/log.js');\n`,
      'cli/progress/log.ts': TARGET,
    };
    expect(await rulesBrokenBy(asked)).toEqual([]);
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
  const open = [
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
  ] as const;

  it('imports of rooms that are open', async () => {
    const found = await rulesBrokenByEach(open.map((way) => [...way, VALUE]));
    for (const [i, [from, to]] of open.entries()) expect(found[i], `${from} importing ${to}`).toEqual([]);
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
