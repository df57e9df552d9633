import { orList } from '../../compiler/diagnostics/suggest.js';
import type { Code } from '../../compiler/diagnostics/index.js';
import { validKey } from '../key.js';
import type { FileKind } from '../schema/index.js';
import type { CheckName, Notes } from '../schema/notes.js';
import { entry, nodeAt, type JsonEntry, type JsonNode, type ObjectNode } from '../source/json.js';
import type { Problem } from '../source/problem.js';
import type { SchemaError } from './ajv.js';
import { CHECKS } from './checks.js';
import { enumHint, formHint, meantKey, unknownKeyHint } from './hints.js';
import { presentKeys } from './keywords.js';
import { validatorOf } from './validators.js';

type SchemaObject = Notes & { readonly [key: string]: unknown };

/** Everything wrong with a file by its schema, in the order of the text, each mistake once. */
export function validateFile(kind: FileKind, root: JsonNode): Problem[] {
  const validate = validatorOf(kind);
  if (validate(root.value) === true) return [];
  const errors = (validate.errors ?? []) as readonly SchemaError[];
  const problems = new Map<string, Problem>();
  for (const error of withoutCascades(errors)) {
    const node = nodeAt(root, error.instancePath);
    if (node === undefined) continue;
    const found = explain(error, node);
    if (found === undefined) continue;
    const inSettings = kind === 'destination' && error.instancePath.startsWith('/settings');
    const problem: Problem = inSettings ? { ...found, code: 'destination-settings' } : found;
    problems.set(`${problem.start} ${problem.message}`, problem);
  }
  return [...problems.values()].sort((a, b) => a.start - b.start);
}

/** Leaves out what only follows from another error at the same object. */
function withoutCascades(errors: readonly SchemaError[]): SchemaError[] {
  const unknownAt = new Map<string, string[]>();
  const formless = new Set<string>();
  for (const { keyword, instancePath, params } of errors) {
    if (keyword === 'x-form') formless.add(instancePath);
    if (keyword !== 'additionalProperties') continue;
    const key = String(params['additionalProperty']);
    unknownAt.set(instancePath, [...(unknownAt.get(instancePath) ?? []), key]);
  }
  return errors.filter((error) => {
    const { keyword, instancePath, data, params } = error;
    if (keyword === 'if') return false;
    if (formless.has(instancePath)) return keyword === 'x-form';
    const unknown = unknownAt.get(instancePath) ?? [];
    if (keyword === 'x-exactly-one') return unknown.length === 0 || onesPresent(error, data) > 0;
    // The misspelt key is told; that the right one is missing is the same mistake.
    if (keyword === 'required') {
      return !unknown.some((key) => meantKey(key, propertiesOf(error)) === params['missingProperty']);
    }
    return true;
  });
}

function onesPresent(error: SchemaError, data: unknown): number {
  const note = error.schema as NonNullable<Notes['x-exactly-one']>;
  return presentKeys(note.keys, data as object).length;
}

function propertiesOf(error: SchemaError): string[] {
  return Object.keys((error.parentSchema as SchemaObject | undefined)?.['properties'] ?? {});
}

