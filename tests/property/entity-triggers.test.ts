/**
 * Rows of entities over random scenarios: what is kept of members is what the reference says, and what identifiers were
 * told of, all messages taken together, is what there is.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';

import { customTraitsOf } from '../conformance/load.js';
import { ENTITIES, entityDefinitions, entityTables } from '../generators/entities.js';
import { AS_OF, history } from '../generators/index.js';
import { evaluate } from '../reference/evaluate.js';
import { askingFor } from '../reference/matches.js';
import type { Definition, Message } from '../reference/model.js';
import { formatInstant, parseDuration, requireInstant } from '../reference/time.js';
import type { PlainTable } from '../support/land-tables.js';
import { World, type EntityRows, type Tracked } from '../support/world.js';
import { seedsFrom, tryPairs } from './pairs.js';
import { sourcesOf } from './support.js';

const CRM = { kind: 'destination', key: 'crm', type: 'file', settings: { path: 'x' }, send: ['track'] };

interface Step {
  readonly tables: Record<string, PlainTable>;
  readonly land: Message[];
}

const steps = (): fc.Arbitrary<readonly Step[]> =>
  fc
    .tuple(fc.array(entityTables(), { minLength: 2, maxLength: 3 }), history({ minLength: 4, maxLength: 16 }))
    .map(([tables, messages]) =>
      // Messages land a part before each run; what happened is before all of them.
      tables.map((own, i) => ({
        tables: own,
        land: messages.filter((_, at) => at % tables.length === i),
      })),
    );

it('what is kept and told of entities is what the reference lists', { timeout: 36_000_000 }, async () => {
  await tryPairs({
    name: 'entity triggers',
    arbitrary: fc.tuple(entityDefinitions(), steps()),
    compare: keptAndTold,
    seeds: seedsFrom(1, 1),
    atLeast: 12,
    share: 0.03,
    tries: 5,
  });
});

/** Audiences ask for all entities that they list. */
const linked = (definition: Definition): Definition => {
  if (definition.kind !== 'audience') return definition;
  const entities = [...new Set(askingFor(definition.definition).map(({ entity }) => entity))];
  return entities.length === 0 ? definition : { ...definition, destinations: [{ to: 'crm', entities }] };
};

async function keptAndTold([plain, planned]: [Definition[], readonly Step[]]): Promise<number> {
  const definitions = plain.map(linked);
  const all = planned.flatMap(({ land }) => land);
  await using world = await World.create({
    definitions,
    sources: sourcesOf(all),
    traits: customTraitsOf(definitions),
    entities: ENTITIES,
    destinations: [CRM],
  });
  const firstRuns = Object.fromEntries(definitions.map(({ key }) => [key, AS_OF]));
  const told = new Told();
  const landed: Message[] = [];
  for (const [i, { tables, land }] of planned.entries()) {
    const asOf = formatInstant(requireInstant(AS_OF) + BigInt(i) * parseDuration('1 hour'));
    landed.push(...land);
    await world.land(land);
    await world.landTables(tables);
    await world.run(asOf);
    const said = evaluate({ messages: landed, definitions, asOf, firstRuns, tables, entities: ENTITIES });
    const expected = listed(said.entityRows);
    expect(await world.entityRows()).toEqual(expected);
    told.take(await world.tracked());
    told.expectAll(definitions, expected);
  }
  return definitions.length * planned.length;
}

/** As the world says it. */
const listed = (rows: ReadonlyMap<string, ReadonlyMap<string, ReadonlyMap<string, string[]>>>): EntityRows =>
  Object.fromEntries(
    [...rows].flatMap(([key, own]) =>
      own.size === 0
        ? []
        : [[key, Object.fromEntries([...own].map(([name, of]) => [name, Object.fromEntries(of)]))]],
    ),
  );

/** What a receiver knows that adds what entered and takes out what exited. */
class Told {
  private readonly rows = new Map<string, Set<string>>();
  private readonly ids = new Set<string>();

  take(messages: readonly Tracked[]): void {
    for (const { id, definition, to, entities } of messages) {
      expect(this.ids.has(id)).toBe(false);
      this.ids.add(id);
      const known = this.of(definition, to);
      for (const [entity, { entered, exited }] of Object.entries(entities)) {
        for (const row of exited) expect(known.delete(`${entity} ${row}`)).toBe(true);
        for (const row of entered) {
          expect(known.has(`${entity} ${row}`)).toBe(false);
          known.add(`${entity} ${row}`);
        }
      }
    }
  }

  /** Members know all they have; who became part of a member, nothing that it has not; others nothing. */
  expectAll(definitions: readonly Definition[], expected: EntityRows): void {
    const has = (definition: string, name: string): string[] =>
      Object.entries(expected[definition]?.[name] ?? {})
        .flatMap(([entity, ids]) => ids.map((id) => `${entity} ${id}`))
        .sort();
    for (const { key: definition } of definitions) {
      const members = expected[definition] ?? {};
      for (const name of Object.keys(members)) {
        expect([definition, name, [...this.of(definition, name)].sort()]).toEqual([
          definition,
          name,
          has(definition, name),
        ]);
      }
      const anyone = new Set(Object.keys(members).flatMap((name) => has(definition, name)));
      for (const [key, known] of this.rows) {
        const [of, to = ''] = JSON.parse(key) as [string, string];
        if (of !== definition || to in members) continue;
        const left = [...known].filter((row) => !to.startsWith('a:') || !anyone.has(row));
        expect([definition, to, left]).toEqual([definition, to, []]);
      }
    }
  }

  private of(definition: string, to: string): Set<string> {
    const key = JSON.stringify([definition, to]);
    const known = this.rows.get(key) ?? new Set<string>();
    this.rows.set(key, known);
    return known;
  }
}
