import type {
  Comparison,
  Condition,
  Literal,
  Operand,
  Rank,
  Reducer,
  Stream,
  TraitValue,
} from './algebra.js';
import { formatDuration } from './duration.js';
import { NumberText, type JsonTree } from './json-text.js';

type JsonObject = { readonly [key: string]: JsonTree };

/**
 * The canonical JSON form of a tree (SEMANTICS §2): every reducer and comparison spelt out. Reading it back
 * gives an equal tree. Print it with `printJson`, which keeps the digits of numbers.
 */
export function toJson(tree: Condition | TraitValue): JsonObject {
  switch (tree.kind) {
    case 'all':
      return { all: tree.of.map(toJson) };
    case 'any':
      return { any: tree.of.map(toJson) };
    case 'not':
      return { not: toJson(tree.of) };
    case 'audience':
      return { audience: tree.key };
    case 'rank':
      return { rank: rankToJson(tree) };
    case 'split': {
      const { salt, from, to } = tree;
      return { split: { salt, from: new NumberText(from), to: new NumberText(to) } };
    }
    case 'users':
      return { users: tree.quantifier, match: toJson(tree.match) };
    case 'test':
      return testToJson(tree.left, comparisonToJson(tree.compare));
    case 'sql':
      return tree.file === undefined ? { sql: tree.sql } : { sql_file: tree.file };
    case 'reduced':
      return reducedToJson(tree.stream, tree.reducer, {});
  }
}

function testToJson(left: Operand, comparison: JsonObject): JsonObject {
  if (left.kind === 'reduced') return reducedToJson(left.stream, left.reducer, comparison);
  if (left.kind === 'literal') return { value: literalToJson(left.literal), ...comparison };
  return { ...referenceToJson(left), ...comparison };
}

function reducedToJson(stream: Stream, reducer: Reducer, comparison: JsonObject): JsonObject {
  const { fn, ...rest } = reducer;
  const options: Record<string, JsonTree> = {};
  if (reducer.fn === 'periods') {
    options['every'] = formatDuration(reducer.every);
    if (reducer.of !== undefined) options['of'] = new NumberText(String(reducer.of));
    return { ...streamToJson(stream), [fn]: { ...options, ...comparison } };
  }
  for (const [key, value] of Object.entries(rest)) {
    if (key === 'minFrequency') options['min_frequency'] = new NumberText(String(value));
    else options[key] = String(value);
  }
  return { ...streamToJson(stream), [fn]: { ...options, ...comparison } };
}

function streamToJson(stream: Stream): JsonObject {
  const where: JsonObject = stream.where === undefined ? {} : { where: toJson(stream.where) };
  if (stream.kind === 'entity') return { entity: stream.entity, ...where };
  const { window, parentWindow, excludeSources, expiresAfter } = stream;
  const result: Record<string, JsonTree> = { event: stream.event, ...where };
  if (window?.kind === 'within') result['within'] = formatDuration(window.duration);
  if (window?.kind === 'between')
    result['between'] = [formatDuration(window.from), formatDuration(window.to)];
  if (window?.kind === 'absolute') {
    if (window.since !== undefined) result['since'] = window.since;
    if (window.until !== undefined) result['until'] = window.until;
  }
  if (parentWindow?.kind === 'within') result['within_parent'] = formatDuration(parentWindow.duration);
  if (parentWindow?.kind === 'between') {
    result['between_parent'] = [formatDuration(parentWindow.from), formatDuration(parentWindow.to)];
  }
  if (stream.settled === true) result['settled'] = true;
  if (stream.by !== undefined) result['by'] = stream.by;
  if (excludeSources !== undefined) result['sources'] = { exclude: [...excludeSources] };
  if (expiresAfter !== undefined) result['expires_after'] = formatDuration(expiresAfter);
  return result;
}

function rankToJson({ by, order, take, among }: Rank): JsonObject {
  const value = by.kind === 'reduced' ? reducedToJson(by.stream, by.reducer, {}) : referenceToJson(by);
  return {
    by: value,
    ...('top' in take
      ? { top: new NumberText(String(take.top)) }
      : { percent: new NumberText(take.percent) }),
    order,
    ...(among === undefined ? {} : { among: toJson(among) }),
  };
}

function comparisonToJson(comparison: Comparison): JsonObject {
  switch (comparison.op) {
    case 'one_of':
    case 'none_of':
      return { [comparison.op]: comparison.values.map(literalToJson) };
    case 'contains':
    case 'not_contains':
      return { [comparison.op]: [...comparison.values] };
    case 'starts_with':
    case 'ends_with':
      return { [comparison.op]: comparison.value };
    case 'exists':
    case 'not_exists':
      return { [comparison.op]: true };
    case 'before_date':
    case 'after_date':
      return { [comparison.op]: comparison.instant };
    case 'within_last':
    case 'within_next':
    case 'before_last':
    case 'after_next':
      return { [comparison.op]: formatDuration(comparison.duration) };
    default: {
      const { right } = comparison;
      if (right.kind === 'literal') return { [comparison.op]: literalToJson(right.literal) };
      const reference =
        right.kind === 'reduced' ? reducedToJson(right.stream, right.reducer, {}) : referenceToJson(right);
      return { [comparison.op]: reference };
    }
  }
}

function referenceToJson(operand: Extract<Operand, { path: string }>): JsonObject {
  const of: JsonObject = operand.kind === 'property' && operand.of === 'parent' ? { of: 'parent' } : {};
  return { [operand.kind]: operand.path, ...of };
}

function literalToJson(literal: Literal): JsonTree {
  return literal.type === 'number' ? new NumberText(literal.text) : literal.value;
}
