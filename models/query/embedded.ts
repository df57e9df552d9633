import type { Condition, TraitValue } from '../algebra.js';
import type { BuildContext } from '../build/context.js';
import type { ScalarNode } from '../source/json.js';
import { textOffsets } from '../source/json.js';
import type { Problem } from '../source/problem.js';
import type { Mark } from './cursor.js';
import { parseCondition, parseValue, type QueryMode, type QueryResult } from './parser.js';

/**
 * Parses query text that stands in a JSON string; places are those of the file, through the string's
 * escapes.
 */
export function parseEmbeddedQuery(
  context: BuildContext,
  node: ScalarNode,
  mode: QueryMode,
): QueryResult<Condition | TraitValue> {
  const text = String(node.value);
  const { source, spans } = context;
  const place = textOffsets(source.text, node);
  const mark: Mark = (tree, start, end) => spans.mark(tree, source, place(start), place(end));
  const result = mode === 'condition' ? parseCondition(text, mark) : parseValue(text, mark);
  if (result.tree !== undefined) return result;
  const inFile = (problem: Problem): Problem => {
    const start = place(problem.start);
    return { ...problem, start, end: Math.max(place(problem.end), start + 1) };
  };
  return { problems: result.problems.map(inFile) };
}
