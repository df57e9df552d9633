/** The cookbook: every recipe has a test that passes, and the page says what the files say. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';

import { cookbookPage } from '../../examples/cookbook/page.js';
import { rollcall } from '../cli/support.js';

const FOLDER = join(import.meta.dirname, '../../examples/cookbook');

interface Report {
  readonly tests: readonly {
    readonly name: string;
    readonly status: string;
    readonly definitions: readonly string[];
  }[];
}

let report: Report;
let recipes: readonly { readonly kind: string; readonly key: string }[];

beforeAll(async () => {
  const files = (await readdir(join(FOLDER, 'models'), { recursive: true })).filter((f) =>
    f.endsWith('.json'),
  );
  recipes = await Promise.all(
    files.map(
      async (file) =>
        JSON.parse(await readFile(join(FOLDER, 'models', file), 'utf8')) as { kind: string; key: string },
    ),
  );
  const { stdout } = await rollcall(FOLDER, ['test', '--json']);
  report = JSON.parse(stdout) as Report;
});

describe('the cookbook', () => {
  it('has thirty recipes and more', () => {
    expect(recipes.filter(({ kind }) => kind !== 'trait').length).toBeGreaterThanOrEqual(30);
  });

  it('passes its tests', () => {
    expect(report.tests.filter(({ status }) => status !== 'passed')).toEqual([]);
  });

  it('has a test of every recipe', () => {
    const tested = new Set(report.tests.flatMap(({ definitions }) => definitions));
    const isHelp = (kind: string): boolean => kind === 'trait';
    expect(recipes.filter(({ kind, key }) => !isHelp(kind) && !tested.has(key))).toEqual([]);
  });

  it('is the page in docs/', async () => {
    expect(await readFile(join(FOLDER, '../../docs/cookbook.md'), 'utf8')).toBe(await cookbookPage());
  });
});