/** One ajv error in our words, at the place a person would look. */
function explain(error: SchemaError, node: JsonNode): Problem | undefined {
  const schema = (error.parentSchema ?? {}) as SchemaObject;
  const what = schema['x-what'];
  const value = (code: Code, message: string, hint?: string): Problem => ({
    code,
    message,
    start: node.start,
    end: node.end,
    ...(hint === undefined ? {} : { hint }),
  });
  switch (error.keyword) {
    case 'additionalProperties':
      return node.type === 'object' ? unknownKey(error, node) : undefined;
    case 'required': {
      const missing = JSON.stringify(error.params['missingProperty']);
      return {
        code: 'missing-key',
        message: `${missing} is missing`,
        start: node.start,
        end: node.start + 1,
      };
    }
    case 'type': {
      const instead = schema['x-no-boolean'];
      if (node.type === 'boolean' && instead !== undefined) {
        return value('invalid-value', `${shown(node)} is neither less nor greater than anything`, instead);
      }
      const expected = what ?? typeNames(schema['type'], schema['enum'] ?? schema['const']);
      return value('wrong-type', `${expected} is expected, not ${describe(node)}`, schema['x-hint']);
    }
    case 'enum':
      return value('invalid-value', notAllowed(node, what), enumHint(node.value, error.schema as unknown[]));
    case 'const':
      return value(
        'invalid-value',
        notAllowed(node, what),
        schema['x-hint'] ?? `write ${JSON.stringify(error.schema)}`,
      );
    case 'pattern':
      return value('invalid-value', notAllowed(node, what), schema['x-hint'] ?? keyHint(node, what));
    case 'minLength':
      return value('invalid-value', `the string is empty; ${what ?? 'a text'} is expected`);
    case 'minItems':
      return value('invalid-value', what === undefined ? 'the list is empty' : `${what} is expected`);
    case 'maxItems':
    case 'additionalItems':
      return value('invalid-value', `${what ?? 'a shorter list'} is expected`);
    case 'minProperties':
      return value('invalid-value', 'the object is empty; it needs an entry');
    case 'uniqueItems':
      return value('invalid-value', 'the list names a value twice');
    case 'minimum':
    case 'maximum':
    case 'exclusiveMinimum':
      return value('invalid-value', bound(error, node));
    case 'x-check': {
      const failure = CHECKS[error.schema as CheckName](error.data);
      if (failure === undefined) return undefined;
      if (fromEnvironment(node)) return value(failure.code, notAllowed(node, what));
      const at = node.type === 'object' && failure.at !== undefined ? entry(node, failure.at) : undefined;
      if (at !== undefined) return atKey(at, failure.code, failure.message, failure.hint);
      return value(failure.code, failure.message, failure.hint);
    }
    case 'x-form':
      return node.type === 'object' ? form(error.schema as readonly string[], what, node) : undefined;
    case 'x-exactly-one':
      return node.type === 'object' ? exactlyOne(error, node) : undefined;
    case 'x-at-most-one':
      return node.type === 'object' ? atMostOne(error, node) : undefined;
    default:
      return value('invalid-value', `the value ${error.message ?? 'is not allowed here'}`);
  }
}

function unknownKey(error: SchemaError, node: ObjectNode): Problem | undefined {
  const key = String(error.params['additionalProperty']);
  const at = entry(node, key);
  if (at === undefined) return undefined;
  return atKey(
    at,
    'unknown-key',
    `unknown key ${JSON.stringify(key)}`,
    unknownKeyHint(key, propertiesOf(error)),
  );
}

function atKey(at: JsonEntry, code: Code, message: string, hint?: string): Problem {
  return { code, message, start: at.start, end: at.keyEnd, ...(hint === undefined ? {} : { hint }) };
}

/** Keys that say what an object is, wherever it may stand. */
const FORM_KEYS: ReadonlySet<string> = new Set([
  'all',
  'any',
  'not',
  'event',
  'trait',
  'audience',
  'users',
  'entity',
  'property',
  'context',
  'rank',
  'split',
  'sql',
  'sql_file',
]);

