/** Parsed JSON as a tree in which numbers have every digit that was written. */
import { NumberText, type JsonTree } from '../json-text.js';
import { parseJson, type JsonNode, type ObjectNode } from './json.js';

/** A value as it is written in a text. */
export function treeOf(node: JsonNode | undefined, text: string): JsonTree {
  switch (node?.type) {
    case 'object':
      return objectOf(node, text);
    case 'array':
      return node.items.map((item) => treeOf(item, text));
    case 'number':
      return new NumberText(text.slice(node.start, node.end));
    case 'string':
      return String(node.value);
    case 'boolean':
      return node.value === true;
    default:
      return null;
  }
}

/** An object as it is written in a text. */
export function objectOf({ entries }: ObjectNode, text: string): Record<string, JsonTree> {
  // Without a prototype, a key may be called __proto__.
  const tree = Object.create(null) as Record<string, JsonTree>;
  for (const { key, node } of entries) tree[key] = treeOf(node, text);
  return tree;
}

/** The object that is all of a text; throws where it is none. */
export function readObject(text: string): Record<string, JsonTree> {
  const { root } = parseJson(text);
  if (root?.type !== 'object') throw new SyntaxError('not the text of a JSON object');
  return objectOf(root, text);
}
