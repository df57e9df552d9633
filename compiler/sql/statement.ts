/**
 * One SELECT and nothing else. A query is read as its tokens, so that what stands in quotes or comments decides
 * nothing, and before any warehouse sees it.
 */
import type { Part, Place } from '../../macros/index.js';

export interface Token {
  readonly kind: 'word' | 'quoted' | 'symbol' | 'hole';
  /** A word in lower case; anything else as it stands. Of a hole: empty. */
  readonly text: string;
  readonly part?: Part;
  readonly at: Place;
}

export interface StatementProblem {
  readonly message: string;
  readonly hint: string;
  readonly at: Place;
}

export interface Statement {
  /** Without comments and without the semicolon at its end. */
  readonly parts: readonly Part[];
  readonly tokens: readonly Token[];
  readonly problems: readonly StatementProblem[];
}

/** Reads the parts of a query. `whole` is where problems of the whole of it are said to be. */
export function readStatement(parts: readonly Part[], whole: Place): Statement {
  const reader = new Reader(parts);
  reader.read();
  const { kept, tokens } = reader;
  const problems = reader.problem ? [reader.problem] : refusals(tokens, whole);
  return { parts: kept, tokens, problems };
}

/** Stands for a hole; no template holds it. */
const HOLE = '\u0000';

class Reader {
  readonly kept: Part[] = [];
  readonly tokens: Token[] = [];
  problem: StatementProblem | undefined;
  private readonly text: string;
  private readonly starts: number[] = [];
  private at = 0;
  /** From here on nothing was kept yet. */
  private from = 0;

  constructor(private readonly parts: readonly Part[]) {
    let text = '';
    for (const part of parts) {
      this.starts.push(text.length);
      text += part.kind === 'text' ? part.text : HOLE;
    }
    this.text = text;
  }

  read(): void {
    const { text } = this;
    while (this.at < text.length && !this.problem) {
      const rest = text.slice(this.at, this.at + 2);
      const c = rest.charAt(0);
      if (/\s/.test(c)) this.at++;
      else if (rest === '--') this.comment(this.lineEnd());
      else if (rest === '/*') this.comment(this.blockEnd());
      else if (c === HOLE) this.hole();
      else if (c === ';') this.semicolon();
      else if (c === "'" || c === '"' || c === '`') this.quoted(this.at, c, false);
      else if (c === '$' && this.dollar()) continue;
      else if (/[\p{L}_]/u.test(c)) this.word();
      else if (/[0-9]/.test(c)) this.token('symbol', this.match(/[0-9][\w.]*/y));
      else this.token('symbol', this.at + 1);
    }
    this.keep(text.length);
  }

  private match(pattern: RegExp): number {
    pattern.lastIndex = this.at;
    return this.at + (pattern.exec(this.text)?.[0].length ?? 1);
  }

  private word(): void {
    const end = this.match(/[\p{L}_][\p{L}\p{N}_$]*/uy);
    const word = this.text.slice(this.at, end);
    // E'…' alone has backslashes that escape.
    if (/^[a-z]$/i.test(word) && this.text.charAt(end) === "'") this.quoted(end, "'", /^e$/i.test(word));
    else this.token('word', end);
  }

  private quoted(open: number, quote: string, escapes: boolean): void {
    const { text } = this;
    let i = open + 1;
    for (; i < text.length; i++) {
      const c = text.charAt(i);
      if (c === HOLE) {
        this.refuse(
          i,
          'a macro cannot stand in quotes',
          'leave out the quotes: a value is quoted by the macro',
        );
        return;
      }
      if (escapes && c === '\\') i++;
      else if (c === quote) {
        if (text.charAt(i + 1) !== quote) break;
        i++;
      }
    }
    if (i >= text.length) this.refuse(open, 'the quote is not closed', `close it with ${quote}`);
    else this.token('quoted', i + 1);
  }

  /** `$$…$$` and `$tag$…$tag$`; a lone dollar is a symbol. */
  private dollar(): boolean {
    const open = /\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$/uy;
    open.lastIndex = this.at;
    const [tag] = open.exec(this.text) ?? [];
    if (tag === undefined) return false;
    const end = this.text.indexOf(tag, this.at + tag.length);
    const hole = this.text.slice(this.at, end < 0 ? undefined : end).indexOf(HOLE);
    if (hole >= 0) {
      this.refuse(
        this.at + hole,
        'a macro cannot stand in quotes',
        'leave out the quotes: a value is quoted by the macro',
      );
    } else if (end < 0) this.refuse(this.at, 'the quote is not closed', `close it with ${tag}`);
    else this.token('quoted', end + tag.length);
    return true;
  }

  private lineEnd(): number {
    const end = this.text.slice(this.at).search(/[\r\n]/);
    return end < 0 ? this.text.length : this.at + end;
  }

  /** Comments nest; what one engine takes for the end of a comment is then none in the statement we make. */
  private blockEnd(): number {
    let depth = 0;
    for (let i = this.at; i < this.text.length; i++) {
      const two = this.text.slice(i, i + 2);
      if (two === '/*') depth++;
      if (two === '*/') depth--;
      if (two === '/*' || two === '*/') i++;
      if (depth === 0) return i + 1;
    }
    this.refuse(this.at, 'the comment is not closed', 'close it with */');
    return this.text.length;
  }

