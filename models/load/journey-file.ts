/** What a journey's file holds beyond its schema: conditions as query text, and the order of its steps. */
import type { Condition } from '../algebra.js';
import { field, type BuildContext } from '../build/context.js';
import { flowProblems } from '../build/flow.js';
import type { QueryTrees } from '../build/journey.js';
import { parseEmbeddedQuery } from '../query/embedded.js';
import type { JsonNode, ObjectNode } from '../source/json.js';
import type { Problem } from '../source/problem.js';

/** Where conditions of a journey stand. */
const CONDITION_KEYS: ReadonlySet<string> = new Set(['entry', 'exit', 'when', 'if']);

/** The conditions of a journey that are query text, and what is wrong with them. */
export function journeyQueries(
  context: BuildContext,
  root: ObjectNode,
): { readonly trees: QueryTrees; readonly problems: readonly Problem[] } {
  const trees = new Map<JsonNode, Condition>();
  const problems: Problem[] = [];
  const visit = (node: JsonNode | undefined): void => {
    if (node?.type === 'array') node.items.forEach(visit);
    if (node?.type !== 'object') return;
    for (const { key, node: value } of node.entries) {
      const text = CONDITION_KEYS.has(key) && value?.type === 'object' ? field(value, 'query') : undefined;
      if (value === undefined || text?.type !== 'string' || text.value === '') {
        visit(value);
        continue;
      }
      const result = parseEmbeddedQuery(context, text, 'condition');
      if (result.tree === undefined) problems.push(...result.problems);
      else trees.set(value, result.tree as Condition);
    }
  };
  visit(field(root, 'definition'));
  return { trees, problems };
}

/** What is wrong with the order of the steps of a file that fits its schema. */
export function journeyProblems(root: ObjectNode): readonly Problem[] {
  const form = field(root, 'definition');
  return form?.type === 'object' ? flowProblems(form) : [];
}
