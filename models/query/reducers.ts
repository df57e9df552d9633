import type { Reducer } from '../algebra.js';
import { MOST_PERIODS } from '../schema/reducers.js';
import { readDuration } from './arguments.js';
import type { Cursor } from './cursor.js';
import type { REDUCER_NAMES } from './names.js';
import { show } from './cursor.js';

type ReducerName = (typeof REDUCER_NAMES)[number];
type Cast = 'number' | 'string' | 'array';

/** A reducer after its name: the parenthesised rest, and `.count()` after `unique(…)`. */
export function readReducer(cursor: Cursor, name: ReducerName, start: number): Reducer {
  cursor.expect('(');
  const reducer = readBody(cursor, name);
  cursor.expect(')');
  if (reducer.fn !== 'unique' || !cursor.is('.') || cursor.ahead(1).text !== 'count') {
    return cursor.mark(reducer, start, cursor.lastEnd);
  }
  cursor.take();
  cursor.take();
  cursor.expect('(');
  cursor.expect(')');
  return cursor.mark<Reducer>({ fn: 'unique_count', property: reducer.property }, start, cursor.lastEnd);
}

function readBody(cursor: Cursor, fn: ReducerName): Reducer {
  if (fn === 'count') {
    if (!cursor.is(')')) cursor.fail('count() takes nothing', 'filter with .where(…) before it');
    return { fn };
  }
  if (fn === 'periods') {
    const every = readDuration(cursor);
    return cursor.accept(',')
      ? { fn, every, of: readPositive(cursor, 'a number of periods', MOST_PERIODS) }
      : { fn, every };
  }
  const property = readProperty(cursor, fn);
  if (fn === 'min' || fn === 'max') {
    const as = readCast(cursor, ['number', 'string']);
    return as === undefined || as === 'array' ? { fn, property } : { fn, property, as };
  }
  if (fn !== 'mode') return { fn, property };
  const as = readCast(cursor, ['number', 'string', 'array']);
  const minFrequency = cursor.accept(',') ? readPositive(cursor, 'a frequency') : undefined;
  return {
    fn,
    property,
    ...(as === undefined ? {} : { as }),
    ...(minFrequency === undefined ? {} : { minFrequency }),
  };
}

/** `property('revenue')`; a reducer always reads its own events. */
function readProperty(cursor: Cursor, fn: string): string {
  const { token } = cursor;
  if (token.kind === 'string') {
    cursor.take();
    cursor.note(`${fn}(…) takes a property`, token, `write ${fn}(property('${token.text}'))`);
    return token.text;
  }
  if (!cursor.is('property')) {
    cursor.fail(`property(…) is expected, not ${show(token)}`, `write ${fn}(property('…'))`);
  }
  cursor.take();
  cursor.expect('(');
  if (cursor.is('parent')) {
    const parent = cursor.take();
    cursor.expect(':');
    cursor.note(
      `${fn}(…) reads its own events, not their parent`,
      parent,
      'remove "parent:"',
      'misplaced-operand',
    );
  }
  const { text } = cursor.expectString('a property name');
  cursor.expect(')');
  return text;
}

function readCast(cursor: Cursor, legal: readonly Cast[]): Cast | undefined {
  if (!cursor.accept('as')) return undefined;
  const word = cursor.take();
  return cursor.resolveWord(word, legal, 'a type') as Cast;
}

/** A whole number of 1 or more. */
export function readPositive(cursor: Cursor, what: string, limit = 1_000_000_000): number {
  const token = cursor.take();
  const value = Number(token.text);
  if (token.kind === 'number' && /^[0-9]+$/.test(token.text) && value >= 1 && value <= limit) return value;
  cursor.note(`${what} is a whole number of 1 or more, not ${show(token)}`, token);
  return 1;
}
