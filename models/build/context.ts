import { CompilerBug } from '../../compiler/diagnostics/index.js';
import { entry, type ArrayNode, type JsonEntry, type JsonNode, type ObjectNode } from '../source/json.js';
import type { SpanStore } from '../source/spans.js';
import type { SourceText } from '../source/text.js';

/** Where built nodes come from and where their places go. */
export interface BuildContext {
  readonly source: SourceText;
  readonly spans: SpanStore;
}

/** Notes where a node stands, and freezes it. */
export function mark<T extends object>(
  context: BuildContext,
  node: T,
  at: { start: number; end: number },
): T {
  return context.spans.mark(node, context.source, at.start, at.end);
}

/*
 * Builders run on validated files only, so what is not there is our own mistake, not the user's.
 */

export function asObject(node: JsonNode | undefined): ObjectNode {
  if (node?.type !== 'object') throw unexpected('an object', node);
  return node;
}

export function asArray(node: JsonNode | undefined): ArrayNode {
  if (node?.type !== 'array') throw unexpected('a list', node);
  return node;
}

export function asString(node: JsonNode | undefined): string {
  if (typeof node?.value !== 'string') throw unexpected('a string', node);
  return node.value;
}

export function field(node: ObjectNode, key: string): JsonNode | undefined {
  return entry(node, key)?.node;
}

export function optionalString(node: ObjectNode, key: string): string | undefined {
  const found = field(node, key);
  return found === undefined ? undefined : asString(found);
}

export function optionalFlag(node: ObjectNode, key: string): boolean | undefined {
  const value = field(node, key)?.value;
  return typeof value === 'boolean' ? value : undefined;
}

export function optionalNumber(node: ObjectNode, key: string): number | undefined {
  const value = field(node, key)?.value;
  return typeof value === 'number' ? value : undefined;
}

export function strings(node: JsonNode | undefined): readonly string[] {
  return Object.freeze(asArray(node).items.map(asString));
}

/** The first entry whose key is one of `keys`. */
export function firstOf<K extends string>(
  node: ObjectNode,
  keys: readonly K[],
): (JsonEntry & { key: K }) | undefined {
  return node.entries.find((at): at is JsonEntry & { key: K } =>
    (keys as readonly string[]).includes(at.key),
  );
}

function unexpected(what: string, node: JsonNode | undefined): CompilerBug {
  return new CompilerBug(`a validated file holds ${node?.type ?? 'nothing'} where ${what} belongs`);
}
