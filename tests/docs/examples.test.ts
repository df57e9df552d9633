/** The examples in the pages are files that load without a problem. */
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { parse } from 'jsonc-parser';
import { describe, expect, it } from 'vitest';

import { loadProject, type ProjectFs } from '../../models/index.js';

type Json = Readonly<Record<string, unknown>>;

const text = (path: string): string =>
  readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8').replace(/\r\n/g, '\n');
const blocks = (path: string, language: string): string[] =>
  [...text(path).matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'gm'))].map(
    ([, body = '']) => body,
  );

/** Loads files that are held in memory; gives what is wrong with them. */
async function problems(files: ReadonlyMap<string, string>): Promise<string[]> {
  const missing = (path: string): Error => Object.assign(new Error(path), { code: 'ENOENT' });
  const fs: ProjectFs = {
    readFile: (path) =>
      files.has(path) ? Promise.resolve(Buffer.from(files.get(path) ?? '')) : Promise.reject(missing(path)),
    realpath: (path) => Promise.resolve(path),
    readdir: (path) => {
      const inside = [...files.keys()].filter((file) => posix.dirname(file) === path);
      return Promise.resolve(inside.map((file) => ({ name: posix.basename(file), kind: 'file' as const })));
    },
  };
  const { diagnostics } = await loadProject({ dir: '/shop', env: {}, fs });
  return diagnostics.map((d) => `${d.span?.file ?? ''} ${d.code} ${d.message}`);
}

const CONFIG: Json = {
  name: 'shop',
  target: 'dev',
  targets: { dev: { type: 'duckdb', path: 'warehouse.duckdb' } },
  sources: [{ name: 'raw', layout: 'messages', table: 'raw.messages' }],
};
const CRM: Json = { kind: 'destination', key: 'crm', type: 'file', settings: { path: 'crm.jsonl' } };
const ADS: Json = { ...CRM, key: 'ads' };

const ANY: Json = { kind: 'audience', key: 'example', definition: { trait: 'a', exists: true } };

/** A project around one example: a configuration, a destination, a definition, or what a definition holds. */
function around(example: Json): ReadonlyMap<string, string> {
  const files = { config: CONFIG, destination: CRM, definition: ANY };
  if ('targets' in example) files.config = example;
  else if (example['kind'] === 'destination') files.destination = example;
  else if ('kind' in example) files.definition = example;
  else files.definition = { ...ANY, kind: isValue(example) ? 'trait' : 'audience', definition: example };
  return new Map([
    ['/shop/rollcall.json', JSON.stringify(files.config)],
    ['/shop/destinations/crm.json', JSON.stringify(files.destination)],
    ['/shop/destinations/ads.json', JSON.stringify(ADS)],
    ['/shop/models/example.json', JSON.stringify(files.definition)],
  ]);
}

/** A reducer without a comparison is a trait's. */
const isValue = (example: Json): boolean =>
  Object.values(example).some(
    (v) => typeof v === 'object' && v !== null && Object.keys(v).join() === 'property',
  );

describe('docs/semantics.md', () => {
  const whole = blocks('docs/semantics.md', 'jsonc').filter((body) => body.includes('"kind"'));
  const examples = [...blocks('docs/semantics.md', 'json'), ...whole]
    .map((body): Json => parse(body, [], { allowTrailingComma: true }) as Json)
    .filter((example) => !('messageId' in example));

  it.each(examples.map((example) => [JSON.stringify(example).slice(0, 80), example] as const))(
    '%s',
    async (_title, example) => {
      expect(await problems(around(example))).toEqual([]);
    },
  );
});

it('README.md shows a project', async () => {
  const files = blocks('README.md', 'jsonc').map((body): [string, string] => [
    `/${/^\/\/ (\S+)/.exec(body)?.[1] ?? ''}`,
    body,
  ]);
  expect(files.map(([path]) => path)).toContain('/shop/rollcall.json');
  expect(await problems(new Map(files))).toEqual([]);
});
