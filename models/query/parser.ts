import type { Condition, Operand, TraitValue } from '../algebra.js';
import { didYouMean, orList } from '../../compiler/diagnostics/suggest.js';
import type { Problem } from '../source/problem.js';
import { acceptLiteral, noValue } from './arguments.js';
import { noteUnordered, readComparison } from './comparisons.js';
import { Cursor, show, Unreadable, type Mark } from './cursor.js';
import { FLIPPED, KEYWORDS, OPERATOR_OF_SYMBOL } from './names.js';
import { PLACES, readRank, readSplit } from './places.js';
import { readReduced } from './streams.js';
import { LexicalError, tokenize } from './tokens.js';

export type QueryMode = 'condition' | 'value';

export type QueryResult<T> =
  | { readonly tree: T; readonly problems: readonly [] }
  | { readonly tree?: undefined; readonly problems: readonly Problem[] };

/**
 * Parses query text by the grammar of QUERY-LANGUAGE. Offsets of problems are those of the text. Problems
 * one can read past are gathered; the first that one cannot ends the list.
 */
export function parseCondition(text: string, mark: Mark): QueryResult<Condition> {
  return parse(text, mark, (cursor) => {
    const tree = condition(cursor);
    const { token } = cursor;
    if (cursor.is(')')) cursor.fail('")" closes nothing', 'remove it, or open "(" before');
    if (token.kind !== 'end') {
      cursor.fail(`AND, OR or the end is expected, not ${show(token)}`, trailingHint(cursor));
    }
    return tree;
  });
}

/** The same for what a trait computes: a stream and a reducer. */
export function parseValue(text: string, mark: Mark): QueryResult<TraitValue> {
  return parse(text, mark, (cursor) => {
    const { token } = cursor;
    if (!cursor.is('event') && !cursor.is('entity')) {
      const hint =
        didYouMean(token.text, ['event', 'entity']) ?? 'a trait is event(…) with filters and a reducer';
      cursor.fail(`event(…) or entity(…) is expected, not ${show(token)}`, hint);
    }
    const value = readReduced(cursor, () => condition(cursor));
    if (cursor.token.kind !== 'end') {
      const hint = 'a trait is a value, without a comparison; conditions make audiences';
      cursor.fail(`the end is expected after the reducer, not ${show(cursor.token)}`, hint);
    }
    return value;
  });
}

function parse<T>(text: string, mark: Mark, read: (cursor: Cursor) => T): QueryResult<T> {
  let cursor: Cursor;
  try {
    cursor = new Cursor(tokenize(text), mark);
  } catch (error) {
    if (error instanceof LexicalError) return { problems: [error.problem] };
    throw error;
  }
  try {
    const tree = read(cursor);
    return cursor.problems.length > 0 ? { problems: cursor.problems } : { tree, problems: [] };
  } catch (error) {
    if (error instanceof Unreadable) return { problems: cursor.problems };
    throw error;
  }
}

function condition(cursor: Cursor): Condition {
  return chain(cursor, 'OR', 'any', () => chain(cursor, 'AND', 'all', () => negation(cursor)));
}

function chain(cursor: Cursor, keyword: string, kind: 'all' | 'any', next: () => Condition): Condition {
  const start = cursor.token.start;
  const first = next();
  if (!cursor.isKeyword(keyword)) return first;
  const of = [first];
  while (cursor.isKeyword(keyword)) {
    cursor.take();
    of.push(next());
  }
  return cursor.mark({ kind, of: Object.freeze(of) }, start, cursor.lastEnd);
}

function negation(cursor: Cursor): Condition {
  if (!cursor.isKeyword('NOT')) return primary(cursor);
  const { start } = cursor.take();
  const of = cursor.nested(() => negation(cursor));
  return cursor.mark({ kind: 'not', of }, start, cursor.lastEnd);
}

function primary(cursor: Cursor): Condition {
  if (cursor.accept('(')) {
    const inner = cursor.nested(() => condition(cursor));
    cursor.expect(')');
    return inner;
  }
  for (const quantifier of ['any', 'all', 'none'] as const) {
    if (!cursor.isKeyword(quantifier.toUpperCase())) continue;
    const { start } = cursor.take();
    const match = cursor.nested(() => negation(cursor));
    return cursor.mark({ kind: 'users', quantifier, match }, start, cursor.lastEnd);
  }
  if (cursor.is('audience')) {
    cursor.take();
    cursor.expect('(');
    const name = cursor.expectString('the key of an audience');
    cursor.expect(')');
    const node: Condition = { kind: 'audience', key: name.text };
    if (cursor.is('.') || OPERATOR_OF_SYMBOL.has(cursor.token.text)) {
      const hint = `audience(…) is a condition already; for its opposite write NOT audience('…')`;
      cursor.fail('audience(…) takes no comparison', hint);
    }
    return cursor.mark(node, name.start, name.end);
  }
  if (cursor.is('split')) return readSplit(cursor);
  if (cursor.is('top') || cursor.is('bottom')) {
    return cursor.nested(() =>
      readRank(
        cursor,
        () => scalar(cursor),
        () => condition(cursor),
      ),
    );
  }
  return comparison(cursor);
}

