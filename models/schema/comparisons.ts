import { Type, type TSchema } from '@sinclair/typebox';

import type { ComparisonOp } from '../algebra.js';
import { notes } from './notes.js';

/** The operators of SEMANTICS §2, in its order. */
export const OPERATORS = [
  'equals',
  'not_equals',
  'less_than',
  'at_most',
  'greater_than',
  'at_least',
  'one_of',
  'none_of',
  'contains',
  'not_contains',
  'starts_with',
  'ends_with',
  'exists',
  'not_exists',
  'before_date',
  'after_date',
  'within_last',
  'within_next',
  'before_last',
  'after_next',
] as const satisfies readonly ComparisonOp[];

/** One property an operator. `right` is what equality takes, `ordered` what the order operators take. */
export function comparisons<R extends TSchema, O extends TSchema>(right: R, ordered: O) {
  const equality = (description: string) => Type.Optional({ ...right, description });
  const order = (description: string) => Type.Optional({ ...ordered, description });
  const date = (description: string) => Type.Optional({ ...Type.Ref('Instant'), description });
  const relative = (description: string) => Type.Optional({ ...Type.Ref('Duration'), description });
  return {
    equals: equality('The same value.'),
    not_equals: equality('The value exists and differs.'),
    less_than: order('Less than.'),
    at_most: order('Less than or equal.'),
    greater_than: order('Greater than.'),
    at_least: order('Greater than or equal.'),
    one_of: Type.Optional({ ...Type.Ref('LiteralList'), description: 'Equals any of the list.' }),
    none_of: Type.Optional({
      ...Type.Ref('LiteralList'),
      description: 'The value exists and equals none of the list.',
    }),
    contains: Type.Optional({ ...Type.Ref('Texts'), description: 'Any of the strings is a substring.' }),
    not_contains: Type.Optional({
      ...Type.Ref('Texts'),
      description: 'Exactly "not contains": true also when the value is missing.',
    }),
    starts_with: Type.Optional(Type.String({ description: 'The text starts with this.' })),
    ends_with: Type.Optional(Type.String({ description: 'The text ends with this.' })),
    exists: Type.Optional(
      Type.Literal(
        true,
        notes({
          description: 'The value is not null.',
          'x-hint': 'for the opposite write "not_exists": true',
        }),
      ),
    ),
    not_exists: Type.Optional(
      Type.Literal(
        true,
        notes({ description: 'The value is null.', 'x-hint': 'for the opposite write "exists": true' }),
      ),
    ),
    before_date: date('Strictly before this instant.'),
    after_date: date('Strictly after this instant.'),
    within_last: relative('Between this long before as_of and as_of.'),
    within_next: relative('Between as_of and this long after it.'),
    before_last: relative('This long before as_of, or earlier.'),
    after_next: relative('This long after as_of, or later.'),
  };
}

/** The note that asks for one operator, and no more, in an object. */
export const ONE_OPERATOR = {
  'x-exactly-one': {
    keys: OPERATORS,
    what: 'comparison',
    hint: 'add one, such as "at_least": 1',
  },
} as const;
