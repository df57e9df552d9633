import { CompilerBug } from '../../compiler/diagnostics/index.js';
import type {
  Comparison,
  Condition,
  EventStream,
  Literal,
  Operand,
  ParentWindow,
  Rank,
  Reducer,
  Stream,
  TraitValue,
} from '../algebra.js';
import { formatDuration } from '../duration.js';
import { COMPARATOR_NAMES, SYMBOL_NAMES } from './names.js';

export interface PrintOptions {
  /** Break lines longer than this; without it the text is one line. */
  readonly width?: number;
}

/** The text being printed: how wide a line may be, and how far this one is indented. */
interface Layout {
  readonly width: number;
  readonly indent: number;
}

const STEP = 2;

/**
 * The query-language text of a tree (grammar: QUERY-LANGUAGE). Parsing it gives an equal tree, for every
 * normal tree (`normalise`) that is not SQL.
 *
 * @throws CompilerBug for a SQL value and for an `all` or `any` without children, which no text means
 */
export function printQuery(tree: Condition | TraitValue, options: PrintOptions = {}): string {
  const layout = { width: options.width ?? Infinity, indent: 0 };
  if (tree.kind === 'reduced') return printReduced(tree.stream, tree.reducer, layout);
  if (tree.kind === 'sql') throw new CompilerBug('SQL has no query text');
  return printCondition(tree, layout);
}

const FLAT: Layout = { width: Infinity, indent: 0 };

/** One line if it fits, else what `broken` makes of it. */
function fitted(flat: string, layout: Layout, broken: () => string): string {
  return layout.indent + flat.length <= layout.width ? flat : broken();
}

function deeper(layout: Layout): Layout {
  return { ...layout, indent: layout.indent + STEP };
}

function newline(layout: Layout): string {
  return `\n${' '.repeat(layout.indent)}`;
}

function printCondition(tree: Condition, layout: Layout): string {
  switch (tree.kind) {
    case 'all':
    case 'any':
      return printChain(tree, layout);
    case 'not':
      return `NOT ${printPrimary(tree.of, layout)}`;
    case 'users':
      return `${tree.quantifier.toUpperCase()} ${
        tree.match.kind === 'not' ? printCondition(tree.match, layout) : printPrimary(tree.match, layout)
      }`;
    case 'audience':
      return `audience(${quote(tree.key)})`;
    case 'rank':
      return printRank(tree, layout);
    case 'split':
      return `split(${quote(tree.salt)}, ${tree.from}, ${tree.to})`;
    case 'test':
      return printOperand(tree.left, layout) + printComparison(tree.compare, layout);
  }
}

function printRank({ by, order, take, among }: Rank, layout: Layout): string {
  const size = 'top' in take ? String(take.top) : `${take.percent} percent`;
  const name = order === 'descending' ? 'top' : 'bottom';
  const head = `${name}(${size}, ${printOperand(by, FLAT)}`;
  if (among === undefined) return `${head})`;
  return fitted(`${head}, ${flatText(among)})`, layout, () => {
    const inner = deeper(layout);
    return `${head},${newline(inner)}${printCondition(among, inner)}${newline(layout)})`;
  });
}

function printChain(tree: Extract<Condition, { kind: 'all' | 'any' }>, layout: Layout): string {
  if (tree.of.length === 0) throw new CompilerBug(`"${tree.kind}" of nothing has no query text`);
  const keyword = tree.kind === 'all' ? 'AND' : 'OR';
  const children = (inner: Layout) => tree.of.map((child) => printMember(child, inner));
  const flat = layout.width === Infinity ? children(FLAT).join(` ${keyword} `) : flatText(tree);
  return fitted(flat, layout, () => children(layout).join(`${newline(layout)}${keyword} `));
}

/** A member of a chain: another chain needs parentheses, to stay a node of its own. */
function printMember(tree: Condition, layout: Layout): string {
  return tree.kind === 'all' || tree.kind === 'any'
    ? inParentheses(tree, layout)
    : printCondition(tree, layout);
}

/** What may follow NOT, ANY, ALL, NONE: anything else than a primary in parentheses. */
function printPrimary(tree: Condition, layout: Layout): string {
  return ['test', 'audience', 'rank', 'split'].includes(tree.kind)
    ? printCondition(tree, layout)
    : inParentheses(tree, layout);
}

function inParentheses(tree: Condition, layout: Layout): string {
  return fitted(`(${flatText(tree)})`, layout, () => {
    const inner = deeper(layout);
    return `(${newline(inner)}${printCondition(tree, inner)}${newline(layout)})`;
  });
}

const flatTexts = new WeakMap<object, string>();

