/**
 * Expands a template to parts. A run of it is Handlebars', over a tree in which every piece goes through a helper
 * that keeps it aside and gives a token for it; what comes out are tokens and nothing else, so nothing can have
 * been put into the query but text that stands in a template, and holes.
 */
import Handlebars from 'handlebars';

import { CompilerBug } from '../compiler/diagnostics/index.js';
import { didYouMean } from '../compiler/diagnostics/suggest.js';
import { HELPERS, Hole, isLiteral, Misuse, shown, type Frame } from './helpers.js';
import type { MacroProblem, MacroTemplate, Part, PartBody, Place, Template } from './parts.js';
import { BLOCKS, EMIT, parseTemplate, TEXT, type ParsedTemplate } from './template.js';

export interface ExpandOptions {
  readonly macros: readonly MacroTemplate[];
  readonly vars: Readonly<Record<string, unknown>>;
}

export interface Expansion {
  readonly parts: readonly Part[];
  /** Why there are none, or not all. */
  readonly problems: readonly MacroProblem[];
}

/** What a template comes to. Never throws for what a user wrote. */
export function expandTemplate(template: Template, options: ExpandOptions): Expansion {
  const run = new Run(options);
  try {
    return { parts: run.parts(run.template(template, undefined, undefined)), problems: [] };
  } catch (error) {
    if (error instanceof Failed) return { parts: [], problems: error.problems };
    throw error;
  }
}

/** Names that no macro may have. */
export const RESERVED: ReadonlySet<string> = new Set([...Object.keys(HELPERS), ...BLOCKS, 'else', 'this']);

class Failed extends Error {
  constructor(readonly problems: readonly MacroProblem[]) {
    super(problems[0]?.message);
  }
}

/** What a macro came to: tokens, which only this run can read. */
class Fragment {
  constructor(readonly tokens: string) {}
}

type Options = Handlebars.HelperOptions & { readonly loc: hbs.AST.SourceLocation };

interface Running {
  readonly parsed: ParsedTemplate;
  readonly template: Template;
  readonly macro: string | undefined;
  readonly frame: Frame | undefined;
}

/** Parts printed so often would be no query. */
const MOST_PARTS = 100_000;

class Run {
  private readonly made: Part[] = [];
  private readonly stack: Running[] = [];
  private readonly macros: ReadonlyMap<string, MacroTemplate>;
  private readonly callable: ReadonlySet<string>;
  private readonly handlebars = Handlebars.create();
  private readonly parsed = new Map<Template, ParsedTemplate>();

  constructor(private readonly options: ExpandOptions) {
    this.macros = new Map(options.macros.map((macro) => [macro.name, macro]));
    this.callable = new Set([...Object.keys(HELPERS), ...this.macros.keys()]);
    for (const name of ['lookup', 'log']) this.handlebars.unregisterHelper(name);
    const on = (name: string, helper: (args: unknown[], options: Options) => unknown): void => {
      this.handlebars.registerHelper(name, (...args: unknown[]) => {
        const own = args.pop() as Options;
        return helper(args, own);
      });
    };
    on(TEXT, ([index]) => this.text(Number(index)));
    on(EMIT, ([value, name], own) => {
      if (value === undefined && typeof name === 'string') throw this.nothing(name, this.place(own));
      return this.emit(value, this.place(own));
    });
    for (const name of this.callable) on(name, (args, own) => this.call(name, args, own));
  }

  /** Runs a template; gives tokens. */
  template(template: Template, macro: string | undefined, frame: Frame | undefined): string {
    const parsed = this.parse(template, macro);
    const context = { ...frame?.hash, ...(frame && { args: frame.args }) };
    this.stack.push({ parsed, template, macro, frame });
    try {
      const names = [...this.callable, ...BLOCKS, TEXT, EMIT];
      const compiled = this.handlebars.compile(parsed.program, {
        strict: true,
        noEscape: true,
        knownHelpersOnly: true,
        knownHelpers: Object.fromEntries(names.map((name) => [name, true])),
      });
      return compiled(context, { allowProtoPropertiesByDefault: false, allowProtoMethodsByDefault: false });
    } catch (error) {
      if (error instanceof Failed || error instanceof CompilerBug) throw error;
      throw new Failed([this.failure(error)]);
    } finally {
      this.stack.pop();
    }
  }

  parts(tokens: string): readonly Part[] {
    return tokens.split('\u0000').flatMap((piece, i) => {
      if (i % 2 === 0) {
        if (piece !== '') throw new CompilerBug('text that went through no helper');
        return [];
      }
      const part = this.made[Number(piece)];
      if (!part) throw new CompilerBug('a token without its part');
      return [part];
    });
  }

