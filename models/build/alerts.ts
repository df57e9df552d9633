import type { Alert, AlertRule, Channel, NameRef } from '../alerts.js';
import type { JsonNode, ObjectNode } from '../source/json.js';
import {
  asArray,
  asObject,
  asString,
  field,
  mark,
  optionalNumber,
  strings,
  type BuildContext,
} from './context.js';
import { buildDuration } from './leaves.js';

const A_DAY = { amount: 24, unit: 'hour' } as const;

/** An alert of a validated rollcall.json. It stands at its name, or at what it is on. */
export function buildAlert(context: BuildContext, json: JsonNode): Alert {
  const node = asObject(json);
  const name = field(node, 'name');
  const on = field(node, 'on');
  const alert: Alert = {
    name: asString(name ?? on),
    rule: ruleOf(context, node),
    to: references(context, node, 'to') ?? [],
  };
  return mark(context, alert, name ?? on ?? node);
}

function ruleOf(context: BuildContext, node: ObjectNode): AlertRule {
  const [definitions, tags, destinations] = (['definitions', 'tags', 'destinations'] as const).map((key) =>
    references(context, node, key),
  );
  const ofDefinitions = { ...(definitions && { definitions }), ...(tags && { tags }) };
  const ofDestinations = destinations && { destinations };
  const within = field(node, 'within');
  const after = field(node, 'after');
  const percent = optionalNumber(node, 'more_than_percent') ?? 0;
  const minSize = optionalNumber(node, 'min_size');
  const on = asString(field(node, 'on')) as AlertRule['on'];
  switch (on) {
    case 'size_change':
      return Object.freeze({
        on,
        ...ofDefinitions,
        percent,
        ...(within && { within: buildDuration(within) }),
        ...(minSize !== undefined && { minSize }),
      });
    case 'delivery':
      return Object.freeze({
        on,
        ...ofDestinations,
        percent,
        within: within ? buildDuration(within) : A_DAY,
        minMessages: optionalNumber(node, 'min_messages') ?? 1,
      });
    case 'waiting':
      return Object.freeze({ on, ...ofDestinations, after: buildDuration(after as JsonNode) });
    case 'stale':
      return Object.freeze({ on, ...ofDefinitions, after: buildDuration(after as JsonNode) });
    case 'failed':
      return Object.freeze({ on, ...ofDefinitions });
  }
}

function references(context: BuildContext, node: ObjectNode, key: string): readonly NameRef[] | undefined {
  const list = field(node, key);
  return (
    list && Object.freeze(asArray(list).items.map((item) => mark(context, { name: asString(item) }, item)))
  );
}

/** A channel of a validated rollcall.json. */
export function buildChannel(context: BuildContext, name: string, json: JsonNode): Channel {
  const node = asObject(json);
  const targets = references(context, node, 'targets');
  const base = { name, ...(targets && { targets }) };
  const text = (key: string): string => asString(field(node, key));
  switch (text('type') as Channel['type']) {
    case 'slack':
      return mark(context, { ...base, type: 'slack', url: text('url') }, node);
    case 'webhook': {
      const headers = (field(node, 'headers')?.value ?? {}) as Readonly<Record<string, string>>;
      return mark(context, { ...base, type: 'webhook', url: text('url'), headers }, node);
    }
    case 'email': {
      const own = { server: text('server'), from: text('from'), to: strings(field(node, 'to')) };
      return mark(context, { ...base, type: 'email', ...own }, node);
    }
  }
}
