/** Every conformance case on the embedded DuckDB: run step by step, and each definition's standalone SELECT. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { World, type Published } from '../support/world.js';
import { customTraitsOf, loadCases, type ConformanceCase, type ConformanceStep } from './load.js';

/** First runs that no sequence of runs at the case's instants leaves: only a SELECT can be told of them. */
const needsEarlierRun = (one: ConformanceCase): boolean =>
  Object.values(one.first_runs).some((first) => first !== one.steps[0]?.as_of);

/** Every so-manieth case, so that several files of tests share them; `part` from 0. */
export function conformsOnDuckdb(part: number, parts: number): void {
  const own = loadCases().filter((_, i) => i % parts === part);
  describe.each(own.map((one) => ({ title: `${one.file}: ${one.name}`, one })))('$title', ({ one }) => {
    const sources = [...new Set(one.steps.flatMap((s) => s.land.map((m) => m.source ?? 'raw')))];
    let world: World;
    beforeAll(async () => {
      world = await World.create({
        definitions: one.definitions,
        layout: one.layout,
        sources: sources.length > 0 ? sources : ['raw'],
        traits: customTraitsOf(one.definitions),
        exclude: one.exclude,
        ...(one.entities && { entities: one.entities }),
      });
    });
    afterAll(async () => {
      await world[Symbol.asyncDispose]();
    });

    it('gives what is expected after each step', async () => {
      for (const [i, step] of one.steps.entries()) {
        if (step.definitions !== one.steps[i - 1]?.definitions) await world.edit(step.definitions);
        await world.land(step.land);
        await world.landTables(step.tables);
        compare(await world.standalone(step.as_of, one.first_runs), step, 'standalone SELECT');
        if (needsEarlierRun(one)) continue;
        await world.run(step.as_of);
        compare(await world.published(), step, 'run');
      }
    });
  });
}

function compare(actual: Published, { as_of, expect: expected }: ConformanceStep, by: string): void {
  for (const [key, names] of Object.entries(expected.members ?? {})) {
    expect({ by, as_of, key, members: actual.members.get(key) }).toEqual({
      by,
      as_of,
      key,
      members: [...names].sort(),
    });
  }
  for (const [key, values] of Object.entries(expected.traits ?? {})) {
    const parsed = [...(actual.traits.get(key) ?? [])].map(([profile, text]) => [
      profile,
      JSON.parse(text) as unknown,
    ]);
    expect({ by, as_of, key, values: Object.fromEntries(parsed) }).toEqual({ by, as_of, key, values });
  }
  for (const [key, texts] of Object.entries(expected.trait_texts ?? {})) {
    const actualTexts = Object.fromEntries(actual.traits.get(key) ?? []);
    expect({ by, as_of, key, texts: actualTexts }).toEqual({ by, as_of, key, texts });
  }
}