  private parse(template: Template, macro: string | undefined): ParsedTemplate {
    const known = this.parsed.get(template);
    if (known) return known;
    const parsed = parseTemplate(template, macro, this.callable);
    if ('problems' in parsed) throw new Failed(parsed.problems);
    this.parsed.set(template, parsed);
    return parsed;
  }

  private get running(): Running {
    const top = this.stack.at(-1);
    if (!top) throw new CompilerBug('a helper outside a template');
    return top;
  }

  private place({ loc }: Options): Place {
    return this.running.parsed.place(loc);
  }

  private token(body: PartBody, at: Place): string {
    if (this.made.length >= MOST_PARTS)
      throw new Failed([
        { message: 'the query becomes too long', at, hint: 'is there an {{#each}} too many?' },
      ]);
    this.made.push({ ...body, at });
    return `\u0000${this.made.length - 1}\u0000`;
  }

  private text(index: number): string {
    const found = this.running.parsed.texts[index];
    if (!found) throw new CompilerBug('a text without a place');
    return this.token({ kind: 'text', text: found.text }, found.at);
  }

  /** What stands in the query for a value: a literal, a hole, or what a macro came to; a list with commas. */
  private emit(value: unknown, at: Place): string {
    if (value instanceof Fragment) return value.tokens;
    if (value instanceof Hole) return this.token(value.body, at);
    if (typeof value === 'number' && !Number.isFinite(value)) throw this.failed('that is no number', at);
    if (isLiteral(value)) return this.token({ kind: 'literal', value }, at);
    if (Array.isArray(value)) {
      if (value.length === 0) return this.token({ kind: 'literal', value: null }, at);
      return value.map((item) => this.emit(item, at)).join(this.token({ kind: 'text', text: ', ' }, at));
    }
    throw this.failed(
      value === undefined ? 'there is no such value' : `${shown(value)} is no value of SQL`,
      at,
      typeof value === 'object' ? 'name one of its fields, or go through it with {{#each}}' : undefined,
    );
  }

  private call(name: string, args: readonly unknown[], own: Options): unknown {
    const at = this.place(own);
    const { frame } = this.running;
    // A copy without the runtime's own.
    const hash = { ...(own.hash as Record<string, unknown>) };
    const macro = this.macros.get(name);
    if (macro) return this.macro(macro, { args, hash }, at);
    const helper = HELPERS[name];
    if (!helper) throw new CompilerBug(`no helper ${name}`);
    try {
      const [extra] = Object.keys(hash);
      if (extra !== undefined) throw new Misuse(`${extra}=… is not expected`);
      return helper({ args, hash, vars: this.options.vars, ...(frame && { frame }) });
    } catch (error) {
      if (error instanceof Misuse) throw this.failed(`${name}: ${error.message}`, at, error.hint);
      throw error;
    }
  }

  private macro(macro: MacroTemplate, frame: Frame, at: Place): Fragment {
    const open = this.stack.flatMap((running) => running.macro ?? []);
    if (open.includes(macro.name)) {
      const circle = [...open.slice(open.indexOf(macro.name)), macro.name].join(' → ');
      throw this.failed(`macros call each other in a circle: ${circle}`, at);
    }
    return new Fragment(this.template(macro, macro.name, frame));
  }

  private failed(message: string, at: Place, hint?: string): Failed {
    return new Failed([{ message, at, ...(hint !== undefined && { hint }) }]);
  }

  /** A name that stands for nothing: in a query a macro was meant, in a macro an argument. */
  private nothing(name: string, at: Place): Failed {
    const { macro, frame } = this.running;
    const quoted = JSON.stringify(name);
    const hint = didYouMean(name, [...this.callable, ...Object.keys(frame?.hash ?? {})]);
    if (macro === undefined) {
      const known = `there are ${[...this.callable].sort().join(', ')}`;
      return this.failed(`there is no macro ${quoted}`, at, hint ?? known);
    }
    const call = `call it with ${name}=…, or write {{arg ${quoted} default}}`;
    return this.failed(`the macro was called without ${quoted}`, at, hint ?? call);
  }

  /** What Handlebars itself throws. */
  private failure(error: unknown): MacroProblem {
    if (!(error instanceof Error)) throw error;
    const { lineNumber: line = 1, column = 0 } = error as { lineNumber?: number; column?: number };
    const start = { line, column };
    return {
      message: error.message.replace(/ - \d+:\d+$/, ''),
      at: this.running.parsed.place({ start, end: start } as hbs.AST.SourceLocation),
    };
  }
}
