import type { Problem } from '../source/problem.js';

export type TokenKind = 'word' | 'number' | 'string' | 'symbol' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** A word or symbol as written, a number's text, a string's value without quotes and escapes. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** The token after which nothing can be read. */
export class LexicalError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.message);
  }
}

const WORD = /[A-Za-z_][A-Za-z0-9_]*/y;
const NUMBER = /-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const SYMBOL = /==|!=|>=|<=|[=<>(){}[\].,:]/y;
const SPACE = /\s+/y;
const JSON_NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;

/**
 * The tokens of a query text, the last of kind `end`.
 *
 * @throws LexicalError at the first character that starts no token
 */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  for (;;) {
    at += take(SPACE)?.length ?? 0;
    const start = at;
    const char = text[at];
    if (char === undefined) {
      tokens.push({ kind: 'end', text: '', start, end: start });
      return tokens;
    }
    if (char === "'" || char === '"') {
      const { value, end } = readString(text, start);
      tokens.push({ kind: 'string', text: value, start, end });
      at = end;
      continue;
    }
    const word = take(WORD);
    const number = word === undefined ? take(NUMBER) : undefined;
    const symbol = word ?? number ?? take(SYMBOL);
    if (symbol === undefined) throw new LexicalError(strayCharacter(text, start));
    at += symbol.length;
    if (number !== undefined) checkNumber(number, start);
    const kind = word !== undefined ? 'word' : number !== undefined ? 'number' : 'symbol';
    tokens.push({ kind, text: symbol, start, end: at });
  }
}

/**
 * A string from its opening quote. A backslash before a quote or a backslash escapes it; before anything
 * else it is itself, so that a path such as `a\.b` may be written plainly.
 */
function readString(text: string, start: number): { value: string; end: number } {
  const quote = text[start];
  let value = '';
  for (let at = start + 1; at < text.length; at += 1) {
    const char = text[at];
    if (char === quote) return { value, end: at + 1 };
    const next = text[at + 1];
    if (char === '\\' && (next === "'" || next === '"' || next === '\\')) {
      value += next;
      at += 1;
    } else value += char;
  }
  const message = 'the string has no closing quote';
  throw new LexicalError({ code: 'invalid-query', message, start, end: text.length });
}

function checkNumber(number: string, start: number): void {
  if (JSON_NUMBER.test(number)) return;
  const message = `${number} is not a number`;
  const hint = 'a number has no leading zeros';
  throw new LexicalError({ code: 'invalid-query', message, hint, start, end: start + number.length });
}

const STRAY: Readonly<Record<string, string>> = {
  '&': 'write AND',
  '|': 'write OR',
  '!': 'write NOT before a condition, != between values',
  '‘': "quote with '",
  '’': "quote with '",
  '“': 'quote with "',
  '”': 'quote with "',
  '`': "quote with '",
  '-': 'a minus sign stands right before a number',
};

function strayCharacter(text: string, start: number): Problem {
  const char = String.fromCodePoint(text.codePointAt(start) ?? 0);
  const hint = STRAY[char];
  const message = `${JSON.stringify(char)} has no meaning here`;
  return {
    code: 'invalid-query',
    message,
    start,
    end: start + char.length,
    ...(hint === undefined ? {} : { hint }),
  };
}
