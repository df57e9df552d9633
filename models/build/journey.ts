import { CompilerBug } from '../../compiler/diagnostics/index.js';
import type { Condition, Duration } from '../algebra.js';
import type { JourneyDefinition, JourneyStepDefinition } from '../definition.js';
import { stepKey, type Branch, type Journey, type JourneyStep, type StepRule } from '../journey.js';
import type { JsonNode, ObjectNode } from '../source/json.js';
import { buildCondition } from './condition.js';
import { asObject, asString, field, mark, optionalString, type BuildContext } from './context.js';
import { baseOf, linksOf } from './definition.js';
import { flowOf, type Flow, type FlowNode } from './flow.js';
import { buildDuration } from './leaves.js';
import { percentUnitsOf } from './shares.js';
import { percentText } from '../percent.js';

/** Query text among the conditions of a journey, by the object it stands in. */
export type QueryTrees = ReadonlyMap<JsonNode, Condition>;

/** A journey of a validated file, and what its steps publish, in an order in which each comes after those before it. */
export function buildJourney(
  context: BuildContext,
  node: ObjectNode,
  queries: QueryTrees,
): readonly [JourneyDefinition, ...JourneyStepDefinition[]] {
  const base = baseOf(context, node);
  const form = asObject(field(node, 'definition'));
  const flow = flowOf(form);
  const conditions: Conditions = (at) => queries.get(at) ?? buildCondition(context, at);
  const placed = flow.nodes.map((one) => ({
    one,
    step: mark(context, stepOf(base.key, flow, one, conditions), one.keyNode),
  }));
  const exit = field(form, 'exit');
  const journey: Journey = {
    entry: conditions(field(form, 'entry') as JsonNode),
    ...(exit && { exit: conditions(exit) }),
    reEntry: reEntryOf(field(form, 're_entry')),
    steps: Object.freeze(placed.map(({ step }) => step)),
  };
  const definition: JourneyDefinition = { kind: 'journey', ...base, journey: Object.freeze(journey) };
  mark(context, definition, field(node, 'key') ?? node);
  const { description: _, ...shared } = base;
  const steps = placed.map(({ one, step }): JourneyStepDefinition => {
    const description = optionalString(one.node, 'description');
    const links = field(one.node, 'destinations');
    const published: JourneyStepDefinition = {
      kind: 'journey_step',
      ...shared,
      key: stepKey(base.key, step.key),
      name: optionalString(one.node, 'name') ?? `${base.name}: ${step.key}`,
      ...(description === undefined ? {} : { description }),
      destinations: links ? linksOf(context, links) : base.destinations,
      step,
      output: { of: definition, name: step.key },
    };
    return mark(context, published, one.keyNode);
  });
  return [definition, ...steps];
}

type Conditions = (at: JsonNode) => Condition;

function stepOf(journey: string, flow: Flow, { key, after }: FlowNode, conditions: Conditions): JourneyStep {
  return {
    key,
    after: Object.freeze([...after]),
    rule: Object.freeze(ruleOf(journey, flow, key, conditions)),
    keeps: Object.freeze([...flow.keeps(key)]),
  };
}

function ruleOf(journey: string, flow: Flow, key: string, conditions: Conditions): StepRule {
  const found = flow.node(key);
  const { node, branch } = found;
  if (branch) {
    const { split, siblings, place } = branch;
    return { kind: 'branch', siblings, takes: takesOf(journey, split, node, place, conditions) };
  }
  const when = field(node, 'when');
  if (when) return { kind: 'when', condition: conditions(when) };
  const delay = field(node, 'delay');
  return delay ? { kind: 'delay', duration: buildDuration(delay) } : { kind: 'split' };
}

function takesOf(
  journey: string,
  split: ObjectNode,
  node: ObjectNode,
  place: number,
  conditions: Conditions,
): Branch['takes'] {
  const twoSides = field(split, 'split');
  if (twoSides) {
    if (place > 0) return { kind: 'rest' };
    return { kind: 'when', condition: conditions(field(asObject(twoSides), 'if') as JsonNode) };
  }
  const random = field(split, 'random');
  if (!random) {
    const when = field(node, 'when');
    return when ? { kind: 'when', condition: conditions(when) } : { kind: 'rest' };
  }
  const written = asObject(random);
  const salt = optionalString(written, 'salt') ?? stepKey(journey, asString(field(split, 'key')));
  const branches = field(written, 'branches');
  if (branches?.type !== 'array') throw new CompilerBug('a validated random split has no branches');
  const ends = branches.items.reduce<readonly bigint[]>(
    (sums, item) => [...sums, (sums.at(-1) ?? 0n) + percentUnitsOf(asObject(item), 'share')],
    [],
  );
  return {
    kind: 'share',
    salt,
    from: percentText(ends[place - 1] ?? 0n),
    to: percentText(ends[place] ?? 0n),
  };
}

function reEntryOf(node: JsonNode | undefined): boolean | Duration {
  if (node === undefined) return false;
  return typeof node.value === 'boolean' ? node.value : buildDuration(node);
}
