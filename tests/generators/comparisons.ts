/**
 * Comparisons: every operator with every literal type it takes, and with references.
 */
import fc from 'fast-check';

import type { Comparison, Json, Operand } from '../reference/model.js';
import { dateText, DURATIONS, instant, NUMBERS, TEXTS } from './domain.js';
import { hostileText } from './hostile.js';

const EQUALITY = ['equals', 'not_equals'] as const;
const ORDER = ['less_than', 'at_most', 'greater_than', 'at_least'] as const;
const LISTS = ['one_of', 'none_of'] as const;

/** `{ [operator]: operand }` for any of the operators. */
function comparing<T extends Operand>(
  operators: readonly (keyof Comparison)[],
  operand: fc.Arbitrary<T>,
): fc.Arbitrary<Comparison> {
  return fc
    .tuple(fc.constantFrom(...operators), operand)
    .map(([operator, value]): Comparison => ({ [operator]: value }));
}

const list = (literal: fc.Arbitrary<Json>): fc.Arbitrary<Json[]> =>
  fc.array(literal, { minLength: 1, maxLength: 3 });

const numberLiteral = (): fc.Arbitrary<number> => fc.constantFrom(...NUMBERS);

/** Texts a value may have: of a string, but also of a number, a boolean or an array. */
const textLiteral = (): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...TEXTS) },
    {
      weight: 2,
      arbitrary: fc.constantFrom('1', '1.5', '0.0000001', 'true', '[]', '[1,"a",null]', '{"a":1}', ''),
    },
    { weight: 1, arbitrary: fc.oneof(dateText(), hostileText()) },
  );

/** Never empty: what every text contains says nothing. */
const textPart = (): fc.Arbitrary<string> =>
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.constantFrom('e', 'Berlin', 'ü', 'u', '1', '.', '"', ' ', 'pricing', '%', '_', '😀'),
    },
    { weight: 1, arbitrary: hostileText({ minLength: 1, maxLength: 2 }) },
  );

export const existence = (): fc.Arbitrary<Comparison> =>
  comparing(['exists', 'not_exists'], fc.constant(true));

export const numberComparison = (): fc.Arbitrary<Comparison> =>
  fc.oneof(
    { weight: 3, arbitrary: comparing([...EQUALITY, ...ORDER], numberLiteral()) },
    { weight: 1, arbitrary: comparing(LISTS, list(numberLiteral())) },
  );

export const textComparison = (): fc.Arbitrary<Comparison> =>
  fc.oneof(
    comparing([...EQUALITY, ...ORDER], textLiteral()),
    comparing(LISTS, list(textLiteral())),
    comparing(['contains', 'not_contains'], fc.oneof(textPart(), list(textPart()) as fc.Arbitrary<Operand>)),
    comparing(['starts_with', 'ends_with'], textPart()),
  );

export const booleanComparison = (): fc.Arbitrary<Comparison> =>
  fc.oneof(
    { weight: 3, arbitrary: comparing(EQUALITY, fc.boolean()) },
    { weight: 1, arbitrary: comparing(LISTS, list(fc.boolean())) },
  );

export const dateComparison = (): fc.Arbitrary<Comparison> =>
  fc.oneof(
    comparing(
      ['before_date', 'after_date'],
      fc.oneof(instant(), fc.constantFrom('2024-03-01', '2024-02-29')),
    ),
    comparing(['within_last', 'within_next', 'before_last', 'after_next'], fc.constantFrom(...DURATIONS)),
  );

const mixedList = (): fc.Arbitrary<Comparison> =>
  comparing(LISTS, list(fc.oneof(numberLiteral(), textLiteral(), fc.boolean())));

/** Any operator with any literal it takes. */
export const anyComparison = (): fc.Arbitrary<Comparison> =>
  fc.oneof(
    existence(),
    numberComparison(),
    textComparison(),
    booleanComparison(),
    dateComparison(),
    mixedList(),
  );

/** A comparison with what a reference reads. */
export const referenceComparison = (reference: fc.Arbitrary<Operand>): fc.Arbitrary<Comparison> =>
  comparing([...EQUALITY, ...ORDER], reference);

/** A comparison with a count: small whole numbers around what histories hold, and one that is none. */
export const countComparison = (): fc.Arbitrary<Comparison> =>
  fc.oneof(
    { weight: 5, arbitrary: comparing([...EQUALITY, ...ORDER], fc.constantFrom(1, 0, 2, 3, 5)) },
    { weight: 1, arbitrary: comparing(LISTS, list(fc.constantFrom(0, 1, 2))) },
    { weight: 1, arbitrary: comparing(ORDER, fc.constant(1.5)) },
  );
