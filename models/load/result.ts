import type { Diagnostic } from '../../compiler/diagnostics/index.js';
import { parseJson, type JsonNode, type ObjectNode } from '../source/json.js';
import { toDiagnostic, type Problem } from '../source/problem.js';
import type { SpanStore } from '../source/spans.js';
import type { SourceText } from '../source/text.js';

/** What one file gave: its object, when it can be built from, and what is wrong with it. */
export interface Loaded<T> {
  readonly value?: T;
  /** The key the file claims, also when the file is broken: a reference to it is not dangling. */
  readonly key?: string;
  readonly diagnostics: readonly Diagnostic[];
}

export interface FileContext {
  readonly source: SourceText;
  readonly spans: SpanStore;
}

export interface ReadObject {
  readonly root?: ObjectNode;
  /** The `key` of the object, also when the file is too broken to go on. */
  readonly key?: string;
  readonly problems: readonly Problem[];
}

/** A file's JSON object and its syntax problems; a file that is no object has a problem and no object. */
export function readObject(source: SourceText): ReadObject {
  const { root, partial, problems } = parseJson(source.text);
  const key = keyOf(root ?? partial);
  if (root === undefined) return { ...key, problems };
  if (root.type === 'object') return { root, ...key, problems };
  const message = 'the file must hold one JSON object';
  return { problems: [...problems, { code: 'wrong-type', message, start: root.start, end: root.start + 1 }] };
}

function keyOf(node: JsonNode | undefined): { key?: string } {
  const key = node?.type === 'object' ? node.value['key'] : undefined;
  return typeof key === 'string' ? { key } : {};
}

export function inFile(problems: readonly Problem[], source: SourceText, definition?: string): Diagnostic[] {
  return problems.map((problem) => toDiagnostic(problem, source, definition));
}

/** The diagnostic of a file that could not be read. */
export function unreadable(file: string, why: string): Diagnostic {
  const start = { line: 1, column: 1 };
  return {
    code: 'unreadable-file',
    severity: 'error',
    message: `the file cannot be read: ${why}`,
    span: { file, start, end: start },
  };
}
