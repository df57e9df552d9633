import { Type, type TProperties, type TSchema } from '@sinclair/typebox';

import type { ReducerFn } from '../algebra.js';
import { CLOSED, text } from './common.js';
import { ONE_OPERATOR } from './comparisons.js';
import { notes } from './notes.js';

export const REDUCERS = [
  'count',
  'sum',
  'avg',
  'min',
  'max',
  'mode',
  'first',
  'last',
  'unique',
  'unique_count',
  'periods',
] as const satisfies readonly ReducerFn[];

const ABOUT: Record<ReducerFn, string> = {
  count: 'The number of events.',
  sum: 'The sum of the values that are numbers.',
  avg: 'The average of the values that are numbers.',
  min: 'The smallest number (or text, with "as": "string").',
  max: 'The greatest number (or text, with "as": "string").',
  mode: 'The most frequent value, seen at least "min_frequency" times (default 2).',
  first: 'The first non-null value by timestamp.',
  last: 'The last non-null value by timestamp.',
  unique: 'The distinct values.',
  unique_count: 'How many distinct values.',
  periods: 'How many periods of a length, counted back from as_of, hold an event.',
};

/** More periods than that are a slip. */
export const MOST_PERIODS = 1_000_000;

const property = () => text('The event property to reduce; dots step into objects, "$" into arrays.');

const asNumberOrString = () =>
  Type.Optional(
    Type.Union([Type.Literal('number'), Type.Literal('string')], {
      description: 'Compare as numbers (the default) or as text.',
      ...notes({ 'x-what': '"number" or "string"' }),
    }),
  );

const modeOptions = () => ({
  as: Type.Optional(
    Type.Union([Type.Literal('number'), Type.Literal('string'), Type.Literal('array')], {
      description: 'How the value is read.',
    }),
  ),
  min_frequency: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 1_000_000_000, description: 'How often it must occur; default 2.' }),
  ),
});

/** What stands under a reducer's key, by its shape; the reducers share five shapes. */
function shapes<O extends TProperties>(ops: O, extra: object, example: string) {
  const ofCount = { ...CLOSED, ...extra, ...notes({ 'x-hint': `write { ${example} }` }) };
  const ofProperty = {
    ...CLOSED,
    ...extra,
    ...notes({ 'x-hint': `write { "property": "…"${example === '' ? '' : `, ${example}`} }` }),
  };
  return {
    count: Type.Object({ ...ops }, ofCount),
    plain: Type.Object({ property: property(), ...ops }, ofProperty),
    ranged: Type.Object({ property: property(), as: asNumberOrString(), ...ops }, ofProperty),
    mode: Type.Object({ property: property(), ...modeOptions(), ...ops }, ofProperty),
    periods: Type.Object(
      {
        every: { ...Type.Ref('Duration'), description: 'How long a period is.' },
        of: Type.Optional(
          Type.Integer({
            minimum: 1,
            maximum: MOST_PERIODS,
            description: 'Only the last so many periods; all of them when absent.',
          }),
        ),
        ...ops,
      },
      {
        ...CLOSED,
        ...extra,
        ...notes({ 'x-hint': `write { "every": "1 week"${example === '' ? '' : `, ${example}`} }` }),
      },
    ),
  };
}

/** Shapes with one comparison each, for conditions. */
export function testShapes<O extends TProperties>(ops: O) {
  return shapes(ops, ONE_OPERATOR, '"at_least": 1');
}

/** Shapes without a comparison, for trait values and right-hand sides. */
export function valueShapes() {
  return shapes({}, {}, '');
}

/** One optional property a reducer, by references to its shapes. */
export function reducers<
  C extends TSchema,
  P extends TSchema,
  R extends TSchema,
  M extends TSchema,
  D extends TSchema,
>(refs: { count: C; plain: P; ranged: R; mode: M; periods: D }) {
  const of = <T extends TSchema>(fn: ReducerFn, ref: T) => Type.Optional({ ...ref, description: ABOUT[fn] });
  return {
    count: of('count', refs.count),
    sum: of('sum', refs.plain),
    avg: of('avg', refs.plain),
    min: of('min', refs.ranged),
    max: of('max', refs.ranged),
    mode: of('mode', refs.mode),
    first: of('first', refs.plain),
    last: of('last', refs.plain),
    unique: of('unique', refs.plain),
    unique_count: of('unique_count', refs.plain),
    periods: of('periods', refs.periods),
  };
}

/** A value has exactly one reducer. */
export const ONE_REDUCER = {
  'x-exactly-one': {
    keys: REDUCERS,
    what: 'reducer',
    hint: 'add one, such as "count": {} or "sum": { "property": "revenue" }',
  },
} as const;
