import type { Comparison, Literal, Operand, Reducer } from '../../models/algebra.js';
import type { Facet } from '../bind/types.js';
import { call, cast, element, int, lit, nul, text, typeOf } from '../ir/build.js';
import type { Expr } from '../ir/types.js';
import { canonicalDecimal } from './decimal.js';

/**
 * A value that can be asked for its forms (SEMANTICS §2: comparison is typed by the literal, not by the
 * column). A form the value never has is undefined, and reads as missing.
 */
export interface Faceted {
  readonly text?: Expr;
  readonly number?: Expr;
  readonly instant?: Expr;
  /** Where the value is one of many (a path with `$`): the forms are those of `ELEMENT` of this JSON array. */
  readonly elements?: Expr;
}

/** What a test calls the element it looks at, and a column the element of its row. */
export const ELEMENT = 'rollcall_element';

/** The forms a comparison asks of its left side. */
export function leftFacets(compare: Comparison): readonly Facet[] {
  switch (compare.op) {
    case 'equals':
    case 'not_equals':
    case 'less_than':
    case 'at_most':
    case 'greater_than':
    case 'at_least':
      return compare.right.kind === 'literal' ? [literalFacet(compare.right.literal)] : ['number', 'text'];
    case 'one_of':
    case 'none_of':
      return [...new Set(compare.values.map(literalFacet))];
    case 'contains':
    case 'not_contains':
    case 'starts_with':
    case 'ends_with':
    case 'exists':
    case 'not_exists':
      return ['text'];
    case 'before_date':
    case 'after_date':
    case 'within_last':
    case 'within_next':
    case 'before_last':
    case 'after_next':
      return ['instant'];
  }
}

/** The right-hand operand of a comparison, where it has one. */
export function rightOperand(compare: Comparison): Operand | undefined {
  return 'right' in compare ? compare.right : undefined;
}

/** The forms a comparison asks of a right-hand reference. */
export const RIGHT_FACETS: readonly Facet[] = ['number', 'text'];

/** Booleans compare by their text: `true` matches the boolean and the text `true` (SEMANTICS §2, §10). */
const literalFacet = (literal: Literal): Facet => (literal.type === 'number' ? 'number' : 'text');

/** The form of its property a reducer works on; count works on none. */
export function reducerFacet(reducer: Reducer): Facet | undefined {
  switch (reducer.fn) {
    case 'count':
    case 'periods':
      return undefined;
    case 'sum':
    case 'avg':
      return 'number';
    case 'min':
    case 'max':
      return reducer.as === 'string' ? 'text' : 'number';
    case 'mode':
    case 'unique':
    case 'unique_count':
      return 'text';
    case 'first':
    case 'last':
      return 'json';
  }
}

/** A literal in every form it has. */
export function literalFaceted(literal: Literal): Faceted {
  switch (literal.type) {
    case 'number': {
      const canonical = canonicalDecimal(literal.text);
      if (canonical === undefined) return { text: text(literal.text) };
      return { number: lit({ type: 'number', value: canonical }), text: text(canonical) };
    }
    case 'string': {
      const number = canonicalDecimal(literal.value);
      const base = { text: text(literal.value) };
      return number === undefined ? base : { ...base, number: lit({ type: 'number', value: number }) };
    }
    case 'boolean':
      return { text: text(String(literal.value)) };
  }
}

/**
 * A number literal beside a value: integers stay integers beside an `int`, so counts compare natively.
 * Null when the literal is beyond the range.
 */
export function numberLiteral(
  literalText: string,
  beside: Expr,
): { readonly value: Expr; readonly beside: Expr } {
  const canonical = canonicalDecimal(literalText);
  if (canonical === undefined) return { value: nul('number'), beside: cast(beside, 'number') };
  if (typeOf(beside) !== 'int') return { value: lit({ type: 'number', value: canonical }), beside };
  const whole = /^-?\d{1,18}$/.test(canonical);
  if (whole) return { value: int(BigInt(canonical)), beside };
  return { value: lit({ type: 'number', value: canonical }), beside: cast(beside, 'number') };
}

/** Forms of each of many values, of which comparisons ask whether there is one that satisfies them. */
export const elementFaceted = (elements: Expr): Faceted => ({
  ...jsonFaceted(element(ELEMENT)),
  elements,
});

/** Forms of a JSON value column. */
export function jsonFaceted(value: Expr, steps: readonly string[] = []): Faceted {
  const path = text(JSON.stringify(steps));
  return {
    text: call('json_text', value, path),
    number: call('json_number', value, path),
    instant: call('json_instant', value, path),
  };
}
