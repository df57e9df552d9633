/**
 * A template made safe before it is compiled: every piece of it, text included, goes through a helper of ours.
 * What is left to Handlebars is what to call, how often, and with what.
 */
import Handlebars from 'handlebars';

import { didYouMean } from '../compiler/diagnostics/suggest.js';
import { Lines } from './lines.js';
import type { MacroProblem, Place, Template } from './parts.js';

type Node = hbs.AST.Node;
type Expression = hbs.AST.Expression;
type Location = hbs.AST.SourceLocation;

/** The helpers that pieces go through; no one can call them by name. */
export const EMIT = '*emit';
export const TEXT = '*text';

/** Blocks of Handlebars that are kept. */
export const BLOCKS: readonly string[] = ['if', 'unless', 'each', 'with'];

export interface ParsedTemplate {
  readonly program: hbs.AST.Program;
  /** What `TEXT` is given the number of. */
  readonly texts: readonly { readonly text: string; readonly at: Place }[];
  readonly place: (location: Location) => Place;
}

/** Parses a template; `callable` are the names it may call. Every mistake that shows without running it is told. */
export function parseTemplate(
  template: Template,
  macro: string | undefined,
  callable: ReadonlySet<string>,
): ParsedTemplate | { readonly problems: readonly MacroProblem[] } {
  const lines = new Lines(template.text);
  const between = (start: number, end: number): Place => ({
    template,
    ...(macro === undefined ? {} : { macro }),
    start,
    end: Math.max(end, start + 1),
  });
  const nul = template.text.indexOf('\u0000');
  if (nul >= 0) return { problems: [{ message: 'a NUL character is no SQL', at: between(nul, nul + 1) }] };
  let program: hbs.AST.Program;
  try {
    program = Handlebars.parse(template.text);
  } catch (error) {
    return { problems: [unreadable(error, lines, between)] };
  }
  const place = ({ start, end }: Location): Place => between(lines.offset(start), lines.offset(end));
  const transformer = new Transformer(callable, place, template.text);
  const transformed = transformer.program(program);
  if (transformer.problems.length > 0) return { problems: transformer.problems };
  return { program: transformed, texts: transformer.texts, place };
}

class Transformer {
  readonly problems: MacroProblem[] = [];
  readonly texts: { readonly text: string; readonly at: Place }[] = [];

  constructor(
    private readonly callable: ReadonlySet<string>,
    private readonly place: (location: Location) => Place,
    private readonly source: string,
  ) {}

  program(program: hbs.AST.Program): hbs.AST.Program {
    return { ...program, body: program.body.flatMap((node) => this.statement(node)) };
  }

  private statement(node: hbs.AST.Statement): readonly hbs.AST.Statement[] {
    switch (node.type) {
      case 'ContentStatement':
        return this.content(node as hbs.AST.ContentStatement);
      case 'CommentStatement':
        return [];
      case 'MustacheStatement':
        return [this.mustache(node as hbs.AST.MustacheStatement)];
      case 'BlockStatement':
        return [this.block(node as hbs.AST.BlockStatement)];
      default:
        this.report(node, 'only macros, values and the blocks if, unless, each and with stand in a query', {
          hint: 'call a macro by its name: {{name "argument" option="value"}}',
        });
        return [];
    }
  }

  private content({ value, loc }: hbs.AST.ContentStatement): readonly hbs.AST.Statement[] {
    if (value === '') return [];
    const written = this.place(loc);
    // White space around blocks is taken off; an escape is taken off in front.
    const raw = this.source.slice(written.start, written.end);
    const skipped = Math.max(0, raw.endsWith(value) ? raw.length - value.length : raw.indexOf(value));
    const start = written.start + skipped;
    this.texts.push({ text: value, at: { ...written, start, end: start + value.length } });
    const index = this.texts.length - 1;
    return [call(TEXT, [numberNode(index, loc)], loc)];
  }

  private mustache(node: hbs.AST.MustacheStatement): hbs.AST.Statement {
    if (!node.escaped) {
      this.report(node, 'values are never put into a query as they are', {
        hint: 'write {{…}}, which quotes a value; a name goes through {{identifier …}}',
      });
    }
    const value = this.expression(called(node));
    // A name that stands for nothing is told by itself.
    const named =
      value.type === 'PathExpression' ? [textNode((value as hbs.AST.PathExpression).original, node.loc)] : [];
    return call(EMIT, [value, ...named], node.loc);
  }

