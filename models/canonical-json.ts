import { NumberText, type JsonTree } from './json-text.js';
import { byText } from './order.js';
import { parseJson, type JsonNode } from './source/json.js';

/**
 * One text for all spellings of a JSON value: no white space, keys sorted, numbers by SEMANTICS §10 (no exponent,
 * no trailing zeros). Undefined for what is not JSON.
 */
export function canonicalJson(text: string): string | undefined {
  const { root, problems } = parseJson(text);
  return root === undefined || problems.length > 0 ? undefined : canonical(root, text);
}

function canonical(node: JsonNode, text: string): string {
  switch (node.type) {
    case 'object': {
      const members = node.entries.map(
        (entry) => [entry.key, entry.node === undefined ? 'null' : canonical(entry.node, text)] as const,
      );
      const sorted = members.sort(byText(([key]) => key));
      return `{${sorted.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`;
    }
    case 'array':
      return `[${node.items.map((item) => canonical(item, text)).join(',')}]`;
    case 'number':
      return plainNumber(text.slice(node.start, node.end));
    default:
      return JSON.stringify(node.value);
  }
}

/** The text of a JSON tree, digit by digit and without white space. */
export function compactJson(tree: JsonTree): string {
  if (tree instanceof NumberText) return tree.text;
  if (Array.isArray(tree)) return `[${(tree as readonly JsonTree[]).map(compactJson).join(',')}]`;
  if (typeof tree !== 'object' || tree === null) return JSON.stringify(tree);
  const members = Object.entries(tree as Readonly<Record<string, JsonTree>>);
  return `{${members.map(([key, value]) => `${JSON.stringify(key)}:${compactJson(value)}`).join(',')}}`;
}

/** Longer ones are left as they are: nothing stored has so many digits. */
const MOST_DIGITS = 400;

/** A JSON number without exponent and trailing zeros: `1.50e1` is `15`. */
export function plainNumber(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const shift = Number(exponent);
  if (whole === '' || Math.abs(shift) > MOST_DIGITS) return text;
  const point = whole.length + shift;
  const digits = (whole + fraction).padStart(whole.length + fraction.length + Math.max(0, -point), '0');
  const at = Math.max(0, point);
  const left =
    digits
      .slice(0, at)
      .padEnd(at, '0')
      .replace(/^0+(?=.)/, '') || '0';
  const right = digits.slice(at).replace(/0+$/, '');
  const value = right === '' ? left : `${left}.${right}`;
  return value === '0' ? '0' : sign + value;
}
