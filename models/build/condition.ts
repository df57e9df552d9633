import { CompilerBug } from '../../compiler/diagnostics/index.js';
import type {
  Comparison,
  ComparisonOp,
  Condition,
  EntityStream,
  EventStream,
  Operand,
  Rank,
  Reducer,
  Stream,
  TraitValue,
} from '../algebra.js';
import { OPERATORS, REDUCERS, VERBS } from '../schema/index.js';
import {
  textOffsets,
  type JsonEntry,
  type JsonNode,
  type ObjectNode,
  type ScalarNode,
} from '../source/json.js';
import {
  asArray,
  asObject,
  asString,
  field,
  firstOf,
  mark,
  optionalString,
  strings,
  type BuildContext,
} from './context.js';
import {
  buildDuration,
  buildLiteral,
  buildReducer,
  buildReference,
  parentWindowOf,
  windowOf,
} from './leaves.js';
import { percentOf, splitOf } from './shares.js';
import { buildVerb } from './verbs.js';

const FORMS = [
  'all',
  'any',
  'not',
  'event',
  'entity',
  'trait',
  'property',
  'context',
  'audience',
  'users',
  'rank',
  'split',
] as const;

/**
 * The tree of a validated condition or predicate (SEMANTICS §2). An `all` or `any` of one child is that
 * child, as in query text, where it cannot be written otherwise.
 */
export function buildCondition(context: BuildContext, json: JsonNode): Condition {
  const node = asObject(json);
  const form = firstOf(node, FORMS);
  switch (form?.key) {
    case 'all':
    case 'any': {
      const children = asArray(form.node).items.map((item) => buildCondition(context, item));
      const [only] = children;
      if (children.length === 1 && only !== undefined) return only;
      return mark(context, { kind: form.key, of: Object.freeze(children) }, form);
    }
    case 'not':
      return mark(context, { kind: 'not', of: buildCondition(context, asObject(form.node)) }, form);
    case 'event':
    case 'entity':
      return streamTest(context, node);
    case 'trait':
    case 'property':
    case 'context':
      return referenceTest(context, node);
    case 'audience':
      return mark(context, { kind: 'audience', key: asString(form.node) }, form.node ?? form);
    case 'users':
      return mark(
        context,
        {
          kind: 'users',
          quantifier: asString(form.node) as 'any' | 'all' | 'none',
          match: buildCondition(context, asObject(field(node, 'match'))),
        },
        form,
      );
    case 'rank': {
      const body = asObject(form.node);
      const among = field(body, 'among');
      return buildRank(context, body, among && buildCondition(context, among), form);
    }
    case 'split':
      return mark(context, splitOf(asObject(form.node)), form);
    case undefined:
      throw new CompilerBug('a validated condition has no form');
  }
}

/** The value a trait computes, of a validated definition that is not query text. */
export function buildTraitValue(context: BuildContext, json: JsonNode): TraitValue {
  const node = asObject(json);
  const sql = field(node, 'sql');
  if (sql !== undefined) {
    const value = mark(context, { kind: 'sql' as const, sql: asString(sql) }, sql);
    context.spans.markText(value, context.source, textOffsets(context.source.text, sql as ScalarNode));
    return value;
  }
  const file = field(node, 'sql_file');
  // Its text is read by the loader.
  if (file !== undefined) return mark(context, { kind: 'sql', sql: '', file: asString(file) }, file);
  return buildReduced(context, node, firstOf(node, REDUCERS));
}

/** No reducer at all means `count at_least 1`. */
function streamTest(context: BuildContext, node: ObjectNode): Condition {
  const verb = firstOf(node, VERBS);
  if (verb !== undefined) {
    const name = field(node, 'event') as JsonNode;
    return buildVerb(context, verb, mark(context, eventStream(context, node), name), name);
  }
  const at = firstOf(node, REDUCERS);
  const left = buildReduced(context, node, at);
  const compare: Comparison =
    at === undefined ? atLeastOne(context, node) : buildComparison(context, asObject(at.node));
  return mark(context, { kind: 'test', left, compare }, node);
}

/** A ranking: `among` is who is ranked. */
export function buildRank(
  context: BuildContext,
  node: ObjectNode,
  among: Condition | undefined,
  at: { start: number; end: number },
): Condition {
  const value = asObject(field(node, 'by'));
  const by = buildReference(context, value) ?? buildReduced(context, value, firstOf(value, REDUCERS));
  const top = field(node, 'top')?.value;
  const take = typeof top === 'number' ? { top } : { percent: percentOf(node, 'percent') };
  const order = optionalString(node, 'order') === 'ascending' ? 'ascending' : 'descending';
  const rank: Rank = { kind: 'rank', by, order, take, ...(among && { among }) };
  return mark(context, rank, at);
}

