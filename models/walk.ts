import type { Condition, Operand, TraitValue } from './algebra.js';
import type { Definition } from './definition.js';
import { stepKey } from './journey.js';

/**
 * Every condition of a tree, the tree itself first and then depth first in the order of the text,
 * including those inside `where` and inside right-hand sides.
 */
export function* conditionsIn(tree: Condition): Generator<Condition> {
  yield tree;
  switch (tree.kind) {
    case 'all':
    case 'any':
      for (const child of tree.of) yield* conditionsIn(child);
      return;
    case 'not':
      yield* conditionsIn(tree.of);
      return;
    case 'users':
      yield* conditionsIn(tree.match);
      return;
    case 'test':
      yield* conditionsInValue(tree.left);
      if ('right' in tree.compare) yield* conditionsInValue(tree.compare.right);
      return;
    case 'rank':
      yield* conditionsInValue(tree.by);
      if (tree.among !== undefined) yield* conditionsIn(tree.among);
      return;
    case 'audience':
    case 'split':
  }
}

/** The same, for what a value filters its stream by. */
export function* conditionsInValue(value: Operand | TraitValue): Generator<Condition> {
  if (value.kind === 'reduced' && value.stream.where !== undefined) yield* conditionsIn(value.stream.where);
}

/** How many primary expressions Segment would count: comparisons and audience references, at any depth. */
export function countPrimaries(conditions: Iterable<Condition>): number {
  let count = 0;
  for (const { kind } of conditions) if (kind === 'test' || kind === 'audience') count += 1;
  return count;
}

/** Trait paths and audience keys that a tree refers to, anywhere in it. */
export const namesIn = (tree: object): readonly string[] =>
  textsIn(tree, ({ kind, path, key }) => (kind === 'trait' ? path : kind === 'audience' ? key : undefined));

/** Entities a tree reads, anywhere in it. */
export const entitiesIn = (tree: object): readonly string[] =>
  textsIn(tree, ({ kind, entity }) => (kind === 'entity' ? entity : undefined));

/** Whether any event of a tree has to be tagged with the account it is asked for. */
export const asksForTag = (tree: object): boolean => textsIn(tree, ({ by }) => by).includes('group_id');

/** Each text that some node of a tree has to give, once. */
function textsIn(
  tree: object,
  text: (node: Readonly<Record<string, unknown>>) => unknown,
): readonly string[] {
  const found = new Set<string>();
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const value = text(node as Readonly<Record<string, unknown>>);
    if (typeof value === 'string') found.add(value);
    Object.values(node).forEach(visit);
  };
  visit(tree);
  return [...found];
}

/** Keys and trait paths that a definition refers to; a journey and its steps refer to each other. */
export function referencesOf(definition: Definition): readonly string[] {
  switch (definition.kind) {
    case 'audience':
      return namesIn(definition.condition);
    case 'trait':
      return namesIn(definition.value);
    case 'journey': {
      const { key, journey } = definition;
      return [...namesIn(journey), ...journey.steps.map((step) => stepKey(key, step.key))];
    }
    case 'journey_step':
      return [definition.output.of.key];
  }
}
