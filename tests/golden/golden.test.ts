/**
 * What the compiler writes, to be read: DuckDB's SQL whole, that of the other engines as differences from it. A change of the
 * SQL fails here and says what changed; `npx vitest run tests/golden -u` takes it over, for whoever reviews the files.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { DIALECTS, KEYS, runGoldens, sendingGoldens, standaloneGoldens } from './compiled.js';
import { difference, withShared } from './texts.js';

const [base, ...others] = DIALECTS.map(({ name }) => name);
const NAMES = ['shared', ...KEYS];

describe('standalone SELECTs', () => {
  const texts = new Map<string, ReadonlyMap<string, string>>();
  let whole: Awaited<ReturnType<typeof standaloneGoldens>>;
  beforeAll(async () => {
    whole = await standaloneGoldens();
    for (const [engine, sql] of whole) texts.set(engine, withShared(sql));
  });
  const of = (name: string, engine = ''): string => texts.get(engine)?.get(name) ?? '';

  it.each(NAMES)('%s', async (name) => {
    await expect(of(name, base)).toMatchFileSnapshot(`standalone/${name}.sql`);
    for (const engine of others)
      await expect(difference(of(name, base), of(name, engine))).toMatchFileSnapshot(
        `standalone/${name}.${engine}.diff`,
      );
  });

  it.each([...DIALECTS.map(({ name }) => name)])('name nothing that is not read, on %s', (engine) => {
    const unread = [...(whole.get(engine) ?? [])].flatMap(([key, sql]) =>
      [...sql.matchAll(/^(?:with )?("?\w+"?) as (?:(?:not )?materialized )?\($/gm)]
        .map(([, name = '']) => name)
        .filter((name) => sql.split(new RegExp(`(?<![\\w"])${name}(?![\\w"])`)).length < 3)
        .map((name) => `${key}: ${name}`),
    );
    expect(unread).toEqual([]);
  });

  it('have no other files', () => {
    const expected = NAMES.flatMap((name) => [`${name}.sql`, ...others.map((e) => `${name}.${e}.diff`)]);
    expect(readdirSync(join(import.meta.dirname, 'standalone')).sort()).toEqual(expected.sort());
  });
});

it.each([
  ['a run', 'run', runGoldens],
  ['sending, with suppression and consent, and of alerts', 'sending', sendingGoldens],
] as const)('statements of %s', async (_, file, made) => {
  const texts = await made();
  const of = (engine = ''): string => texts.get(engine) ?? '';
  await expect(of(base)).toMatchFileSnapshot(`run/${file}.sql`);
  for (const engine of others)
    await expect(difference(of(base), of(engine))).toMatchFileSnapshot(`run/${file}.${engine}.diff`);
});
