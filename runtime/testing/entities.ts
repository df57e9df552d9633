/** Entities of a test: their tables, made of what definitions read and of the rows a test gives them. */
import { imaginedTables } from '../../compiler/bind/entity.js';
import type { Needs } from '../../compiler/bind/types.js';
import { entitiesIn } from '../../models/walk.js';
import type { Definition, EntityConfig, ProjectConfig } from '../../models/definition.js';
import type { ScratchTables } from './tables.js';

type Configs = NonNullable<ProjectConfig['entities']>;

/** The entities that definitions read: the others need no tables. */
export function entitiesRead(
  configs: Configs,
  definitions: readonly Definition[],
  change: (entity: EntityConfig) => EntityConfig,
): Configs {
  const names = new Set(definitions.flatMap((definition) => entitiesIn(treeOf(definition))));
  const read = Object.entries(configs).filter(([name]) => names.has(name));
  return Object.fromEntries(read.map(([name, entity]) => [name, change(entity)]));
}

/** What a definition says; a journey says it for its steps, which refer back to it. */
function treeOf(definition: Definition): object {
  switch (definition.kind) {
    case 'audience':
      return definition.condition;
    case 'trait':
      return definition.value;
    case 'journey':
      return definition.journey;
    case 'journey_step':
      return definition.output.of.journey;
  }
}

/** Properties that definitions may read, whatever they are of. */
export const propertiesOf = (definitions: readonly Definition[]): readonly string[] =>
  definitions.flatMap((definition) => propertiesIn(treeOf(definition)));

/** Every property that a tree may read, whatever it is of. */
function propertiesIn(node: unknown): readonly string[] {
  if (typeof node !== 'object' || node === null) return [];
  const own = [
    ...('kind' in node && node.kind === 'property' && 'path' in node ? [node.path] : []),
    ...('property' in node ? [node.property] : []),
  ].filter((path) => typeof path === 'string');
  return [...own, ...Object.values(node).flatMap(propertiesIn)];
}

/** Makes what entities must have, whatever rows there are. */
export function prepareEntities(configs: Configs, needs: Needs, tables: ScratchTables): void {
  for (const { entity, columns } of needs.entities ?? []) {
    const config = Object.hasOwn(configs, entity) ? configs[entity] : undefined;
    if (!config) continue;
    const paths = columns.map(({ path }) => path);
    const own = imaginedTables(configs, paths).find(
      ({ table }) => tables.at(table) === tables.table(config.table),
    );
    const table = tables.table(config.table);
    for (const { name } of own?.columns ?? []) table.column(name);
  }
}
