import type { Condition, Duration, EventStream, Operand, Stream, Window } from '../algebra.js';
import { durationMicros } from '../algebra.js';
import { parseInstant } from '../instant.js';
import { readDuration, readInstant, readStrings } from './arguments.js';
import { show, type Cursor } from './cursor.js';
import { EVENT_FILTERS, OPERATOR_OF, REDUCER_NAMES, type FilterName } from './names.js';
import { readReducer } from './reducers.js';
import type { Token } from './tokens.js';

type Reduced = Extract<Operand, { kind: 'reduced' }>;
type Draft = { -readonly [K in Exclude<keyof EventStream, 'where'>]?: EventStream[K] } & {
  /** A stream may be filtered again and again; what is left satisfies every `where`. */
  readonly wheres: Condition[];
};

/**
 * `event('…')` or `entity('…')` with its filters and its reducer.
 *
 * @param readCondition reads what stands inside `where(…)`
 */
export function readReduced(cursor: Cursor, readCondition: () => Condition): Reduced {
  const head = cursor.take();
  cursor.expect('(');
  const name = cursor.expectString(head.text === 'event' ? 'an event name' : 'an entity name');
  cursor.expect(')');
  const draft: Draft = { wheres: [] };
  const given = new Map<string, Token>();
  const isEvent = head.text === 'event';
  const filters: readonly FilterName[] = isEvent ? EVENT_FILTERS : ['where'];
  for (;;) {
    if (!cursor.is('.')) missingReducer(cursor, name.text);
    cursor.take();
    const step = cursor.token;
    if (step.kind !== 'word') cursor.fail(`a filter or a reducer is expected, not ${show(step)}`);
    if (OPERATOR_OF.has(step.text)) {
      cursor.fail(`a reducer is missing before .${step.text}(…)`, `add one: .count().${step.text}(…)`);
    }
    const word = cursor.resolveWord(cursor.take(), [...filters, ...REDUCER_NAMES], 'a filter or a reducer');
    const reducer = REDUCER_NAMES.find((candidate) => candidate === word);
    if (reducer !== undefined) {
      const stream = cursor.mark(finish(isEvent, name.text, draft), name.start, name.end);
      const value: Reduced = { kind: 'reduced', stream, reducer: readReducer(cursor, reducer, step.start) };
      return cursor.mark(value, head.start, cursor.lastEnd);
    }
    readFilter(cursor, draft, word as FilterName, step, given, readCondition);
  }
}

function finish(isEvent: boolean, name: string, { wheres, ...filters }: Draft): Stream {
  const [first, ...more] = wheres;
  const all: Condition = { kind: 'all', of: Object.freeze(wheres) };
  const where = first === undefined ? {} : { where: more.length === 0 ? first : all };
  return isEvent
    ? { kind: 'event', event: name, ...where, ...filters }
    : { kind: 'entity', entity: name, ...where };
}

function missingReducer(cursor: Cursor, name: string): never {
  const written = `event('${name}')`;
  cursor.fail(
    `a reducer is missing before ${show(cursor.token)}`,
    `say what of the events counts, e.g. ${written.length < 40 ? written : "event('…')"}.count() >= 1`,
  );
}

function readFilter(
  cursor: Cursor,
  draft: Draft,
  name: FilterName,
  at: Token,
  given: Map<string, Token>,
  readCondition: () => Condition,
): void {
  cursor.expect('(');
  switch (name) {
    case 'where':
      cursor.whereDepth += 1;
      draft.wheres.push(cursor.nested(readCondition));
      cursor.whereDepth -= 1;
      break;
    case 'within':
    case 'between':
      readRelative(cursor, draft, name, at, given);
      break;
    case 'since':
    case 'until':
      once(cursor, given, name, at);
      readAbsolute(cursor, draft, name, at, given);
      break;
    case 'expires_after':
      once(cursor, given, name, at);
      draft.expiresAfter = readDuration(cursor);
      break;
    case 'sources':
      once(cursor, given, name, at);
      draft.excludeSources = readSources(cursor);
      break;
    case 'settled':
      once(cursor, given, name, at);
      childOnly(cursor, at, '.settled()');
      draft.settled = true;
      break;
    case 'by': {
      once(cursor, given, name, at);
      const by = cursor.expectString('what to match by');
      if (by.text !== 'group_id')
        cursor.note(`${show(by)} is not something to match by`, by, "write by('group_id')");
      draft.by = 'group_id';
      break;
    }
  }
  cursor.expect(')');
}

