import fc from 'fast-check';

import type {
  Comparison,
  Condition,
  Duration,
  Literal,
  Operand,
  ParentWindow,
  Reducer,
  Stream,
  TraitValue,
  Window,
} from '../../models/index.js';
import { normalise } from '../../models/index.js';

/** Trees of every form a file can hold, with strings made to break quoting. */

const hostile = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }),
  fc.constantFrom(
    "'",
    '"',
    '\\',
    "\\'",
    'a\\.b',
    '\n',
    "') OR trait('x",
    '${env:HOME}',
    '__proto__',
    'constructor',
    'AND',
    '\u2028',
    'Order Completed',
    'products.$.category',
    '{{x}}',
    'é日本🎉',
    ' ',
  ),
);
const anyText = fc.oneof({ weight: 9, arbitrary: hostile }, fc.constant(''));

const duration: fc.Arbitrary<Duration> = fc.record({
  amount: fc.integer({ min: 1, max: 50_000 }),
  unit: fc.constantFrom('second', 'minute', 'hour', 'day', 'week'),
});

const seconds: Record<Duration['unit'], number> = {
  second: 1,
  minute: 60,
  hour: 3600,
  day: 86_400,
  week: 604_800,
};

const span: fc.Arbitrary<ParentWindow> = fc.oneof(
  fc.record({ kind: fc.constant('within' as const), duration }),
  fc
    .tuple(duration, duration)
    .filter(([a, b]) => a.amount * seconds[a.unit] !== b.amount * seconds[b.unit])
    .map(([a, b]) => {
      const ordered = a.amount * seconds[a.unit] < b.amount * seconds[b.unit];
      return { kind: 'between' as const, from: ordered ? a : b, to: ordered ? b : a };
    }),
);

const instant = fc.constantFrom('2025-03-01', '2025-03-01T09:30', '2025-03-01T09:30:00.123456+02:00');

const window: fc.Arbitrary<Window> = fc.oneof(
  span,
  instant.map((since) => ({ kind: 'absolute' as const, since })),
  instant.map((until) => ({ kind: 'absolute' as const, until })),
  fc.constant({ kind: 'absolute' as const, since: '2025-01-01', until: '2025-02-01T00:00:00Z' }),
);

const numberText = fc.oneof(
  fc.constantFrom('0', '-0', '1.0', '1.50', '1e3', '-2.5E-7', '12345678901234567890123456789.123456789'),
  fc.integer().map(String),
);

const literal: fc.Arbitrary<Literal> = fc.oneof(
  numberText.map((text) => ({ type: 'number' as const, text })),
  anyText.map((value) => ({ type: 'string' as const, value })),
  fc.boolean().map((value) => ({ type: 'boolean' as const, value })),
);

const reducer: fc.Arbitrary<Reducer> = fc.oneof(
  fc.constant({ fn: 'count' as const }),
  fc.record({
    fn: fc.constantFrom('sum', 'avg', 'first', 'last', 'unique', 'unique_count'),
    property: hostile,
  }),
  fc.record(
    { fn: fc.constantFrom('min', 'max'), property: hostile, as: fc.constantFrom('number', 'string') },
    { requiredKeys: ['fn', 'property'] },
  ),
  fc.record(
    {
      fn: fc.constant('mode' as const),
      property: hostile,
      as: fc.constantFrom('number', 'string', 'array'),
      minFrequency: fc.integer({ min: 1, max: 100 }),
    },
    { requiredKeys: ['fn', 'property'] },
  ),
  fc.record(
    { fn: fc.constant('periods' as const), every: duration, of: fc.integer({ min: 1, max: 1_000_000 }) },
    { requiredKeys: ['fn', 'every'] },
  ),
);

function stream(inWhere: boolean, depth: number): fc.Arbitrary<Stream> {
  const where = depth > 0 ? { where: condition(true, depth - 1) } : {};
  const child = inWhere ? { parentWindow: span, settled: fc.constant(true as const) } : {};
  const event = fc.record(
    {
      kind: fc.constant('event' as const),
      event: hostile,
      ...where,
      window,
      by: fc.constant('group_id' as const),
      excludeSources: fc.array(hostile, { minLength: 1, maxLength: 3 }),
      expiresAfter: duration,
      ...child,
    },
    { requiredKeys: ['kind', 'event'] },
  ) as fc.Arbitrary<Stream>;
  const entity = fc.record(
    { kind: fc.constant('entity' as const), entity: hostile, ...where },
    { requiredKeys: ['kind', 'entity'] },
  ) as fc.Arbitrary<Stream>;
  return fc.oneof({ weight: 3, arbitrary: event }, entity);
}

