/** Standalone SELECTs by two threads: whichever makes one, it is the same. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { imaginedTables } from '../../compiler/bind/entity.js';
import type { Catalog } from '../../compiler/bind/types.js';
import { resolveProject, type Meaning } from '../../compiler/index.js';
import { UserError } from '../../compiler/diagnostics/index.js';
import { reachable } from '../../compiler/plan/graph.js';
import { dialectFor } from '../../dialects/registry.js';
import type { Dialect } from '../../dialects/dialect.js';
import type { Project, Spans } from '../../models/definition.js';
import { loadProject } from '../../models/index.js';
import { shareMeanings } from '../../runtime/meanings.js';
import { SecondThread, type Meanings } from '../../runtime/second-thread.js';
import { standaloneSelects, type SelectInput } from '../../runtime/selects.js';
import { propertiesOf } from '../../runtime/testing/entities.js';
import { MESSAGE_COLUMNS } from '../../runtime/testing/layouts.js';
import { referencesOf, scratchProject } from '../../runtime/testing/project.js';

const COOKBOOK = join(import.meta.dirname, '../../examples/cookbook');
const ASKED = { asOf: '2025-06-01T00:00:00Z', engine: 'duckdb' };

let folder: string;
let file: URL;
let project: Project;
let spans: Spans;
let catalog: Catalog;
let input: SelectInput;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rollcall-thread-'));
  await build({
    entryPoints: [join(import.meta.dirname, '../../runtime/select-thread.ts')],
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true, // drivers stay where they are, and unloaded
    format: 'esm',
    platform: 'node',
    mainFields: ['module', 'main'],
    external: ['@duckdb/*', '@google-cloud/*', 'google-auth-library', 'pg', 'snowflake-sdk'],
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
    },
    logLevel: 'silent',
  });
  file = pathToFileURL(join(folder, 'select-thread.mjs'));

  const loaded = await loadProject({ dir: COOKBOOK, env: {} });
  if (!loaded.project) throw new Error('the cookbook does not load');
  const references = referencesOf(loaded.project, loaded.spans);
  // What a query has only a warehouse says.
  const queries = loaded.project.definitions.filter((d) => d.kind === 'trait' && d.value.kind === 'sql');
  const needsQuery = (key: string): boolean =>
    queries.some((query) => reachable(references.upstream, [key]).has(query.key));
  const keys = loaded.project.definitions.map(({ key }) => key).filter((key) => !needsQuery(key));
  ({ project, spans } = scratchProject({ project: loaded.project, spans: loaded.spans }, references, keys));
  const columns = MESSAGE_COLUMNS.map((name) => ({ name, nativeType: 'text', kind: 'text' as const }));
  const entities = imaginedTables(project.config.entities ?? {}, propertiesOf(project.definitions));
  const messages = { table: { schema: 'raw', name: 'messages' }, columns };
  catalog = { tables: [messages, ...entities], traitNames: new Map() };
  const { resolved, diagnostics } = resolveProject({ project, spans, catalog });
  if (!resolved) throw new Error(JSON.stringify(diagnostics));
  const existing = {
    tables: new Map(),
    landings: new Map(),
    definitions: new Map(),
    connections: new Set<string>(),
    entityConnections: new Map(),
    computations: new Map(),
    factsMadeBy: 0,
  };
  const dialect = await dialectFor(ASKED.engine);
  input = { resolved, dialect, stored: { existing }, asOf: ASKED.asOf, keys };
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function withThread<T>(engine: string, work: (second: SecondThread) => Promise<T>): Promise<T> {
  const second = new SecondThread(file);
  try {
    second.tell({ project, engine });
    second.tell({ catalog, existing: input.stored.existing });
    second.tell({ keys: input.keys, asOf: input.asOf, needs: input.resolved.needs });
    return await work(second);
  } finally {
    await second.close();
  }
}

describe('a second thread', () => {
  it('makes what the first makes', async () => {
    const alone = await standaloneSelects(input, spans);
    expect(alone).toHaveLength(input.keys.length);
    expect(input.keys.length).toBeGreaterThan(40);
    await withThread('duckdb', async (second) => {
      const made = await second.made(); // before this thread takes any
      expect(made?.size).toBe(input.keys.length);
      expect(await standaloneSelects(input, spans, second)).toEqual(alone);
    });
  });

  it('shares them out', async () => {
    const alone = await standaloneSelects(input, spans);
    const both = await withThread('duckdb', (second) => standaloneSelects(input, spans, second));
    expect(both).toEqual(alone);
  });

  it('finds out what definitions come to as the first does', async () => {
    const { resolved } = resolveProject({ project, spans, catalog });
    const own = resolved?.definitions.map(({ definition, fingerprint, needs }) => [
      definition.key,
      { fingerprint, needs },
    ]);
    await withThread('duckdb', async (second) => {
      const found = await second.meant(); // before this thread takes any
      expect([...(found ?? [])]).toEqual(own);
    });
  });

  it('is asked for what it found out, and for no more', async () => {
    const found: { meanings: Meanings } = { meanings: new Map() };
    const meaning = (key: string): Meaning | undefined => found.meanings.get(key);
    const { resolved } = resolveProject({ project, spans, catalog, found: { meaning } });
    if (!resolved) throw new Error('the cookbook does not resolve');
    await withThread('duckdb', async (second) => {
      found.meanings = await shareMeanings(resolved, second);
    });
    expect(resolved.needs).toEqual(input.resolved.needs);
    expect(resolved.definitions.map((d) => d.fingerprint)).toEqual(
      input.resolved.definitions.map((d) => d.fingerprint),
    );
    await withThread('no such engine', async (second) => {
      expect((await shareMeanings(resolved, second)).size).toBe(0);
    });
  });

  it('writes the files it is given, and says so where it cannot', async () => {
    const sql = { path: 'a/b.sql', content: "SELECT 'é\n'" };
    const root = join(folder, 'target');
    const write = (where: string, engine = 'duckdb'): Promise<boolean> =>
      withThread(engine, async (second) => {
        await second.made();
        return second.write({ root: where, files: [sql], there: new Set() });
      });
    expect(await write(root)).toBe(true);
    expect(await readFile(join(root, sql.path), 'utf8')).toBe(sql.content);
    expect(await write(join(root, sql.path))).toBe(false); // a file is no folder
    expect(await write(root, 'no such engine')).toBe(false);
  });

  it('is not missed when it fails', async () => {
    const both = await withThread('no such engine', (second) => standaloneSelects(input, spans, second));
    expect(both).toEqual(await standaloneSelects(input, spans));
  });
});

describe('what an engine cannot do', () => {
  it('is told of every definition', async () => {
    const dialect: Dialect = {
      ...input.dialect,
      select: () => {
        throw new UserError({ code: 'not-supported', severity: 'error', message: 'no SELECT' });
      },
    };
    const problems = await standaloneSelects({ ...input, dialect }, spans).catch((e: unknown) => e);
    expect(problems).toBeInstanceOf(UserError);
    expect((problems as UserError).diagnostics.map(({ definition }) => definition)).toEqual(input.keys);
  });
});
