/**
 * What an audience says of its members besides its condition, and what the project says for all: both are more
 * conditions, so that whatever reads the tree needs to know of nothing else.
 */
import type { Condition, Rank } from '../algebra.js';
import type { AudienceDefinition, AudienceReference, JourneyDefinition, MemberRules } from '../definition.js';
import type { JsonNode, ObjectNode } from '../source/json.js';
import type { SpanStore } from '../source/spans.js';
import { asArray, asObject, asString, field, mark, optionalString, type BuildContext } from './context.js';
import { buildRank } from './condition.js';
import { percentOf } from './shares.js';

/** References to audiences from a list of keys; each stands where its key does. */
export const audienceReferences = (context: BuildContext, list: JsonNode): readonly AudienceReference[] =>
  Object.freeze(
    asArray(list).items.map((item) =>
      mark(context, { kind: 'audience' as const, key: asString(item) }, item),
    ),
  );

/** The rules of a validated audience file; undefined where it has none. */
export function memberRules(
  context: BuildContext,
  node: ObjectNode,
  body: Condition,
): MemberRules | undefined {
  const [exclude, holdout, limit] = ['exclude', 'holdout', 'limit'].map((key) => field(node, key));
  if (!exclude && !holdout && !limit) return undefined;
  return Object.freeze({
    body,
    exclude: exclude?.type === 'boolean' ? false : exclude ? audienceReferences(context, exclude) : [],
    ...(holdout && { holdout: holdoutOf(context, node, holdout) }),
    ...(limit && { limit: buildRank(context, asObject(limit), undefined, limit) as Rank }),
  });
}

/** Those from 0 up to the percent are held out; the salt is the definition's key, so each holds out others. */
function holdoutOf(context: BuildContext, node: ObjectNode, json: JsonNode) {
  const holdout = asObject(json);
  const salt = optionalString(holdout, 'salt') ?? asString(field(node, 'key'));
  const to = percentOf(holdout, 'percent');
  return mark(context, { kind: 'split' as const, salt, from: '0', to }, json);
}

/** The condition as written, without those left out and those held out; of the rest the first, where there is a limit. */
export function membersOf(
  body: Condition,
  rules: MemberRules | undefined,
  alsoExcluded: readonly AudienceReference[],
): Condition {
  const own = rules?.exclude === false ? [] : (rules?.exclude ?? []);
  const project = rules?.exclude === false ? [] : alsoExcluded;
  const excluded = [...own, ...project.filter(({ key }) => !own.some((other) => other.key === key))];
  const out: readonly Condition[] = [...excluded, ...(rules?.holdout ? [rules.holdout] : [])];
  const nots = out.map((of): Condition => Object.freeze({ kind: 'not', of }));
  const rest: Condition =
    nots.length === 0 ? body : Object.freeze({ kind: 'all', of: Object.freeze([body, ...nots]) });
  return rules?.limit ? Object.freeze({ ...rules.limit, among: rest }) : rest;
}

/** An audience from which the project's exclusions are left out too. */
export function withExclusions(
  definition: AudienceDefinition,
  excluded: readonly AudienceReference[],
  spans: SpanStore,
): AudienceDefinition {
  const { rules } = definition;
  const condition = membersOf(rules?.body ?? definition.condition, rules, excluded);
  return spans.like({ ...definition, condition }, definition);
}

/** A journey that the members of the project's excluded audiences leave, and do not come into. */
export function withExits(
  definition: JourneyDefinition,
  excluded: readonly AudienceReference[],
  spans: SpanStore,
): JourneyDefinition {
  if (excluded.length === 0) return definition;
  const { journey } = definition;
  const all: readonly Condition[] = [...(journey.exit ? [journey.exit] : []), ...excluded];
  const [only] = all;
  const exit: Condition =
    all.length === 1 && only ? only : Object.freeze({ kind: 'any', of: Object.freeze(all) });
  return spans.like({ ...definition, journey: Object.freeze({ ...journey, exit }) }, definition);
}
