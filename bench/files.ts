/** What the projects of benchmarks are made of. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Writes files by their paths in a folder, what is no text as JSON, and makes the folders they stand in. */
export function writeFiles(dir: string, files: Readonly<Record<string, unknown>>): void {
  for (const [path, content] of Object.entries(files)) {
    const file = join(dir, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  }
}

/** `rollcall.json` of one table of messages in a DuckDB file. */
export const configOf = (settings: object, source: object = {}): object => ({
  name: 'bench',
  target: 'dev',
  targets: { dev: { type: 'duckdb', ...settings } },
  sources: [{ name: 'shop', layout: 'messages', table: 'raw.messages', ...source }],
});

/** Of a source in which everybody has a user id. */
export const USERS_ALONE = { columns: { anonymous_id: null } };

/** Files of definitions, by their keys. */
export const modelFiles = (
  definitions: readonly { readonly key: string }[],
): Readonly<Record<string, unknown>> =>
  Object.fromEntries(definitions.map((one) => [`models/${one.key}.json`, one] as const));