/** An object that fits no form, or several: which key decides, or should. */
function form(keys: readonly string[], what = 'a condition', node: ObjectNode): Problem {
  const present = node.entries.filter((at) => keys.includes(at.key));
  const [first, second] = present;
  if (first !== undefined && second !== undefined) {
    const message = `${JSON.stringify(first.key)} and ${JSON.stringify(second.key)} in one object`;
    const combines = keys.includes('all') && !present.some((at) => at.key === 'query');
    const hint = combines ? 'put each in its own object under "all"' : 'keep one of them';
    return atKey(second, 'ambiguous-form', message, hint);
  }
  for (const at of node.entries) {
    const meant = meantKey(at.key, keys);
    if (meant === undefined) continue;
    return atKey(
      at,
      'unknown-key',
      `unknown key ${JSON.stringify(at.key)}`,
      `did you mean ${JSON.stringify(meant)}?`,
    );
  }
  const names = node.entries.map((at) => at.key);
  const message = `the object is not ${what}`;
  const hint = formHint(names, keys, what);
  const misplaced = node.entries.find((at) => FORM_KEYS.has(at.key));
  if (misplaced !== undefined) return atKey(misplaced, 'ambiguous-form', message, hint);
  return { code: 'ambiguous-form', message, hint, start: node.start, end: node.start + 1 };
}

function exactlyOne(error: SchemaError, node: ObjectNode): Problem {
  const note = error.schema as NonNullable<Notes['x-exactly-one']>;
  const [first, second] = node.entries.filter((at) => note.keys.includes(at.key));
  if (first === undefined) {
    return {
      code: 'missing-key',
      message: `a ${note.what} is missing`,
      hint: note.hint,
      start: node.start,
      end: node.start + 1,
    };
  }
  return twoAtOnce(
    first,
    second ?? first,
    note.what === 'comparison' ? 'put each in its own condition under "all"' : 'keep one of them',
  );
}

function atMostOne(error: SchemaError, node: ObjectNode): Problem | undefined {
  const note = error.schema as NonNullable<Notes['x-at-most-one']>;
  const groupOf = (key: string): number => note.groups.findIndex((group) => group.includes(key));
  const present = node.entries.filter((at) => groupOf(at.key) >= 0);
  const [first] = present;
  const second = present.find((at) => first !== undefined && groupOf(at.key) !== groupOf(first.key));
  return first === undefined || second === undefined ? undefined : twoAtOnce(first, second, note.hint);
}

function twoAtOnce(first: JsonEntry, second: JsonEntry, hint: string | undefined): Problem {
  const message = `${JSON.stringify(first.key)} and ${JSON.stringify(second.key)} at once`;
  return atKey(second, 'ambiguous-form', message, hint);
}

function notAllowed(node: JsonNode, what: string | undefined): string {
  return `${shown(node)} is not ${what ?? 'allowed here'}`;
}

/** A value for a message. One from the environment may be a secret: the variable is named instead. */
function shown(node: JsonNode): string {
  if (node.type === 'object' || node.type === 'array') return describe(node);
  if (node.written !== undefined) return `the value of ${JSON.stringify(node.written)}`;
  const text = JSON.stringify(node.value);
  return text.length <= 80 ? text : `${text.slice(0, 77)}…`;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
  null: 'null',
};

function typeNames(type: unknown, allowed: unknown): string {
  if (Array.isArray(allowed)) return orList(allowed.map(String));
  if (typeof allowed === 'string') return JSON.stringify(allowed);
  const types = Array.isArray(type) ? type.map(String) : [String(type)];
  return types.map((name) => TYPE_NAMES[name] ?? name).join(' or ');
}

function describe(node: JsonNode): string {
  return node.type === 'boolean' ? String(node.value) : (TYPE_NAMES[node.type] ?? node.type);
}

function bound(error: SchemaError, node: JsonNode): string {
  const limit = String(error.params['limit']);
  const relation =
    error.keyword === 'maximum' ? 'at most' : error.keyword === 'minimum' ? 'at least' : 'more than';
  return `${shown(node)} is out of range: ${relation} ${limit}`;
}

function fromEnvironment(node: JsonNode): boolean {
  return 'written' in node && node.written !== undefined;
}

function keyHint(node: JsonNode, what: string | undefined): string | undefined {
  const { value } = node;
  if (typeof value !== 'string' || what?.startsWith('a key') !== true || fromEnvironment(node))
    return undefined;
  const snake = validKey(value);
  return snake === '' ? undefined : `did you mean ${JSON.stringify(snake)}?`;
}
