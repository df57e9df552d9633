import { CompilerBug } from '../../compiler/diagnostics/index.js';
import type { Duration, Literal, Operand, ParentWindow, Reducer, Window } from '../algebra.js';
import { parseDuration } from '../duration.js';
import type { JsonEntry, JsonNode, ObjectNode } from '../source/json.js';
import {
  asArray,
  asObject,
  asString,
  field,
  firstOf,
  mark,
  optionalString,
  type BuildContext,
} from './context.js';

/** A literal; a number keeps the text it has in the file, which may be finer than a double. */
export function buildLiteral(context: BuildContext, node: JsonNode): Literal {
  switch (node.type) {
    case 'number':
      return Object.freeze({ type: 'number', text: context.source.text.slice(node.start, node.end) });
    case 'string':
      return Object.freeze({ type: 'string', value: asString(node) });
    case 'boolean':
      return Object.freeze({ type: 'boolean', value: node.value === true });
    default:
      throw new CompilerBug(`a validated file holds ${node.type} where a literal belongs`);
  }
}

/** A property, context or trait by name, when the object names one. */
export function buildReference(
  context: BuildContext,
  node: ObjectNode,
): Exclude<Operand, { kind: 'literal' }> | undefined {
  const at = firstOf(node, ['property', 'context', 'trait']);
  if (at?.node === undefined) return undefined;
  const path = asString(at.node);
  if (at.key !== 'property') return mark(context, { kind: at.key, path }, at.node);
  const operand: Extract<Operand, { kind: 'property' }> = {
    kind: 'property',
    path,
    of: field(node, 'of') === undefined ? 'self' : 'parent',
  };
  return mark(context, operand, at.node);
}

export function buildDuration(node: JsonNode): Duration {
  const parsed = parseDuration(asString(node));
  if (!parsed.ok) throw new CompilerBug(`a validated file holds a bad duration: ${parsed.message}`);
  return Object.freeze(parsed.value);
}

/** A reducer from its entry: `"sum": { "property": "revenue", … }`. */
export function buildReducer(context: BuildContext, at: JsonEntry & { key: Reducer['fn'] }): Reducer {
  const node = asObject(at.node);
  return mark(context, reducerOf(at.key, node), at);
}

function reducerOf(fn: Reducer['fn'], node: ObjectNode): Reducer {
  if (fn === 'count') return { fn };
  if (fn === 'periods') {
    const every = buildDuration(field(node, 'every') as JsonNode);
    const of = field(node, 'of')?.value;
    return { fn, every, ...(typeof of === 'number' ? { of } : {}) };
  }
  const property = asString(field(node, 'property'));
  const as = field(node, 'as')?.value as 'number' | 'string' | 'array' | undefined;
  if (fn === 'min' || fn === 'max') {
    return as === undefined || as === 'array' ? { fn, property } : { fn, property, as };
  }
  if (fn !== 'mode') return { fn, property };
  const minFrequency = field(node, 'min_frequency')?.value;
  return {
    fn,
    property,
    ...(as === undefined ? {} : { as }),
    ...(typeof minFrequency === 'number' ? { minFrequency } : {}),
  };
}

/** The window of a stream: relative, or absolute with either bound. */
export function windowOf(node: ObjectNode): Window | undefined {
  const relative = relativeWindow(node, 'within', 'between');
  if (relative !== undefined) return relative;
  const since = optionalString(node, 'since');
  const until = optionalString(node, 'until');
  if (since === undefined && until === undefined) return undefined;
  return Object.freeze({
    kind: 'absolute',
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  });
}

/** The span after the enclosing event in which a child counts. */
export function parentWindowOf(node: ObjectNode): ParentWindow | undefined {
  return relativeWindow(node, 'within_parent', 'between_parent');
}

function relativeWindow(node: ObjectNode, withinKey: string, betweenKey: string): ParentWindow | undefined {
  const within = field(node, withinKey);
  if (within !== undefined) return Object.freeze({ kind: 'within', duration: buildDuration(within) });
  const between = field(node, betweenKey);
  if (between === undefined) return undefined;
  const [from, to] = asArray(between).items.map(buildDuration);
  if (from === undefined || to === undefined)
    throw new CompilerBug('a validated range has not two durations');
  return Object.freeze({ kind: 'between', from, to });
}
