import type { JsonEntry, JsonNode } from './json.js';
import type { Problem } from './problem.js';

export type Environment = Readonly<Record<string, string | undefined>>;

const VARIABLE = /\$\{env:([^}]*)\}/g;

/**
 * A copy of a JSON tree with `${env:NAME}` replaced in its strings (SEMANTICS §9), places kept.
 * A replaced string keeps what was written, for messages. Each variable that is not set adds a `missing-variable` problem at its string. `skip` says which entries
 * of an object stay as they are.
 */
export function substitute(
  node: JsonNode,
  env: Environment,
  problems: Problem[],
  skip: (entry: JsonEntry, path: readonly string[]) => boolean = () => false,
  path: readonly string[] = [],
): JsonNode {
  switch (node.type) {
    case 'string': {
      const written = String(node.value);
      const value = replaceVariables(written, env, (name) => problems.push(missing(name, node)));
      return value === written ? node : { ...node, value, written };
    }
    case 'array': {
      const items = node.items.map((item) => substitute(item, env, problems, skip, path));
      return { ...node, items, value: items.map((item) => item.value) };
    }
    case 'object': {
      const value = { ...node.value };
      const entries = node.entries.map((entry) => {
        if (entry.node === undefined || skip(entry, path)) return entry;
        const child = substitute(entry.node, env, problems, skip, [...path, entry.key]);
        if (Object.hasOwn(value, entry.key) && entry.key !== '__proto__') value[entry.key] = child.value;
        return { ...entry, node: child };
      });
      return { ...node, entries, value };
    }
    default:
      return node;
  }
}

function replaceVariables(text: string, env: Environment, onMissing: (name: string) => void): string {
  return text.includes('${env:')
    ? text.replace(VARIABLE, (whole, name: string) => {
        const value = Object.hasOwn(env, name) ? env[name] : undefined;
        if (value !== undefined) return value;
        onMissing(name);
        return whole;
      })
    : text;
}

function missing(name: string, node: { start: number; end: number }): Problem {
  const message =
    name === ''
      ? '"${env:}" names no variable'
      : `the environment variable ${JSON.stringify(name)} is not set`;
  return { code: 'missing-variable', message, start: node.start, end: node.end };
}
