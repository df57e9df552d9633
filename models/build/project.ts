import type {
  ColumnRef,
  EntityConfig,
  ProjectConfig,
  SourceConfig,
  SourceLayout,
  TargetConfig,
} from '../definition.js';
import type { JsonNode, ObjectNode } from '../source/json.js';
import {
  asArray,
  asObject,
  asString,
  field,
  mark,
  optionalFlag,
  optionalString,
  strings,
  type BuildContext,
} from './context.js';
import { buildAlert, buildChannel } from './alerts.js';
import { guardLimits } from './definition.js';
import { buildConsent, buildSuppressed } from './withholding.js';
import { buildDuration } from './leaves.js';
import { audienceReferences } from './members.js';

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
  const exclude = field(node, 'exclude');
  const guard = field(node, 'guard');
  const alerts = field(node, 'alerts');
  const channels = field(node, 'channels');
  const suppress = field(node, 'suppress');
  const consent = field(node, 'consent');
  return mark(
    context,
    {
      name: asString(field(node, 'name')),
      target,
      targets: byName(asObject(field(node, 'targets')), (entry) => targetOf(context, entry)),
      sources: asArray(field(node, 'sources')).items.map((item) => sourceOf(context, asObject(item))),
      ...(entities === undefined
        ? {}
        : { entities: byName(asObject(entities), (entry, name) => entityOf(context, name, entry)) }),
      ...(exclude && { exclude: audienceReferences(context, exclude) }),
      ...(guard && { guard: guardLimits(asObject(guard)) }),
      ...(optionalFlag(node, 'compute_unconnected') === false && { computeUnconnected: false as const }),
      ...(suppress && { suppress: buildSuppressed(context, suppress) }),
      ...(consent && {
        consent: byName(asObject(consent), (entry, name) => buildConsent(context, name, entry)),
      }),
      ...(alerts && { alerts: asArray(alerts).items.map((item) => buildAlert(context, item)) }),
      ...(channels && {
        channels: byName(asObject(channels), (entry, name) => buildChannel(context, name, entry)),
      }),
      vars: { ...(field(node, 'vars')?.value as Record<string, unknown> | undefined), ...vars },
    },
    field(node, 'name') ?? node,
  );
}

/** An object by name without a prototype: a target may be called `constructor`. */
function byName<T>(
  node: ObjectNode,
  build: (node: JsonNode, name: string) => T,
): Readonly<Record<string, T>> {
  const result = Object.create(null) as Record<string, T>;
  for (const { key, node: value } of node.entries) if (value !== undefined) result[key] = build(value, key);
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
  const redelivered = field(node, 'redelivered_within');
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
    ...(redelivered && { redeliveredWithin: buildDuration(redelivered) }),
    traits: traits === undefined ? [] : strings(traits),
  };
  return mark(context, source, field(node, 'name') ?? node);
}

function entityOf(context: BuildContext, name: string, json: JsonNode): EntityConfig {
  const node = asObject(json);
  const column = (at: JsonNode): ColumnRef => mark(context, { column: asString(at) }, at);
  const columns = (key: string): Readonly<Record<string, ColumnRef>> => {
    const at = field(node, key);
    return at === undefined ? {} : byName(asObject(at), column);
  };
  const relations = field(node, 'relations');
  const table = field(node, 'table') ?? node;
  const entity: EntityConfig = {
    name,
    table: asString(table),
    id: column(field(node, 'id') ?? node),
    profile: columns('profile'),
    relations:
      relations === undefined
        ? {}
        : byName(asObject(relations), (pairs) =>
            asObject(pairs).entries.flatMap(({ key, node: other, start, keyEnd }) =>
              other === undefined
                ? []
                : [{ own: mark(context, { column: key }, { start, end: keyEnd }), other: column(other) }],
            ),
          ),
    columns: columns('columns'),
  };
  return mark(context, entity, table);
}