  /** Leaves a comment out, macros in it too. */
  private comment(end: number): void {
    this.keep(this.at);
    this.kept.push({ kind: 'text', text: ' ', at: this.place(this.at, end) });
    this.at = end;
    this.from = end;
  }

  private hole(): void {
    const part = this.parts[this.partAt(this.at)];
    if (part) this.tokens.push({ kind: 'hole', text: '', part, at: part.at });
    this.at++;
  }

  /** Known to be there, and left out. */
  private semicolon(): void {
    this.keep(this.at);
    this.token('symbol', this.at + 1);
    this.from = this.at;
  }

  private token(kind: 'word' | 'quoted' | 'symbol', end: number): void {
    const written = this.text.slice(this.at, end);
    const text = kind === 'word' ? written.toLowerCase() : written;
    this.tokens.push({ kind, text, at: this.place(this.at, end) });
    this.at = end;
  }

  /** Keeps what was read up to an offset, as the parts it is of. */
  private keep(until: number): void {
    for (let i = this.from; i < until;) {
      const index = this.partAt(i);
      const part = this.parts[index];
      if (!part) return;
      const start = this.starts[index] ?? 0;
      if (part.kind !== 'text') {
        this.kept.push(part);
        i = start + 1;
        continue;
      }
      const end = Math.min(until, start + part.text.length);
      this.kept.push({ ...part, text: part.text.slice(i - start, end - start) });
      i = end;
    }
    this.from = until;
  }

  private partAt(offset: number): number {
    let [low, high] = [0, this.starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  private place(start: number, end: number): Place {
    const index = this.partAt(start);
    const part = this.parts[index];
    if (!part) throw new RangeError('a place in no part');
    if (part.kind !== 'text') return part.at;
    const offset = part.at.start + start - (this.starts[index] ?? 0);
    return { ...part.at, start: offset, end: Math.min(part.at.end, offset + end - start) };
  }

  private refuse(offset: number, message: string, hint: string): void {
    this.problem ??= { message, hint, at: this.place(offset, offset + 1) };
  }
}

const ONE_SELECT = 'a SQL trait is one SELECT, which may begin with WITH';

/** What a WITH may not hold: engines that let it write let it do so there. */
const WRITES: ReadonlySet<string> = new Set(
  'insert update delete merge replace create drop alter truncate copy call execute'.split(' '),
);

function refusals(tokens: readonly Token[], whole: Place): readonly StatementProblem[] {
  const problem = (at: Place, message: string, hint = ONE_SELECT): readonly StatementProblem[] => [
    { message, hint, at },
  ];
  const semicolon = tokens.findIndex((token) => token.text === ';');
  const after = semicolon < 0 ? undefined : tokens.slice(semicolon).find((token) => token.text !== ';');
  if (after) return problem(after.at, 'the query goes on after its end');
  const query = semicolon < 0 ? tokens : tokens.slice(0, semicolon);
  const first = query.find((token) => token.text !== '(');
  if (!first) return problem(whole, 'the query is empty');
  if (first.text !== 'select' && first.text !== 'with') return problem(first.at, begins(first));
  const body = query.find(({ text }, i) => WRITES.has(text) && isBody(query, i));
  if (body) return problem(body.at, begins(body));
  if (first.text === 'with') {
    const main = mainOf(query);
    if (!main) return problem(first.at, 'the query has a WITH and no SELECT after it');
    if (main.text !== 'select') return problem(main.at, begins(main));
  }
  const into = query.find(({ kind, text }) => kind === 'word' && text === 'into');
  return into ? problem(into.at, 'the query writes: SELECT … INTO makes a table') : [];
}

const begins = (token: Token): string =>
  token.kind === 'word'
    ? `the query is no SELECT: it has ${token.text.toUpperCase()}`
    : 'the query does not begin with SELECT or WITH';

/** Whether a token is the first of what a WITH names: `as (…`, `as materialized ((…`. */
function isBody(tokens: readonly Token[], i: number): boolean {
  let open = i - 1;
  while (tokens[open]?.text === '(') open--;
  const before = tokens[open];
  return open < i - 1 && before?.kind === 'word' && (before.text === 'as' || before.text === 'materialized');
}

/** The word after the list of a WITH: the first, outside parentheses, that neither a comma nor a name leads to. */
function mainOf(tokens: readonly Token[]): Token | undefined {
  let depth = 0;
  let closed = false;
  for (const [i, token] of tokens.entries()) {
    if (token.text === '(') {
      if (closed && depth === 0) return tokens.slice(i).find(({ text }) => text !== '(');
      depth++;
    } else if (token.text === ')') {
      depth--;
      closed = depth === 0 && isNamed(tokens, i);
    } else if (depth === 0) {
      if (token.text === ',') closed = false;
      else if (closed) return token;
    }
  }
  return undefined;
}

/** Whether a closing parenthesis ends what a WITH names, and not a list of its columns. */
function isNamed(tokens: readonly Token[], close: number): boolean {
  let depth = 0;
  for (let i = close; i >= 0; i--) {
    if (tokens[i]?.text === ')') depth++;
    if (tokens[i]?.text === '(') depth--;
    if (depth === 0) return isBody(tokens, i + 1);
  }
  return false;
}