function reduced(inWhere: boolean, depth: number): fc.Arbitrary<Extract<Operand, { kind: 'reduced' }>> {
  return fc.record({ kind: fc.constant('reduced' as const), stream: stream(inWhere, depth), reducer });
}

function reference(inWhere: boolean): fc.Arbitrary<Exclude<Operand, { kind: 'literal' }>> {
  const named = fc.record({ kind: fc.constant('trait' as const), path: hostile });
  if (!inWhere) return named;
  return fc.oneof(
    named,
    fc.record({ kind: fc.constant('context' as const), path: hostile }),
    fc.record({
      kind: fc.constant('property' as const),
      path: hostile,
      of: fc.constantFrom('self' as const, 'parent' as const),
    }),
  );
}

function left(inWhere: boolean, depth: number): fc.Arbitrary<Exclude<Operand, { kind: 'literal' }>> {
  return fc.oneof(reference(inWhere), reduced(inWhere, depth));
}

function comparison(inWhere: boolean, depth: number): fc.Arbitrary<Comparison> {
  const right: fc.Arbitrary<Operand> = fc.oneof(
    literal.map((value) => ({ kind: 'literal' as const, literal: value })),
    depth > 0 ? left(inWhere, depth - 1) : reference(inWhere),
  );
  const ordered = right.filter((operand) => operand.kind !== 'literal' || operand.literal.type !== 'boolean');
  return fc.oneof(
    fc.record({ op: fc.constantFrom('equals', 'not_equals'), right }),
    fc.record({
      op: fc.constantFrom('less_than', 'at_most', 'greater_than', 'at_least'),
      right: ordered,
    }),
    fc.record({
      op: fc.constantFrom('one_of', 'none_of'),
      values: fc.array(literal, { minLength: 1, maxLength: 4 }),
    }),
    fc.record({
      op: fc.constantFrom('contains', 'not_contains'),
      values: fc.array(anyText, { minLength: 1, maxLength: 3 }),
    }),
    fc.record({ op: fc.constantFrom('starts_with', 'ends_with'), value: anyText }),
    fc.record({ op: fc.constantFrom('exists', 'not_exists') }),
    fc.record({ op: fc.constantFrom('before_date', 'after_date'), instant }),
    fc.record({ op: fc.constantFrom('within_last', 'within_next', 'before_last', 'after_next'), duration }),
  );
}

function condition(inWhere: boolean, depth: number): fc.Arbitrary<Condition> {
  const test: fc.Arbitrary<Condition> = fc.record({
    kind: fc.constant('test' as const),
    left: left(inWhere, depth),
    compare: comparison(inWhere, depth),
  });
  if (depth <= 0) return test;
  const inner = condition(inWhere, depth - 1);
  const general: fc.Arbitrary<Condition>[] = [
    test,
    fc.record({
      kind: fc.constantFrom('all' as const, 'any' as const),
      of: fc.array(inner, { minLength: 1, maxLength: 3 }),
    }),
    fc.record({ kind: fc.constant('not' as const), of: inner }),
    fc.record({ kind: fc.constant('audience' as const), key: hostile }),
  ];
  if (inWhere) return fc.oneof(...general);
  return fc.oneof(
    ...general,
    fc.record(
      {
        kind: fc.constant('rank' as const),
        by: left(false, depth - 1),
        order: fc.constantFrom('ascending' as const, 'descending' as const),
        take: fc.oneof(
          fc.integer({ min: 1, max: 1_000_000 }).map((top) => ({ top })),
          fc.constantFrom('0.000001', '12.5', '33.333333', '100').map((percent) => ({ percent })),
        ),
        among: inner,
      },
      { requiredKeys: ['kind', 'by', 'order', 'take'] },
    ) as fc.Arbitrary<Condition>,
    fc.record({
      kind: fc.constant('split' as const),
      salt: hostile,
      from: fc.constantFrom('0', '0.5', '10'),
      to: fc.constantFrom('10.000001', '99.9', '100'),
    }),
    fc.record({
      kind: fc.constant('users' as const),
      quantifier: fc.constantFrom('any' as const, 'all' as const, 'none' as const),
      match: inner,
    }),
  );
}

/** Conditions in normal form. */
export const conditions: fc.Arbitrary<Condition> = condition(false, 2).map(normalise);

/** Trait values that have query text. */
export const values: fc.Arbitrary<TraitValue> = reduced(false, 2).map((value) => {
  // `normalise` takes conditions: a test around the value reaches what is inside it.
  const test = normalise({ kind: 'test', left: value, compare: { op: 'exists' } });
  return test.kind === 'test' && test.left.kind === 'reduced' ? test.left : value;
});
