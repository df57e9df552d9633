import type { Duration, Literal } from '../algebra.js';
import { durationOf, formatDuration, parseDuration, unitHint, unitOf } from '../duration.js';
import { instantHint, parseInstant } from '../instant.js';
import { show, type Cursor } from './cursor.js';
import type { Token } from './tokens.js';

/** What a misread duration is taken for, so that reading goes on; a problem is noted beside it. */
const SOME_DURATION: Duration = { amount: 1, unit: 'day' };

/** `30 days`, with the unit in singular or plural. */
export function readDuration(cursor: Cursor): Duration {
  const amount = cursor.token;
  if (amount.kind === 'string') {
    cursor.take();
    const parsed = parseDuration(amount.text);
    const hint = parsed.ok
      ? `write it without quotes: ${formatDuration(parsed.value)}`
      : 'write it as 30 days';
    cursor.note('a duration is expected, not a string', amount, hint, 'invalid-duration');
    return SOME_DURATION;
  }
  if (amount.kind !== 'number') {
    cursor.fail(`a duration is expected, not ${show(amount)}`, 'write it as 30 days');
  }
  cursor.take();
  const word = cursor.token;
  if (word.kind !== 'word') {
    cursor.note('the duration has no unit', amount, `write ${amount.text} days`, 'invalid-duration');
    return SOME_DURATION;
  }
  cursor.take();
  const at = { start: amount.start, end: word.end };
  const unit = unitOf(word.text);
  if (unit === undefined) {
    const hint = unitHint(amount.text, word.text);
    cursor.note(`unknown unit ${JSON.stringify(word.text)}`, word, hint, 'invalid-duration');
    return SOME_DURATION;
  }
  const parsed = durationOf(amount.text, unit, `${amount.text} ${word.text}`);
  if (parsed.ok) return Object.freeze(parsed.value);
  cursor.note(parsed.message, at, parsed.hint, 'invalid-duration');
  return SOME_DURATION;
}

/** An ISO date or instant in quotes. */
export function readInstant(cursor: Cursor): string {
  const token = cursor.expectString('an instant');
  if (token.text !== '' && parseInstant(token.text) === undefined) {
    const message = `${JSON.stringify(token.text)} is not an ISO 8601 date or instant`;
    cursor.note(message, token, instantHint(token.text), 'invalid-instant');
  }
  return token.text;
}

/** A literal if one comes next, by itself or as `literal(…)`. */
export function acceptLiteral(cursor: Cursor): Literal | undefined {
  if (!cursor.is('literal') || cursor.ahead(1).text !== '(') return acceptBare(cursor);
  cursor.take();
  cursor.take();
  const literal = acceptBare(cursor);
  if (literal === undefined) cursor.fail(`a value is expected, not ${show(cursor.token)}`);
  cursor.expect(')');
  return literal;
}

function acceptBare(cursor: Cursor): Literal | undefined {
  const { token } = cursor;
  if (token.kind === 'number') return taken(cursor, { type: 'number', text: token.text });
  if (token.kind === 'string') return taken(cursor, { type: 'string', value: token.text });
  if (token.kind === 'word' && (token.text === 'true' || token.text === 'false')) {
    return taken(cursor, { type: 'boolean', value: token.text === 'true' });
  }
  return undefined;
}

function taken(cursor: Cursor, literal: Literal): Literal {
  cursor.take();
  return Object.freeze(literal);
}

/** `'a', 'b'` or `['a', 'b']`, up to and without the closing parenthesis; one literal at least. */
export function readLiterals(cursor: Cursor): readonly Literal[] {
  const bracketed = cursor.accept('[');
  const list: Literal[] = [];
  do {
    const literal = acceptLiteral(cursor);
    if (literal === undefined) noValue(cursor);
    list.push(literal);
  } while (cursor.accept(','));
  if (bracketed) cursor.expect(']');
  return Object.freeze(list);
}

/** Says that a literal is expected, and how what stands there would be one. */
export function noValue(cursor: Cursor): never {
  const { token } = cursor;
  cursor.fail(
    `a value is expected, not ${show(token)}`,
    token.kind === 'word' ? literalHint(token) : undefined,
  );
}

function literalHint({ text }: Token): string {
  const lower = text.toLowerCase();
  if (lower === 'true' || lower === 'false') return `did you mean "${lower}"?`;
  return lower === 'null' ? 'ask with .exists() or .absent()' : `quote it: '${text}'`;
}

/** What `readLiterals` reads, where only strings may stand. */
export function readStrings(cursor: Cursor): readonly string[] {
  const start = cursor.token.start;
  const values = readLiterals(cursor);
  const strings = values.flatMap((literal) => (literal.type === 'string' ? [literal.value] : []));
  if (strings.length < values.length) {
    cursor.note('only strings are expected here', { start, end: cursor.lastEnd }, 'quote the values');
  }
  return Object.freeze(strings);
}
