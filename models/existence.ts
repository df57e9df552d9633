import type { Comparison } from './algebra.js';

/** Whether a comparison of a count only asks if there is one: true if there must be, false if there must not. */
export function existence(compare: Comparison): boolean | undefined {
  if (!('right' in compare) || compare.right.kind !== 'literal' || compare.right.literal.type !== 'number') {
    return undefined;
  }
  const value = Number(compare.right.literal.text);
  switch (compare.op) {
    case 'at_least':
      return value > 0 && value <= 1 ? true : undefined;
    case 'greater_than':
      return value >= 0 && value < 1 ? true : undefined;
    case 'less_than':
      return value > 0 && value <= 1 ? false : undefined;
    case 'at_most':
      return value >= 0 && value < 1 ? false : undefined;
    case 'equals':
      return value === 0 ? false : undefined;
    case 'not_equals':
      return value === 0 ? true : undefined;
    default:
      return undefined;
  }
}
