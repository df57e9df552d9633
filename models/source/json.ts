import { printParseErrorCode, visit } from 'jsonc-parser';

import type { Problem } from './problem.js';

/** JSON with places. `value` is the plain value, for ajv; numbers keep their text through the offsets. */
export type JsonNode = ObjectNode | ArrayNode | ScalarNode;

interface At {
  readonly start: number;
  end: number;
}

export interface JsonEntry extends At {
  readonly key: string;
  /** End of the key itself; `start` is its opening quote, `end` the end of the value. */
  readonly keyEnd: number;
  node: JsonNode | undefined;
}

export interface ObjectNode extends At {
  readonly type: 'object';
  readonly entries: JsonEntry[];
  readonly value: Record<string, unknown>;
}

export interface ArrayNode extends At {
  readonly type: 'array';
  readonly items: JsonNode[];
  readonly value: unknown[];
}

export interface ScalarNode extends At {
  readonly type: 'string' | 'number' | 'boolean' | 'null';
  readonly value: string | number | boolean | null;
  /** The string as it stands in the file, where variables were replaced in it: `value` may be a secret. */
  readonly written?: string;
}

export interface JsonDocument {
  /** Absent when the text is too broken to go on. */
  readonly root?: JsonNode;
  /** What could be made out nevertheless: good for a key, not for a meaning. */
  readonly partial?: JsonNode;
  readonly problems: readonly Problem[];
}

interface SyntaxSlip {
  readonly error: string;
  readonly offset: number;
  readonly length: number;
}

/** Deeper than this is a mistake or an attack, and would end in a stack overflow further on. */
const MAX_DEPTH = 200;

/**
 * Parses a definition file: JSON with comments, no trailing commas. Reports every slip it can recover from
 * and stops at the first it cannot, so that one missing quote is one problem. A property named twice is a
 * problem too: JSON.parse would silently take the last.
 */
export function parseJson(text: string): JsonDocument {
  const problems: Problem[] = [];
  const errors: SyntaxSlip[] = [];
  const stack: (ObjectNode | ArrayNode)[] = [];
  let root: JsonNode | undefined;
  let tooDeep: number | undefined;

  const add = (node: JsonNode): void => {
    const parent = stack.at(-1);
    if (parent === undefined) root ??= node;
    else if (parent.type === 'array') {
      parent.items.push(node);
      parent.value.push(node.value);
    } else {
      const entry = parent.entries.at(-1);
      if (entry === undefined || entry.node !== undefined) return;
      entry.node = node;
      setOwn(parent.value, entry.key, node.value);
    }
  };
  const open = (node: ObjectNode | ArrayNode): boolean => {
    add(node);
    stack.push(node);
    if (stack.length <= MAX_DEPTH) return true;
    tooDeep ??= node.start;
    return false;
  };
  const close = (offset: number, length: number): void => {
    const node = stack.pop();
    if (node !== undefined) node.end = offset + length;
  };

  try {
    visit(text, {
      onObjectBegin: (start) => open({ type: 'object', start, end: text.length, entries: [], value: {} }),
      onObjectEnd: close,
      onArrayBegin: (start) => open({ type: 'array', start, end: text.length, items: [], value: [] }),
      onArrayEnd: close,
      onObjectProperty: (key, start, length) => {
        const parent = stack.at(-1);
        if (parent?.type !== 'object') return;
        if (Object.hasOwn(parent.value, key)) problems.push(duplicate(key, start, length));
        parent.entries.push({ key, start, keyEnd: start + length, end: start + length, node: undefined });
      },
      onLiteralValue: (value: string | number | boolean | null, start, length) => {
        const type = value === null ? 'null' : (typeof value as 'string' | 'number' | 'boolean');
        add({ type, start, end: start + length, value });
      },
      onError: (code, offset, length) => errors.push({ error: printParseErrorCode(code), offset, length }),
    });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    tooDeep ??= 0;
  }

  if (tooDeep !== undefined) {
    const message = `more than ${MAX_DEPTH} levels of nesting`;
    return { problems: [{ code: 'invalid-json', message, start: tooDeep, end: tooDeep + 1 }] };
  }
  const fatal = addSyntaxProblems(text, errors, problems);
  if (root === undefined) return { problems };
  return fatal ? { partial: root, problems } : { root, problems };
}

/** The node a JSON pointer leads to, as ajv gives it; undefined when the path is not there. */
export function nodeAt(root: JsonNode, pointer: string): JsonNode | undefined {
  let node: JsonNode | undefined = root;
  for (const raw of pointer.split('/').slice(1)) {
    const step = raw.replaceAll('~1', '/').replaceAll('~0', '~');
    if (node?.type === 'object') node = entry(node, step)?.node;
    else if (node?.type === 'array') node = node.items[Number(step)];
    else return undefined;
  }
  return node;
}