function comparison(cursor: Cursor): Condition {
  const start = cursor.token.start;
  const left = scalar(cursor);
  if (left.kind === 'literal') return flipped(cursor, left, start);
  const compare = readComparison(cursor, () => scalar(cursor));
  return cursor.mark({ kind: 'test', left, compare }, start, cursor.lastEnd);
}

/** A literal on the left: the same test with the sides exchanged, so that one meaning is one tree. */
function flipped(cursor: Cursor, right: Operand, start: number): Condition {
  const symbol = cursor.token;
  const op = OPERATOR_OF_SYMBOL.get(symbol.kind === 'symbol' ? symbol.text : '');
  if (op === undefined) {
    cursor.fail(`a comparison such as = or >= is expected after a value, not ${show(symbol)}`);
  }
  cursor.take();
  noteUnordered(cursor, op, right, { start, end: symbol.start });
  const left = scalar(cursor);
  if (left.kind === 'literal') {
    const at = { start, end: cursor.lastEnd };
    cursor.note(
      'two values are compared with each other',
      at,
      'one side must be event(…), trait(…) or property(…)',
    );
  }
  const compare = cursor.mark({ op: FLIPPED[op], right }, start, symbol.end);
  return cursor.mark({ kind: 'test', left, compare }, start, cursor.lastEnd);
}

const SCALARS = ['event', 'entity', 'trait', 'property', 'context'] as const;

function scalar(cursor: Cursor): Operand {
  const { token } = cursor;
  const literal = acceptLiteral(cursor);
  if (literal !== undefined) return cursor.mark({ kind: 'literal', literal }, token.start, cursor.lastEnd);
  if (token.kind !== 'word') noScalar(cursor);
  const word = SCALARS.find((name) => name === token.text) ?? meantScalar(cursor);
  if (word === 'event' || word === 'entity')
    return cursor.nested(() => readReduced(cursor, () => condition(cursor)));
  cursor.take();
  cursor.expect('(');
  const ofParent = word === 'property' && cursor.is('parent') && cursor.ahead(1).text === ':';
  if (ofParent) {
    cursor.take();
    cursor.take();
  }
  const name = cursor.expectString(word === 'trait' ? 'a trait' : `a ${word} name`);
  cursor.expect(')');
  if (word === 'trait') return cursor.mark({ kind: word, path: name.text }, name.start, name.end);
  if (cursor.whereDepth === 0) {
    const hint = `put it into the where(…) of an event, or did you mean trait('…')?`;
    cursor.note(`${word}(…) reads an event, and there is none here`, token, hint, 'misplaced-operand');
  }
  if (word === 'context') return cursor.mark({ kind: word, path: name.text }, name.start, name.end);
  const operand: Operand = { kind: 'property', path: name.text, of: ofParent ? 'parent' : 'self' };
  return cursor.mark(operand, name.start, name.end);
}

/** A misspelt word is read as the one that was meant; anything else ends the reading. */
function meantScalar(cursor: Cursor): (typeof SCALARS)[number] {
  const { token } = cursor;
  const hint = didYouMean(token.text, [...SCALARS, 'audience', ...PLACES, ...KEYWORDS, 'true', 'false']);
  const word = SCALARS.find((name) => hint?.includes(`"${name}"`) === true);
  if (word === undefined || cursor.ahead(1).text !== '(') {
    const junction = ['AND', 'OR'].find((keyword) => cursor.isKeyword(keyword));
    if (junction !== undefined) {
      cursor.fail(`a condition is expected, not ${show(token)}`, `${junction} stands between two conditions`);
    }
    if (OPERATOR_OF_SYMBOL.has(cursor.previous?.text ?? '')) noValue(cursor);
    cursor.fail(
      `a condition is expected, not ${show(token)}`,
      hint ?? `it begins with ${orList([...SCALARS, 'audience'])}`,
    );
  }
  cursor.note(`unknown name ${JSON.stringify(token.text)}`, token, hint);
  return word;
}

function noScalar(cursor: Cursor): never {
  const { token, previous } = cursor;
  const problem = `a condition or a value is expected, not ${show(token)}`;
  if (cursor.tokens.length === 1)
    cursor.fail(problem, "write one, e.g. event('Order Completed').count() >= 1");
  // Symbols of other languages, which are read as two: both are what is wrong.
  const meant = previous?.end === token.start ? FOREIGN_SYMBOLS[previous.text + token.text] : undefined;
  if (previous === undefined || meant === undefined) cursor.fail(problem);
  const both = `${previous.text}${token.text}`;
  cursor.fail(`${JSON.stringify(both)} is not a comparison`, `did you mean "${meant}"?`, {
    start: previous.start,
    end: token.end,
  });
}

const FOREIGN_SYMBOLS: Readonly<Record<string, string>> = { '<>': '!=', '=>': '>=', '=<': '<=', '===': '=' };

function trailingHint(cursor: Cursor): string | undefined {
  const { token } = cursor;
  if (token.text === '.' || OPERATOR_OF_SYMBOL.has(token.text)) return 'the comparison before it is complete';
  return token.kind === 'word' ? didYouMean(token.text, ['AND', 'OR']) : undefined;
}
