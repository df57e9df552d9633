import type { Condition } from '../algebra.js';
import type { AudienceDefinition } from '../definition.js';
import type { JsonNode } from '../source/json.js';
import { consentKey, PREFERENCE_EVENT, preferencePath, SUPPRESSED } from '../withholding.js';
import { buildCondition } from './condition.js';
import { asObject, asString, field, mark, type BuildContext } from './context.js';

/** The audience of those nobody is told of, of a validated condition. */
export const buildSuppressed = (context: BuildContext, json: JsonNode): AudienceDefinition =>
  audience(context, json, SUPPRESSED, 'Suppressed', buildCondition(context, json));

/** The audience of those who consent to a category, of a validated form: a condition, or a preference of events. */
export function buildConsent(context: BuildContext, category: string, json: JsonNode): AudienceDefinition {
  const preference = field(asObject(json), 'preference');
  const condition = preference
    ? preferenceOf(context, preference, asString(preference))
    : buildCondition(context, json);
  return audience(context, json, consentKey(category), `Consent: ${category}`, condition);
}

/** Some preference was `true`, and none after it was anything else. */
function preferenceOf(context: BuildContext, at: JsonNode, category: string): Condition {
  const on = <T extends object>(node: T): T => mark(context, node, at);
  const isTrue = (op: 'equals' | 'not_equals'): Condition => {
    const right = on({ kind: 'literal' as const, literal: { type: 'boolean' as const, value: true } });
    const left = on({ kind: 'context' as const, path: preferencePath(category) });
    return on({ kind: 'test' as const, left, compare: on({ op, right }) });
  };
  const updated = (where: Condition): Condition => {
    const stream = on({ kind: 'event' as const, event: PREFERENCE_EVENT, where });
    const left = on({ kind: 'reduced' as const, stream, reducer: on({ fn: 'count' as const }) });
    const right = on({ kind: 'literal' as const, literal: { type: 'number' as const, text: '1' } });
    return on({ kind: 'test' as const, left, compare: on({ op: 'at_least' as const, right }) });
  };
  const withdrawn = on({ kind: 'not' as const, of: updated(isTrue('not_equals')) });
  return updated(on({ kind: 'all' as const, of: [isTrue('equals'), withdrawn] }));
}

function audience(
  context: BuildContext,
  at: JsonNode,
  key: string,
  name: string,
  condition: Condition,
): AudienceDefinition {
  const definition: AudienceDefinition = {
    kind: 'audience',
    key,
    name,
    of: 'users',
    tags: [],
    enabled: true,
    includeAnonymous: true,
    history: { mode: 'all' },
    destinations: [],
    guard: false,
    // Beside the files of models, for what is made of it.
    file: `rollcall.json/${key}.json`,
    condition,
  };
  return mark(context, definition, at);
}