/** The last entry of that name, as JSON.parse would have it. */
export function entry(node: ObjectNode, key: string): JsonEntry | undefined {
  for (let i = node.entries.length - 1; i >= 0; i -= 1) {
    const candidate = node.entries[i];
    if (candidate?.key === key) return candidate;
  }
  return undefined;
}

/** From an offset in a string's value to the offset in the file it stands in. */
export function textOffsets(text: string, { start, end, value }: ScalarNode): (offset: number) => number {
  const raw = text.slice(start, end);
  const { length } = String(value);
  if (raw.length === length + 2) return (offset) => start + 1 + offset;
  const table: number[] = [];
  let at = 1;
  for (let i = 0; i <= length; i += 1) {
    table.push(start + at);
    at += raw[at] !== '\\' ? 1 : raw[at + 1] === 'u' ? 6 : 2;
  }
  return (offset) => table[offset] ?? start + raw.length - 1;
}

/** Plain assignment would run the setter of `__proto__` and hide the key from validation. */
function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  } else target[key] = value;
}

function duplicate(key: string, start: number, length: number): Problem {
  const message = `${JSON.stringify(key)} is given twice in one object`;
  return { code: 'duplicate-property', message, hint: 'keep one of them', start, end: start + length };
}

/** jsonc-parser's errors by name: its const enum cannot be used from a module on its own. */
const MESSAGES: Readonly<Record<string, string>> = {
  InvalidSymbol: 'not a JSON value',
  InvalidNumberFormat: 'not a JSON number',
  PropertyNameExpected: 'a property name in double quotes is expected',
  ValueExpected: 'a value is expected',
  ColonExpected: '":" is expected after a property name',
  CommaExpected: '"," is expected',
  CloseBraceExpected: '"}" is expected',
  CloseBracketExpected: '"]" is expected',
  EndOfFileExpected: 'the end of the file is expected',
  UnexpectedEndOfComment: 'the comment has no end',
  UnexpectedEndOfString: 'the string has no closing quote',
  UnexpectedEndOfNumber: 'the number is not complete',
  InvalidUnicode: '\\u needs four hexadecimal digits',
  InvalidEscapeCharacter: 'not an escape JSON knows',
  InvalidCharacter: 'a control character must be escaped',
};

/** Slips after which jsonc-parser goes on as the author meant. */
const RECOVERABLE = new Set<string>([
  'CommaExpected',
  'InvalidUnicode',
  'InvalidEscapeCharacter',
  'InvalidCharacter',
]);

/** Adds the syntax problems worth telling; true when what follows them cannot be trusted. */
function addSyntaxProblems(text: string, errors: readonly SyntaxSlip[], problems: Problem[]): boolean {
  let last = -1;
  for (const { error, offset, length } of errors) {
    if (offset === last) continue; // the parser says the same thing in two ways
    last = offset;
    const comma = trailingComma(text, error, offset);
    if (comma !== undefined) {
      const message = 'a comma after the last element';
      problems.push({ code: 'invalid-json', message, hint: 'remove it', start: comma, end: comma + 1 });
      continue;
    }
    const missingComma = error === 'CommaExpected';
    const start = missingComma ? endBefore(text, offset) : Math.min(offset, Math.max(0, text.length - 1));
    const message = text.trim() === '' ? 'the file is empty' : (MESSAGES[error] ?? 'not JSON');
    const end = missingComma ? start + 1 : Math.min(text.length, start + Math.max(1, length));
    problems.push({
      code: 'invalid-json',
      message,
      start,
      end: Math.max(end, start + 1),
      ...quoteHint(text, start),
    });
    if (!RECOVERABLE.has(error)) return true;
  }
  return false;
}

function quoteHint(text: string, start: number): { hint?: string } {
  return text[start] === "'" ? { hint: 'JSON quotes strings with "' } : {};
}

function trailingComma(text: string, error: string, offset: number): number | undefined {
  if (error !== 'PropertyNameExpected' && error !== 'ValueExpected') return undefined;
  if (text[offset] !== '}' && text[offset] !== ']') return undefined;
  const before = endBefore(text, offset) - 1;
  return text[before] === ',' ? before : undefined;
}

/** Where what stands before an offset ends: white space is passed over. */
function endBefore(text: string, offset: number): number {
  return text.slice(0, offset).trimEnd().length;
}
