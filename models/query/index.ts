import type { Diagnostic } from '../../compiler/diagnostics/index.js';
import type { Condition, TraitValue } from '../algebra.js';
import type { Spans } from '../definition.js';
import { toDiagnostic } from '../source/problem.js';
import { SpanStore } from '../source/spans.js';
import { SourceText } from '../source/text.js';
import type { Mark } from './cursor.js';
import { parseCondition, parseValue } from './parser.js';

export { printQuery, type PrintOptions } from './printer.js';

export interface ParsedQuery<T> {
  /** Absent when `diagnostics` is not empty. */
  readonly tree?: T;
  readonly diagnostics: readonly Diagnostic[];
  readonly spans: Spans;
}

/**
 * Parses query-language text on its own (grammar: QUERY-LANGUAGE): a condition, for audiences, or a value,
 * for traits. Positions are those of the text; `file` is what messages call it.
 */
export function parseQuery(text: string, mode: 'condition', file?: string): ParsedQuery<Condition>;
export function parseQuery(text: string, mode: 'value', file?: string): ParsedQuery<TraitValue>;
export function parseQuery(
  text: string,
  mode: 'condition' | 'value',
  file = 'query',
): ParsedQuery<Condition | TraitValue> {
  const source = new SourceText(file, text);
  const spans = new SpanStore();
  const mark: Mark = (node, start, end) => spans.mark(node, source, start, end);
  const { tree, problems } = mode === 'condition' ? parseCondition(text, mark) : parseValue(text, mark);
  const diagnostics = problems.map((problem) => toDiagnostic(problem, source));
  return { ...(tree === undefined ? {} : { tree }), diagnostics, spans };
}
