import { didYouMean, orList } from '../../compiler/diagnostics/suggest.js';
import type { Problem } from '../source/problem.js';
import type { Token } from './tokens.js';

/** Thrown where nothing sensible can follow; the problem is already noted. */
export class Unreadable extends Error {}

/** Notes where a node stands in the query text. */
export type Mark = <T extends object>(node: T, start: number, end: number) => T;

/** Deeper nesting would end in a stack overflow. Room for whatever the JSON form may nest (200 levels). */
const MAX_DEPTH = 500;

/** Walks the tokens and gathers problems. */
export class Cursor {
  readonly problems: Problem[] = [];
  /** How many `where(…)` enclose this place. */
  whereDepth = 0;
  #at = 0;
  #depth = 0;

  constructor(
    readonly tokens: readonly Token[],
    readonly mark: Mark,
  ) {}

  get token(): Token {
    return this.ahead(0);
  }

  /** The token some places ahead; past the end, the end. */
  ahead(places: number): Token {
    const token = this.tokens[Math.min(this.#at + places, this.tokens.length - 1)];
    if (token === undefined) throw new Error('a token list has at least its end');
    return token;
  }

  /** The last token taken. */
  get previous(): Token | undefined {
    return this.tokens[this.#at - 1];
  }

  /** Where it ends. */
  get lastEnd(): number {
    return this.previous?.end ?? 0;
  }

  take(): Token {
    const { token } = this;
    this.#at += 1;
    return token;
  }

  /** Whether a symbol or a case-sensitive word comes next. */
  is(text: string): boolean {
    const { kind } = this.token;
    return (kind === 'symbol' || kind === 'word') && this.token.text === text;
  }

  /** Whether a keyword comes next; keywords may be written in any case. */
  isKeyword(keyword: string): boolean {
    return this.token.kind === 'word' && this.token.text.toUpperCase() === keyword;
  }

  /** Takes a symbol or word if it comes next. */
  accept(text: string): boolean {
    if (!this.is(text)) return false;
    this.take();
    return true;
  }

  /** Takes a symbol that must come next. */
  expect(text: string, hint?: string): Token {
    if (!this.is(text)) this.fail(`${JSON.stringify(text)} is expected, not ${show(this.token)}`, hint);
    return this.take();
  }

  /** Takes a string that must come next and not be empty. */
  expectString(what: string): Token {
    const { token } = this;
    if (token.kind !== 'string') {
      const hint = token.kind === 'word' ? `quote it: '${token.text}'` : undefined;
      this.fail(`${what} in quotes is expected, not ${show(token)}`, hint);
    }
    if (token.text === '') this.note(`${what} is empty`, token);
    return this.take();
  }

  /** The word to read a misspelt one as; a word that is near none of them cannot be read. */
  resolveWord(token: Token, legal: readonly string[], what: string): string {
    if (legal.includes(token.text)) return token.text;
    // Synonyms first: `not_contains` is spelt almost as `contains`, and means the opposite.
    const hint = synonymHint(token.text, legal) ?? didYouMean(token.text, legal);
    if (hint === undefined) {
      const list = legal.length <= 12 ? `use ${orList(legal)}` : undefined;
      this.fail(`${what} is expected, not ${show(token)}`, list, token);
    }
    this.note(`${JSON.stringify(token.text)} is not ${what}`, token, hint);
    return /"(.*)"/.exec(hint)?.[1] ?? token.text;
  }

  /** Notes a problem one can read on after. */
  note(
    message: string,
    at: { start: number; end: number },
    hint?: string,
    code: Problem['code'] = 'invalid-query',
  ): void {
    this.problems.push({
      code,
      message,
      start: at.start,
      end: at.end,
      ...(hint === undefined ? {} : { hint }),
    });
  }

  /** Notes a problem and gives up. */
  fail(message: string, hint?: string, at: { start: number; end: number } = this.token): never {
    this.note(message, at, hint);
    throw new Unreadable();
  }

  /** Reads something nested. */
  nested<T>(read: () => T): T {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) this.fail(`more than ${MAX_DEPTH} levels of nesting`);
    const result = read();
    this.#depth -= 1;
    return result;
  }
}

const SYNONYMS: Readonly<Record<string, string>> = {
  not_equals: 'differs',
  not_contains: 'omits',
  not_exists: 'absent',
  is_null: 'absent',
  eq: 'equals',
  ne: 'differs',
  gt: 'greater_than',
  gte: 'at_least',
  lt: 'less_than',
  lte: 'at_most',
  in: 'one_of',
  not_in: 'none_of',
  not_one_of: 'none_of',
  average: 'avg',
  filter: 'where',
  segment: 'audience',
  user: 'trait',
  unique_count: 'unique',
  prop: 'property',
};

/** The query language has its own word for what the JSON form, or another tool, calls so. */
function synonymHint(word: string, legal: readonly string[]): string | undefined {
  const meant = SYNONYMS[word.toLowerCase()];
  return meant !== undefined && legal.includes(meant) ? `did you mean "${meant}"?` : undefined;
}

/** A token as a message names it. */
export function show(token: Token): string {
  if (token.kind === 'end') return 'the end';
  return token.kind === 'string' ? `the string ${JSON.stringify(token.text)}` : JSON.stringify(token.text);
}