function atLeastOne(context: BuildContext, node: ObjectNode): Comparison {
  const literal = Object.freeze({ type: 'number', text: '1' } as const);
  const right: Operand = mark(context, { kind: 'literal', literal }, node);
  return mark(context, { op: 'at_least', right }, node);
}

function referenceTest(context: BuildContext, node: ObjectNode): Condition {
  const left = buildReference(context, node);
  if (left === undefined) throw new CompilerBug('a validated test names nothing');
  return mark(context, { kind: 'test', left, compare: buildComparison(context, node) }, node);
}

/** The right side of a comparison: a literal or a reference. */
function buildOperand(context: BuildContext, node: JsonNode): Operand {
  if (node.type !== 'object')
    return mark(context, { kind: 'literal', literal: buildLiteral(context, node) }, node);
  return buildReference(context, node) ?? buildReduced(context, node, firstOf(node, REDUCERS));
}

/** The one comparison of an object that is validated to have one. */
function buildComparison(context: BuildContext, node: ObjectNode): Comparison {
  const at = firstOf(node, OPERATORS);
  if (at?.node === undefined) throw new CompilerBug('a validated test has no comparison');
  return mark(context, comparisonOf(context, at.key, at.node), at);
}

function comparisonOf(context: BuildContext, op: ComparisonOp, node: JsonNode): Comparison {
  switch (op) {
    case 'equals':
    case 'not_equals':
    case 'less_than':
    case 'at_most':
    case 'greater_than':
    case 'at_least':
      return { op, right: buildOperand(context, node) };
    case 'one_of':
    case 'none_of':
      return { op, values: Object.freeze(asArray(node).items.map((item) => buildLiteral(context, item))) };
    case 'contains':
    case 'not_contains':
      return {
        op,
        values: Object.freeze(node.type === 'array' ? node.items.map(asString) : [asString(node)]),
      };
    case 'starts_with':
    case 'ends_with':
      return { op, value: asString(node) };
    case 'exists':
    case 'not_exists':
      return { op };
    case 'before_date':
    case 'after_date':
      return { op, instant: asString(node) };
    case 'within_last':
    case 'within_next':
    case 'before_last':
    case 'after_next':
      return { op, duration: buildDuration(node) };
  }
}

/** A stream and its reducer; without one it is a count (SEMANTICS §2). */
function buildReduced(
  context: BuildContext,
  node: ObjectNode,
  at: (JsonEntry & { key: Reducer['fn'] }) | undefined,
): Operand & { kind: 'reduced' } {
  const reducer: Reducer =
    at === undefined ? mark(context, { fn: 'count' }, node) : buildReducer(context, at);
  return mark(context, { kind: 'reduced', stream: buildStream(context, node), reducer }, node);
}

function buildStream(context: BuildContext, node: ObjectNode): Stream {
  const name = field(node, 'event') ?? field(node, 'entity');
  if (name === undefined) throw new CompilerBug('a validated stream has neither event nor entity');
  const stream =
    field(node, 'event') === undefined ? entityStream(context, node) : eventStream(context, node);
  return mark(context, stream, name);
}

function entityStream(context: BuildContext, node: ObjectNode): EntityStream {
  return { kind: 'entity', entity: asString(field(node, 'entity')), ...where(context, node) };
}

function eventStream(context: BuildContext, node: ObjectNode): EventStream {
  const window = windowOf(node);
  const parentWindow = parentWindowOf(node);
  const sources = field(node, 'sources');
  const expiresAfter = field(node, 'expires_after');
  return {
    kind: 'event',
    event: asString(field(node, 'event')),
    ...where(context, node),
    ...(window === undefined ? {} : { window }),
    ...(parentWindow === undefined ? {} : { parentWindow }),
    // `"settled": false` says what its absence says.
    ...(field(node, 'settled')?.value === true ? { settled: true } : {}),
    ...(field(node, 'by') === undefined ? {} : { by: 'group_id' as const }),
    ...(sources === undefined ? {} : { excludeSources: strings(field(asObject(sources), 'exclude')) }),
    ...(expiresAfter === undefined ? {} : { expiresAfter: buildDuration(expiresAfter) }),
  };
}

function where(context: BuildContext, node: ObjectNode): Pick<Stream, 'where'> {
  const found = field(node, 'where');
  return found === undefined ? {} : { where: buildCondition(context, found) };
}
