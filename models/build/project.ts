import type { EntityConfig, ProjectConfig, SourceConfig, SourceLayout, TargetConfig } from '../definition.js';
import type { JsonNode, ObjectNode } from '../source/json.js';
import {
  asArray,
  asObject,
  asString,
  field,
  mark,
  optionalString,
  strings,
  type BuildContext,
} from './context.js';
import { buildDuration } from './leaves.js';

/** What a look back at landed rows covers when a source does not say (SEMANTICS §3). */
const DEFAULT_OVERLAP = { amount: 3, unit: 'day' } as const;
const DEFAULT_SCHEMA = 'rollcall';

/** The configuration of a validated rollcall.json whose variables are replaced. */
export function buildProjectConfig(
  context: BuildContext,
  node: ObjectNode,
  target: string,
  vars: Readonly<Record<string, unknown>>,
): ProjectConfig {
  const entities = field(node, 'entities');
  return mark(
    context,
    {
      name: asString(field(node, 'name')),
      target,
      targets: byName(asObject(field(node, 'targets')), (entry) => targetOf(context, entry)),
      sources: asArray(field(node, 'sources')).items.map((item) => sourceOf(context, asObject(item))),
      ...(entities === undefined
        ? {}
        : { entities: byName(asObject(entities), (entry) => entityOf(context, entry)) }),
      vars: { ...(field(node, 'vars')?.value as Record<string, unknown> | undefined), ...vars },
    },
    field(node, 'name') ?? node,
  );
}

/** An object by name without a prototype: a target may be called `constructor`. */
function byName<T>(node: ObjectNode, build: (node: JsonNode) => T): Readonly<Record<string, T>> {
  const result = Object.create(null) as Record<string, T>;
  for (const { key, node: value } of node.entries) if (value !== undefined) result[key] = build(value);
  return result;
}

function targetOf(context: BuildContext, json: JsonNode): TargetConfig {
  const node = asObject(json);
  const schema = optionalString(node, 'schema') ?? node.value['dataset'];
  const target: TargetConfig = {
    ...node.value,
    type: asString(field(node, 'type')),
    schema: typeof schema === 'string' ? schema : DEFAULT_SCHEMA,
  };
  return mark(context, target, field(node, 'type') ?? node);
}

function sourceOf(context: BuildContext, node: ObjectNode): SourceConfig {
  const schema = optionalString(node, 'schema');
  const table = optionalString(node, 'table');
  const event = optionalString(node, 'event');
  const overlap = field(node, 'overlap');
  const traits = field(node, 'traits');
  const columns = field(node, 'columns');
  const source: SourceConfig = {
    name: asString(field(node, 'name')),
    layout: asString(field(node, 'layout')) as SourceLayout,
    ...(schema === undefined ? {} : { schema }),
    ...(table === undefined ? {} : { table }),
    ...(event === undefined ? {} : { event }),
    columns: columns === undefined ? {} : (asObject(columns).value as Record<string, string | null>),
    overlap: overlap === undefined ? DEFAULT_OVERLAP : buildDuration(overlap),
    traits: traits === undefined ? [] : strings(traits),
  };
  return mark(context, source, field(node, 'name') ?? node);
}

function entityOf(context: BuildContext, json: JsonNode): EntityConfig {
  const node = asObject(json);
  const columns = (at: JsonNode | undefined): Readonly<Record<string, string>> =>
    at === undefined ? {} : byName(asObject(at), asString);
  const relations = field(node, 'relations');
  const entity: EntityConfig = {
    table: asString(field(node, 'table')),
    id: asString(field(node, 'id')),
    profile: columns(field(node, 'profile')),
    relations:
      relations === undefined
        ? {}
        : byName(asObject(relations), (pairs) => mark(context, columns(pairs), pairs)),
    columns: columns(field(node, 'columns')),
  };
  return mark(context, entity, field(node, 'table') ?? node);
}
