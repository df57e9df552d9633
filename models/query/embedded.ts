import type { Condition, TraitValue } from '../algebra.js';
import type { BuildContext } from '../build/context.js';
import type { ScalarNode } from '../source/json.js';
import type { Problem } from '../source/problem.js';

/** Query text inside a JSON string. */
export function parseEmbeddedQuery(
  _context: BuildContext,
  text: ScalarNode,
  _mode: 'condition' | 'value',
): { tree: Condition | TraitValue } | { problems: Problem[] } {
  return {
    problems: [{ code: 'not-supported', message: 'query text comes next', start: text.start, end: text.end }],
  };
}