  private block(node: hbs.AST.BlockStatement): hbs.AST.Statement {
    const name = node.path.type === 'PathExpression' ? node.path.original : undefined;
    if (name === undefined || !BLOCKS.includes(name)) {
      this.report(node.path, `${JSON.stringify(name ?? '')} is no block`, {
        hint: 'the blocks are if, unless, each and with',
      });
    }
    return {
      ...node,
      params: node.params.map((param) => this.expression(param)),
      ...(node.hash && { hash: this.hash(node.hash) }),
      program: this.program(node.program),
      // The types say there is always one.
      ...((node.inverse as hbs.AST.Program | undefined) && { inverse: this.program(node.inverse) }),
    } as hbs.AST.BlockStatement;
  }

  private expression(node: Expression): Expression {
    if (node.type === 'PathExpression') {
      const path = node as hbs.AST.PathExpression;
      return isCall(path, this.callable) ? callOf(path, [], undefined) : node;
    }
    if (node.type !== 'SubExpression') return node;
    const { path, params, hash } = node as hbs.AST.SubExpression;
    const name = path.original;
    if (path.type !== 'PathExpression' || !this.callable.has(name)) {
      const hint = didYouMean(name, this.callable);
      this.report(path, `there is no macro ${JSON.stringify(name)}`, {
        hint: hint ?? `there are ${[...this.callable].sort().join(', ')}`,
      });
    }
    const inner = params.map((param) => this.expression(param));
    // The types say there is always one.
    const own = (hash as hbs.AST.Hash | undefined) && this.hash(hash);
    return callOf(path, inner, own, node.loc);
  }

  private hash(hash: hbs.AST.Hash): hbs.AST.Hash {
    return { ...hash, pairs: hash.pairs.map((pair) => ({ ...pair, value: this.expression(pair.value) })) };
  }

  private report(node: Node, message: string, more: { readonly hint: string }): void {
    this.problems.push({ message, ...more, at: this.place(node.loc) });
  }
}

/** A mustache as an expression: a value, or a call of something. */
function called({ path, params, hash, loc }: hbs.AST.MustacheStatement): Expression {
  const plain = params.length === 0 && (hash as hbs.AST.Hash | undefined) === undefined;
  if (plain || path.type !== 'PathExpression') return path;
  return callOf(path as hbs.AST.PathExpression, params, hash, loc);
}

const isCall = ({ original, depth, data }: hbs.AST.PathExpression, callable: ReadonlySet<string>): boolean =>
  !data && depth === 0 && callable.has(original);

const callOf = (
  path: hbs.AST.PathExpression,
  params: Expression[],
  hash: hbs.AST.Hash | undefined,
  loc = path.loc,
): Expression => ({ type: 'SubExpression', path, params, hash, loc }) as Expression;

function call(name: string, params: Expression[], loc: Location): hbs.AST.Statement {
  const path = { type: 'PathExpression', data: false, depth: 0, parts: [name], original: name, loc };
  const strip = { open: false, close: false };
  return {
    type: 'MustacheStatement',
    path,
    params,
    hash: undefined,
    escaped: true,
    strip,
    loc,
  } as unknown as hbs.AST.Statement;
}

const numberNode = (value: number, loc: Location): Expression =>
  ({ type: 'NumberLiteral', value, original: value, loc }) as Expression;

const textNode = (value: string, loc: Location): Expression =>
  ({ type: 'StringLiteral', value, original: value, loc }) as Expression;

/** Handlebars' parser says where it stopped in its message only, and the rest of that is its grammar. */
function unreadable(
  error: unknown,
  lines: Lines,
  between: (start: number, end: number) => Place,
): MacroProblem {
  const said = error instanceof Error ? error.message : String(error);
  const at = error as { readonly lineNumber?: number; readonly column?: number };
  const line = at.lineNumber ?? Number(/ on line (\d+)/.exec(said)?.[1] ?? 1);
  const start = lines.offset({ line, column: at.column ?? 0 });
  const why =
    /Expecting .*, got '(\w+)'/.exec(said) === null
      ? said.replace(/ - \d+:\d+$/, '').split('\n', 1)[0]
      : 'something is missing or too much between {{ and }}';
  return {
    message: `the template cannot be read: ${why ?? said}`,
    hint: 'a literal {{ is written \\{{',
    at: between(start, at.column === undefined ? lines.end(line) : start + 1),
  };
}
