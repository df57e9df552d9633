/** Every conformance case on an engine: run step by step, and each definition's standalone SELECT. */
import { afterEach, describe, expect, it } from 'vitest';

import type { EngineUnderTest, Way } from '../engines/engine.js';
import { markOf, marksOf, type Mark } from '../engines/marks.js';
import { ResultsFile } from '../engines/results.js';
import { World, type Published } from '../support/world.js';
import { customTraitsOf, loadCases, type ConformanceCase, type ConformanceStep } from './load.js';

/** First runs that no sequence of runs at the case's instants leaves: only a SELECT can be told of them. */
export const needsEarlierRun = (one: ConformanceCase): boolean =>
  Object.values(one.first_runs).some((first) => first !== one.steps[0]?.as_of);

/** Where cases with "destinations" send. */
const CRM = {
  kind: 'destination',
  key: 'crm',
  type: 'file',
  settings: { path: 'crm.jsonl' },
  send: ['track'],
} as const;

/** What keeps a case from a way on every engine. */
const ownMark = (one: ConformanceCase, way: Way): Mark | undefined =>
  way === 'run' && needsEarlierRun(one)
    ? {
        case: titleOf(one),
        way,
        mark: 'never',
        reason: 'no runs at the instants of the case leave its first runs',
      }
    : undefined;

/** `sql-traits: a query's columns are traits` */
const titleOf = (one: ConformanceCase): string => `${one.file}: ${one.name}`;

/** `ROLLCALL_CONFORMANCE_PART=2/8`: of the cases a file would run, the second eighth, so that processes can share them. */
const [SHARE = 1, SHARES = 1] = (process.env['ROLLCALL_CONFORMANCE_PART'] ?? '1/1').split('/').map(Number);

/**
 * Defines a test for every so-manieth case; `part` from 0. Several files of tests share the cases, and `npm test` has
 * room for some of a slow engine's only. What comes of them is kept after each, so that a run that is stopped counts.
 */
export function conformsOn(engine: EngineUnderTest, part: number, parts: number): void {
  const all = loadCases();
  const own = all.filter((_, i) => i % parts === part).filter((_, i) => i % SHARES === SHARE - 1);
  const marks = marksOf(engine.name);
  const results = new ResultsFile();
  let version: Promise<string> | undefined;

  it('marks name cases that there are', () => {
    const titles = all.map(titleOf);
    const unknown = marks.filter(({ case: of }) => !titles.some((title) => markOf([{ case: of, mark: 'never', reason: '' }], title, 'run'))); // prettier-ignore
    expect(unknown).toEqual([]);
  });

  describe.each(own.map((one) => ({ title: titleOf(one), one })))('$title', ({ title, one }) => {
    const asked = engine.waysOf?.(one) ?? engine.ways;
    // Where the one way that is asked for cannot be gone, the others are.
    const gone = asked.every((way) => ownMark(one, way) !== undefined) ? engine.ways : asked;
    const marked = gone.map((way) => ({
      way,
      mark: ownMark(one, way) ?? markOf(marks, title, way),
    }));
    const ways = marked.flatMap(({ way, mark }) => (mark === undefined ? [way] : []));
    for (const { way, mark } of marked)
      if (mark) results.add({ case: title, way, status: mark.mark, reason: mark.reason });
    const reasons = marked.flatMap(({ way, mark }) => (mark ? [`${way}: ${mark.mark}, ${mark.reason}`] : []));

    it.skipIf(ways.length === 0)(`gives what is expected after each step ${reasons.join('; ')}`, async () => {
      let status: 'passed' | 'failed' = 'failed';
      try {
        await meets(engine, one, ways);
        status = 'passed';
      } finally {
        for (const way of ways) results.add({ case: title, way, status });
      }
    });
  });

  afterEach(async () => {
    if (process.env['ROLLCALL_CONFORMANCE'] === undefined) return;
    version ??= engine.version();
    const name = [part, parts, ...engine.ways, SHARE, SHARES].join('-');
    const { again, sample } = engine;
    results.write(engine.name, name, {
      version: await version,
      again,
      ...(sample !== undefined && { sample }),
    });
  });
}

/** Lands, asks and runs a case step by step; throws where something is not as expected. */
export async function meets(
  engine: EngineUnderTest,
  one: ConformanceCase,
  ways: readonly Way[],
): Promise<void> {
  const sources = [...new Set(one.steps.flatMap((s) => s.land.map((m) => m.source ?? 'raw')))];
  await using world = await World.create(
    {
      definitions: one.definitions,
      layout: one.layout,
      sources: sources.length > 0 ? sources : ['raw'],
      traits: customTraitsOf([...one.definitions, ...(one.destination ? [one.destination] : [])]),
      exclude: one.exclude,
      ...(one.entities && { entities: one.entities }),
      ...(one.definitions.some((d) => 'destinations' in d) && {
        destinations: [{ ...CRM, ...one.destination }],
      }),
    },
    engine,
  );
  for (const [i, step] of one.steps.entries()) {
    if (step.definitions !== one.steps[i - 1]?.definitions) await world.edit(step.definitions);
    await world.land(step.land);
    await world.landTables(step.tables);
    if (ways.includes('standalone'))
      compare(await world.standalone(step.as_of, one.first_runs), step, 'standalone SELECT');
    if (!ways.includes('run')) continue;
    await world.run(step.as_of);
    compare(await world.published(), step, 'run');
    await compareEntities(world, step);
  }
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

/** What is kept and told of rows of entities, by runs. */
async function compareEntities(world: World, { as_of, expect: expected }: ConformanceStep): Promise<void> {
  if (expected.entity_rows) {
    const kept = await world.entityRows();
    for (const [key, rows] of Object.entries(expected.entity_rows))
      expect({ as_of, key, rows: kept[key] ?? {} }).toEqual({ as_of, key, rows });
  }
  const sorted = <T>(all: readonly T[]): readonly T[] =>
    [...all].sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
  if (expected.said) {
    const said = sorted(await world.said());
    expect({ as_of, said }).toEqual({ as_of, said: sorted(expected.said) });
  }
  if (!expected.tracked) return;
  const told = (await world.tracked()).map(({ to, event, entities }) => {
    const [entered, exited] = (['entered', 'exited'] as const).map((direction) =>
      Object.values(entities).flatMap((lists) => lists[direction]),
    );
    return { to, event, entered, exited };
  });
  const whole = expected.tracked.map((one) => ({ entered: [], exited: [], ...one }));
  expect({ as_of, told: sorted(told) }).toEqual({
    as_of,
    told: sorted(whole.map(({ to, event, entered, exited }) => ({ to, event, entered, exited }))),
  });
}

/** What tells messages of a run apart, and what they say, however its keys are ordered. */
const placeOf = (message: unknown): string =>
  JSON.stringify(message, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
