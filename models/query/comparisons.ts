import type { Comparison, ComparisonOp, Operand, OrderOp } from '../algebra.js';
import { readDuration, readInstant, readLiterals, readStrings } from './arguments.js';
import { show, type Cursor } from './cursor.js';
import { OPERATOR_OF, OPERATOR_OF_SYMBOL } from './names.js';

/**
 * A comparator: `>= scalar` or `.name(arguments)`.
 *
 * @param readScalar reads a right side
 */
export function readComparison(cursor: Cursor, readScalar: () => Operand): Comparison {
  const start = cursor.token.start;
  const symbol = OPERATOR_OF_SYMBOL.get(cursor.token.kind === 'symbol' ? cursor.token.text : '');
  if (symbol !== undefined) {
    cursor.take();
    const comparison: Comparison = { op: symbol, right: ordered(cursor, symbol, readScalar) };
    return cursor.mark(comparison, start, cursor.lastEnd);
  }
  if (!cursor.is('.')) missing(cursor);
  cursor.take();
  const word = cursor.take();
  if (word.kind !== 'word') cursor.fail(`a comparator is expected, not ${show(word)}`, undefined, word);
  const name = cursor.resolveWord(word, [...OPERATOR_OF.keys()], 'a comparator');
  const op = OPERATOR_OF.get(name);
  if (op === undefined) cursor.fail(`${show(word)} is not a comparator`, undefined, word);
  cursor.expect('(');
  const comparison = readArguments(cursor, op, readScalar);
  cursor.expect(')');
  return cursor.mark(comparison, word.start, cursor.lastEnd);
}

/** The right side of an order operator. */
function ordered(cursor: Cursor, op: OrderOp, readScalar: () => Operand): Operand {
  const { start } = cursor.token;
  const right = readScalar();
  noteUnordered(cursor, op, right, { start, end: cursor.lastEnd });
  return right;
}

/** Notes a boolean where one asks which is less: it would be compared as text. */
export function noteUnordered(
  cursor: Cursor,
  op: OrderOp,
  operand: Operand,
  at: { start: number; end: number },
): void {
  if (op === 'equals' || op === 'not_equals') return;
  if (operand.kind !== 'literal' || operand.literal.type !== 'boolean') return;
  const message = `${String(operand.literal.value)} is neither less nor greater than anything`;
  cursor.note(message, at, 'compare true and false with = or !=', 'invalid-value');
}

function missing(cursor: Cursor): never {
  const { token } = cursor;
  const hint =
    token.kind === 'symbol' && token.text === '<' ? 'write !=' : 'add one, such as >= 1 or .exists()';
  cursor.fail(`a comparison is expected, not ${show(token)}`, hint);
}

function readArguments(cursor: Cursor, op: ComparisonOp, readScalar: () => Operand): Comparison {
  switch (op) {
    case 'equals':
    case 'not_equals':
    case 'less_than':
    case 'at_most':
    case 'greater_than':
    case 'at_least':
      return { op, right: ordered(cursor, op, readScalar) };
    case 'one_of':
    case 'none_of':
      return { op, values: readLiterals(cursor) };
    case 'contains':
    case 'not_contains':
      return { op, values: readStrings(cursor) };
    case 'starts_with':
    case 'ends_with': {
      const { token } = cursor;
      if (token.kind !== 'string') cursor.fail(`a string is expected, not ${show(token)}`);
      return { op, value: cursor.take().text };
    }
    case 'exists':
    case 'not_exists':
      return { op };
    case 'before_date':
    case 'after_date':
      return { op, instant: readInstant(cursor) };
    case 'within_last':
    case 'within_next':
    case 'before_last':
    case 'after_next':
      return { op, duration: readDuration(cursor) };
  }
}
