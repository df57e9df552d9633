import { formatDiagnostic } from '../../compiler/diagnostics/print.js';
import type { Definition, Destination, ProjectFs } from '../../models/index.js';
import { loadProject, type LoadOptions } from '../../models/index.js';
import { loadDefinition } from '../../models/load/definition-file.js';
import { loadDestination } from '../../models/load/destination-file.js';
import type { Loaded } from '../../models/load/result.js';
import { SpanStore } from '../../models/source/spans.js';
import { SourceText } from '../../models/source/text.js';

export const ROLLCALL = JSON.stringify({
  name: 'shop',
  target: 'dev',
  targets: { dev: { type: 'duckdb', path: 'shop.duckdb' } },
  sources: [{ name: 'web', layout: 'segment', schema: 'web' }],
});

export function readDefinition(text: string, file = 'models/a.json'): Loaded<Definition> {
  const { value, ...rest } = loadDefinition({ source: new SourceText(file, text), spans: new SpanStore() });
  return { ...rest, ...(value?.[0] && { value: value[0] }) };
}

export function readDestination(
  text: string,
  env: Record<string, string> = {},
  file = 'destinations/a.json',
): Loaded<Destination> {
  return loadDestination({ source: new SourceText(file, text), spans: new SpanStore() }, env);
}

/** An audience file around a condition, on lines of its own. */
export function audience(definition: string): string {
  return `{ "kind": "audience", "key": "a",\n  "definition": ${definition}\n}`;
}

export function trait(definition: string): string {
  return `{ "kind": "trait", "key": "t",\n  "definition": ${definition}\n}`;
}

/** What a terminal shows of the problems of a definition file, between empty lines. */
export function printed(loaded: Loaded<unknown>): string {
  return `\n${loaded.diagnostics.map((diagnostic) => formatDiagnostic(diagnostic)).join('\n')}\n`;
}

/** A project in memory, by path relative to its folder. Bytes stand for files that are no text. */
export function memoryFs(
  files: Readonly<Record<string, string | Uint8Array | Error>>,
  dir = '/p',
): ProjectFs {
  const missing = () => Object.assign(new Error('missing'), { code: 'ENOENT' });
  return {
    async readFile(path) {
      const found = files[path.slice(dir.length + 1)];
      if (found === undefined) throw missing();
      if (found instanceof Error) throw found;
      return typeof found === 'string' ? new TextEncoder().encode(found) : found;
    },
    async readdir(path) {
      const prefix = `${path.slice(dir.length + 1)}/`;
      const entries = new Map<string, 'file' | 'folder'>();
      for (const name of Object.keys(files)) {
        if (!name.startsWith(prefix)) continue;
        const [first = '', ...rest] = name.slice(prefix.length).split('/');
        entries.set(first, rest.length > 0 ? 'folder' : 'file');
      }
      if (entries.size === 0) throw missing();
      return [...entries].map(([name, kind]) => ({ name, kind }));
    },
    realpath: async (path) => path,
  };
}

export async function load(
  files: Readonly<Record<string, string | Uint8Array | Error>>,
  options: Partial<LoadOptions> = {},
) {
  const result = await loadProject({ dir: '/p', env: {}, fs: memoryFs(files), ...options });
  return { ...result, printed: printed(result) };
}

/** A small audience file with that key; `more` are further settings, each with its comma. */
export function member(key: string, more = ''): string {
  return `{ "kind": "audience", "key": "${key}", ${more}"definition": { "trait": "plan", "equals": "pro" } }`;
}
