import type { Condition, Operand, Rank, Split } from '../algebra.js';
import { percentText, percentUnits } from '../percent.js';
import { show, type Cursor } from './cursor.js';
import { readPositive } from './reducers.js';

/** The words that begin these conditions. */
export const PLACES = ['top', 'bottom', 'split'] as const;

const MOST = 1_000_000_000_000;

/**
 * `top(100, trait('x'))`, `bottom(10 percent, event(…)…, condition)`: a place among profiles by a number.
 *
 * @param readScalar reads the number
 * @param readCondition reads who is ranked
 */
export function readRank(
  cursor: Cursor,
  readScalar: () => Operand,
  readCondition: () => Condition,
): Condition {
  const word = cursor.take();
  aboutProfiles(cursor, word);
  cursor.expect('(');
  const take = readSize(cursor);
  cursor.expect(',', `write ${word.text}(100, trait('…'))`);
  const at = cursor.token;
  const by = readScalar();
  const among = cursor.accept(',') ? cursor.nested(readCondition) : undefined;
  cursor.expect(')');
  if (by.kind === 'literal') cursor.fail('a value ranks nobody', "write trait('…') or event(…)", at);
  const order = word.text === 'top' ? 'descending' : 'ascending';
  const node: Rank = { kind: 'rank', by, order, take, ...(among === undefined ? {} : { among }) };
  return cursor.mark(node, word.start, cursor.lastEnd);
}

/** `split('salt', 0, 50)`: a part of everyone by a stable hash. */
export function readSplit(cursor: Cursor): Condition {
  const word = cursor.take();
  aboutProfiles(cursor, word);
  cursor.expect('(');
  const salt = cursor.expectString('a salt').text;
  cursor.expect(',', "write split('salt', 0, 50)");
  const start = cursor.token.start;
  const from = readPercent(cursor);
  cursor.expect(',', "write split('salt', 0, 50)");
  const to = readPercent(cursor);
  if (from >= to) {
    const message = `there is nothing from ${percentText(from)} to ${percentText(to)} percent`;
    cursor.note(message, { start, end: cursor.lastEnd }, undefined, 'invalid-value');
  }
  cursor.expect(')');
  const node: Split = { kind: 'split', salt, from: percentText(from), to: percentText(to) };
  return cursor.mark(node, word.start, cursor.lastEnd);
}

function readSize(cursor: Cursor): Rank['take'] {
  const { token } = cursor;
  if (cursor.ahead(1).text !== 'percent') return Object.freeze({ top: readPositive(cursor, 'a size', MOST) });
  const units = readPercent(cursor);
  if (Number(token.text) === 0) cursor.note('0 percent are nobody', token, undefined, 'invalid-value');
  cursor.take();
  return Object.freeze({ percent: percentText(units) });
}

/** A percent in millionths. */
function readPercent(cursor: Cursor): bigint {
  const token = cursor.take();
  const units = token.kind === 'number' ? percentUnits(Number(token.text)) : undefined;
  if (units !== undefined) return units;
  const hint = 'from 0 to 100, with at most six digits after the point';
  cursor.note(`a percentage is expected, not ${show(token)}`, token, hint, 'invalid-value');
  return 0n;
}

function aboutProfiles(cursor: Cursor, word: { text: string; start: number; end: number }): void {
  if (cursor.whereDepth === 0) return;
  const hint = 'put it beside the event, not into its where(…)';
  cursor.note(`${word.text}(…) is about profiles, not about events`, word, hint, 'misplaced-operand');
}
