/** A number by its text: what a double would round, and what `1.0` would lose. */
export class NumberText {
  constructor(readonly text: string) {}

  /** For JSON.stringify, which knows doubles only; `printJson` keeps every digit. */
  toJSON(): number {
    return Number(this.text);
  }
}

export type JsonTree =
  string | boolean | null | NumberText | readonly JsonTree[] | { readonly [key: string]: JsonTree };

/** JSON text of a tree, numbers digit by digit. Short objects and lists stay on one line. */
export function printJson(value: JsonTree, width = 100, indent = 0): string {
  const flat = flatJson(value);
  if (indent + flat.length <= width || typeof value !== 'object' || value === null) return flat;
  if (value instanceof NumberText) return flat;
  const [pad, end] = [' '.repeat(indent + 2), ' '.repeat(indent)];
  if (isList(value)) {
    const items = value.map((item) => pad + printJson(item, width, indent + 2));
    return `[\n${items.join(',\n')}\n${end}]`;
  }
  const members = Object.entries(value).map(
    ([key, child]) => `${pad}${JSON.stringify(key)}: ${printJson(child, width, indent + 2)}`,
  );
  return `{\n${members.join(',\n')}\n${end}}`;
}

function flatJson(value: JsonTree): string {
  if (value instanceof NumberText) return value.text;
  if (isList(value)) return `[${value.map(flatJson).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, child]) => `${JSON.stringify(key)}: ${flatJson(child)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}

function isList(value: JsonTree): value is readonly JsonTree[] {
  return Array.isArray(value);
}
