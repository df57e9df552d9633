import { Type, type TProperties } from '@sinclair/typebox';

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
};

const property = () => text('The event property to reduce; dots step into objects, "$" into arrays.');
const asNumberOrString = () =>
  Type.Optional(
    Type.Union([Type.Literal('number'), Type.Literal('string')], {
      description: 'Compare as numbers (the default) or as text.',
      ...notes({ 'x-what': '"number" or "string"' }),
    }),
  );

/**
 * One optional property a reducer. `ops` are the comparison operators a test takes; a value takes none.
 */
function reducers<O extends TProperties>(ops: O, extra: object) {
  const closed = (fn: ReducerFn) => ({
    ...CLOSED,
    description: ABOUT[fn],
    ...extra,
    ...notes(
      fn === 'count'
        ? {}
        : {
            'x-hint': `write "${fn}": { "property": "…"${'x-exactly-one' in extra ? ', "at_least": 1' : ''} }`,
          },
    ),
    ...notes(
      fn === 'count' && 'x-exactly-one' in extra ? { 'x-hint': 'write "count": { "at_least": 1 }' } : {},
    ),
  });
  const plain = (fn: ReducerFn) => Type.Optional(Type.Object({ property: property(), ...ops }, closed(fn)));
  const ranged = (fn: ReducerFn) =>
    Type.Optional(Type.Object({ property: property(), as: asNumberOrString(), ...ops }, closed(fn)));
  return {
    count: Type.Optional(Type.Object({ ...ops }, closed('count'))),
    sum: plain('sum'),
    avg: plain('avg'),
    min: ranged('min'),
    max: ranged('max'),
    mode: Type.Optional(
      Type.Object(
        {
          property: property(),
          as: Type.Optional(
            Type.Union([Type.Literal('number'), Type.Literal('string'), Type.Literal('array')], {
              description: 'How the value is read.',
            }),
          ),
          min_frequency: Type.Optional(
            Type.Integer({
              minimum: 1,
              maximum: 1_000_000_000,
              description: 'How often it must occur; default 2.',
            }),
          ),
          ...ops,
        },
        closed('mode'),
      ),
    ),
    first: plain('first'),
    last: plain('last'),
    unique: plain('unique'),
    unique_count: plain('unique_count'),
  };
}

/** Reducers with one comparison each, for conditions. */
export function reducerTests<O extends TProperties>(ops: O) {
  return reducers(ops, ONE_OPERATOR);
}

/** Reducers without a comparison, for trait values and right-hand sides. */
export function reducerValues() {
  return reducers({}, {});
}

/** A value has exactly one reducer. */
export const ONE_REDUCER = {
  'x-exactly-one': {
    keys: REDUCERS,
    what: 'reducer',
    hint: 'add one, such as "count": {} or "sum": { "property": "revenue" }',
  },
} as const;