function once(cursor: Cursor, given: Map<string, Token>, what: string, at: Token): void {
  if (given.has(what)) cursor.note(`.${at.text}(…) is given twice`, at, 'keep one of them');
  given.set(what, at);
}

/** One window a stream: relative, or absolute with both bounds. */
function oneWindow(
  cursor: Cursor,
  given: Map<string, Token>,
  what: 'relative' | 'absolute',
  at: Token,
): void {
  const other = given.get(what === 'relative' ? 'absolute' : 'relative');
  if (other !== undefined) {
    cursor.note(
      `.${other.text}(…) and .${at.text}(…) at once`,
      at,
      'a stream has one window: within, between, or since and until',
    );
  }
  given.set(what, at);
}

function readRelative(
  cursor: Cursor,
  draft: Draft,
  name: 'within' | 'between',
  at: Token,
  given: Map<string, Token>,
): void {
  const ofParent = cursor.is('parent') && cursor.ahead(1).text === ':';
  const slot = ofParent ? 'parent' : 'relative';
  const other = given.get(slot);
  if (other !== undefined && other.text !== at.text) {
    cursor.note(`.${other.text}(…) and .${at.text}(…) at once`, at, 'keep one of them');
  } else once(cursor, given, slot, at);
  given.set(slot, at);
  if (ofParent) {
    cursor.take();
    cursor.take();
    childOnly(cursor, at, `.${name}(parent: …)`);
  } else oneWindow(cursor, given, 'relative', at);
  const window = readSpan(cursor, name);
  if (ofParent) draft.parentWindow = window;
  else draft.window = window;
}

function readSpan(cursor: Cursor, name: 'within' | 'between') {
  const start = cursor.token.start;
  const first: Duration = readDuration(cursor);
  if (name === 'within') return Object.freeze({ kind: 'within' as const, duration: first });
  const problems = cursor.problems.length;
  cursor.expect(',', 'between(…) takes two durations, the shorter first');
  const second = readDuration(cursor);
  if (problems === cursor.problems.length && durationMicros(first) >= durationMicros(second)) {
    cursor.note(
      'the first duration must be the shorter',
      { start, end: cursor.lastEnd },
      'exchange the two',
      'invalid-value',
    );
  }
  return Object.freeze({ kind: 'between' as const, from: first, to: second });
}

function readAbsolute(
  cursor: Cursor,
  draft: Draft,
  name: 'since' | 'until',
  at: Token,
  given: Map<string, Token>,
): void {
  oneWindow(cursor, given, 'absolute', at);
  const instant = readInstant(cursor);
  const before: Window | undefined = draft.window?.kind === 'absolute' ? draft.window : undefined;
  const window: Window = { kind: 'absolute', ...before, [name]: instant };
  const [from, to] = [parseInstant(window.since ?? ''), parseInstant(window.until ?? '')];
  if (from !== undefined && to !== undefined && from > to) {
    cursor.note('until(…) is before since(…): no event can be in between', at, undefined, 'invalid-value');
  }
  draft.window = Object.freeze(window);
}

/** `{exclude: ['a', 'b']}`; Segment's reference leaves out the brackets. */
function readSources(cursor: Cursor): readonly string[] {
  cursor.expect('{', "write sources({exclude: ['…']})");
  const word = cursor.take();
  if (word.text !== 'exclude') cursor.fail(`"exclude" is expected, not ${show(word)}`, undefined, word);
  cursor.expect(':');
  const values = readStrings(cursor);
  cursor.expect('}');
  return values;
}

/** A span measured from the enclosing event needs one (SEMANTICS §4). */
function childOnly(cursor: Cursor, at: Token, what: string): void {
  if (cursor.whereDepth > 0) return;
  cursor.note(
    `${what} is for an event inside the where(…) of another event`,
    at,
    'there is no enclosing event here',
    'misplaced-operand',
  );
}