/** One-line text, remembered: breaking lines asks for it at every level. */
function flatText(tree: Condition): string {
  const known = flatTexts.get(tree);
  if (known !== undefined) return known;
  const text = printCondition(tree, FLAT);
  flatTexts.set(tree, text);
  return text;
}

function printOperand(operand: Operand, layout: Layout): string {
  switch (operand.kind) {
    case 'literal':
      return printLiteral(operand.literal);
    case 'property':
      return `property(${operand.of === 'parent' ? 'parent: ' : ''}${quote(operand.path)})`;
    case 'context':
    case 'trait':
      return `${operand.kind}(${quote(operand.path)})`;
    case 'reduced':
      return printReduced(operand.stream, operand.reducer, layout);
  }
}

function printReduced(stream: Stream, reducer: Reducer, layout: Layout): string {
  const head = stream.kind === 'event' ? `event(${quote(stream.event)})` : `entity(${quote(stream.entity)})`;
  const tail = [...(stream.kind === 'event' ? filters(stream) : []), printReducer(reducer)];
  const { where } = stream;
  if (where === undefined) return [head, ...tail].join('.');
  const flat = [head, `where(${flatText(where)})`, ...tail].join('.');
  return fitted(flat, layout, () => {
    const dot = newline(deeper(layout));
    const inner = deeper(deeper(layout));
    const body = `where(${newline(inner)}${printCondition(where, inner)}${dot})`;
    return [head, body, ...tail].join(`${dot}.`);
  });
}

function filters(stream: EventStream): string[] {
  const parts: string[] = [];
  const { window, parentWindow, excludeSources, expiresAfter } = stream;
  if (window?.kind === 'absolute') {
    if (window.since !== undefined) parts.push(`since(${quote(window.since)})`);
    if (window.until !== undefined) parts.push(`until(${quote(window.until)})`);
  } else if (window !== undefined) parts.push(printSpan(window, ''));
  if (parentWindow !== undefined) parts.push(printSpan(parentWindow, 'parent: '));
  if (stream.settled === true) parts.push('settled()');
  if (stream.by !== undefined) parts.push(`by(${quote(stream.by)})`);
  if (excludeSources !== undefined)
    parts.push(`sources({exclude: [${excludeSources.map(quote).join(', ')}]})`);
  if (expiresAfter !== undefined) parts.push(`expires_after(${formatDuration(expiresAfter)})`);
  return parts;
}

function printSpan(span: ParentWindow, prefix: string): string {
  return span.kind === 'within'
    ? `within(${prefix}${formatDuration(span.duration)})`
    : `between(${prefix}${formatDuration(span.from)}, ${formatDuration(span.to)})`;
}

function printReducer(reducer: Reducer): string {
  if (reducer.fn === 'count') return 'count()';
  if (reducer.fn === 'periods') {
    const of = reducer.of === undefined ? '' : `, ${reducer.of}`;
    return `periods(${formatDuration(reducer.every)}${of})`;
  }
  const property = `property(${quote(reducer.property)})`;
  switch (reducer.fn) {
    case 'unique_count':
      return `unique(${property}).count()`;
    case 'min':
    case 'max':
      return `${reducer.fn}(${property}${cast(reducer.as)})`;
    case 'mode': {
      const frequency = reducer.minFrequency === undefined ? '' : `, ${reducer.minFrequency}`;
      return `mode(${property}${cast(reducer.as)}${frequency})`;
    }
    default:
      return `${reducer.fn}(${property})`;
  }
}

function cast(as: string | undefined): string {
  return as === undefined ? '' : ` as ${as}`;
}

function printComparison(comparison: Comparison, layout: Layout): string {
  const call = (...args: readonly string[]) => `.${COMPARATOR_NAMES[comparison.op]}(${args.join(', ')})`;
  switch (comparison.op) {
    case 'one_of':
    case 'none_of':
      return call(...comparison.values.map(printLiteral));
    case 'contains':
    case 'not_contains':
      return call(...comparison.values.map(quote));
    case 'starts_with':
    case 'ends_with':
      return call(quote(comparison.value));
    case 'exists':
    case 'not_exists':
      return call();
    case 'before_date':
    case 'after_date':
      return call(quote(comparison.instant));
    case 'within_last':
    case 'within_next':
    case 'before_last':
    case 'after_next':
      return call(formatDuration(comparison.duration));
    default:
      return ` ${SYMBOL_NAMES[comparison.op]} ${printOperand(comparison.right, layout)}`;
  }
}

function printLiteral(literal: Literal): string {
  return literal.type === 'number'
    ? literal.text
    : literal.type === 'string'
      ? quote(literal.value)
      : String(literal.value);
}

/** A string in single quotes; what is inside may be anything. */
function quote(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
